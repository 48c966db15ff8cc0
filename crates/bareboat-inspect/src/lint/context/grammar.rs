//! How the programs that several rules look at read their options. Only options that take the next word matter.

use super::call::Grammar;

/// Letters are flags; no option takes the next word.
pub const PLAIN: Grammar = Grammar { valued: &[], single_dash: false };

/// `apt-get`, `apt`, `aptitude` (apt-get(8)).
pub const APT: Grammar = Grammar {
    valued: &[
        "-o",
        "--option",
        "-c",
        "--config-file",
        "-t",
        "--target-release",
        "--default-release",
        "-a",
        "--host-architecture",
        "-P",
        "--build-profiles",
    ],
    single_dash: false,
};

/// `apk` (apk(8)).
pub const APK: Grammar = Grammar {
    valued: &[
        "-p",
        "--root",
        "-X",
        "--repository",
        "-t",
        "--virtual",
        "--arch",
        "--cache-dir",
        "--cache-max-age",
        "--keys-dir",
        "--repositories-file",
        "--wait",
        "--timeout",
    ],
    single_dash: false,
};

/// `dnf`, `microdnf`, `yum` (dnf(8), yum(8)).
pub const DNF: Grammar = Grammar {
    valued: &[
        "-c",
        "--config",
        "-d",
        "-e",
        "-R",
        "--installroot",
        "--releasever",
        "--enablerepo",
        "--disablerepo",
        "--repo",
        "--repoid",
        "-x",
        "--exclude",
        "--setopt",
        "--enableplugin",
        "--disableplugin",
        "--forcearch",
        "--comment",
    ],
    single_dash: false,
};

/// `zypper` (zypper(8)).
pub const ZYPPER: Grammar = Grammar {
    valued: &[
        "-c",
        "--config",
        "-R",
        "--root",
        "-D",
        "--reposd-dir",
        "-C",
        "--cache-dir",
        "-p",
        "--plus-repo",
        "-r",
        "--repo",
        "--from",
        "-t",
        "--type",
    ],
    single_dash: false,
};

/// `pip` (pip's own help).
pub const PIP: Grammar = Grammar {
    valued: &[
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-e",
        "--editable",
        "-t",
        "--target",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "--platform",
        "--python-version",
        "--implementation",
        "--abi",
        "--root",
        "--prefix",
        "--src",
        "--python",
        "--upgrade-strategy",
        "-C",
        "--config-settings",
        "--global-option",
        "--no-binary",
        "--only-binary",
        "--progress-bar",
        "--report",
        "--trusted-host",
        "--proxy",
        "--retries",
        "--timeout",
        "--cert",
        "--client-cert",
        "--cache-dir",
        "--log",
        "--exists-action",
        "--group",
    ],
    single_dash: false,
};

/// `npm` (npm's own help); most of its options take a value only after `=`.
pub const NPM: Grammar = Grammar {
    valued: &[
        "--prefix",
        "-C",
        "--registry",
        "--cache",
        "--loglevel",
        "--omit",
        "--include",
        "--libc",
        "--os",
        "--cpu",
    ],
    single_dash: false,
};
