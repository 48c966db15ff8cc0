//! Which layers an image has, and what goes into which.

use std::collections::{BTreeMap, BTreeSet};

use super::compose::WheelInput;
use crate::cut::LayerPlan;

/// The layers of an application image, least-changing first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum LayerName {
    /// The C library, certificates, time zones, accounts.
    Base,
    /// The interpreter with its standard library and the libraries that needs.
    Python,
    /// Debian packages that the application or a wheel needs.
    Libraries,
    /// A wheel so heavy that it has a layer of its own.
    Heavy(String),
    /// All other wheels and the virtual environment.
    Dependencies,
    /// The application itself.
    Application,
    /// The debug variant's tools: above everything, so that nothing else is another for them.
    Debug,
}

impl LayerName {
    fn text(&self) -> String {
        match self {
            LayerName::Base => "base".to_owned(),
            LayerName::Python => "python".to_owned(),
            LayerName::Libraries => "libraries".to_owned(),
            LayerName::Heavy(name) => name.clone(),
            LayerName::Dependencies => "dependencies".to_owned(),
            LayerName::Application => "application".to_owned(),
            LayerName::Debug => "debug".to_owned(),
        }
    }
}

/// A wheel whose file is larger than this gets a layer of its own.
const HEAVY: u64 = 20 << 20;

/// At most this many, so that an image has four to eight layers.
const MOST_HEAVY: usize = 3;

/// The heaviest wheels, by size and then by name.
pub(super) fn heavy_wheels(wheels: &[WheelInput]) -> BTreeSet<&str> {
    let mut heavy: Vec<&WheelInput> = wheels.iter().filter(|wheel| wheel.size > HEAVY).collect();
    heavy.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    heavy.into_iter().take(MOST_HEAVY).map(|wheel| wheel.name.as_str()).collect()
}

/// Which steps make which layer.
pub(super) fn layer_plans(layers: &[LayerName]) -> Vec<LayerPlan> {
    let mut plans: BTreeMap<&LayerName, Vec<usize>> = BTreeMap::new();
    for (index, layer) in layers.iter().enumerate() {
        plans.entry(layer).or_default().push(index);
    }
    plans.into_iter().map(|(name, steps)| LayerPlan { name: name.text(), steps }).collect()
}
