//! `/usr/lib/os-release` (os-release(5)); `/etc/os-release` is base-files' own link to it.

use super::{Generated, Release};

/// The file. `ID` and `VERSION_ID` are Debian's, for vulnerability scanners choose their feed by them; the pretty
/// name is the one the field's reference images show, and says that no ordinary Debian is to be expected inside.
pub fn generate(release: Release) -> Generated {
    let (number, codename) = (release.number(), release.codename());
    let text = format!(
        "PRETTY_NAME=\"Distroless\"\n\
         NAME=\"Debian GNU/Linux\"\n\
         ID=\"debian\"\n\
         VERSION_ID=\"{number}\"\n\
         VERSION=\"Debian GNU/Linux {number} ({codename})\"\n\
         VERSION_CODENAME=\"{codename}\"\n\
         HOME_URL=\"https://www.debian.org/\"\n\
         SUPPORT_URL=\"https://www.debian.org/support\"\n\
         BUG_REPORT_URL=\"https://bugs.debian.org/\"\n"
    );
    Generated::file("usr/lib/os-release", 0o644, text, "names the system (replaces base-files' own)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scanners_find_debian_and_people_find_distroless() {
        let text = String::from_utf8(generate(Release::Trixie).content).unwrap();
        for line in [
            "PRETTY_NAME=\"Distroless\"",
            "ID=\"debian\"",
            "VERSION_ID=\"13\"",
            "VERSION=\"Debian GNU/Linux 13 (trixie)\"",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}");
        }
    }
}
