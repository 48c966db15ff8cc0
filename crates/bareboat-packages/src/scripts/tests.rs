//! Scripts in, an account out.

use std::collections::BTreeMap;

use super::*;

fn account_of(package: &str, files: &[(&str, &str)]) -> Accounting {
    let files = files.iter().map(|(name, text)| (name.to_string(), text.as_bytes().to_vec()));
    account(package, &ControlFiles::new(files.collect::<BTreeMap<_, _>>()))
}

fn postinst(script: &str) -> Accounting {
    account_of("demo", &[("postinst", &format!("#!/bin/sh\n{script}"))])
}

/// Every action that is left, without the script's name.
fn left(script: &str) -> Vec<String> {
    let uncovered = postinst(script).uncovered;
    uncovered.iter().map(|action| action.trim_start_matches("postinst: ").to_owned()).collect()
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_script_without_effect_is_covered() {
    let debhelper = "set -e\n\
        # Automatically added by dh_installdeb/13.11\n\
        dpkg-maintscript-helper rm_conffile /etc/old 1.0 demo -- \"$@\"\n\
        # End automatically added section\n\
        case \"$1\" in\n  configure|abort-upgrade)\n  ;;\n  *)\n  echo bad >&2; exit 1\n  ;;\nesac\nexit 0\n";
    assert_eq!(postinst(debhelper), Accounting::default());
    assert_eq!(postinst(""), Accounting::default());
}

#[test]
fn what_only_upgrades_do_is_not_done() {
    for script in [
        "if [ \"$1\" = configure ] && [ -n \"$2\" ]; then touch /x; fi",
        "if test \"$1\" != configure; then touch /x; fi",
        "if [ \"$1\" = triggered ]; then touch /x; fi",
        "if dpkg --compare-versions \"$2\" lt-nl 1.0; then touch /x; fi",
        "[ -z \"$2\" ] || touch /x",
        "case $1 in upgrade) touch /x;; configure) ;; esac",
        "if [ \"$1\" = configure ]; then exit 0; fi; touch /x",
        "false && touch /x",
        "while false; do touch /x; done",
        "! true && touch /x",
        "if [ ! \"$1\" = configure ]; then touch /x; fi",
    ] {
        assert_eq!(left(script), NOTHING, "{script}");
    }
}

#[test]
fn what_a_first_installation_does_or_may_do_is_reported() {
    for script in [
        "touch /x",
        "if [ \"$1\" = configure ]; then touch /x; fi",
        "if [ -e /y ]; then touch /x; fi",
        "if [ -e /y ]; then :; else touch /x; fi",
        "if which foo >/dev/null; then exit 0; fi\ntouch /x",
        "[ -z \"$2\" ] && touch /x",
        "dpkg --compare-versions \"$2\" lt 1.0 && touch /x",
        "for f in $(ls); do touch /x; done",
        "while read line; do touch /x; done < /y",
        "action() { touch /x; }\nif [ \"$1\" = configure ]; then action; fi",
        "true | touch /x",
        "( cd /y && touch /x )",
        "{ touch /x; } 2>/dev/null",
        "FOO=bar touch /x",
        "case \"$1\" in (conf*) touch /x;; esac",
        "command touch /x",
    ] {
        let left = left(script);
        assert!(left.len() == 1 && left[0].ends_with("touch /x"), "{script}: {left:?}");
    }
}

#[test]
fn known_tools_are_replaced_by_name() {
    let account = postinst("ldconfig\nif command -v py3compile >/dev/null; then py3compile -p demo; fi\n");
    assert_eq!(account.uncovered, NOTHING);
    let tools: Vec<_> = account.covered.iter().map(|(action, _)| action.as_str()).collect();
    assert_eq!(tools, ["ldconfig", "py3compile -p demo"]);
}

#[test]
fn users_capabilities_and_written_files_are_reported() {
    assert_eq!(left("adduser --system --quiet demo"), ["adduser --system --quiet demo"]);
    assert_eq!(left("setcap cap_net_raw+ep /usr/bin/ping"), ["setcap cap_net_raw+ep /usr/bin/ping"]);
    assert_eq!(left("echo x > /etc/demo.conf"), ["writes /etc/demo.conf"]);
    assert_eq!(left("cat <<EOF > /etc/demo.conf\ntouch /not-a-command\nEOF\n"), ["writes /etc/demo.conf"]);
    assert_eq!(left("sed -i s/a/b/ /etc/demo.conf"), ["sed -i s/a/b/ /etc/demo.conf"]);
    assert_eq!(left("echo x >/dev/null 2>&1; grep -q x /etc/passwd; rm -f /var/cache/x"), NOTHING);
    assert_eq!(left(". /usr/share/debconf/confmodule\ndb_get demo/x"), NOTHING);
    assert_eq!(left(". /etc/default/demo"), [". /etc/default/demo"]);
    assert_eq!(left("\"$TOOL\" --write"), ["\"$TOOL\" --write"]);
    assert_eq!(left("`which tool` --write"), ["`which tool` --write"]);
}

#[test]
fn alternatives_are_read_with_their_variables() {
    let account = postinst(
        "ARCH=x86_64-linux-gnu\nif [ \"$1\" = configure ]; then\n update-alternatives --install \\\n \
         /usr/lib/$ARCH/libblas.so.3 libblas.so.3-$ARCH /usr/lib/$ARCH/blas/libblas.so.3 10 \\\n \
         --slave /usr/bin/b b /usr/bin/b.real\nfi\nupdate-alternatives --auto x\n",
    );
    assert_eq!(account.uncovered, NOTHING);
    let [alternative] = account.alternatives.as_slice() else { panic!("{account:?}") };
    assert_eq!(alternative.link, "/usr/lib/x86_64-linux-gnu/libblas.so.3");
    assert_eq!(alternative.path, "/usr/lib/x86_64-linux-gnu/blas/libblas.so.3");
    assert_eq!((alternative.priority, alternative.slaves.len()), (10, 1));
    let unknown = "for i in $(ls /usr/bin); do update-alternatives --install /usr/bin/$i $i /x/$i 10; done";
    assert_eq!(left(unknown).len(), 1);
}

#[test]
fn constant_loops_are_unrolled() {
    let account =
        postinst("for i in java javac; do update-alternatives --install /usr/bin/$i $i /x/$i 1; done");
    let links: Vec<_> = account.alternatives.iter().map(|alternative| alternative.link.as_str()).collect();
    assert_eq!(links, ["/usr/bin/java", "/usr/bin/javac"]);
}

#[test]
fn triggers_count_as_actions() {
    let ldconfig = account_of(
        "libdemo",
        &[("triggers", "# Triggers added by dh_makeshlibs\nactivate-noawait ldconfig\n")],
    );
    assert_eq!(ldconfig.uncovered, NOTHING);
    assert_eq!(ldconfig.covered[0].0, "trigger ldconfig");
    let other = account_of("demo", &[("triggers", "interest /usr/share/x\nactivate rebuild-world\n")]);
    assert_eq!(other.uncovered, ["activates the trigger rebuild-world"]);
}

#[test]
fn a_script_in_another_language_is_reported_as_a_whole() {
    let perl = account_of("demo", &[("postinst", "#!/usr/bin/perl\nprint 1;\n")]);
    assert_eq!(perl.uncovered, ["postinst: all of it (#!/usr/bin/perl)"]);
    let broken = account_of("demo", &[("preinst", "#!/bin/sh\nif true; then\n")]);
    assert_eq!(broken.uncovered, ["preinst: all of it (#!/bin/sh)"]);
}

#[test]
fn scripts_read_by_hand_are_covered_action_by_action() {
    let script = "#!/bin/sh\nln -nsf /usr/share/zoneinfo/Etc/UTC /etc/localtime.dpkg-new\nfrobnicate /etc\n";
    let account = account_of("tzdata", &[("postinst", script)]);
    assert_eq!(account.covered.len(), 1);
    assert_eq!(account.uncovered, ["postinst: frobnicate /etc"]);
}

#[test]
fn directories_for_administrators_are_left_out() {
    let block = "# Automatically added by dh_usrlocal/13.24\n\
        (\n\twhile read line; do\n\t\tset -- $line\n\t\tmkdir \"$1\"\n\tdone\n) << DATA\n\
        /usr/local/share/x 02775 root staff\nDATA\n# End automatically added section\n";
    assert_eq!(left(block), NOTHING);
    assert_eq!(left(&format!("{block}touch /x\n")), ["touch /x"]);
}

#[test]
fn removal_scripts_never_run() {
    assert_eq!(
        account_of("demo", &[("postrm", "#!/bin/sh\ntouch /x\n"), ("config", "#!/usr/bin/perl\n")]),
        Accounting::default()
    );
}

#[test]
fn bombs_end() {
    let doubling = "x=aaaaaaaaaaaaaaaa\n".to_owned() + &"x=$x$x$x$x\n".repeat(2000) + "touch $x";
    assert_eq!(left(&doubling), ["touch $x"]);
    let nested = "for a in 1 2 3 4 5 6 7 8; do ".repeat(20) + "touch /x; " + &"done; ".repeat(20);
    assert!(left(&nested).iter().any(|action| action.contains("too long or deep")));
    let recursive = "f() { f; f; }\nf\n";
    assert!(left(recursive).iter().any(|action| action.contains("too long or deep")));
    for deep in
        ["( ".repeat(5000), "! ".repeat(100_000), "f() ".repeat(5000), "$( ".repeat(5000), "if ".repeat(5000)]
    {
        assert!(postinst(&deep).uncovered[0].contains("all of it"));
    }
}

proptest::proptest! {
    #[test]
    fn never_panics_on_any_script(script in "([a-z$\"'`(){};&|<>\\\\ \n#=!*.-]|if |then |fi\n|case |esac|do |done|\\$\\(|<<E\n|é){0,60}") {
        let _ = postinst(&script);
    }
}
