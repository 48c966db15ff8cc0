//! Why a source distribution was not built, and what else there is.

use bareboat_packages::pypi::DistributionName;
use bareboat_report::Fault;
use bareboat_sandbox::SandboxError;

/// Why there is no wheel from a source distribution.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Its build ended with an error, or not at all.
    #[error(
        "cannot build {source_of} from its source distribution: {ending}{}{}",
        said(output),
        missing(clues)
    )]
    Failed {
        /// Name and version.
        source_of: String,
        /// The distribution.
        name: DistributionName,
        /// How it ended.
        ending: String,
        /// The last lines of its output.
        output: String,
        /// What it seems to have missed, one sentence each.
        clues: Vec<String>,
        /// What to change so that it can be built, if anything may help.
        advice: Option<String>,
        /// Debian's own package of it.
        debian: Option<String>,
    },
    /// The sandbox cannot be had on this machine.
    #[error("cannot build {source_of} from its source distribution: there is no sandbox for it: {error}")]
    Sandbox {
        /// Name and version.
        source_of: String,
        /// The distribution.
        name: DistributionName,
        /// Debian's own package of it.
        debian: Option<String>,
        /// Why.
        error: SandboxError,
    },
    /// What was built runs on this machine only, and is for another.
    #[error(
        "{source_of} has no wheel for {platform}, and building it here gives one for {host}: `{wheel}` holds machine code"
    )]
    Foreign {
        /// Name and version.
        source_of: String,
        /// The distribution.
        name: DistributionName,
        /// For what.
        platform: String,
        /// What this machine is.
        host: String,
        /// The wheel that was built.
        wheel: String,
        /// Debian's own package of it.
        debian: Option<String>,
    },
    /// The lock was made on another kind of machine.
    #[error("`bareboat.lock` does not say what {source_of} is built with on {architecture}")]
    NotLocked {
        /// Name and version.
        source_of: String,
        /// Debian's name of this machine's architecture.
        architecture: String,
    },
    /// A build requirement that cannot be had.
    #[error("cannot build {source_of}: its build requirement `{requirement}`: {why}")]
    Requirement {
        /// Name and version.
        source_of: String,
        /// As it is stated.
        requirement: String,
        /// Why not.
        why: String,
    },
    /// The build ended well and left something else.
    #[error("building {source_of} gave `{wheel}`, which cannot be used: {what}")]
    WrongWheel {
        /// Name and version.
        source_of: String,
        /// The file.
        wheel: String,
        /// What is wrong.
        what: String,
    },
    /// The build ended well and said nothing that can be read.
    #[error("the build of {source_of} gave no answer to `{hook}`")]
    NoAnswer {
        /// Name and version.
        source_of: String,
        /// What was asked.
        hook: &'static str,
    },
}

impl SourceError {
    /// Whose doing it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::Sandbox { .. } => Fault::World,
            _ => Fault::Input,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Failed { name, advice, debian, .. } => {
                let ways = alternatives(name, debian.as_deref());
                let first = advice.as_ref().map(|advice| format!("{advice}; or, "));
                Some(format!("{}without building, {ways}", first.unwrap_or_default()))
            }
            Self::Sandbox { name, error, debian, .. } => {
                let own = error.hint().unwrap_or_else(|| "build on a machine with user namespaces".to_owned());
                Some(format!("{own}; or, without building, {}", alternatives(name, debian.as_deref())))
            }
            Self::Foreign { name, platform, debian, .. } => Some(format!(
                "build for {platform} on such a machine, since a compiler's result depends on it; or, without \
                 building, {}",
                alternatives(name, debian.as_deref())
            )),
            Self::NotLocked { .. } => Some("run `bareboat lock` on this machine".to_owned()),
            Self::Requirement { .. } => Some(
                "choose a version of the distribution whose build requirements are wheels of the index, or set \
                 `build-requirements` in `bareboat.toml`"
                    .to_owned(),
            ),
            Self::WrongWheel { .. } | Self::NoAnswer { .. } => {
                Some("choose another version of the distribution: its build is broken".to_owned())
            }
        }
    }
}

/// Ways without a build.
fn alternatives(name: &DistributionName, debian: Option<&str>) -> String {
    let mut ways = Vec::new();
    if let Some((_, wheels)) = WITH_WHEELS.iter().find(|(own, _)| *own == name.as_str()) {
        ways.push(format!("depend on `{wheels}`, which has wheels"));
    } else {
        ways.push(format!("choose a version of `{name}` that has a wheel"));
    }
    if let Some(package) = debian {
        ways.push(format!("take Debian's: `[debian-python]` with `{name} = \"{package}\"`"));
    }
    ways.join(", or ")
}

/// Distributions without wheels, and one that stands for each and has them.
const WITH_WHEELS: &[(&str, &str)] = &[
    ("mysqlclient", "pymysql"),
    ("psycopg2", "psycopg2-binary"),
    ("pycrypto", "pycryptodome"),
    ("uwsgi", "pyuwsgi"),
];

fn said(output: &str) -> String {
    let lines: String = output.lines().map(|line| format!("\n  | {line}")).collect();
    if lines.is_empty() { lines } else { format!("; the last it said was{lines}") }
}

fn missing(clues: &[String]) -> String {
    clues.iter().map(|clue| format!("\n  {clue}")).collect()
}

#[cfg(test)]
mod tests {
    use bareboat_sandbox::Identity;

    use super::*;

    #[test]
    fn a_machine_without_sandboxes_gets_its_reason_and_the_ways_without_a_build() {
        let error = SourceError::Sandbox {
            source_of: "`psycopg2` 2.9".to_owned(),
            name: DistributionName::new("psycopg2").unwrap(),
            debian: Some("python3-psycopg2".to_owned()),
            error: SandboxError::NotRoot { identity: Identity::Same },
        };
        insta::assert_snapshot!(format!("{error}\n{}", error.hint().unwrap()), @r#"
        cannot build `psycopg2` 2.9 from its source distribution: there is no sandbox for it: only root can run a sandbox with user namespace with the same ids
        run as root, or leave the choice of ids to the sandbox; or, without building, depend on `psycopg2-binary`, which has wheels, or take Debian's: `[debian-python]` with `psycopg2 = "python3-psycopg2"`
        "#);
        assert_eq!(error.fault(), Fault::World);
    }

    #[test]
    fn a_build_that_asked_the_network_is_told_no_setting() {
        let error = SourceError::Failed {
            source_of: "`shop` 1".to_owned(),
            name: DistributionName::new("shop").unwrap(),
            ending: "its build ended with exit code 101".to_owned(),
            output: String::new(),
            clues: vec!["it asks the network, which builds do not have".to_owned()],
            advice: None,
            debian: None,
        };
        insta::assert_snapshot!(format!("{error}\n{}", error.hint().unwrap()), @r"
        cannot build `shop` 1 from its source distribution: its build ended with exit code 101
          it asks the network, which builds do not have
        without building, choose a version of `shop` that has a wheel
        ");
    }
}
