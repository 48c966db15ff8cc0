//! Size by layer: layers that images share stand in one line, so that a common base is seen at once.

use std::fmt::Write;

use bareboat_report::size;

use super::escape;
use crate::compare::Candidate;
use crate::facts::Layer;

/// A line: for each image the number of its layer, where it has this one.
type Line = Vec<Option<usize>>;

/// A table with a bar for each layer.
pub(super) fn layers(candidates: &[Candidate]) -> String {
    let lines = aligned(candidates);
    let all = candidates.iter().flat_map(|candidate| &candidate.facts.layers);
    let most = all.map(bytes).max().unwrap_or(1).max(1);
    let mut text = String::from("<div class=\"wide\"><table class=\"layers\">\n<tr>");
    for candidate in candidates {
        let _ = write!(text, "<th scope=\"col\">{}</th>", escape(&candidate.facts.name));
    }
    text.push_str("</tr>\n");
    for line in &lines {
        let is_shared = line.iter().flatten().count() > 1;
        let _ = write!(text, "<tr{}>", if is_shared { " class=\"shared\"" } else { "" });
        for (candidate, number) in candidates.iter().zip(line) {
            let layer = number.and_then(|number| Some((number, candidate.facts.layers.get(number)?)));
            text.push_str(&layer.map_or("<td></td>".to_owned(), |(number, layer)| cell(number, layer, most)));
        }
        text.push_str("</tr>\n");
    }
    text.push_str("</table></div>\n<p class=\"legend\"><i class=\"hidden\"></i> hidden by this or a later layer; layers in one line are the same</p>\n");
    text
}

fn bytes(layer: &Layer) -> u64 {
    layer.shipped
}

fn cell(number: usize, layer: &Layer, most: u64) -> String {
    let percent = |bytes: u64| bytes as f64 * 100.0 / most as f64;
    let hidden = layer.hidden.total();
    let pull = layer.pull.map_or(String::new(), |pull| format!(", {} pull", size(pull)));
    let lost = if hidden > 0 { format!(", {} hidden", size(hidden)) } else { String::new() };
    let made = layer.created_by.as_deref().unwrap_or("—");
    format!(
        "<td><div class=\"bar\"><i style=\"width:{:.1}%\"></i><i class=\"hidden\" style=\"width:{:.1}%\"></i></div>\
         <b>{}</b> {} shipped{pull}{lost}<br><code>{}</code></td>",
        percent(bytes(layer).saturating_sub(hidden)),
        percent(hidden),
        number + 1,
        size(layer.shipped),
        escape(&made.chars().take(160).collect::<String>())
    )
}

/// Layers of all images in one order; those with the same diff-id once. A layer that would stand before one it lies upon
/// elsewhere gets a line of its own.
fn aligned(candidates: &[Candidate]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    let layer_of = |line: &Line| {
        let number = line.iter().enumerate().find_map(|(image, number)| Some((image, (*number)?)));
        number.and_then(|(image, number)| candidates[image].facts.layers.get(number)?.diff_id)
    };
    for (image, candidate) in candidates.iter().enumerate() {
        let mut after = 0;
        let layers = &candidate.facts.layers;
        for number in 0..layers.len() {
            let known = |number: usize, lines: &[Line]| {
                let wanted = layers[number].diff_id?;
                let is_free = |line: &Line| line[image].is_none() && layer_of(line) == Some(wanted);
                lines.iter().skip(after).position(is_free).map(|at| at + after)
            };
            let at = known(number, &lines).unwrap_or_else(|| {
                // Before the next one that is shared, or in the end.
                let shared = (number + 1..layers.len()).any(|later| known(later, &lines).is_some());
                let at = if shared { after } else { lines.len() };
                lines.insert(at, vec![None; candidates.len()]);
                at
            });
            lines[at][image] = Some(number);
            after = at + 1;
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Auditor, Configuration, Context, fixture};

    #[test]
    fn a_common_base_stands_in_one_line() {
        let auditor = Auditor::new(Configuration::default()).unwrap();
        let base = "layer \"ADD root\"\nfile /a 0644 \"a\"\nlayer \"RUN b\"\nfile /b 0644 \"b\"\n";
        let other = format!("{base}layer \"COPY c\"\nfile /c 0644 \"c\"\n");
        let own = "layer \"RUN b\"\nfile /b 0644 \"b\"\nlayer \"COPY d\"\nfile /d 0644 \"d\"\n";
        let candidates: Vec<Candidate> = [base, &other, own]
            .iter()
            .map(|text| {
                let facts = fixture::facts(text);
                let audit = auditor.audit(&Context { facts: &facts, today: None });
                Candidate { facts, audit }
            })
            .collect();
        assert_eq!(
            aligned(&candidates),
            [
                vec![Some(0), Some(0), None],
                vec![Some(1), Some(1), Some(0)],
                vec![None, Some(2), None],
                vec![None, None, Some(1)],
            ]
        );
    }
}
