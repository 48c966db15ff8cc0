//! Presets: ours, and those of two other tools with their names and severities.

use std::fmt;
use std::str::FromStr;

use bareboat_report::Severity;

use super::{Rule, rules};

/// A set of rules to start from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Preset {
    /// What everybody should see.
    #[default]
    Recommended,
    /// Every rule.
    All,
    /// What hadolint reports by default, with its severities.
    Hadolint,
    /// BuildKit's build checks; each is a warning.
    Buildkit,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 4] = [Self::Recommended, Self::All, Self::Hadolint, Self::Buildkit];

    /// The name in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recommended => "recommended",
            Self::All => "all",
            Self::Hadolint => "hadolint",
            Self::Buildkit => "buildkit",
        }
    }

    /// The codes of the tool that the preset is named after; none for presets of our own.
    pub fn codes(self) -> Vec<&'static str> {
        match self {
            Self::Recommended | Self::All => Vec::new(),
            Self::Hadolint => HADOLINT.iter().map(|(code, _)| *code).collect(),
            Self::Buildkit => BUILDKIT.to_vec(),
        }
    }

    /// True when the preset runs `rule`.
    pub(super) fn has(self, rule: &Rule) -> bool {
        match self {
            Self::Recommended => rule.default_on,
            Self::All => true,
            // Its findings have codes that only they know.
            Self::Hadolint if std::ptr::eq(rule, &rules::SHELLCHECK) => true,
            Self::Hadolint | Self::Buildkit => self.judge(rule.aliases).is_some(),
        }
    }

    /// Whether the preset has findings with these aliases, and how bad it says they are.
    pub(super) fn judge(self, aliases: &[impl AsRef<str>]) -> Option<Option<Severity>> {
        let mut aliases = aliases.iter().map(AsRef::as_ref);
        match self {
            Self::Recommended | Self::All => Some(None),
            Self::Hadolint => aliases.find_map(hadolint),
            Self::Buildkit => {
                let on = |alias: &str| BUILDKIT.contains(&alias) && alias != EXPERIMENTAL;
                aliases.any(on).then_some(Some(Severity::Warning))
            }
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no preset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no preset `{0}`: want `recommended`, `all`, `hadolint` or `buildkit`")]
pub struct UnknownPreset(String);

impl FromStr for Preset {
    type Err = UnknownPreset;

    fn from_str(text: &str) -> Result<Self, UnknownPreset> {
        let found = Self::ALL.into_iter().find(|preset| preset.as_str() == text);
        found.ok_or_else(|| UnknownPreset(text.to_owned()))
    }
}

/// True for a code that some tool has, whether or not a rule here has it: naming it is no mistake.
pub(super) fn is_foreign_code(code: &str) -> bool {
    let upper = code.to_ascii_uppercase();
    let digits = |prefix| {
        let rest = upper.strip_prefix(prefix);
        rest.is_some_and(|rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    HADOLINT.iter().any(|(known, _)| *known == upper)
        || ["SC", "CKV_DOCKER_", "CKV2_DOCKER_", "DS-", "DKL-DI-", "CIS-DI-"].into_iter().any(digits)
        || BUILDKIT.iter().any(|known| known.eq_ignore_ascii_case(code))
}

/// Its severity when hadolint reports `code` by default. It shows every ShellCheck finding; those it knows no level
/// for are taken as info here, the level of most of them.
fn hadolint(code: &str) -> Option<Option<Severity>> {
    if code.starts_with("SC") {
        // ShellCheck 0.11, which hadolint 2.15.1 has in it, says SC2002 only when it is asked to.
        return (code != "SC2002").then_some(None);
    }
    let (_, severity) = HADOLINT.iter().find(|(known, _)| *known == code)?;
    severity.map(Some)
}

/// BuildKit's build checks (docs.docker.com/reference/build-checks).
pub(super) const BUILDKIT: &[&str] = &[
    "ConsistentInstructionCasing",
    "CopyIgnoredFile",
    "DuplicateStageName",
    "ExposeInvalidFormat",
    "ExposeProtoCasing",
    "FromAsCasing",
    "FromPlatformFlagConstDisallowed",
    "InvalidBaseImagePlatform",
    "InvalidDefaultArgInFrom",
    "InvalidDefinitionDescription",
    "JSONArgsRecommended",
    "LegacyKeyValueFormat",
    "MaintainerDeprecated",
    "MultipleInstructionsDisallowed",
    "NoEmptyContinuation",
    "RedundantTargetPlatform",
    "ReservedStageName",
    "SecretsUsedInArgOrEnv",
    "StageNameCasing",
    "UndefinedArgInFrom",
    "UndefinedVar",
    "WorkdirRelativePath",
];

/// The one that BuildKit runs only when it is asked to.
const EXPERIMENTAL: &str = "InvalidDefinitionDescription";

const E: Option<Severity> = Some(Severity::Error);
const W: Option<Severity> = Some(Severity::Warning);
const I: Option<Severity> = Some(Severity::Info);
const S: Option<Severity> = Some(Severity::Style);

/// hadolint's own rules with their severities in version 2.15.1; `None` is off by default.
const HADOLINT: &[(&str, Option<Severity>)] = &[
    ("DL1000", E),
    ("DL1001", None),
    ("DL3000", E),
    ("DL3001", I),
    ("DL3002", W),
    ("DL3003", W),
    ("DL3004", E),
    ("DL3006", W),
    ("DL3007", W),
    ("DL3008", W),
    ("DL3009", I),
    ("DL3010", I),
    ("DL3011", E),
    ("DL3012", E),
    ("DL3013", W),
    ("DL3014", W),
    ("DL3015", I),
    ("DL3016", W),
    ("DL3018", W),
    ("DL3019", I),
    ("DL3020", E),
    ("DL3021", E),
    ("DL3022", W),
    ("DL3023", E),
    ("DL3024", E),
    ("DL3025", W),
    ("DL3026", E),
    ("DL3027", W),
    ("DL3028", W),
    ("DL3029", W),
    ("DL3030", W),
    ("DL3032", W),
    ("DL3033", W),
    ("DL3034", W),
    ("DL3035", W),
    ("DL3036", W),
    ("DL3037", W),
    ("DL3038", W),
    ("DL3040", W),
    ("DL3041", W),
    ("DL3042", W),
    ("DL3043", E),
    ("DL3044", E),
    ("DL3045", W),
    ("DL3046", W),
    ("DL3047", I),
    ("DL3048", S),
    ("DL3049", I),
    ("DL3050", I),
    ("DL3051", W),
    ("DL3052", W),
    ("DL3053", W),
    ("DL3054", W),
    ("DL3055", W),
    ("DL3056", W),
    ("DL3057", None),
    ("DL3058", W),
    ("DL3059", I),
    ("DL3060", I),
    ("DL3061", E),
    ("DL3062", W),
    ("DL3063", W),
    ("DL3064", W),
    ("DL3065", W),
    ("DL3066", I),
    ("DL3067", W),
    ("DL4000", E),
    ("DL4001", W),
    ("DL4003", W),
    ("DL4004", E),
    ("DL4005", W),
    ("DL4006", W),
];
