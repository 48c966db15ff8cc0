//! Whole sessions without a terminal.

use super::*;
use crate::audit::{Auditor, Configuration, Context, fixture};

const IMAGE: &str = "\
user 1:1
cmd [\"/usr/bin/app\"]
layer \"ADD root\"
elf /usr/bin/app 0755 program=/lib64/ld.so needs=libz.so.1
elf /lib64/ld.so 0755
elf /usr/lib/libz.so.1 0644 soname=libz.so.1
file /etc/old 0644 size=2000
file /etc/kept 0644 \"x\"
layer \"RUN change\"
remove /etc/old
file /etc/kept 0600 \"other\"
file /srv/data/big 0644 size=90000
file /srv/small 0644 size=10
elf /bin/sh 0755 static
";

fn session(keys: &[Key], width: usize, height: usize) -> String {
    let mut facts = fixture::facts(IMAGE);
    facts.name = "app:1".to_owned();
    let audit =
        Auditor::new(Configuration::default()).unwrap().audit(&Context { facts: &facts, today: None });
    let mut explorer = Explorer::new(&facts, &audit);
    for key in keys {
        assert_eq!(explorer.key(*key), Action::Draw, "{key:?}");
    }
    let shown = view(&explorer, width, height);
    for line in &shown {
        let columns: usize = line.iter().map(|(_, text)| text.chars().count()).sum();
        assert_eq!(columns, width);
    }
    let text =
        |line: &Line| line.iter().map(|(_, text)| text.as_str()).collect::<String>().trim_end().to_owned();
    shown.iter().map(text).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_layer_shows_what_it_changed_and_why() {
    use Key::{Control, Down, Right, Tab};
    // The second layer; into the tree; only changes; open /etc; down to what was removed.
    insta::assert_snapshot!(session(&[Down, Tab, Control('u'), Right, Down, Down], 100, 16));
}

#[test]
fn files_are_searched_and_sorted_by_size() {
    use Key::{Character, Control, Down, Enter, Tab};
    let mut keys = vec![Down, Tab, Control('o'), Control('f')];
    keys.extend("lib".chars().map(Character));
    keys.extend([Enter, Down, Down]);
    insta::assert_snapshot!(session(&keys, 100, 14));
}

#[test]
fn keys_end_extract_and_never_leave_the_list() {
    let facts = fixture::facts(IMAGE);
    let audit =
        Auditor::new(Configuration::default()).unwrap().audit(&Context { facts: &facts, today: None });
    let mut explorer = Explorer::new(&facts, &audit);
    for key in
        [Key::Up, Key::End, Key::Down, Key::Tab, Key::End, Key::PageDown, Key::Home, Key::Left, Key::PageUp]
    {
        explorer.key(key);
    }
    // /bin, and the shell in it.
    explorer.key(Key::Right);
    explorer.key(Key::Down);
    assert_eq!(
        explorer.key(Key::Control('e')),
        Action::Extract(bareboat_image::TreePath::new("bin/sh").unwrap())
    );
    explorer.key(Key::Up);
    assert_eq!(explorer.key(Key::Control('e')), Action::Draw);
    assert_eq!(explorer.key(Key::Character('q')), Action::Quit);
    assert!(view(&explorer, 10, 3).len() == 1);
}

#[test]
fn the_biggest_comes_first() {
    let mut facts = fixture::facts(IMAGE);
    facts.name = "app:1".to_owned();
    insta::assert_snapshot!(plain(&facts, 6));
}
