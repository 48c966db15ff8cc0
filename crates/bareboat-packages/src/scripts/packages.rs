//! Actions of scripts that were read by hand: what they are for is known, and what stands in for them exists.
//!
//! A row covers single actions, never a whole script, so that what a new version adds is still reported.

/// What replaces `action` of `package`'s scripts; `None` when nothing is known to.
pub(super) fn replacement(package: &str, action: &str) -> Option<&'static str> {
    let row = TABLE.iter().find(|row| {
        row.packages.iter().any(|pattern| matches(pattern, package))
            && row.actions.iter().any(|start| action.starts_with(start))
    });
    row.map(|row| row.by)
}

struct Row {
    /// Package names, each with at most one `*`.
    packages: &'static [&'static str],
    /// How the actions begin.
    actions: &'static [&'static str],
    by: &'static str,
}

const TABLE: &[Row] = &[
    Row {
        packages: &["base-files"],
        actions: &["ln -s", "cp -p", "mkdir", "chown", "chmod", "writes \"$DPKG_ROOT$1\""],
        by: "the directories and links a program needs are made natively; what logins need is left out",
    },
    Row {
        packages: &["base-passwd"],
        actions: &["writes", "cp", "touch", "chown 0:0", "chmod 644"],
        by: "/etc/passwd and /etc/group are written natively",
    },
    Row {
        packages: &["ca-certificates"],
        actions: &["mkdir", "chgrp", "chmod", "chown", "writes /etc/ca-certificates.conf", "mv"],
        by: "the bundle /etc/ssl/certs/ca-certificates.crt is written natively, without a list of choices",
    },
    Row {
        packages: &["libc6"],
        actions: &["perl -e \"\"", "mkdir -p \"$DPKG_ROOT/usr/lib", "ln -s usr/lib", "systemd --help"],
        by: "/usr is merged natively and nothing needs a restart",
    },
    Row { packages: &["libc-bin"], actions: &["cp -p $1 $2"], by: "/etc/nsswitch.conf is written natively" },
    Row {
        packages: &["netbase"],
        actions: &["writes /etc/hosts", "writes /etc/networks"],
        by: "container engines mount /etc/hosts",
    },
    Row {
        packages: &["openssl"],
        actions: &["ln -sf /etc/ssl /usr/lib/ssl"],
        by: "only where /usr/lib/ssl is absent, which the package holds",
    },
    Row {
        packages: &["python3.*-minimal"],
        actions: &["mkdir -p /var/lib/python", "touch /var/lib/python/"],
        by: "a mark for the script that follows",
    },
    Row {
        packages: &["python3.*-minimal"],
        actions: &[
            "mkdir -p /usr/local/lib/python3",
            "mkdir -p $localsite",
            "chmod $perm",
            "chown root:$group",
        ],
        by: "a directory for later installations; an image has none",
    },
    Row {
        packages: &["python3", "python3.*-minimal"],
        actions: &["$hook", "mkdir /etc/python3", "writes /etc/python3/debian_config"],
        by: "serves the compilation of other packages, which happens when the image is built",
    },
    Row {
        packages: &["readline-common"],
        actions: &["cp -p $1 $2"],
        by: "/etc/inputrc only repeats what readline does without it",
    },
    Row {
        packages: &["tzdata"],
        actions: &["ln -nsf", "mv -f", "writes \"$DPKG_ROOT/etc/timezone\"", "writes /etc/timezone"],
        by: "/etc/localtime and /etc/timezone are written natively",
    },
    Row {
        packages: &["libgssapi-krb5-2"],
        actions: &["cp /usr/etc/gss/mech /etc/gss/mech"],
        by: "an example that lists no mechanism; those built in need none",
    },
    Row {
        packages: &["fontconfig-config"],
        actions: &["ln -s $CONFAVAIL/", "mkdir", "chmod 2775 $LOCALDIR", "chown root:staff $LOCALDIR"],
        by: "preferences for screens; fontconfig's defaults hold",
    },
    Row {
        packages: &["fontconfig"],
        actions: &["mkdir -p /var/cache/fontconfig", "writes /var/log/fontconfig.log"],
        by: "only a cache that its readers do without",
    },
    Row {
        packages: &["unixodbc-common"],
        actions: &["touch /etc/odbcinst.ini"],
        by: "an absent list of drivers is an empty one",
    },
    Row {
        packages: &["libglib2.0-0", "libglib2.0-0t64"],
        actions: &["\"/usr/lib/", "/usr/lib/"],
        by: "it brings no settings schema to compile and no module to list",
    },
];

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        Some((head, tail)) => {
            name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail)
        }
        None => pattern == name,
    }
}
