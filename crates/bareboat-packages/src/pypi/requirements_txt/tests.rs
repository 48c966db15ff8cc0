//! Requirements files as people write them.

use super::*;

const ONE: &str = "0000000000000000000000000000000000000000000000000000000000000001";
const TWO: &str = "0000000000000000000000000000000000000000000000000000000000000002";

fn read(files: &[(&str, &str)]) -> Result<RequirementsFile, PypiError> {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let variables = BTreeMap::from([("TOKEN".to_owned(), "s3cret".to_owned())]);
    RequirementsFile::read(&ProjectDir::new(directory.path()), "requirements.txt", &variables)
}

fn shown(entries: &[Entry]) -> Vec<String> {
    entries
        .iter()
        .map(|entry| match &entry.wanted {
            EntryKind::Named(requirement) => format!("{} {requirement}", entry.place),
            EntryKind::Directory { path, extras, marker } => {
                let extras: Vec<_> = extras.iter().map(DistributionName::as_str).collect();
                format!("{} dir {path} [{}] {}", entry.place, extras.join(","), marker.is_some())
            }
        })
        .collect()
}

#[test]
fn follows_includes_and_constraints_from_where_they_stand() {
    let file = read(&[
        ("requirements.txt", "-r requirements/prod.txt\nflask\n-c constraints.txt\n"),
        ("requirements/prod.txt", "-r base.txt\ngunicorn>=22 # server\n"),
        ("requirements/base.txt", "requests[socks]==2.32.3; python_version >= '3.8'\n"),
        ("constraints.txt", "urllib3<3\n"),
    ])
    .unwrap();
    assert_eq!(
        shown(&file.entries),
        [
            "requirements/base.txt:1 requests[socks]==2.32.3 ; python_version >= \"3.8\"",
            "requirements/prod.txt:2 gunicorn>=22",
            "requirements.txt:2 flask",
        ]
    );
    assert_eq!(shown(&file.constraints), ["constraints.txt:1 urllib3<3"]);
    assert_eq!(file.files.len(), 4);
}

#[test]
fn reads_every_kind_of_entry() {
    let file = read(&[
        (
            "requirements.txt",
            "-e .[web,Db]\n./libs/core ; sys_platform == 'linux'\n--editable=libs/core\n./dist/my_app-1.0-py3-none-any.whl\n\
             https://files.test/x/Zope.Interface-6.0.tar.gz\ngit+https://git.test/p.git@v1#egg=proj[a]&subdirectory=s\n\
             six @ https://${TOKEN}@files.test/six-1.0-py3-none-any.whl#sha256=ff\n\"quoted>=1\"\n",
        ),
        ("pyproject.toml", ""),
        ("libs/core/setup.cfg", ""),
    ]);
    // `--editable=libs/core` names a directory without a leading dot, which pip accepts too.
    let file = file.unwrap();
    assert_eq!(
        shown(&file.entries),
        [
            "requirements.txt:1 dir . [db,web] false",
            "requirements.txt:2 dir libs/core [] true",
            "requirements.txt:3 dir libs/core [] false",
            "requirements.txt:4 my-app @ dist/my_app-1.0-py3-none-any.whl",
            "requirements.txt:5 zope-interface @ https://files.test/x/Zope.Interface-6.0.tar.gz",
            "requirements.txt:6 proj[a] @ git+https://git.test/p.git@v1#egg=proj[a]&subdirectory=s",
            "requirements.txt:7 six @ https://s3cret@files.test/six-1.0-py3-none-any.whl#sha256=ff",
            "requirements.txt:8 quoted>=1",
        ]
    );
}

#[test]
fn keeps_digests_and_requires_them_everywhere_once_one_is_there() {
    let text = format!("flask==3.0.3 \\\n    --hash=sha256:{ONE} \\\n    --hash=sha256:{TWO}\nclick==8.1\n");
    let file = read(&[("requirements.txt", &text)]).unwrap();
    assert_eq!(file.entries[0].digests.len(), 2);
    assert!(file.options.require_hashes);
    let error = read(&[("requirements.txt", "flask==3 --hash=md5:aa")]).unwrap_err();
    assert!(error.hint().unwrap().contains("--generate-hashes"));
}

#[test]
fn keeps_index_options() {
    let file = read(&[(
        "requirements.txt",
        "-i https://index.test/simple\n--extra-index-url https://extra.test/simple\n-f wheels --pre\n--no-binary :all:\n",
    )])
    .unwrap();
    assert_eq!(file.options.index_url.as_deref(), Some("https://index.test/simple"));
    assert_eq!(file.options.extra_index_urls, ["https://extra.test/simple"]);
    assert_eq!(file.options.find_links, ["wheels"]);
    assert!(file.options.pre && !file.options.require_hashes);
}

#[test]
fn names_file_line_and_cause() {
    for (text, expected) in [
        ("flask\nflask ==== 3", "requirements.txt:2"),
        ("-r missing.txt", "there is no file `missing.txt`"),
        ("-r requirements.txt", "includes itself"),
        ("-r https://u:p@files.test/r.txt", "https://***@files.test/r.txt"),
        ("--unknown", "is not an option"),
        ("./nowhere", "there is no directory `nowhere`"),
        ("https://files.test/download?id=7", "does not tell which distribution"),
        ("--trusted-host a.test", "certificate"),
        ("flask --hash=sha256:00", "is not a digest"),
    ] {
        let error = read(&[("requirements.txt", text)]).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("u:p"), "{error}");
    }
}
