//! Whole documents, from an image in a few lines.

use bareboat_packages::sbom::{cyclonedx, spdx};

use super::*;
use crate::audit::fixture::facts;

const IMAGE: &str = r##"
tag ghcr.io/acme/web:1
created 2026-11-28T00:00:00.5Z
workdir /app
label org.opencontainers.image.title=web
label org.opencontainers.image.licenses=MIT
layer "COPY base /"
file /etc/os-release 0644 "ID=debian\nVERSION_ID=\"13\"\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nHOME_URL=\"https://www.debian.org/\"\n"
file /etc/passwd 0644 "web:x:1000:1000::/:\n"
file /var/lib/dpkg/status.d/libc6 0644 "Package: libc6\nVersion: 2.41-12\nArchitecture: amd64\nMaintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>\nDescription: GNU C Library\n long\nProvides: libc6-abi\n"
file /var/lib/dpkg/status.d/libc6.md5sums 0644 "00000000000000000000000000000000  lib/x86_64-linux-gnu/libc.so.6\n"
file /usr/share/doc/libc6/copyright 0644 "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nLicense: LGPL-2.1+ and GPL-2+ with Link exception\n"
file /var/lib/dpkg/status.d/python3.13-minimal 0644 "Package: python3.13-minimal\nVersion: 3.13.5-2\nArchitecture: amd64\nMaintainer: Matthias Klose <doko@debian.org>\nDepends: nothing | libc6-abi, libssl3\nHomepage: https://www.python.org/\n"
file /var/lib/dpkg/status.d/python3.13-minimal.md5sums 0644 "00000000000000000000000000000000  usr/bin/python3.13\n00000000000000000000000000000000  usr/lib/python3.13/os.py\n"
link /usr/share/doc/python3.13-minimal libc6
link /lib usr/lib
elf /usr/lib/x86_64-linux-gnu/libc.so.6 0755 soname=libc.so.6 defines=GLIBC_2.41
elf /lib64/ld-linux-x86-64.so.2 0755
elf /usr/bin/python3.13 0755 program=/lib64/ld-linux-x86-64.so.2 wants=libc.so.6:GLIBC_2.41
file /usr/lib/python3.13/os.py 0644 "x"
layer "RUN pip install web"
file /usr/lib/python3.13/site-packages/flask-3.1.dist-info/METADATA 0644 "Name: Flask\nVersion: 3.1\nSummary: a framework\nLicense-Expression: BSD-3-Clause\nProject-URL: Source, https://example.org/flask\nRequires-Dist: click>=8\nRequires-Dist: colorama; sys_platform == 'win32'\nRequires-Dist: dotenv[cli]; extra == 'dotenv'\n"
file /usr/lib/python3.13/site-packages/flask-3.1.dist-info/RECORD 0644 "flask.py,,\n"
file /usr/lib/python3.13/site-packages/flask.py 0644 "flask"
file /usr/lib/python3.13/site-packages/flask.pyc 0644 "compiled"
file /usr/lib/python3.13/site-packages/click-8.2.dist-info/METADATA 0644 "Name: click\nVersion: 8.2\nLicense: as you like\n"
file /usr/lib/python3.13/site-packages/click-8.2.dist-info/RECORD 0644 "click.py,,\n"
file /usr/lib/python3.13/site-packages/click.py 0644 "click"
file /usr/lib/python3.13/site-packages/dotenv-1.dist-info/METADATA 0644 "Name: dotenv\nVersion: 1\n"
file /app/main.py 0644 "import flask"
file /app/static/x 0644 "x y"
"##;

#[test]
fn the_spdx_document_says_all_that_can_be_told() {
    insta::assert_snapshot!("spdx", spdx(&bill(&facts(IMAGE), "1.0")));
}

#[test]
fn the_cyclonedx_document_says_the_same() {
    insta::assert_snapshot!("cyclonedx", cyclonedx(&bill(&facts(IMAGE), "1.0")));
}

#[test]
fn the_digest_of_files_is_that_of_sha256sums_output() {
    let bill = bill(&facts(IMAGE), "1.0");
    let click = bill.components.iter().find(|component| component.name == "click").unwrap();
    let hex = Digest::of("click").hex();
    let printed = format!("{hex}  /usr/lib/python3.13/site-packages/click.py\n");
    assert_eq!(click.files, Some(Digest::of(printed)));
}

#[test]
fn an_extra_counts_when_another_distribution_asks_for_it() {
    let text = IMAGE.replace("Name: click\\n", "Name: click\\nRequires-Dist: flask[dotenv]\\n");
    let bill = bill(&facts(&text), "1.0");
    let place = |name: &str| bill.components.iter().position(|component| component.name == name).unwrap();
    assert!(bill.components[place("flask")].needs.contains(&place("dotenv")));
    assert!(bill.components[place("click")].needs.contains(&place("flask")));
}

#[test]
fn documents_depend_on_nothing_but_the_image() {
    assert_eq!(spdx(&bill(&facts(IMAGE), "1.0")), spdx(&bill(&facts(IMAGE), "1.0")));
    let other = IMAGE.replace("x y", "x z");
    assert_ne!(spdx(&bill(&facts(IMAGE), "1.0")), spdx(&bill(&facts(&other), "1.0")));
}

#[test]
fn many_loose_files_are_counted_after_the_first_thousand() {
    let files: String = (0..1005).map(|number| format!("file /srv/{number:04} 0644 \"x\"\n")).collect();
    let bill = bill(&facts(&files), "1.0");
    assert_eq!(bill.components.len(), 1001);
    assert_eq!(bill.components.last().unwrap().name, "5 further files");
}

#[test]
fn what_is_not_read_is_admitted() {
    let bill = bill(&facts("file /var/lib/rpm/rpmdb.sqlite 0644 \"x\"\n"), "1.0");
    assert_eq!(bill.gaps, ["packages of rpm are not read"]);
    let document: serde_json::Value = serde_json::from_str(&cyclonedx(&bill)).unwrap();
    assert_eq!(document["compositions"][0]["aggregate"], "incomplete");
}
