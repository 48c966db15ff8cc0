//! Where a registry really is: mirrors, rewritten names, registries without encryption.
//!
//! Read are the forms that people have already: containers-registries.conf(5) version 2 and Docker's `daemon.json`. Of
//! the first, short names and search lists are left out: a short name means Docker Hub, here as everywhere.

use std::net::IpAddr;

use serde::Deserialize;

use crate::Reference;

/// What is configured, strongest first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rules {
    rules: Vec<Rule>,
    /// `HOST[:PORT]` that may be asked without encryption.
    plain: Vec<String>,
    /// The same for addresses.
    plain_networks: Vec<(IpAddr, u8)>,
}

/// For names that begin alike.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
struct Rule {
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    insecure: bool,
    #[serde(default)]
    blocked: bool,
    #[serde(default, rename = "mirror-by-digest-only")]
    mirrors_by_digest_only: bool,
    #[serde(default, rename = "mirror")]
    mirrors: Vec<Mirror>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Mirror {
    location: String,
    #[serde(default)]
    insecure: bool,
    #[serde(default, rename = "pull-from-mirror")]
    pulls: Pulls,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
enum Pulls {
    #[default]
    All,
    DigestOnly,
    TagOnly,
}

/// A repository to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// `HOST[:PORT]`, as logins know it.
    pub(super) domain: String,
    /// The repository's name there.
    pub(super) path: String,
    /// It may be asked without encryption when it knows none.
    pub(super) may_be_plain: bool,
}

/// A configuration that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct RulesError {
    reason: String,
}

impl RulesError {
    fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

impl Rules {
    /// Adds the text of a `registries.conf`. What was added before wins where both speak of the same names.
    ///
    /// # Errors
    /// Not TOML, version 1 of the form, or a rule without a name.
    pub fn add_containers(&mut self, text: &str) -> Result<(), RulesError> {
        #[derive(Deserialize)]
        struct File {
            #[serde(default)]
            registry: Vec<Rule>,
            registries: Option<toml::Value>,
        }
        let file: File = toml::from_str(text).map_err(|error| RulesError::new(error.message()))?;
        if file.registries.is_some() {
            return Err(RulesError::new(
                "it has the form of version 1, `[registries.search]`, which nobody reads any more",
            ));
        }
        for mut rule in file.registry {
            if rule.prefix.is_empty() {
                rule.prefix.clone_from(&rule.location);
            }
            if rule.prefix.is_empty() {
                return Err(RulesError::new("a `[[registry]]` has neither `prefix` nor `location`"));
            }
            if rule.location.is_empty() && !rule.prefix.starts_with("*.") {
                rule.location.clone_from(&rule.prefix);
            }
            let empty = rule.mirrors.iter().any(|mirror| mirror.location.is_empty());
            if empty {
                return Err(RulesError::new(format!(
                    "a mirror of `{}` has an empty `location`",
                    rule.prefix
                )));
            }
            if !self.rules.iter().any(|known| known.prefix == rule.prefix) {
                self.rules.push(rule);
            }
        }
        Ok(())
    }

    /// Adds the text of Docker's `daemon.json`: `registry-mirrors` are Docker Hub's.
    ///
    /// # Errors
    /// Not JSON; a mirror that is no address.
    pub fn add_docker(&mut self, text: &str) -> Result<(), RulesError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "kebab-case")]
        struct File {
            #[serde(default)]
            registry_mirrors: Vec<String>,
            #[serde(default)]
            insecure_registries: Vec<String>,
        }
        if text.trim().is_empty() {
            return Ok(());
        }
        // A list would pass for an object without any of its fields.
        if !text.trim_start().starts_with('{') {
            return Err(RulesError::new("it is no JSON object"));
        }
        let file: File = serde_json::from_str(text).map_err(|error| RulesError::new(error.to_string()))?;
        let mut mirrors = Vec::new();
        for address in &file.registry_mirrors {
            let url = url::Url::parse(address)
                .map_err(|_| RulesError::new(format!("the mirror `{address}` is no address")))?;
            let host = url
                .host_str()
                .ok_or_else(|| RulesError::new(format!("the mirror `{address}` has no host")))?;
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            let path = url.path().trim_end_matches('/');
            let location = format!("{host}{port}{path}");
            mirrors.push(Mirror { location, insecure: url.scheme() == "http", pulls: Pulls::All });
        }
        if !mirrors.is_empty() && !self.rules.iter().any(|known| known.prefix == HUB) {
            let (prefix, location) = (HUB.to_owned(), HUB.to_owned());
            self.rules.push(Rule { prefix, location, mirrors, ..Rule::default() });
        }
        for entry in file.insecure_registries {
            match network(&entry) {
                Some(network) => self.plain_networks.push(network),
                None => self.plain.push(entry),
            }
        }
        Ok(())
    }

    /// Where to read from, best first: mirrors, then the registry itself.
    pub(super) fn reads(&self, reference: &Reference) -> Result<Vec<Place>, RulesError> {
        let Some(rule) = self.rule(reference)? else { return Ok(vec![self.own(reference)]) };
        let is_pinned = reference.digest().is_some();
        let counts = |mirror: &&Mirror| match mirror.pulls {
            _ if rule.mirrors_by_digest_only => is_pinned,
            Pulls::All => true,
            Pulls::DigestOnly => is_pinned,
            Pulls::TagOnly => !is_pinned,
        };
        let mut places = Vec::new();
        for mirror in rule.mirrors.iter().filter(counts) {
            places.push(self.rewritten(reference, rule, &mirror.location, mirror.insecure)?);
        }
        places.push(self.rewritten(reference, rule, &rule.location, rule.insecure)?);
        Ok(places)
    }

    /// Where to write to: never a mirror.
    pub(super) fn writes(&self, reference: &Reference) -> Result<Place, RulesError> {
        match self.rule(reference)? {
            None => Ok(self.own(reference)),
            Some(rule) => self.rewritten(reference, rule, &rule.location, rule.insecure),
        }
    }

    fn own(&self, reference: &Reference) -> Place {
        let domain = reference.domain().to_owned();
        let may_be_plain = self.is_plain(&domain);
        Place { domain, path: reference.path().to_owned(), may_be_plain }
    }

    /// The rule with the longest prefix of the name.
    fn rule(&self, reference: &Reference) -> Result<Option<&Rule>, RulesError> {
        let fits = |rule: &&Rule| matched(&rule.prefix, reference).is_some();
        let rule = self.rules.iter().filter(fits).max_by_key(|rule| rule.prefix.len());
        match rule {
            Some(rule) if rule.blocked => {
                let reason = format!("the configuration blocks `{}`", rule.prefix);
                Err(RulesError { reason })
            }
            rule => Ok(rule),
        }
    }

    fn rewritten(
        &self,
        reference: &Reference,
        rule: &Rule,
        location: &str,
        insecure: bool,
    ) -> Result<Place, RulesError> {
        let rest = matched(&rule.prefix, reference).unwrap_or_default();
        // A rule for all hosts of a domain rewrites nothing.
        let name = if location.is_empty() { reference.name() } else { format!("{location}{rest}") };
        let parsed: Reference = name
            .parse()
            .map_err(|error| RulesError::new(format!("`{}` would be `{name}`: {error}", reference.name())))?;
        let domain = parsed.domain().to_owned();
        let may_be_plain = insecure || self.is_plain(&domain);
        Ok(Place { domain, path: parsed.path().to_owned(), may_be_plain })
    }

    fn is_plain(&self, domain: &str) -> bool {
        let host = match domain.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => domain.split(':').next().unwrap_or_default(),
        };
        let address: Option<IpAddr> = host.parse().ok();
        self.plain.iter().any(|known| known == domain || known == host)
            || address
                .is_some_and(|address| self.plain_networks.iter().any(|network| holds(network, address)))
    }
}

/// What follows `prefix` in a name, when the name begins with it at a border of its parts.
fn matched(prefix: &str, reference: &Reference) -> Option<String> {
    let name = reference.name();
    if let Some(domain) = prefix.strip_prefix('*') {
        return reference.domain().ends_with(domain).then(String::new);
    }
    let rest = name.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then(|| rest.to_owned())
}

fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, bits) = text.split_once('/')?;
    let (address, bits): (IpAddr, u8) = (address.parse().ok()?, bits.parse().ok()?);
    let most = if address.is_ipv4() { 32 } else { 128 };
    (bits <= most).then_some((address, bits))
}

fn holds((network, bits): &(IpAddr, u8), address: IpAddr) -> bool {
    let same = |left: u128, right: u128, width: u32| {
        let shift = width - u32::from(*bits);
        shift >= u128::BITS || (left ^ right) >> shift == 0
    };
    match (network, address) {
        (IpAddr::V4(left), IpAddr::V4(right)) => same(left.to_bits().into(), right.to_bits().into(), 32),
        (IpAddr::V6(left), IpAddr::V6(right)) => same(left.to_bits(), right.to_bits(), 128),
        _ => false,
    }
}

const HUB: &str = "docker.io";

#[cfg(test)]
mod tests {
    use super::*;

    const CONTAINERS: &str = r#"
        unqualified-search-registries = ["docker.io"]
        short-name-mode = "enforcing"
        [[registry]]
        prefix = "example.com/team"
        location = "inner.test:5000/mirrored/team"
        [[registry]]
        location = "example.com"
        insecure = true
        [[registry.mirror]]
        location = "one.test/example"
        [[registry.mirror]]
        location = "two.test"
        pull-from-mirror = "digest-only"
        insecure = true
        [[registry]]
        prefix = "*.bad.test"
        blocked = true
    "#;

    fn shown(places: Vec<Place>) -> Vec<String> {
        let show = |place: Place| {
            format!("{} {}{}", place.domain, place.path, if place.may_be_plain { " plain" } else { "" })
        };
        places.into_iter().map(show).collect()
    }

    #[test]
    fn the_longest_prefix_decides_and_mirrors_come_first() {
        let mut rules = Rules::default();
        rules.add_containers(CONTAINERS).unwrap();
        let reads = |name: &str| shown(rules.reads(&name.parse().unwrap()).unwrap());
        assert_eq!(reads("example.com/team/app:1"), ["inner.test:5000 mirrored/team/app"]);
        assert_eq!(
            reads("example.com/teams/app:1"),
            ["one.test example/teams/app", "example.com teams/app plain"]
        );
        let pinned = format!("example.com/app@sha256:{}", "0".repeat(64));
        assert_eq!(reads(&pinned), ["one.test example/app", "two.test app plain", "example.com app plain"]);
        assert_eq!(reads("python:3.13"), ["docker.io library/python"]);
        let writes = |name: &str| shown(vec![rules.writes(&name.parse().unwrap()).unwrap()]);
        assert_eq!(writes("example.com/app:1"), ["example.com app plain"]);
        let error = rules.reads(&"a.bad.test/x".parse().unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the configuration blocks `*.bad.test`");
    }

    #[test]
    fn dockers_mirrors_are_hubs_and_networks_may_be_plain() {
        let mut rules = Rules::default();
        let text = r#"{"registry-mirrors":["https://mirror.test","http://127.0.0.1:5001/"],
                       "insecure-registries":["10.1.0.0/16","plain.test:5000","host.test"],"debug":true}"#;
        rules.add_docker(text).unwrap();
        let reads = |name: &str| shown(rules.reads(&name.parse().unwrap()).unwrap());
        assert_eq!(
            reads("python"),
            ["mirror.test library/python", "127.0.0.1:5001 library/python plain", "docker.io library/python"]
        );
        assert_eq!(reads("10.1.2.3:5000/x"), ["10.1.2.3:5000 x plain"]);
        assert_eq!(reads("10.2.2.3:5000/x"), ["10.2.2.3:5000 x"]);
        assert_eq!(reads("plain.test:5000/x"), ["plain.test:5000 x plain"]);
        assert_eq!(reads("plain.test:6000/x"), ["plain.test:6000 x"]);
        assert_eq!(reads("host.test:6000/x"), ["host.test:6000 x plain"]);
    }

    #[test]
    fn what_came_first_wins_and_what_is_broken_is_said() {
        let mut rules = Rules::default();
        rules.add_containers("[[registry]]\nprefix = \"a.test\"\nlocation = \"b.test\"\n").unwrap();
        rules.add_containers("[[registry]]\nprefix = \"a.test\"\nlocation = \"c.test\"\n").unwrap();
        assert_eq!(shown(rules.reads(&"a.test/x".parse().unwrap()).unwrap()), ["b.test x"]);
        for text in [
            "[[registry]]\n",
            "[registries.search]\nregistries = []\n",
            "= 1",
            "[[registry]]\nlocation=\"a.test\"\n[[registry.mirror]]\nlocation=\"\"\n",
        ] {
            assert!(Rules::default().add_containers(text).is_err(), "{text}");
        }
        for text in ["{", "[]", r#"{"registry-mirrors":["mirror"]}"#] {
            assert!(Rules::default().add_docker(text).is_err(), "{text}");
        }
        assert!(Rules::default().add_docker(" \n").is_ok());
        assert!(holds(&("0.0.0.0".parse().unwrap(), 0), "9.9.9.9".parse().unwrap()));
        assert!(holds(&("::".parse().unwrap(), 0), "::1".parse().unwrap()));
        assert!(!holds(&("::".parse().unwrap(), 128), "::1".parse().unwrap()));
    }
}
