//! Licences by name: identifiers of the SPDX licence list, and what Debian and Python packages call them.
//!
//! Names follow DEP-5 (copyright-format 1.0, "Short name"), Debian's `/usr/share/common-licenses` and PyPI's
//! classifiers. A name that may mean several licences is not here.

/// Identifiers that are known, as the SPDX licence list writes them.
pub const LICENCE_IDS: &[&str] = &[
    "0BSD",
    "AFL-2.1",
    "AFL-3.0",
    "AGPL-3.0-only",
    "AGPL-3.0-or-later",
    "Apache-1.0",
    "Apache-1.1",
    "Apache-2.0",
    "Artistic-1.0",
    "Artistic-1.0-Perl",
    "Artistic-2.0",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-2-Clause-Patent",
    "BSD-3-Clause",
    "BSD-3-Clause-LBNL",
    "BSD-4-Clause",
    "BSD-4-Clause-UC",
    "BSL-1.0",
    "Beerware",
    "BlueOak-1.0.0",
    "CC-BY-3.0",
    "CC-BY-4.0",
    "CC-BY-SA-3.0",
    "CC-BY-SA-4.0",
    "CC0-1.0",
    "CDDL-1.0",
    "CDDL-1.1",
    "CNRI-Python",
    "EPL-1.0",
    "EPL-2.0",
    "EUPL-1.1",
    "EUPL-1.2",
    "FSFAP",
    "FSFUL",
    "FSFULLR",
    "FTL",
    "GFDL-1.1-only",
    "GFDL-1.1-or-later",
    "GFDL-1.2-only",
    "GFDL-1.2-or-later",
    "GFDL-1.3-only",
    "GFDL-1.3-or-later",
    "GFDL-1.1-no-invariants-only",
    "GFDL-1.1-no-invariants-or-later",
    "GFDL-1.2-no-invariants-only",
    "GFDL-1.2-no-invariants-or-later",
    "GFDL-1.3-no-invariants-only",
    "GFDL-1.3-no-invariants-or-later",
    "GPL-1.0-only",
    "GPL-1.0-or-later",
    "GPL-2.0-only",
    "GPL-2.0-or-later",
    "GPL-3.0-only",
    "GPL-3.0-or-later",
    "HPND",
    "ICU",
    "IJG",
    "ISC",
    "LGPL-2.0-only",
    "LGPL-2.0-or-later",
    "LGPL-2.1-only",
    "LGPL-2.1-or-later",
    "LGPL-3.0-only",
    "LGPL-3.0-or-later",
    "LPPL-1.3c",
    "Libpng",
    "MIT",
    "MIT-0",
    "MIT-CMU",
    "MPL-1.1",
    "MPL-2.0",
    "NCSA",
    "NTP",
    "OFL-1.1",
    "OLDAP-2.8",
    "OpenSSL",
    "PHP-3.01",
    "PSF-2.0",
    "PostgreSQL",
    "Python-2.0",
    "Python-2.0.1",
    "QPL-1.0",
    "Ruby",
    "SMLNJ",
    "Sleepycat",
    "TCL",
    "Unicode-3.0",
    "Unicode-DFS-2015",
    "Unicode-DFS-2016",
    "UPL-1.0",
    "Unlicense",
    "Vim",
    "W3C",
    "WTFPL",
    "X11",
    "ZPL-2.0",
    "ZPL-2.1",
    "Zlib",
    "blessing",
    "bzip2-1.0.6",
    "curl",
    "libtiff",
    "zlib-acknowledgement",
];

/// Exceptions that are known, as the SPDX licence list writes them.
pub(super) const EXCEPTION_IDS: &[&str] = &[
    "Autoconf-exception-2.0",
    "Autoconf-exception-3.0",
    "Bison-exception-2.2",
    "Classpath-exception-2.0",
    "Font-exception-2.0",
    "GCC-exception-2.0",
    "GCC-exception-3.1",
    "LGPL-3.0-linking-exception",
    "LLVM-exception",
    "Libtool-exception",
    "Linux-syscall-note",
    "OCaml-LGPL-linking-exception",
    "Qt-LGPL-exception-1.1",
];

/// Other names, in lower case.
const ALIASES: &[(&str, &str)] = &[
    ("3-clause bsd license", "BSD-3-Clause"),
    ("apache 2", "Apache-2.0"),
    ("apache 2.0", "Apache-2.0"),
    ("apache 2.0 license", "Apache-2.0"),
    ("apache license 2.0", "Apache-2.0"),
    ("apache license version 2.0", "Apache-2.0"),
    ("apache license, version 2.0", "Apache-2.0"),
    ("apache software license 2.0", "Apache-2.0"),
    ("apache-2", "Apache-2.0"),
    ("apache-2.0 license", "Apache-2.0"),
    ("artistic", "Artistic-1.0"),
    ("artistic-1", "Artistic-1.0"),
    ("artistic-2", "Artistic-2.0"),
    ("boost-1.0", "BSL-1.0"),
    ("bsd 2-clause", "BSD-2-Clause"),
    ("bsd 2-clause license", "BSD-2-Clause"),
    ("bsd 3-clause", "BSD-3-Clause"),
    ("bsd 3-clause license", "BSD-3-Clause"),
    ("bsd-2-clauses", "BSD-2-Clause"),
    ("bsd-2-clause license", "BSD-2-Clause"),
    ("bsd-3-clause license", "BSD-3-Clause"),
    ("bsd-3-clauses", "BSD-3-Clause"),
    ("bsd-4-clauses", "BSD-4-Clause"),
    ("cc0", "CC0-1.0"),
    ("cc0 1.0 universal (cc0 1.0) public domain dedication", "CC0-1.0"),
    ("eclipse public license 2.0 (epl-2.0)", "EPL-2.0"),
    ("expat", "MIT"),
    ("gnu affero general public license v3", "AGPL-3.0-only"),
    ("gnu affero general public license v3 or later (agplv3+)", "AGPL-3.0-or-later"),
    ("gnu general public license v2 (gplv2)", "GPL-2.0-only"),
    ("gnu general public license v2 or later (gplv2+)", "GPL-2.0-or-later"),
    ("gnu general public license v3 (gplv3)", "GPL-3.0-only"),
    ("gnu general public license v3 or later (gplv3+)", "GPL-3.0-or-later"),
    ("gnu lesser general public license v2 (lgplv2)", "LGPL-2.0-only"),
    ("gnu lesser general public license v2 or later (lgplv2+)", "LGPL-2.0-or-later"),
    ("gnu lesser general public license v3 (lgplv3)", "LGPL-3.0-only"),
    ("gnu lesser general public license v3 or later (lgplv3+)", "LGPL-3.0-or-later"),
    ("gplv2", "GPL-2.0-only"),
    ("gplv2+", "GPL-2.0-or-later"),
    ("gplv3", "GPL-3.0-only"),
    ("gplv3+", "GPL-3.0-or-later"),
    ("historical permission notice and disclaimer (hpnd)", "HPND"),
    ("isc license", "ISC"),
    ("isc license (iscl)", "ISC"),
    ("lgplv3", "LGPL-3.0-only"),
    ("lgplv3+", "LGPL-3.0-or-later"),
    ("mit license", "MIT"),
    ("mit no attribution license (mit-0)", "MIT-0"),
    ("modified bsd license", "BSD-3-Clause"),
    ("mozilla public license 1.1 (mpl 1.1)", "MPL-1.1"),
    ("mozilla public license 2.0 (mpl 2.0)", "MPL-2.0"),
    ("mpl 2.0", "MPL-2.0"),
    ("new bsd license", "BSD-3-Clause"),
    ("psf", "PSF-2.0"),
    ("psf-2", "PSF-2.0"),
    ("psfl", "PSF-2.0"),
    ("python software foundation license", "PSF-2.0"),
    ("python-2", "Python-2.0"),
    ("sil-1.1", "OFL-1.1"),
    ("sil open font license 1.1 (ofl-1.1)", "OFL-1.1"),
    ("simplified bsd license", "BSD-2-Clause"),
    ("the mit license", "MIT"),
    ("the mit license (mit)", "MIT"),
    ("the unlicense (unlicense)", "Unlicense"),
    ("universal permissive license (upl)", "UPL-1.0"),
    ("zlib/libpng", "Zlib"),
    ("zlib/libpng license", "Zlib"),
    ("zope public license 2.1", "ZPL-2.1"),
    ("zpl 2.1", "ZPL-2.1"),
];

/// The identifier of the licence that `name` certainly means.
pub(super) fn licence_id(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    let same = |id: &&&str| id.eq_ignore_ascii_case(&name);
    if let Some(id) = LICENCE_IDS.iter().find(same) {
        return Some((*id).to_owned());
    }
    if let Some((_, id)) = ALIASES.iter().find(|(alias, _)| *alias == name) {
        return Some((*id).to_owned());
    }
    gnu_id(&name)
}

/// The identifier of the exception that `name` means beside `licence`; DEP-5 writes `GCC exception`.
pub(super) fn exception_id(name: &str, licence: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase().replace(' ', "-");
    if let Some(id) = EXCEPTION_IDS.iter().find(|id| id.eq_ignore_ascii_case(&name)) {
        return Some((*id).to_owned());
    }
    let is_third = licence.starts_with("GPL-3");
    let id = match name.strip_suffix("-exception").or_else(|| name.strip_suffix("-exceptions"))? {
        "gcc" if is_third => "GCC-exception-3.1",
        "autoconf" if is_third => "Autoconf-exception-3.0",
        "autoconf" => "Autoconf-exception-2.0",
        "bison" => "Bison-exception-2.2",
        "font" => "Font-exception-2.0",
        "libtool" => "Libtool-exception",
        "classpath" => "Classpath-exception-2.0",
        _ => return None,
    };
    Some(id.to_owned())
}

/// GNU licences as DEP-5 writes them: `gpl-2+`, `lgpl-2.1`, `gfdl-niv-1.3+`; `+` is "or later".
fn gnu_id(name: &str) -> Option<String> {
    let (family, version) = name.rsplit_once('-')?;
    let (family, variant) = match family {
        "gpl" | "lgpl" | "agpl" | "gfdl" => (family, ""),
        "gfdl-niv" => ("gfdl", "-no-invariants"),
        _ => return None,
    };
    let (version, later) = match version.strip_suffix('+') {
        Some(version) => (version, "or-later"),
        None => (version, "only"),
    };
    let version = if version.contains('.') { version.to_owned() } else { format!("{version}.0") };
    let id = format!("{}-{version}{variant}-{later}", family.to_ascii_uppercase());
    LICENCE_IDS.contains(&id.as_str()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_debian_and_python_mean_what_they_say_or_nothing() {
        let id = |name: &str| licence_id(name).unwrap_or_default();
        assert_eq!(id("GPL-2+"), "GPL-2.0-or-later");
        assert_eq!(id("GPL-3"), "GPL-3.0-only");
        assert_eq!(id("LGPL-2.1+"), "LGPL-2.1-or-later");
        assert_eq!(id("GFDL-NIV-1.3+"), "GFDL-1.3-no-invariants-or-later");
        assert_eq!(id("Expat"), "MIT");
        assert_eq!(id("bsd-3-clause"), "BSD-3-Clause");
        assert_eq!(id("Apache License, Version 2.0"), "Apache-2.0");
        for unclear in ["BSD", "GPL", "GPL-9", "Apache Software License", "public-domain", ""] {
            assert_eq!(licence_id(unclear), None, "{unclear}");
        }
        assert_eq!(exception_id("GCC exception", "GPL-3.0-or-later").as_deref(), Some("GCC-exception-3.1"));
        assert_eq!(
            exception_id("Autoconf exception", "GPL-2.0-or-later").as_deref(),
            Some("Autoconf-exception-2.0")
        );
        assert_eq!(exception_id("Plugin exception", "GPL-3.0-only"), None);
    }

    #[test]
    fn every_other_name_means_a_known_licence() {
        for (alias, id) in ALIASES {
            assert!(LICENCE_IDS.contains(id), "{alias} means {id}");
            assert_eq!(*alias, alias.to_ascii_lowercase());
        }
    }
}
