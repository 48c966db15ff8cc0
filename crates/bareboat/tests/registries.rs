//! Images at registries as a person or a pipeline handles them: `copy`, `tags`, `index`, `referrers`, `delete`, and
//! every verb that reads an image.

#![allow(clippy::unwrap_used)]

#[allow(dead_code)]
mod place;

use std::collections::BTreeMap;

use bareboat_image::{
    Compression, Descriptor, FileMeta, ImageConfig, ImageRecord, Images, PartWriter, Platform, TreePath,
    join, write_image, write_index,
};
use bareboat_store::Store;
use bareboat_testkit::elf::{ElfMaker, X86_64};
use bareboat_testkit::registry::{Deletes, Manners, Registry};
use place::Place;

fn image(store: &Store, architecture: &str) -> Descriptor {
    let mut writer = PartWriter::new(store, Compression::Gzip, 0).unwrap();
    let app = ElfMaker::static_program(X86_64).build();
    writer.append_bytes(&TreePath::new("app").unwrap(), &FileMeta::new(0o755), &app).unwrap();
    writer
        .append_bytes(&TreePath::new("for").unwrap(), &FileMeta::new(0o644), architecture.as_bytes())
        .unwrap();
    let layer = join(store, &[writer.finish().unwrap()], Compression::Gzip).unwrap();
    let mut config = ImageConfig::new(Platform::linux(architecture));
    config.config.entrypoint = Some(vec!["/app".to_owned()]);
    config.config.user = "65532:65532".to_owned();
    write_image(store, config, &[layer], BTreeMap::new()).unwrap()
}

/// A home whose store has `app:amd64`, `app:riscv64` and `app:both`.
fn place() -> Place {
    let place = Place::new();
    let store = Store::open(&place.cache()).unwrap();
    let images = Images::new(&store);
    let (amd, risc) = (image(&store, "amd64"), image(&store, "riscv64"));
    let both = write_index(&store, vec![amd.clone(), risc.clone()], BTreeMap::new()).unwrap();
    for (name, descriptor) in [("app:amd64", amd), ("app:riscv64", risc), ("app:both", both)] {
        let record = ImageRecord { descriptor, created: 0, annotations: BTreeMap::new() };
        images.put(&name.parse().unwrap(), &record).unwrap();
    }
    place
}

/// What a command that must succeed prints.
fn done(place: &Place, arguments: &[&str]) -> (String, String) {
    let said = place.run(arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}\n{}{}", said.stdout, said.stderr);
    (said.stdout, said.stderr)
}

/// Without the port, which is another one each time.
fn plain(text: &str, registry: &Registry) -> String {
    text.replace(&registry.server.authority(), "REGISTRY")
}

#[test]
fn an_image_is_copied_between_all_places_and_stays_the_same() {
    let registry = Registry::start(Manners { mounts: true, ..Manners::default() });
    let maker = place();
    let (first, second) = (registry.name("team/app:1"), registry.name("other/app:2"));
    done(&maker, &["copy", "app:both", &first]);
    // What is copied is what is at the registry, also where the store has the name.
    done(&maker, &["tag", "app:amd64", &first]);
    done(&maker, &["copy", "--referrers", &first, &registry.name("same:1")]);
    assert_eq!(registry.document("same", "1"), registry.document("team/app", "1"));
    let user = Place::new();
    let (_, said) = done(&user, &["copy", &first, &second]);
    let said = plain(&said, &registry);
    assert!(said.contains("copied REGISTRY/team/app:1 to REGISTRY/other/app:2 (4 blobs mounted"), "{said}");
    assert_eq!(registry.document("team/app", "1"), registry.document("other/app", "2"));
    let layout = format!("oci:{}", user.path("layout").display());
    done(&user, &["copy", &second, &layout]);
    done(&user, &["copy", &layout, "store:again:1"]);
    done(&user, &["copy", "again:1", &registry.name("third:1")]);
    assert_eq!(registry.document("third", "1"), registry.document("team/app", "1"));
    done(&user, &["copy", &second, &registry.name("one:1"), "--platform", "linux/riscv64"]);
    let (facts, _) = done(&user, &["inspect", &registry.name("one:1"), "--format", "json"]);
    assert!(facts.contains("\"platform\": \"linux/riscv64\""), "{facts}");
    let said = user.run(&["copy", &layout, &registry.name("x:1"), "--platform", "linux/s390x"]);
    assert_eq!(said.code, Some(2));
    let text = "there is no image for linux/s390x; there is linux/amd64, linux/riscv64";
    assert!(said.stderr.contains(text), "{}", said.stderr);
    let said = user.run(&["copy", "again:1", "elsewhere:1"]);
    assert_eq!(said.code, Some(2));
    insta::assert_snapshot!(said.stderr, @"
    error: `elsewhere:1` does not say where to
      hint: write `registry:elsewhere:1` for Docker Hub, `store:elsewhere:1` for the local store, `oci:DIR` for a layout
    ");
}

#[test]
fn tags_are_listed_merged_and_deleted() {
    let registry = Registry::start(Manners { deletes: Deletes::Tags, ..Manners::default() });
    let place = place();
    for tag in ["amd64", "riscv64"] {
        done(&place, &["push", &format!("app:{tag}"), &registry.name(&format!("app:{tag}"))]);
    }
    let repository = registry.name("app");
    assert_eq!(done(&place, &["tags", &repository]).0, "amd64\nriscv64\n");
    let (one, two) = (registry.name("app:amd64"), registry.name("app:riscv64"));
    let (_, said) = done(&place, &["index", &registry.name("app:1"), &one, &two]);
    let said = plain(&said, &registry);
    assert!(said.starts_with("wrote the index REGISTRY/app:1 (linux/amd64, linux/riscv64)\n"), "{said}");
    assert_eq!(done(&place, &["delete", &one, &two]).1.lines().count(), 2);
    assert_eq!(done(&place, &["tags", &repository]).0, "1\n");
    let said = place.run(&["delete", &repository]);
    assert_eq!(said.code, Some(2));
    insta::assert_snapshot!(plain(&said.stderr, &registry), @"
    error: `REGISTRY/app` says neither a tag nor a digest
      hint: write `REGISTRY/app:TAG`; list them with `bareboat tags REGISTRY/app`
    ");
    let said = place.run(&["tags", &registry.name("nothing")]);
    assert_eq!(said.code, Some(2), "{}", said.stderr);
}

#[test]
fn images_at_registries_are_read_without_a_name_in_the_store() {
    let registry = Registry::start(Manners::default());
    let maker = place();
    let name = registry.name("app:1");
    done(&maker, &["push", "app:both", &name]);
    let user = Place::new();
    for prefix in ["", "registry:"] {
        let image = format!("{prefix}{name}");
        done(&user, &["audit", &image, "--ignore", "health"]);
        done(&user, &["inspect", &image, "--platform", "linux/riscv64"]);
    }
    let (bill, _) = done(&user, &["sbom", &name]);
    let authority = registry.server.authority();
    assert!(bill.contains(&format!("?arch=amd64&repository_url={authority}/app&tag=1")), "{bill}");
    let (same, _) = done(&user, &["sbom", &name]);
    assert_eq!(bill, same);
    done(&user, &["compare", &name, &format!("registry:{name}")]);
    assert_eq!(done(&user, &["images"]).0.matches(&authority).count(), 0);
    let layers = |registry: &Registry| {
        let requests = registry.server.requests();
        requests.iter().filter(|request| request.method == "GET" && request.path.contains("/blobs/")).count()
    };
    assert_eq!(layers(&registry), 4, "each configuration and layer came once");
    let said = user.run(&["inspect", "nothing:1"]);
    assert!(said.stderr.contains("registry:NAME for one at a registry"), "{}", said.stderr);
}

#[test]
fn what_refers_to_an_image_is_listed() {
    let registry = Registry::start(Manners { referrers: true, ..Manners::default() });
    let place = place();
    let name = registry.name("app:1");
    done(&place, &["push", "app:amd64", &name]);
    let (listed, said) = done(&place, &["referrers", &name]);
    assert_eq!(
        (listed.as_str(), plain(&said, &registry).as_str()),
        ("", "nothing refers to REGISTRY/app:1\n")
    );
    let (listed, _) = done(&place, &["referrers", &name, "--format", "json"]);
    assert!(listed.contains("\"referrers\": []"), "{listed}");
}

#[test]
fn mirrors_come_from_the_files_that_are_there() {
    let registry = Registry::start(Manners::default());
    let place = place();
    let configuration =
        format!("[[registry]]\nprefix = \"example.test/team\"\nlocation = \"{}\"\n", registry.name("ours"));
    place.file(".config/containers/registries.conf", &configuration);
    done(&place, &["push", "app:amd64", "example.test/team/app:1"]);
    assert!(registry.document("ours/app", "1").is_some());
    done(&place, &["pull", "example.test/team/app:1"]);
    // Ours wins.
    place.file(
        ".config/bareboat/registries.conf",
        "[[registry]]\nprefix = \"example.test/team\"\nblocked = true\n",
    );
    let said = place.run(&["pull", "example.test/team/app:1"]);
    assert_eq!(
        (said.code, said.stderr.contains("blocks `example.test/team`")),
        (Some(2), true),
        "{}",
        said.stderr
    );
    place.file(".config/bareboat/registries.conf", "[[registry]]\n");
    let said = place.run(&["tags", "example.test/team/app"]);
    assert_eq!(said.code, Some(2));
    insta::assert_snapshot!(said.stderr, @"
    error: cannot use the registry configuration `HOME/.config/bareboat/registries.conf`
      because: a `[[registry]]` has neither `prefix` nor `location`
    ");
}

#[test]
fn a_helper_program_knows_the_login() {
    use std::os::unix::fs::PermissionsExt;
    let login = Some(("me".to_owned(), "secret".to_owned()));
    let registry = Registry::start(Manners { login, ..Manners::default() });
    let place = place();
    let authority = registry.server.authority();
    // As docker-credential-helpers: the server on standard input, a document on standard output.
    let helper = "#!/bin/sh\nread server\necho \"$1 $server\" >> \"$HOME/asked\"\n\
        test -e \"$HOME/locked\" && { echo 'the keys are locked'; exit 1; }\n\
        echo '{\"ServerURL\":\"x\",\"Username\":\"me\",\"Secret\":\"secret\"}'\n";
    place.file("bin/docker-credential-test", helper);
    let program = place.path("bin/docker-credential-test");
    std::fs::set_permissions(program, std::fs::Permissions::from_mode(0o755)).unwrap();
    place.file(".docker/config.json", format!("{{\"credHelpers\":{{\"{authority}\":\"test\"}}}}"));
    let run = |arguments: &[&str]| {
        let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
        place.finish(place.command(arguments).env("PATH", path))
    };
    let name = registry.name("app:1");
    let said = run(&["push", "app:amd64", &name]);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let asked = std::fs::read_to_string(place.path("asked")).unwrap();
    assert_eq!(asked, format!("get {authority}\n"));
    place.file("locked", "");
    let said = run(&["pull", &name]);
    assert_eq!(said.code, Some(3), "{}", said.stderr);
    let expected = "`docker-credential-test get` says: the keys are locked";
    assert!(said.stderr.contains(expected) && !said.stderr.contains("secret"), "{}", said.stderr);
    let said = place.run(&["pull", &name]);
    assert!(said.stderr.contains("cannot run `docker-credential-test`"), "{}", said.stderr);
}

#[test]
fn every_test_that_the_table_of_required_behaviours_names_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/reference/distribution.md")).unwrap();
    let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && line.contains("::")).collect();
    assert!(rows.len() > 20, "only {} rows", rows.len());
    for row in rows {
        for named in row.split('`').filter(|word| word.contains(".rs::")) {
            let (file, test) = named.split_once("::").unwrap();
            let text = std::fs::read_to_string(root.join("crates").join(file))
                .unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(text.contains(&format!("fn {test}(")), "{named} is named and not there");
        }
    }
}
