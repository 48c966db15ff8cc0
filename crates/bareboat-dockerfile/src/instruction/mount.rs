//! `RUN --mount=…`: its options, and what they mean once variables are expanded.

mod error;
mod resolve;

pub use self::error::MountError;
use self::resolve::{Draft, kind};
use crate::expand::ExpandError;
use crate::{Span, Text, Word};

/// One `--mount` as written: comma-separated options.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The flag's value.
    pub span: Span,
    /// In the order written; the order matters to [`Mount::resolve`].
    pub options: Vec<MountOption>,
}

/// One option of a mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MountOption {
    /// The name in lower case.
    pub key: String,
    /// What follows `=`, if there is one; variables as written.
    pub value: Option<String>,
    /// The option's bytes (the whole flag's where quotes make that impossible to say).
    pub span: Span,
}

/// A mount with all its variables expanded and all options checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ResolvedMount {
    /// What is mounted.
    pub kind: MountKind,
    /// A stage, image or named context; the build context without it.
    pub from: Option<String>,
    /// Path in the source; for a secret its id.
    pub source: Option<String>,
    /// Where it appears; may be relative to the working directory.
    pub target: Option<String>,
    /// Writes fail.
    pub read_only: bool,
    /// For caches, secrets and SSH sockets.
    pub id: Option<String>,
    /// For caches.
    pub sharing: Sharing,
    /// For secrets and SSH sockets: fail when it is not given.
    pub required: bool,
    /// For secrets: the variable that gets the value.
    pub environment: Option<String>,
    /// For tmpfs: bytes.
    pub size: Option<u64>,
    /// For caches, secrets and SSH sockets: permission bits.
    pub mode: Option<u32>,
    /// For caches, secrets and SSH sockets: owner.
    pub uid: Option<u32>,
    /// For caches, secrets and SSH sockets: group.
    pub gid: Option<u32>,
}

/// What a mount brings in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
#[allow(missing_docs, reason = "the names are the Dockerfile's own")]
pub enum MountKind {
    #[default]
    Bind,
    Cache,
    Tmpfs,
    Secret,
    Ssh,
}

/// Who may use a cache at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Sharing {
    /// Everybody.
    #[default]
    Shared,
    /// Each writer gets its own.
    Private,
    /// One after the other.
    Locked,
}

impl Mount {
    /// Splits a `--mount` value, which is one record of comma-separated values: a field in double quotes may
    /// hold commas. `text` is the joined text of the instruction.
    ///
    /// # Errors
    /// Broken quotes or an empty value.
    pub(crate) fn parse(value: &Word, text: &Text) -> Result<Self, MountError> {
        let fields = fields(&value.text)?;
        let verbatim = value.is_verbatim(text);
        let options = fields.into_iter().map(|(field, range)| {
            let (key, given) = match field.split_once('=') {
                Some((key, given)) => (key, Some(given.to_owned())),
                None => (field.as_str(), None),
            };
            let start = value.range.start;
            let place = verbatim.then(|| text.source_span(start + range.start..start + range.end));
            MountOption { key: key.to_lowercase(), value: given, span: place.unwrap_or(value.span) }
        });
        Ok(Self { span: value.span, options: options.collect() })
    }

    /// The last option with one of these names.
    pub fn option(&self, keys: &[&str]) -> Option<&MountOption> {
        self.options.iter().rfind(|option| keys.contains(&option.key.as_str()))
    }

    /// Where it mounts from, as written: a stage, image or named context.
    pub fn from(&self) -> Option<&MountOption> {
        self.option(&["from"]).filter(|option| option.value.is_some())
    }

    /// The type, when it is written without a variable.
    pub fn kind(&self) -> Option<MountKind> {
        match self.option(&["type"]) {
            Some(option) => kind(option.value.as_deref()?),
            None => Some(MountKind::Bind),
        }
    }

    /// True when some value holds a variable.
    pub fn has_variables(&self) -> bool {
        self.options.iter().any(|option| option.value.as_ref().is_some_and(|value| value.contains('$')))
    }

    /// Expands every value with `expand` and checks the whole, in BuildKit's order.
    ///
    /// # Errors
    /// Anything BuildKit refuses, with the option to blame; `None` blames the whole mount.
    pub fn resolve(
        &self,
        mut expand: impl FnMut(&str) -> Result<String, ExpandError>,
    ) -> Result<ResolvedMount, (Option<&MountOption>, MountError)> {
        let mut draft = Draft::default();
        for option in &self.options {
            let value = option.value.as_deref().map(&mut expand).transpose();
            value
                .map_err(MountError::from)
                .and_then(|value| draft.set(&option.key, value))
                .map_err(|error| (Some(option), error))?;
        }
        draft.finish().map_err(|error| (None, error))
    }
}

impl MountKind {
    /// The name as written in a Dockerfile.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bind => "bind",
            Self::Cache => "cache",
            Self::Tmpfs => "tmpfs",
            Self::Secret => "secret",
            Self::Ssh => "ssh",
        }
    }
}

/// The fields of a comma-separated record as Go's reader takes it, each with its range.
fn fields(record: &str) -> Result<Vec<(String, std::ops::Range<usize>)>, MountError> {
    if record.is_empty() {
        return Err(MountError::Empty);
    }
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let rest = &record[at..];
        let (field, length) = match rest.strip_prefix('"') {
            Some(inside) => quoted_field(inside).map(|(field, length)| (field, length + 1))?,
            None => {
                let length = rest.find(',').unwrap_or(rest.len());
                (rest[..length].to_owned(), length)
            }
        };
        if !rest.starts_with('"') && field.contains('"') {
            return Err(MountError::BrokenQuotes);
        }
        fields.push((field, at..at + length));
        at += length;
        match record[at..].chars().next() {
            None => return Ok(fields),
            Some(',') => at += 1,
            Some(_) => return Err(MountError::BrokenQuotes),
        }
    }
}

/// A field after its opening quote: its value, and its length up to and with the closing quote.
fn quoted_field(inside: &str) -> Result<(String, usize), MountError> {
    let mut value = String::new();
    let mut chars = inside.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        if char != '"' {
            value.push(char);
        } else if chars.next_if(|(_, next)| *next == '"').is_some() {
            value.push('"');
        } else {
            return Ok((value, at + 1));
        }
    }
    Err(MountError::BrokenQuotes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mount(value: &str) -> Result<Mount, MountError> {
        let mut text = Text::default();
        text.push_source(value.as_bytes(), Span::new(0, value.len()));
        Mount::parse(&text.word(0..value.len()), &text)
    }

    fn resolved(value: &str) -> Result<ResolvedMount, String> {
        let mount = mount(value).map_err(|error| error.to_string())?;
        mount.resolve(|value| Ok(value.to_owned())).map_err(|(_, error)| error.to_string())
    }

    #[test]
    fn fills_in_what_buildkit_fills_in() {
        let bind = resolved("from=x,src=y").unwrap();
        assert_eq!((bind.kind, bind.read_only, bind.target), (MountKind::Bind, true, None));
        let cache = resolved("type=CACHE,dst=/c,sharing=locked,uid=1000,mode=0755").unwrap();
        assert_eq!((cache.kind, cache.read_only, cache.sharing), (MountKind::Cache, false, Sharing::Locked));
        assert_eq!((cache.uid, cache.mode, cache.target.as_deref()), (Some(1000), Some(0o755), Some("/c")));
        assert!(resolved("type=cache,target=/c,ro").unwrap().read_only);
        assert!(!resolved("target=/x,rw").unwrap().read_only);
        assert!(!resolved("target=/x,readonly=false").unwrap().read_only);
        let secret = resolved("type=secret,id=s,required,env=S").unwrap();
        assert!(secret.required && secret.environment.as_deref() == Some("S"));
        assert_eq!(resolved("type=tmpfs,target=/t,size=1.5k").unwrap().size, Some(1536));
    }

    #[test]
    fn refuses_what_buildkit_refuses() {
        let cases = [
            ("", "`--mount` is empty"),
            ("type=bnd", "`type` cannot be `bnd`"),
            ("tpye=bind", "`tpye` is not an option of `--mount`"),
            ("target", "`target` needs a value"),
            ("rw=maybe", "`rw` cannot be `maybe`"),
            ("type=bind,size=1", "a mount of type `bind` has no option `size`"),
            ("required,type=secret", "a mount of type `bind` has no option `required`"),
            ("type=bind,mode=0755", "a mount of type `bind` has no option `mode`"),
            ("type=tmpfs,sharing=private", "a mount of type `tmpfs` has no option `sharing`"),
            ("type=secret,from=x,id=a", "a mount of type `secret` has no option `from`"),
            ("type=secret", "the secret has no `id`"),
            ("type=secret,id=a,src=b", "`id` and `source` of a secret mean the same; one is enough"),
            ("type=cache,mode=9", "`mode` cannot be `9`"),
            ("type=cache,uid=+1", "`uid` cannot be `+1`"),
            ("a\"b", "the quotes in `--mount` do not match"),
            ("\"a", "the quotes in `--mount` do not match"),
            ("\"a\"b", "the quotes in `--mount` do not match"),
        ];
        for (value, expected) in cases {
            assert_eq!(resolved(value).map(|_| ()), Err(expected.to_owned()), "{value}");
        }
        assert_eq!(
            mount("sorce=a").unwrap().resolve(|value| Ok(value.into())).unwrap_err().1.hint().as_deref(),
            Some("did you mean `source`?")
        );
    }

    #[test]
    fn quoted_fields_may_hold_commas() {
        let mount = mount("type=bind,\"source=a,\"\"b\",target=/x").unwrap();
        assert_eq!(mount.option(&["source"]).unwrap().value.as_deref(), Some("a,\"b"));
        assert_eq!(mount.option(&["target"]).unwrap().span, Span::new(25, 34));
    }

    #[test]
    fn reads_sizes() {
        use super::resolve::size;

        let cases = [
            ("64m", Some(64 << 20)),
            ("1 GB", Some(1 << 30)),
            ("1KiB", Some(1024)),
            ("10", Some(10)),
            ("10b", Some(10)),
            ("x", None),
            ("1x", None),
            ("-1", None),
            ("1bb", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(size(text), expected, "{text}");
        }
    }
}
