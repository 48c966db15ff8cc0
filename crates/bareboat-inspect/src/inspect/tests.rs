//! Whole outputs, from an image in a few lines.

use super::*;
use crate::audit::fixture::facts;

const IMAGE: &str = r##"
created 2026-11-28T00:00:00Z
user web
workdir /srv
env PATH=/usr/bin
entrypoint ["python3", "-m", "web"]
expose 8000/tcp
volume /data
layer "COPY base /"
file /etc/os-release 0644 "ID=debian\nVERSION_ID=\"13\"\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n"
file /etc/passwd 0644 "web:x:1000:1000::/:\n"
file /etc/group 0644 "web:x:1000:\nlog:x:4:web\n"
file /var/lib/dpkg/status.d/libc6 0644 "Package: libc6\nVersion: 2.41-12\nArchitecture: amd64\n"
file /var/lib/dpkg/status.d/libc6.md5sums 0644 "00000000000000000000000000000000  lib/x86_64-linux-gnu/libc.so.6\n"
link /lib usr/lib
elf /usr/lib/x86_64-linux-gnu/libc.so.6 0755 soname=libc.so.6 defines=GLIBC_2.41
elf /lib64/ld-linux-x86-64.so.2 0755
elf /usr/bin/python3.13 0755 program=/lib64/ld-linux-x86-64.so.2 wants=libc.so.6:GLIBC_2.41
link /usr/bin/python3 python3.13
file /usr/lib/python3.13/os.py 0644 "x"
file /usr/bin/helper 4755 "#!/usr/bin/python3\n"
layer "RUN pip install web && rm /usr/bin/helper"
file /usr/lib/python3.13/site-packages/web-1.0.dist-info/METADATA 0644 "Name: Web\nVersion: 1.0\n"
file /usr/lib/python3.13/site-packages/web-1.0.dist-info/RECORD 0644 "web.py,,\n"
file /usr/lib/python3.13/site-packages/web.py 0644 size=5000
remove /usr/bin/helper
dir /data 0755 1000:1000
"##;

#[test]
fn the_text_says_what_the_image_is() {
    insta::assert_snapshot!("text", text(&facts(IMAGE)));
}

#[test]
fn the_document_keeps_its_contract() {
    insta::assert_snapshot!("json", json(&facts(IMAGE)));
}
