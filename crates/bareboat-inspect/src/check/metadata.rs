//! The configuration: variables, labels, command, ports, volumes, working directory, user.

use super::schema::{MetadataTest, Variable};
use crate::facts::Facts;

pub(super) fn judge(test: &MetadataTest, facts: &Facts) -> Vec<String> {
    let config = &facts.config;
    let mut faults = Vec::new();
    for wanted in &test.variables {
        faults.extend(wanted.differs("variable", facts.variable(&wanted.key)));
    }
    for unbound in test.unbound.iter().filter(|unbound| facts.variable(&unbound.key).is_some()) {
        faults.push(format!("the variable `{}` is set, and should not be", unbound.key));
    }
    for wanted in &test.labels {
        faults.extend(wanted.differs("label", config.labels.get(&wanted.key).map(String::as_str)));
    }
    for (what, wanted, found) in
        [("entrypoint", &test.entrypoint, &config.entrypoint), ("cmd", &test.cmd, &config.cmd)]
    {
        let found = found.clone().unwrap_or_default();
        if let Some(wanted) = wanted.as_ref().filter(|wanted| **wanted != found) {
            faults.push(format!("the {what} is {found:?}, not {wanted:?}"));
        }
    }
    // Ports are written without protocol; one that is named must be the image's.
    let has_port = |port: &String| {
        config.exposed_ports.iter().any(|exposed| exposed == port || exposed.split('/').next() == Some(port))
    };
    let ports = test.ports.iter().filter(|port| !has_port(port));
    faults.extend(ports.map(|port| format!("port {port} is not exposed")));
    let ports = test.no_ports.iter().filter(|port| has_port(port));
    faults.extend(ports.map(|port| format!("port {port} is exposed, and should not be")));
    let volumes = test.volumes.iter().filter(|volume| !config.volumes.contains(*volume));
    faults.extend(volumes.map(|volume| format!("`{volume}` is no volume")));
    let volumes = test.no_volumes.iter().filter(|volume| config.volumes.contains(*volume));
    faults.extend(volumes.map(|volume| format!("`{volume}` is a volume, and should not be")));
    for (what, wanted, found) in
        [("working directory", &test.workdir, &config.working_dir), ("user", &test.user, &config.user)]
    {
        if let Some(wanted) = wanted.as_ref().filter(|wanted| *wanted != found) {
            faults.push(format!("the {what} is `{found}`, not `{wanted}`"));
        }
    }
    faults
}

impl Variable {
    /// Why `found` is not what is wanted. Its value may be a secret and is not shown.
    fn differs(&self, what: &str, found: Option<&str>) -> Option<String> {
        let Some(found) = found else { return Some(format!("the {what} `{}` is not set", self.key)) };
        let (fits, how) = match &self.pattern {
            Some(pattern) => (pattern.is_match(found.as_bytes()), "does not match"),
            None => (found == self.value, "is not"),
        };
        (!fits).then(|| format!("the {what} `{}` {how} `{}`", self.key, self.value))
    }
}
