//! The build requirements of a source distribution: what its `pyproject.toml` names, what its build backend asks for
//! besides, what the user adds. Locked as wheels of the index; nothing else is accepted.

use bareboat_packages::pypi::{DistributionKind, LockedDistribution, Requirement, Wanted};

use super::error::SourceError;
use super::{Bench, shown};
use crate::BuildError;
use crate::app::lock::LockedBuilds;

impl Bench<'_> {
    /// The requirements of one source distribution, each a wheel for this machine.
    pub(super) fn lock_requirements(
        &self,
        builds: &LockedBuilds,
        one: &LockedDistribution,
        python: &str,
    ) -> Result<Vec<LockedDistribution>, BuildError> {
        let Some(sha256) = one.sha256 else { return Err(self.not_locked(one)) };
        self.stage(format!("Asking {} what it is built with", shown(one)));
        let hooks = self.hooks(builds, one, sha256)?;
        self.fetch(builds, one, &[])?;
        let mut wanted = read(one, &hooks.named_requirements()?)?;
        wanted.extend(read(one, &self.config.build_requirements)?);
        let locked = self.lock_wheels(one, python, &wanted)?;
        self.fetch(builds, one, &locked)?;
        let more = read(one, &hooks.further_requirements(&locked)?)?;
        if more.is_empty() {
            return Ok(locked);
        }
        wanted.extend(more);
        self.lock_wheels(one, python, &wanted)
    }

    fn lock_wheels(
        &self,
        one: &LockedDistribution,
        python: &str,
        wanted: &[Requirement],
    ) -> Result<Vec<LockedDistribution>, BuildError> {
        let locked = self.resolve(python, wanted)?;
        match locked.iter().find(|requirement| requirement.kind != DistributionKind::Wheel) {
            Some(requirement) => Err(BuildError::from(Box::new(SourceError::Requirement {
                source_of: shown(one),
                requirement: requirement.name.to_string(),
                why: "it has no wheel, and builds are not nested".to_owned(),
            }))),
            None => Ok(locked),
        }
    }
}

/// Reads requirements that a source distribution states. They come from a stranger: one that names a place instead of a
/// version could name a file of this machine.
fn read(one: &LockedDistribution, texts: &[String]) -> Result<Vec<Requirement>, BuildError> {
    let refused = |text: &String, why: String| {
        BuildError::from(Box::new(SourceError::Requirement {
            source_of: shown(one),
            requirement: text.chars().take(200).collect(),
            why,
        }))
    };
    let mut requirements = Vec::new();
    for text in texts {
        let requirement: Requirement = text.parse().map_err(|error| refused(text, format!("{error}")))?;
        if matches!(requirement.wanted, Wanted::Url(_)) {
            return Err(refused(text, "only the package index may be asked, by version".to_owned()));
        }
        requirements.push(requirement);
    }
    Ok(requirements)
}

#[cfg(test)]
mod tests {
    use bareboat_packages::pypi::{DistributionName, DistributionSource};

    use super::*;

    fn source() -> LockedDistribution {
        LockedDistribution {
            name: DistributionName::new("shop").unwrap(),
            version: Some("1.0".to_owned()),
            kind: DistributionKind::Sdist,
            filename: None,
            sha256: None,
            size: None,
            required_by: Vec::new(),
            source: DistributionSource::Index("x/shop-1.0.tar.gz".to_owned()),
        }
    }

    #[test]
    fn accepts_versions_of_the_index_and_no_places() {
        let good = ["setuptools>=61".to_owned(), "cython<3.1 ; python_version >= '3.11'".to_owned()];
        let texts: Vec<String> = read(&source(), &good).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["setuptools>=61", "cython<3.1 ; python_version >= \"3.11\""]);
        for bad in [
            "x @ file:///etc/passwd",
            "-r /etc/passwd",
            "--index-url=http://evil.test",
            "./x.whl",
            "a\n-r /etc/passwd",
        ] {
            let error = read(&source(), &[bad.to_owned()]).unwrap_err().to_string();
            assert!(error.starts_with("cannot build `shop` 1.0: its build requirement `"), "{error}");
        }
    }
}
