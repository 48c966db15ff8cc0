//! ARGs before the first FROM.

use std::collections::BTreeMap;

use super::{StageErrorKind, Stages};
use crate::Expansion;
use crate::instruction::Pair;

/// An argument declared before the first FROM.
#[derive(Debug, Clone, PartialEq)]
pub struct GlobalArgument<'a> {
    /// Name and default as written.
    pub pair: &'a Pair,
    /// The name.
    pub name: String,
    /// The value: given, else the default expanded with the arguments above, else none.
    pub value: Option<String>,
    /// The value was given to the build.
    pub given: bool,
    /// The default expanded, when it is used.
    pub default: Option<Expansion>,
}

impl<'a> Stages<'a> {
    /// Adds the pairs of an ARG. Each default sees the arguments above it, also those in the same line.
    pub(super) fn add_globals(&mut self, pairs: &'a [Pair], escape: char, given: &BTreeMap<String, String>) {
        for pair in pairs {
            let variables = &self.from_variables;
            let lookup = |name: &str| variables.get(name).map(String::as_str);
            let name = self
                .allowance
                .expand(&pair.name.text, escape, lookup)
                .map_or_else(|_| pair.name.text.clone(), |name| name.text);
            let override_value = given.get(&name);
            let default = match (&pair.value, override_value) {
                (Some(word), None) => match self.allowance.expand(&word.text, escape, lookup) {
                    Ok(default) => Some(default),
                    Err(error) => {
                        self.error(word.span, StageErrorKind::Expand(error));
                        None
                    }
                },
                _ => None,
            };
            let value =
                override_value.cloned().or_else(|| default.as_ref().map(|default| default.text.clone()));
            if let Some(value) = &value {
                self.from_variables.insert(name.clone(), value.clone());
            }
            let given = override_value.is_some();
            self.global_names.insert(name.clone(), self.globals.len());
            self.globals.push(GlobalArgument { pair, name, value, given, default });
        }
    }

    /// The value that `ARG name` without a default gets in a stage; the last declaration counts.
    pub fn global(&self, name: &str) -> Option<&GlobalArgument<'a>> {
        self.globals.get(*self.global_names.get(name)?)
    }
}
