//! `compare`: images side by side, best first; and what one has that another has not.
//!
//! Every size has its name, and no two numbers are made into one score.

mod budget;
mod difference;
mod html;
mod json;
mod markdown;
mod matrix;
mod picture;
mod text;

#[cfg(test)]
mod tests;

use crate::audit::Audit;
use crate::facts::{Ecosystem, Facts};

pub use budget::{Budget, BudgetError, Growth, Part, SizeName, over_budget};
pub use difference::{Difference, FileChange, PackageChange};
pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use picture::{Theme, png, svg};
pub use text::{Symbols, text};

/// One of the images.
#[derive(Debug)]
pub struct Candidate {
    /// What it is.
    pub facts: Facts,
    /// What is wrong with it.
    pub audit: Audit,
}

/// Sorts images: those that pass more hard rules first, then smaller ones.
pub fn best_first(candidates: &mut [Candidate]) {
    candidates.sort_by(|a, b| {
        let key = |candidate: &Candidate| {
            let sizes = &candidate.facts.sizes;
            (std::cmp::Reverse(candidate.audit.passed), sizes.visible, sizes.shipped)
        };
        key(a).cmp(&key(b)).then_with(|| a.facts.name.cmp(&b.facts.name))
    });
}

/// How many packages of each ecosystem, as text: `14 apk, 3 python`.
fn package_counts(facts: &Facts) -> Vec<(Ecosystem, usize)> {
    let of = |ecosystem| {
        let number = facts.packages.iter().filter(|package| package.ecosystem == ecosystem).count();
        (number > 0).then_some((ecosystem, number))
    };
    [Ecosystem::Deb, Ecosystem::Apk, Ecosystem::Rpm, Ecosystem::Python].into_iter().filter_map(of).collect()
}
