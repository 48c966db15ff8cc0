//! Images travel to and from a registry that misbehaves.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bareboat_image::registry::{
    Artifact, CopyOptions, IdentityToken, Login, PullOptions, Pulled, PushEvent, Pushed, Registries,
    RegistryError, Rules, Settings,
};
use bareboat_image::{
    Compression, Descriptor, FileMeta, ImageConfig, PartWriter, Platform, Reference, TreePath, blobs, join,
    write_image, write_index,
};
use bareboat_store::{BasicCredentials, FetchOptions, Fetcher, Store};
use bareboat_testkit::http::Response;
use bareboat_testkit::registry::{Deletes, Manners, Registry};
use tempfile::TempDir;

/// A user of registries.
struct User {
    store: Store,
    fetcher: Fetcher,
    login: Option<Login>,
    _directory: TempDir,
}

impl User {
    fn new(login: Option<Login>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let options = FetchOptions {
            first_delay: Duration::from_millis(1),
            longest_delay: Duration::from_millis(5),
            ..FetchOptions::default()
        };
        Self {
            store: Store::open(directory.path()).unwrap(),
            fetcher: Fetcher::new(options, Arc::new(|_| {})),
            login,
            _directory: directory,
        }
    }

    fn known() -> Self {
        Self::new(Some(Login::Password(BasicCredentials::new("me", "secret"))))
    }

    fn with<T>(&self, work: impl FnOnce(&Registries<'_>) -> T) -> T {
        let keys = |_: &str| Ok(self.login.clone());
        work(&Registries::new(&self.fetcher, &self.store, &keys, Settings::default()))
    }

    fn push(&self, descriptor: &Descriptor, name: &str) -> Result<Pushed, RegistryError> {
        self.with(|registries| registries.push(descriptor, &name.parse().unwrap(), &|_| {}))
    }

    fn pull(&self, name: &str, platforms: &[&str]) -> Result<Pulled, RegistryError> {
        let platforms = platforms.iter().map(|text| text.parse().unwrap()).collect();
        self.with(|registries| registries.pull(&name.parse().unwrap(), &PullOptions { platforms }))
    }

    /// An image whose layers hold `contents`.
    fn image(&self, architecture: &str, contents: &[&[u8]]) -> Descriptor {
        let layer = |content: &&[u8]| {
            let mut part = PartWriter::new(&self.store, Compression::Gzip, 0).unwrap();
            part.append_bytes(&TreePath::new("file").unwrap(), &FileMeta::new(0o644), content).unwrap();
            join(&self.store, &[part.finish().unwrap()], Compression::Gzip).unwrap()
        };
        let layers: Vec<_> = contents.iter().map(layer).collect();
        let mut config = ImageConfig::new(Platform::linux(architecture));
        config.root_fs.diff_ids = layers.iter().map(|layer| layer.diff_id).collect();
        write_image(&self.store, config, &layers, Default::default()).unwrap()
    }

    /// Whether everything that `descriptor` needs is here.
    fn has_all(&self, descriptor: &Descriptor) -> bool {
        blobs(&self.store, descriptor).unwrap().iter().all(|blob| self.store.contains(&blob.digest))
    }
}

fn noise(length: usize) -> Vec<u8> {
    let mut state = 7u64;
    let step = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..length).map(step).collect()
}

fn login() -> Option<(String, String)> {
    Some(("me".into(), "secret".into()))
}

#[test]
fn an_image_goes_out_once_and_comes_back_whole() {
    let registry = Registry::start(Manners::default());
    let user = User::new(None);
    let image = user.image("amd64", &[b"one", b"two"]);
    let name = registry.name("team/app:1");
    let pushed = user.push(&image, &name).unwrap();
    assert_eq!((pushed.sent, pushed.mounted, pushed.present), (3, 0, 0));
    let again = user.push(&image, &name).unwrap();
    assert_eq!((again.sent, again.present, again.sent_bytes), (0, 3, 0));
    let uploads = |method: &str| {
        let requests = registry.server.requests();
        requests
            .iter()
            .filter(|request| request.method == method && request.path.contains("/uploads/"))
            .count()
    };
    assert_eq!((uploads("POST"), uploads("PUT")), (3, 3), "nothing was sent the second time");
    let other = User::new(None);
    let pulled = other.pull(&name, &[]).unwrap();
    assert_eq!((pulled.descriptor.digest, pulled.fetched, pulled.present), (image.digest, 3, 0));
    assert!(other.has_all(&pulled.descriptor));
    assert_eq!(other.pull(&name, &[]).unwrap().fetched, 0);
    let tags = user.with(|registries| registries.tags(&name.parse().unwrap())).unwrap();
    assert_eq!(tags, ["1"]);
}

#[test]
fn of_an_index_one_platform_comes_or_all() {
    let registry = Registry::start(Manners::default());
    let user = User::new(None);
    let (amd, arm) = (user.image("amd64", &[b"amd"]), user.image("arm64", &[b"arm"]));
    let index = write_index(&user.store, vec![amd.clone(), arm.clone()], Default::default()).unwrap();
    let name = registry.name("app:both");
    user.push(&index, &name).unwrap();
    let one = User::new(None);
    let pulled = one.pull(&name, &["linux/arm64"]).unwrap();
    assert_eq!((pulled.descriptor.digest, pulled.fetched), (arm.digest, 2));
    assert!(!one.store.contains(&amd.digest));
    let error = one.pull(&name, &["linux/s390x"]).unwrap_err().to_string();
    assert!(error.ends_with("app:both` is for linux/amd64, linux/arm64, not for linux/s390x"), "{error}");
    let all = User::new(None);
    assert_eq!(all.pull(&name, &[]).unwrap().descriptor.digest, index.digest);
    assert!(all.has_all(&index));
    let pinned = format!("{}@{}", registry.name("app"), amd.digest);
    assert_eq!(User::new(None).pull(&pinned, &[]).unwrap().descriptor.digest, amd.digest);
}

#[test]
fn what_another_repository_has_is_mounted_and_refusal_is_no_failure() {
    let registry = Registry::start(Manners { mounts: true, ..Manners::default() });
    let user = User::new(None);
    let image = user.image("amd64", &[b"base"]);
    user.push(&image, &registry.name("first:1")).unwrap();
    let pushed = user.push(&image, &registry.name("second:1")).unwrap();
    assert_eq!((pushed.sent, pushed.mounted), (0, 2));
    registry.set(|manners| manners.mounts = false);
    let pushed = user.push(&image, &registry.name("third:1")).unwrap();
    assert_eq!((pushed.sent, pushed.mounted), (2, 0));
}

#[test]
fn logins_and_tokens_are_shown_where_they_are_wanted_and_renewed() {
    for token_uses in [None, Some(5), Some(1000)] {
        let registry =
            Registry::start(Manners { login: login(), token_uses, mounts: true, ..Manners::default() });
        let user = User::known();
        let image = user.image("amd64", &[b"one", b"two", b"three"]);
        let name = registry.name("private/app:1");
        let error = User::new(None).push(&image, &name).unwrap_err();
        assert!(matches!(&error, RegistryError::Image(_) | RegistryError::Denied { .. }), "{error}");
        user.push(&image, &name).unwrap();
        user.push(&image, &registry.name("private/copy:1")).unwrap();
        let reader = User::known();
        assert_eq!(reader.pull(&name, &[]).unwrap().fetched, 4, "{token_uses:?}");
        let error = User::new(None).pull(&name, &[]).unwrap_err();
        assert!(matches!(&error, RegistryError::Denied { .. }), "{error}");
        assert_eq!(error.hint().unwrap(), format!("run `bareboat login {}`", registry.server.authority()));
        let right = user.with(|registries| registries.check_login(&registry.server.authority()));
        assert!(right.is_ok(), "{token_uses:?}");
        let stranger = User::new(Some(Login::Password(BasicCredentials::new("me", "wrong"))));
        let wrong = stranger.with(|registries| registries.check_login(&registry.server.authority()));
        assert!(matches!(wrong, Err(RegistryError::Denied { .. })), "{token_uses:?}");
    }
    let registry = Registry::start(Manners { login: login(), token_uses: Some(9), ..Manners::default() });
    let user = User::new(Some(Login::Identity(IdentityToken("secret".into()))));
    user.push(&user.image("amd64", &[b"x"]), &registry.name("app:1")).unwrap();
}

#[test]
fn a_large_upload_goes_on_where_it_broke() {
    let registry = Registry::start(Manners { breaks_after: Some(5 << 20), ..Manners::default() });
    let user = User::new(None);
    let content = noise(17 << 20);
    let image = user.image("amd64", &[&content]);
    let (expected, settled) = (AtomicU64::new(0), AtomicU64::new(0));
    let observer = |event| match event {
        PushEvent::Expected(bytes) => expected.fetch_add(bytes, Ordering::Relaxed),
        PushEvent::Settled(bytes) => settled.fetch_add(bytes, Ordering::Relaxed),
    };
    let name = registry.name("app:large");
    let push = |registries: &Registries<'_>| {
        registries.push(&image, &name.parse().unwrap(), &|event| {
            observer(event);
        })
    };
    let pushed = user.with(push).unwrap();
    assert_eq!(pushed.sent, 2);
    let starts: Vec<String> = registry
        .server
        .requests()
        .iter()
        .filter(|request| request.method == "PATCH")
        .map(|request| request.header("content-range").unwrap_or("0").split('-').next().unwrap().to_owned())
        .collect();
    assert_eq!(starts, ["0", "5242880", "10485760", "15728640"]);
    assert_eq!(expected.into_inner(), settled.into_inner(), "the bar ends full");
    assert!(User::new(None).pull(&name, &[]).is_ok());
}

#[test]
fn a_registry_that_lies_gives_nothing() {
    let registry = Registry::start(Manners::default());
    let user = User::new(None);
    let image = user.image("amd64", &[b"true"]);
    user.push(&image, &registry.name("app:1")).unwrap();
    let layer = blobs(&user.store, &image).unwrap().pop().unwrap();
    registry.server.file(&format!("/v2/app/blobs/{}", layer.digest), vec![b'x'; layer.size as usize]);
    let victim = User::new(None);
    let error = victim.pull(&registry.name("app:1"), &[]).unwrap_err().to_string();
    assert!(error.contains("has other content") && !victim.store.contains(&layer.digest), "{error}");
    let pinned = format!("{}@{}", registry.name("app"), image.digest);
    registry.server.file(&format!("/v2/app/manifests/{}", image.digest), "{}");
    let error = User::new(None).pull(&pinned, &[]).unwrap_err();
    assert!(matches!(error, RegistryError::Mismatch { .. }), "{error}");
}

#[test]
fn answers_that_are_no_registrys_are_named() {
    let registry = Registry::start(Manners::default());
    let pull = |registry: &Registry, name: &str| User::new(None).pull(&registry.name(name), &[]).unwrap_err();
    let error = pull(&registry, "nothing:1");
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error}");
    let html = Response::ok("<html>Please log in</html>").header("Content-Type", "text/html");
    registry.server.route("/v2/app/manifests/html", move |_| html.clone());
    let error = pull(&registry, "app:html").to_string();
    assert!(error.contains("it is of type `text/html`, which is no image"), "{error}");
    registry.server.file("/v2/app/manifests/huge", vec![b' '; 5 << 20]);
    assert!(pull(&registry, "app:huge").to_string().contains("larger than"));
    registry
        .server
        .sequence("/v2/app/manifests/busy", vec![Response::status(429).header("Retry-After", "3600")]);
    let error = pull(&registry, "app:busy");
    assert!(error.to_string().contains("429") && error.hint().unwrap().contains("3600"), "{error}");
    let other = Registry::start(Manners::default());
    other.server.route("/v2/", |_| Response::status(404));
    let error = pull(&other, "app:1");
    assert!(matches!(error, RegistryError::NoRegistry { .. }), "{error}");
}

#[test]
fn credentials_do_not_follow_a_redirect() {
    let registry = Registry::start(Manners { login: login(), ..Manners::default() });
    let elsewhere = bareboat_testkit::http::Server::start();
    let user = User::known();
    let image = user.image("amd64", &[b"far away"]);
    user.push(&image, &registry.name("app:1")).unwrap();
    let layer = blobs(&user.store, &image).unwrap().pop().unwrap();
    let bytes = user.store.read(&layer.digest, 1 << 20).unwrap();
    elsewhere.file("/blob", bytes);
    let target = elsewhere.url("/blob");
    registry
        .server
        .route(&format!("/v2/app/blobs/{}", layer.digest), move |_| Response::redirect(307, &target));
    User::known().pull(&registry.name("app:1"), &[]).unwrap();
    let requests = elsewhere.requests_for("/blob");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("authorization"), None);
}

#[test]
fn a_push_that_fails_leaves_the_tag_as_it_was() {
    let registry = Registry::start(Manners::default());
    let user = User::new(None);
    let old = user.image("amd64", &[b"old"]);
    let name = registry.name("app:1");
    user.push(&old, &name).unwrap();
    let new = user.image("amd64", &[b"new"]);
    let refused = Response::status(507).body(r#"{"errors":[{"code":"DENIED","message":"quota exceeded"}]}"#);
    registry.server.route("/v2/app/blobs/uploads/", move |_| refused.clone());
    let error = user.push(&new, &name).unwrap_err().to_string();
    assert!(error.contains("begin an upload") && error.contains("quota exceeded"), "{error}");
    let reader = User::new(None);
    assert_eq!(reader.pull(&name, &[]).unwrap().descriptor.digest, old.digest);
}

#[test]
fn a_copy_mounts_skips_and_fetches_only_the_rest() {
    let registry = Registry::start(Manners { mounts: true, ..Manners::default() });
    let maker = User::new(None);
    let (amd, arm) = (maker.image("amd64", &[b"base", b"amd"]), maker.image("arm64", &[b"base", b"arm"]));
    let index = write_index(&maker.store, vec![amd.clone(), arm.clone()], Default::default()).unwrap();
    maker.push(&index, &registry.name("team/app:1")).unwrap();
    let copy = |user: &User, from: &str, to: &str, platforms: &[&str]| {
        let platforms = platforms.iter().map(|text| text.parse().unwrap()).collect();
        let options = CopyOptions { pull: PullOptions { platforms }, referrers: false };
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        user.with(|registries| registries.copy(&from, &to, &options, &|_| {})).unwrap()
    };
    let user = User::new(None);
    let near = copy(&user, &registry.name("team/app:1"), &registry.name("mirror/app:2"), &[]);
    assert_eq!((near.descriptor.digest, near.pushed.mounted, near.pushed.sent), (index.digest, 5, 0));
    let layers = blobs(&maker.store, &index).unwrap();
    assert!(layers.iter().all(|blob| {
        blob.media_type.contains("manifest")
            || blob.media_type.contains("index")
            || !user.store.contains(&blob.digest)
    }));
    let far = Registry::start(Manners::default());
    maker.push(&maker.image("amd64", &[b"base"]), &far.name("app:base")).unwrap();
    let copied = copy(&user, &registry.name("team/app:1"), &far.name("app:1"), &["linux/arm64"]);
    assert_eq!((copied.descriptor.digest, copied.pushed.sent, copied.pushed.present), (arm.digest, 2, 1));
    assert!(User::new(None).pull(&far.name("app:1"), &[]).is_ok());
    assert_eq!(
        copy(&user, &registry.name("team/app:1"), &far.name("app:1"), &[]).descriptor.digest,
        index.digest
    );
    assert!(User::new(None).pull(&far.name("app:1"), &[]).unwrap().descriptor.digest == index.digest);
}

#[test]
fn one_index_lists_what_several_machines_pushed() {
    let registry = Registry::start(Manners::default());
    let (one, two) = (User::new(None), User::new(None));
    let (amd, arm) = (one.image("amd64", &[b"amd"]), two.image("arm64", &[b"arm"]));
    one.push(&amd, &registry.name("app:amd64")).unwrap();
    two.push(&arm, &registry.name("elsewhere:arm64")).unwrap();
    let parts = [registry.name("elsewhere:arm64"), registry.name("app:amd64")];
    let merge = |parts: &[String]| {
        let parts: Vec<Reference> = parts.iter().map(|part| part.parse().unwrap()).collect();
        let to = registry.name("app:1").parse().unwrap();
        User::new(None).with(|registries| registries.merge(&parts, &to, &|_| {}))
    };
    let merged = merge(&parts).unwrap();
    let platforms: Vec<String> =
        merged.images.iter().map(|image| image.platform.as_ref().unwrap().to_string()).collect();
    assert_eq!(platforms, ["linux/amd64", "linux/arm64"]);
    let pulled = User::new(None).pull(&registry.name("app:1"), &["linux/arm64"]).unwrap();
    assert_eq!(pulled.descriptor.digest, arm.digest);
    // The other order, one of them twice, and as an index: the same.
    let again = merge(&[registry.name("app:1"), parts[1].clone(), parts[0].clone()]).unwrap();
    assert_eq!(again.descriptor.digest, merged.descriptor.digest);
    let other = one.image("amd64", &[b"another"]);
    one.push(&other, &registry.name("app:other")).unwrap();
    let error = merge(&[registry.name("app:other"), registry.name("app:amd64")]).unwrap_err();
    assert!(error.to_string().starts_with("two images are for linux/amd64: sha256:"), "{error}");
}

#[test]
fn tags_are_listed_over_all_pages_and_deleted_as_the_registry_allows() {
    let registry = Registry::start(Manners { page: Some(2), ..Manners::default() });
    let user = User::new(None);
    let image = user.image("amd64", &[b"x"]);
    for tag in ["1", "2", "3", "4", "5"] {
        user.push(&image, &registry.name(&format!("app:{tag}"))).unwrap();
    }
    let name = registry.name("app:3");
    let tags = || user.with(|registries| registries.tags(&name.parse().unwrap())).unwrap();
    let delete = |name: &str| user.with(|registries| registries.delete(&name.parse().unwrap()));
    assert_eq!(tags(), ["1", "2", "3", "4", "5"]);
    let error = delete(&name).unwrap_err();
    let pinned = format!("{}@{}", registry.name("app"), image.digest);
    assert!(error.to_string().contains("does not delete tags: The operation is unsupported."), "{error}");
    assert_eq!(
        error.hint().unwrap(),
        format!("run `bareboat delete {pinned}`: the image goes, with all of its tags")
    );
    let error = delete(&pinned).unwrap_err();
    assert_eq!(error.hint().unwrap(), "ask who runs it to allow deleting");
    registry.set(|manners| manners.deletes = Deletes::Tags);
    delete(&name).unwrap();
    assert_eq!(tags(), ["1", "2", "4", "5"]);
    assert!(matches!(delete(&name), Err(RegistryError::NotFound { .. })));
    delete(&pinned).unwrap();
    assert!(tags().is_empty());
}

#[test]
fn what_refers_to_an_image_is_listed_with_and_without_the_api() {
    for has_api in [true, false] {
        let registry = Registry::start(Manners { referrers: has_api, ..Manners::default() });
        let user = User::new(None);
        let image = user.image("amd64", &[b"x"]);
        let name = registry.name("app:1");
        user.push(&image, &name).unwrap();
        let artifact = |kind: &str| Artifact {
            artifact_type: kind.to_owned(),
            media_type: kind.to_owned(),
            bytes: kind.as_bytes().to_vec(),
            annotations: Default::default(),
        };
        let attach = |kind: &str| {
            user.with(|registries| registries.attach(&image, &name.parse().unwrap(), &artifact(kind)))
                .unwrap()
        };
        let list = |name: &str, kind: Option<&str>| -> Vec<_> {
            let found = User::new(None)
                .with(|registries| registries.referrers(&name.parse().unwrap(), kind))
                .unwrap();
            found.into_iter().map(|one| one.digest).collect()
        };
        assert!(list(&name, None).is_empty());
        let (bill, origin) = (attach("application/spdx+json"), attach("application/vnd.in-toto+json"));
        assert_eq!(attach("application/spdx+json"), bill, "the same artifact is sent once");
        let mut both = list(&name, None);
        both.sort();
        let mut expected = vec![bill.digest, origin.digest];
        expected.sort();
        assert_eq!(both, expected);
        assert_eq!(list(&name, Some("application/spdx+json")), [bill.digest]);
        // The image itself is as it was.
        assert_eq!(User::new(None).pull(&name, &[]).unwrap().descriptor.digest, image.digest);
        let has_tag = registry.dump().iter().any(|line| line.starts_with("app manifest sha256-"));
        assert_eq!(has_tag, !has_api);
        let far = Registry::start(Manners { referrers: !has_api, ..Manners::default() });
        let options = CopyOptions { referrers: true, ..CopyOptions::default() };
        let (from, to) = (name.parse().unwrap(), far.name("app:1").parse().unwrap());
        let copied =
            User::new(None).with(|registries| registries.copy(&from, &to, &options, &|_| {})).unwrap();
        assert_eq!((copied.referrers, list(&far.name("app:1"), None).len()), (2, 2));
    }
}

#[test]
fn a_mirror_is_read_first_and_its_failure_is_none() {
    let (mirror, origin) = (Registry::start(Manners::default()), Registry::start(Manners::default()));
    let user = User::new(None);
    let image = user.image("amd64", &[b"mirrored"]);
    user.push(&image, &origin.name("team/app:1")).unwrap();
    user.push(&image, &mirror.name("copies/team/app:1")).unwrap();
    let mut rules = Rules::default();
    let text = format!(
        "[[registry]]\nprefix = \"example.test\"\nlocation = \"{}\"\n[[registry.mirror]]\nlocation = \"{}\"\n",
        origin.server.authority(),
        mirror.name("copies")
    );
    rules.add_containers(&text).unwrap();
    let with_rules = |user: &User, work: &dyn Fn(&Registries<'_>)| {
        let settings = Settings { rules: rules.clone(), ..Settings::default() };
        work(&Registries::new(&user.fetcher, &user.store, &|_| Ok(None), settings));
    };
    let pull = |user: &User| {
        with_rules(user, &|registries| {
            let name = "example.test/team/app:1".parse().unwrap();
            let pulled = registries.pull(&name, &PullOptions::default()).unwrap();
            assert_eq!(pulled.descriptor.digest, image.digest);
        });
    };
    let asked =
        |registry: &Registry| registry.server.requests().iter().filter(|one| one.method == "GET").count();
    let before = asked(&origin);
    pull(&User::new(None));
    assert_eq!(asked(&origin), before, "the mirror had everything");
    // It lies, and then it is gone: the registry itself is asked.
    mirror.server.file(&format!("/v2/copies/team/app/manifests/{}", "1"), "{}");
    pull(&User::new(None));
    mirror.server.route_below("/v2/", |_| Response::status(404));
    pull(&User::new(None));
    // What is written goes to the registry itself.
    let other = user.image("amd64", &[b"written"]);
    with_rules(&user, &|registries| {
        registries.push(&other, &"example.test/team/app:2".parse().unwrap(), &|_| {}).unwrap();
    });
    assert!(origin.document("team/app", "2").is_some());
}

#[test]
fn two_pushes_of_one_tag_leave_one_whole_image() {
    let registry = Registry::start(Manners::default());
    let users: Vec<(User, Descriptor)> = (0..4u8)
        .map(|number| {
            let user = User::new(None);
            let image = user.image("amd64", &[b"base", &[number; 100]]);
            (user, image)
        })
        .collect();
    let name = registry.name("app:1");
    std::thread::scope(|scope| {
        for (user, image) in &users {
            let name = &name;
            scope.spawn(move || user.push(image, name).unwrap());
        }
    });
    let reader = User::new(None);
    let pulled = reader.pull(&name, &[]).unwrap();
    assert!(users.iter().any(|(_, image)| image.digest == pulled.descriptor.digest));
    assert!(reader.has_all(&pulled.descriptor));
}

#[test]
fn a_manifest_of_ten_megabytes_is_refused_before_it_is_read() {
    let registry = Registry::start(Manners::default());
    let mut manifest =
        br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","x":""#.to_vec();
    manifest.resize(10 << 20, b'x');
    registry.server.file("/v2/app/manifests/1", manifest);
    let user = User::new(None);
    let error = user.pull(&registry.name("app:1"), &[]).unwrap_err().to_string();
    assert!(error.contains("larger than"), "{error}");
}
