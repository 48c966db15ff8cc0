//! Where Debian's two archives are fetched from.
//!
//! Pure: what the user said, what the configuration says and what the host's apt uses come in as data. For each
//! archive the best of these that names any mirror is used alone, so that a closed network never sees a request
//! to the public default. A lock file keeps paths, never hosts: every mirror that has the bytes will do.

use std::fmt;

use bareboat_store::redact_url;

use super::apt_sources::HostSources;
use super::debian_release::{ArchiveKind, Suite};

/// Addresses to choose mirrors from, best first.
#[derive(Debug, Clone, Copy, Default)]
pub struct MirrorSources<'a> {
    /// From the command line.
    pub options: &'a [String],
    /// From the project's or the user's configuration.
    pub configuration: &'a [String],
    /// From the host's apt.
    pub host: Option<&'a HostSources>,
}

/// The mirrors of both archives. Neither list is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mirrors {
    main: MirrorList,
    security: MirrorList,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct MirrorList {
    origin: MirrorOrigin,
    urls: Vec<String>,
}

/// Who named a mirror.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MirrorOrigin {
    /// The command line.
    Options,
    /// The configuration.
    Configuration,
    /// The host's apt sources.
    Host,
    /// Nobody: the public default.
    Default,
}

impl Mirrors {
    /// Chooses mirrors. An address stands for the security archive when its path ends in `-security` or its
    /// host starts with `security.`, else for the main archive.
    ///
    /// # Errors
    /// An address given by the user that is no `http`, `https` or `file` URL.
    pub fn choose(sources: &MirrorSources<'_>) -> Result<Self, MirrorError> {
        let options = parse_all(sources.options, "--mirror")?;
        let configuration = parse_all(sources.configuration, "the configuration")?;
        let host: Vec<(ArchiveKind, String)> = sources
            .host
            .map(|host| host.mirrors().into_iter().map(|mirror| (mirror.archive, mirror.url)).collect())
            .unwrap_or_default();
        let ranked = [
            (MirrorOrigin::Options, options),
            (MirrorOrigin::Configuration, configuration),
            (MirrorOrigin::Host, host),
        ];
        let list = |archive: ArchiveKind, default: &str| {
            ranked
                .iter()
                .map(|(origin, urls)| MirrorList { origin: *origin, urls: of_archive(urls, archive) })
                .find(|list| !list.urls.is_empty())
                .unwrap_or_else(|| MirrorList {
                    origin: MirrorOrigin::Default,
                    urls: vec![default.to_owned()],
                })
        };
        Ok(Self {
            main: list(ArchiveKind::Main, DEFAULT_MAIN),
            security: list(ArchiveKind::Security, DEFAULT_SECURITY),
        })
    }

    /// Base addresses of `archive`, without trailing slash, in order of preference.
    pub fn bases(&self, archive: ArchiveKind) -> &[String] {
        &self.list(archive).urls
    }

    /// Who named the mirrors of `archive`.
    pub fn origin(&self, archive: ArchiveKind) -> MirrorOrigin {
        self.list(archive).origin
    }

    /// Addresses of `path` (`pool/main/…`, as a package record has it) in `archive`, in order of preference.
    pub fn urls(&self, archive: ArchiveKind, path: &str) -> Vec<String> {
        self.bases(archive).iter().map(|base| format!("{base}/{path}")).collect()
    }

    /// Addresses of `path` inside the directory of `suite`.
    pub fn suite_urls(&self, suite: &Suite, path: &str) -> Vec<String> {
        self.urls(suite.archive(), &format!("dists/{}/{path}", suite.name))
    }

    fn list(&self, archive: ArchiveKind) -> &MirrorList {
        match archive {
            ArchiveKind::Main => &self.main,
            ArchiveKind::Security => &self.security,
        }
    }
}

impl Default for Mirrors {
    /// Debian's own public addresses.
    fn default() -> Self {
        let list = |url: &str| MirrorList { origin: MirrorOrigin::Default, urls: vec![url.to_owned()] };
        Self { main: list(DEFAULT_MAIN), security: list(DEFAULT_SECURITY) }
    }
}

fn of_archive(urls: &[(ArchiveKind, String)], archive: ArchiveKind) -> Vec<String> {
    urls.iter().filter(|(kind, _)| *kind == archive).map(|(_, url)| url.clone()).collect()
}

fn parse_all(texts: &[String], place: &'static str) -> Result<Vec<(ArchiveKind, String)>, MirrorError> {
    texts.iter().map(|text| parse(text, place)).collect()
}

fn parse(text: &str, place: &'static str) -> Result<(ArchiveKind, String), MirrorError> {
    let invalid = || MirrorError { text: redact_url(text), place };
    let url = url::Url::parse(text.trim()).map_err(|_| invalid())?;
    let usable = match url.scheme() {
        "http" | "https" => url.host().is_some(),
        scheme => scheme == "file",
    };
    if !usable || url.query().is_some() || url.fragment().is_some() {
        return Err(invalid());
    }
    let path = url.path().trim_end_matches('/');
    let security =
        path.ends_with("-security") || url.host_str().is_some_and(|host| host.starts_with("security."));
    let archive = if security { ArchiveKind::Security } else { ArchiveKind::Main };
    Ok((archive, url.as_str().trim_end_matches('/').to_owned()))
}

impl fmt::Display for MirrorOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Options => "the command line",
            Self::Configuration => "the configuration",
            Self::Host => "this machine's apt sources",
            Self::Default => "bareboat's default",
        })
    }
}

const DEFAULT_MAIN: &str = "http://ftp.debian.org/debian";
const DEFAULT_SECURITY: &str = "http://security.debian.org/debian-security";

/// An address that cannot be a mirror's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}`, given by {place}, is no mirror: want the `http`, `https` or `file` URL of a directory with `dists` and `pool`"
)]
pub struct MirrorError {
    text: String,
    place: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    fn host() -> HostSources {
        let text = "deb http://host.test/debian trixie main\ndeb http://host.test/debian-security trixie-security main\n";
        HostSources { files: vec![("sources.list".to_owned(), text.to_owned())], ..HostSources::default() }
    }

    #[test]
    fn prefers_options_then_configuration_then_host_then_default_for_each_archive() {
        let (host, configuration) = (host(), strings(&["https://conf.test/debian-security/"]));
        let options = strings(&["http://opt.test/debian/", "file:///srv/mirror"]);
        let all = MirrorSources { options: &options, configuration: &configuration, host: Some(&host) };
        let mirrors = Mirrors::choose(&all).unwrap();
        assert_eq!(mirrors.bases(ArchiveKind::Main), ["http://opt.test/debian", "file:///srv/mirror"]);
        assert_eq!(mirrors.bases(ArchiveKind::Security), ["https://conf.test/debian-security"]);
        assert_eq!(mirrors.origin(ArchiveKind::Security), MirrorOrigin::Configuration);

        let mirrors = Mirrors::choose(&MirrorSources { host: Some(&host), ..all_empty() }).unwrap();
        assert_eq!(
            mirrors.urls(ArchiveKind::Main, "pool/main/a.deb"),
            ["http://host.test/debian/pool/main/a.deb"]
        );
        assert_eq!(Mirrors::choose(&all_empty()).unwrap(), Mirrors::default());
    }

    fn all_empty() -> MirrorSources<'static> {
        MirrorSources::default()
    }

    #[test]
    fn recognises_a_security_host() {
        let options = strings(&["http://security.archive.test/debian"]);
        let mirrors = Mirrors::choose(&MirrorSources { options: &options, ..all_empty() }).unwrap();
        assert_eq!(mirrors.bases(ArchiveKind::Security), ["http://security.archive.test/debian"]);
        assert_eq!(mirrors.origin(ArchiveKind::Main), MirrorOrigin::Default);
    }

    #[test]
    fn refuses_what_is_no_address_without_showing_passwords() {
        for text in ["", "archive.test/debian", "ftp://archive.test/debian", "http://", "http://a.test/?x"] {
            let options = strings(&[text]);
            assert!(Mirrors::choose(&MirrorSources { options: &options, ..all_empty() }).is_err(), "{text}");
        }
        let options = strings(&["gopher://me:secret@archive.test/debian"]);
        let error = Mirrors::choose(&MirrorSources { options: &options, ..all_empty() }).unwrap_err();
        assert!(error.to_string().contains("gopher://***@archive.test/debian"), "{error}");
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn writes_suite_addresses() {
        let suite = &super::super::debian_release::DebianRelease::Trixie.suites()[2];
        assert_eq!(
            Mirrors::default().suite_urls(suite, "InRelease"),
            ["http://security.debian.org/debian-security/dists/trixie-security/InRelease"]
        );
    }
}
