//! Checking flags: known, given once, with the right kind of value.

use std::collections::BTreeSet;

use super::{Call, Reader};
use crate::error::{ErrorKind, shorten};
use crate::split::Flag;
use crate::{Keyword, Word, suggest};

const REPEATABLE: [&str; 3] = ["mount", "device", "exclude"];
const SWITCHES: [&str; 4] = ["link", "parents", "keep-git-dir", "unpack"];

impl Reader<'_> {
    /// Reports every flag that is wrong.
    pub(super) fn check_flags(&mut self, call: &Call<'_>) {
        let mut seen = BTreeSet::new();
        for flag in call.flags {
            if self.is_full() {
                return;
            }
            let name = || shorten(&flag.name);
            if !call.keyword.flags().contains(&flag.name.as_str()) {
                let suggestion = suggest(&flag.name, call.keyword.flags().iter().copied());
                let kind = ErrorKind::UnknownFlag { keyword: call.keyword, flag: name(), suggestion };
                self.error(flag.name_span, kind);
                continue;
            }
            if !seen.insert(flag.name.as_str()) && !REPEATABLE.contains(&flag.name.as_str()) {
                self.error(flag.span, ErrorKind::DuplicateFlag { flag: name() });
            }
            self.check_value(flag);
        }
    }

    fn check_value(&mut self, flag: &Flag) {
        let name = flag.name.clone();
        let switch = SWITCHES.contains(&flag.name.as_str());
        match &flag.value {
            None if !switch => self.error(flag.span, ErrorKind::FlagNeedsValue { flag: name }),
            Some(value) if switch && boolean(&value.text).is_none() => {
                let value = shorten(&value.text);
                self.error(flag.span, ErrorKind::FlagNotBoolean { flag: name, value });
            }
            _ => {}
        }
    }
}

impl Call<'_> {
    /// The value of the first flag called `name`.
    pub(super) fn value(&self, name: &str) -> Option<Word> {
        self.flags.iter().find(|flag| flag.name == name)?.value.clone()
    }

    /// The values of every flag called `name`.
    pub(super) fn values(&self, name: &str) -> Vec<Word> {
        let named = self.flags.iter().filter(|flag| flag.name == name);
        named.filter_map(|flag| flag.value.clone()).collect()
    }

    /// The state of the first switch called `name`; `None` when it is not given or makes no sense.
    pub(super) fn switch(&self, name: &str) -> Option<bool> {
        let flag = self.flags.iter().find(|flag| flag.name == name)?;
        flag.value.as_ref().map_or(Some(true), |value| boolean(&value.text))
    }

    pub(super) fn keyword(&self) -> Keyword {
        self.keyword
    }
}

fn boolean(value: &str) -> Option<bool> {
    match value.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
