//! Budgets: what a comparison must keep to, for a pipeline that fails otherwise.
//!
//! ```text
//! pull=5%         the compressed layers may grow by so much over the first image; also visible, shipped, hidden, tar
//! size=2MB        visible files may grow by so much
//! max-pull=60MB   no image but the first may pull more; also max-visible and the others
//! surface         nothing may be added to any part of the attack surface
//! shells          nothing may be added to this part: shells, managers, compilers, network, interpreters, executables,
//!                 escalators, writable-code, secrets, packages
//! hard-rules      no hard rule of `audit` may fail that the first image passes
//! ```
//!
//! The surface is compared part by part as sets (analysis, 2.1): one shell more is worse, whatever else went away.

use std::collections::BTreeSet;
use std::str::FromStr;

use bareboat_report::size;

use super::Candidate;
use crate::facts::{Facts, Tool};

/// One budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// A size may grow by so much.
    Growth(SizeName, Growth),
    /// A size may be so large.
    Most(SizeName, u64),
    /// Nothing may be added to any part of the surface.
    Surface,
    /// Nothing may be added to this part.
    Part(Part),
    /// No hard rule may fail that passed.
    HardRules,
}

/// One of the five sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeName {
    /// Compressed layers.
    Pull,
    /// Decompressed layers.
    Tar,
    /// Files in all layers.
    Shipped,
    /// Files a container sees.
    Visible,
    /// Shipped, but not visible.
    Hidden,
}

/// How much a size may grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Growth {
    /// By so many bytes.
    Bytes(u64),
    /// By so many hundredths of a percent.
    Percent(u64),
}

/// A part of the attack surface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What the user can execute.
    Executables,
    /// Programs of one kind.
    Tools(Tool),
    /// Setuid, setgid and file capabilities.
    Escalators,
    /// Code that the user can write.
    WritableCode,
    /// Secrets, hidden ones included.
    Secrets,
    /// Packages by ecosystem and name.
    Packages,
}

/// A text that is no budget.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no budget: write for example `pull=5%`, `visible=2MB`, `max-pull=60MB`, `surface`, `shells` or `hard-rules`"
)]
pub struct BudgetError(String);

impl FromStr for Budget {
    type Err = BudgetError;

    fn from_str(text: &str) -> Result<Self, BudgetError> {
        let fail = || BudgetError(text.to_owned());
        if let Some((name, limit)) = text.split_once('=') {
            if let Some(name) = name.strip_prefix("max-") {
                return Ok(Self::Most(size_name(name).ok_or_else(fail)?, bytes(limit).ok_or_else(fail)?));
            }
            let growth = match limit.strip_suffix('%') {
                Some(percent) => {
                    let percent: f64 = percent.trim().parse().map_err(|_| fail())?;
                    if !(0.0..=1e6).contains(&percent) {
                        return Err(fail());
                    }
                    Growth::Percent((percent * 100.0).round() as u64)
                }
                None => Growth::Bytes(bytes(limit).ok_or_else(fail)?),
            };
            return Ok(Self::Growth(size_name(name).ok_or_else(fail)?, growth));
        }
        match text {
            "surface" => Ok(Self::Surface),
            "hard-rules" => Ok(Self::HardRules),
            _ => match size_name(text) {
                Some(name) => Ok(Self::Growth(name, Growth::Bytes(0))),
                None => PARTS
                    .iter()
                    .find(|(name, _)| *name == text)
                    .map(|(_, part)| Self::Part(*part))
                    .ok_or_else(fail),
            },
        }
    }
}

fn size_name(text: &str) -> Option<SizeName> {
    Some(match text {
        "pull" => SizeName::Pull,
        "tar" => SizeName::Tar,
        "shipped" => SizeName::Shipped,
        "visible" | "size" => SizeName::Visible,
        "hidden" => SizeName::Hidden,
        _ => return None,
    })
}

/// `60MB`, `500k`, `1.5GB`, `1024`: decimal units, as sizes are shown.
fn bytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_suffix('b').unwrap_or(&text);
    let (number, unit) = match text.as_bytes().last()? {
        b'k' => (&text[..text.len() - 1], 1e3),
        b'm' => (&text[..text.len() - 1], 1e6),
        b'g' => (&text[..text.len() - 1], 1e9),
        _ => (text, 1.0),
    };
    let number: f64 = number.trim().parse().ok()?;
    (0.0..=1e15).contains(&(number * unit)).then(|| (number * unit).round() as u64)
}

const PARTS: [(&str, Part); 10] = [
    ("executables", Part::Executables),
    ("shells", Part::Tools(Tool::Shell)),
    ("interpreters", Part::Tools(Tool::Interpreter)),
    ("managers", Part::Tools(Tool::PackageManager)),
    ("compilers", Part::Tools(Tool::Compiler)),
    ("network", Part::Tools(Tool::Network)),
    ("escalators", Part::Escalators),
    ("writable-code", Part::WritableCode),
    ("secrets", Part::Secrets),
    ("packages", Part::Packages),
];

/// What is over budget, a sentence each. The first image is the measure of all others.
pub fn over_budget(budgets: &[Budget], candidates: &[Candidate]) -> Vec<String> {
    let Some((first, others)) = candidates.split_first() else { return Vec::new() };
    let of = |other: &Candidate| -> Vec<String> {
        let sentences = budgets.iter().flat_map(|budget| budget.exceeded(first, other));
        sentences.map(|sentence| format!("{}: {sentence}", other.facts.name)).collect()
    };
    others.iter().flat_map(of).collect()
}

impl Budget {
    fn exceeded(self, first: &Candidate, other: &Candidate) -> Vec<String> {
        match self {
            Self::Growth(name, growth) => {
                grown(name, growth, &first.facts, &other.facts).into_iter().collect()
            }
            Self::Most(name, most) => {
                let is_over = name.of(&other.facts).is_none_or(|bytes| bytes > most);
                let found = name
                    .of(&other.facts)
                    .map_or("is unknown".to_owned(), |bytes| format!("is {}", size(bytes)));
                is_over
                    .then(|| format!("the {} size {found}, and {} is the most", name.as_str(), size(most)))
                    .into_iter()
                    .collect()
            }
            Self::Surface => {
                PARTS.iter().filter_map(|(name, part)| part.added(name, &first.facts, &other.facts)).collect()
            }
            Self::Part(part) => {
                let name = PARTS.iter().find(|(_, known)| *known == part).map_or("", |(name, _)| name);
                part.added(name, &first.facts, &other.facts).into_iter().collect()
            }
            Self::HardRules => {
                let before = first.audit.failed_hard();
                let new: Vec<String> =
                    other.audit.failed_hard().into_iter().filter(|rule| !before.contains(rule)).collect();
                (!new.is_empty())
                    .then(|| format!("hard rules fail that passed: {}", new.join(", ")))
                    .into_iter()
                    .collect()
            }
        }
    }
}

fn grown(name: SizeName, growth: Growth, first: &Facts, other: &Facts) -> Option<String> {
    let what = name.as_str();
    let (Some(before), Some(after)) = (name.of(first), name.of(other)) else {
        return Some(format!("the {what} size is not known for both images"));
    };
    let (most, allowed) = match growth {
        Growth::Bytes(bytes) => (before.saturating_add(bytes), size(bytes)),
        Growth::Percent(hundredths) => {
            let more = u128::from(before) * u128::from(hundredths) / 10_000;
            let more = u64::try_from(more).unwrap_or(u64::MAX);
            (before.saturating_add(more), format!("{} %", hundredths as f64 / 100.0))
        }
    };
    (after > most).then(|| {
        format!("the {what} size grew from {} to {}, and {allowed} was allowed", size(before), size(after))
    })
}

impl SizeName {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pull => "pull",
            Self::Tar => "tar",
            Self::Shipped => "shipped",
            Self::Visible => "visible",
            Self::Hidden => "hidden",
        }
    }

    fn of(self, facts: &Facts) -> Option<u64> {
        let sizes = &facts.sizes;
        match self {
            Self::Pull => sizes.pull,
            Self::Tar => sizes.tar,
            Self::Shipped => Some(sizes.shipped),
            Self::Visible => Some(sizes.visible),
            Self::Hidden => Some(sizes.hidden),
        }
    }
}

impl Part {
    fn of(self, facts: &Facts) -> BTreeSet<String> {
        let surface = &facts.surface;
        match self {
            Self::Executables => surface.executables.iter().map(|one| one.path.to_string()).collect(),
            Self::Tools(tool) => {
                surface.tools(tool).flat_map(|(_, names)| names).map(ToString::to_string).collect()
            }
            Self::Escalators => {
                let capable = surface.capabilities.iter().map(|(path, names)| format!("{path} {names}"));
                surface.set_id.iter().map(ToString::to_string).chain(capable).collect()
            }
            // Root can write all of it.
            Self::WritableCode if facts.user.is_root() => {
                BTreeSet::from(["everything: it runs as root".to_owned()])
            }
            Self::WritableCode => {
                let code = surface.writable.iter().filter(|writable| writable.code.is_some());
                code.map(|writable| writable.path.to_string()).collect()
            }
            Self::Secrets => {
                facts.secrets.iter().map(|file| format!("{} ({})", file.path, file.secret.what)).collect()
            }
            Self::Packages => {
                let name = |package: &crate::facts::Package| {
                    format!("{} {}", package.ecosystem.as_str(), package.name)
                };
                facts.packages.iter().map(name).collect()
            }
        }
    }

    fn added(self, name: &str, first: &Facts, other: &Facts) -> Option<String> {
        // Root could write all of it already.
        if self == Self::WritableCode && first.user.is_root() {
            return None;
        }
        let before = self.of(first);
        let added: Vec<String> = self.of(other).into_iter().filter(|one| !before.contains(one)).collect();
        let shown = added.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
        let more = if added.len() > 5 { format!(" and {} more", added.len() - 5) } else { String::new() };
        (!added.is_empty()).then(|| format!("{name} were added: {shown}{more}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::candidates;

    fn over(text: &str) -> Vec<String> {
        let mut candidates = candidates();
        // From bare to full.
        candidates.reverse();
        over_budget(&[text.parse().unwrap()], &candidates)
    }

    #[test]
    fn sizes_may_grow_within_their_budget() {
        let name = "example.test/team/app:full";
        assert_eq!(over("visible=1MB"), [""; 0]);
        assert_eq!(
            over("size=50%"),
            [format!("{name}: the visible size grew from 512 B to 1.1 kB, and 50 % was allowed")]
        );
        assert_eq!(over("visible=200%"), [""; 0]);
        assert_eq!(
            over("max-hidden=100k"),
            [format!("{name}: the hidden size is 300.0 kB, and 100.0 kB is the most")]
        );
        assert_eq!(over("pull").len(), 1);
    }

    #[test]
    fn nothing_may_be_added_to_the_surface() {
        let name = "example.test/team/app:full";
        assert_eq!(over("shells"), [format!("{name}: shells were added: /bin/busybox, /bin/sh")]);
        assert_eq!(over("compilers"), [""; 0]);
        let parts: Vec<String> = over("surface")
            .iter()
            .map(|line| line.split(": ").nth(1).unwrap().replace(" were added", ""))
            .collect();
        assert_eq!(parts, ["executables", "shells", "managers", "writable-code", "packages"]);
        assert_eq!(
            over("hard-rules"),
            [format!("{name}: hard rules fail that passed: pkgmgr, shell, user-root")]
        );
        let shrinking = candidates();
        assert_eq!(over_budget(&[Budget::Surface, Budget::HardRules], &shrinking), [""; 0]);
    }

    #[test]
    fn what_is_no_budget_is_refused() {
        for text in ["", "sizes", "size=", "size=-1%", "size=x", "max-shells=1", "pull=nan%", "visible=1e99"]
        {
            assert!(text.parse::<Budget>().is_err(), "{text}");
        }
        assert_eq!("max-pull=1.5GB".parse(), Ok(Budget::Most(SizeName::Pull, 1_500_000_000)));
        assert_eq!("hidden=2.5%".parse(), Ok(Budget::Growth(SizeName::Hidden, Growth::Percent(250))));
    }
}
