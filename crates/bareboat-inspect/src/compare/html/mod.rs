//! A comparison as one page: no network, useful without scripts, less than 1 MB however large the images are.
//!
//! What is shown of long lists is their largest part, and the page says what it left out; `--format json` has all of it.

mod findings;
mod layers;
mod squarify;
mod tables;
mod treemap;
mod weight;

use std::fmt::Write;

use super::picture::{Theme, svg};
use super::{Candidate, Difference};

pub(super) use super::picture::escape;

/// The page.
pub fn html(candidates: &[Candidate]) -> String {
    let names: Vec<String> = candidates.iter().map(|candidate| escape(&candidate.facts.name)).collect();
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
        names.join(" · ")
    );
    page.push_str(&head(candidates));
    let picture = svg(candidates, Theme::Auto);
    let _ = writeln!(page, "<figure class=\"picture\">\n{picture}</figure>");
    page.push_str(&section("surface", "Side by side", &tables::matrix(candidates)));
    page.push_str(&section("layers", "Size by layer", &layers::layers(candidates)));
    page.push_str(&section("files", "Where the bytes are", &treemap::maps(candidates)));
    let mut others = candidates.iter();
    if let Some(first) = others.next() {
        for other in others {
            let difference = Difference::between(&first.facts, &other.facts);
            page.push_str(&differences(first, other, &difference));
        }
    }
    page.push_str(&section("findings", "Findings", &findings::findings(candidates)));
    page.push_str(&section("method", "What the numbers are", METHOD));
    let _ = write!(page, "<script>\n{SCRIPT}</script>\n</body>\n</html>\n");
    page
}

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Nothing is fetched, from nowhere.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

const METHOD: &str = "<dl>\n\
<dt>pull</dt><dd>Bytes of the compressed layers: what a registry sends.</dd>\n\
<dt>tar</dt><dd>Bytes of the decompressed layers.</dd>\n\
<dt>shipped</dt><dd>Bytes of the regular files of all layers; hard links are not counted.</dd>\n\
<dt>visible</dt><dd>Bytes of the regular files that a container sees.</dd>\n\
<dt>hidden</dt><dd>Shipped less visible: overwritten or deleted by a later layer, and carried all the same.</dd>\n\
<dt>a file's pull size</dt><dd>An estimate: its part of its layer's files, of the layer's compressed bytes.</dd>\n\
<dt>attack surface</dt><dd>Sets of files with the evidence for each, compared one by one; there is no score. \
What counts is what the image's own user can execute.</dd>\n\
<dt>hard rules</dt><dd>Rules of <code>bareboat audit</code> that a bare image passes.</dd>\n</dl>\n";

fn section(id: &str, title: &str, content: &str) -> String {
    format!("<section id=\"{id}\">\n<h2>{title}</h2>\n{content}</section>\n")
}

/// What is compared.
fn head(candidates: &[Candidate]) -> String {
    let mut text = String::from(
        "<header>\n<h1>Images side by side</h1>\n<div class=\"wide\"><table class=\"images\">\n",
    );
    text.push_str("<tr><th scope=\"col\">image</th><th scope=\"col\">platform</th><th scope=\"col\">digest</th><th scope=\"col\">made</th></tr>\n");
    for candidate in candidates {
        let facts = &candidate.facts;
        let or_dash = |text: Option<String>| text.map_or("—".to_owned(), |text| escape(&text));
        let _ = writeln!(
            text,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td><code>{}</code></td><td>{}</td></tr>",
            escape(&facts.name),
            or_dash(facts.platform.as_ref().map(ToString::to_string)),
            or_dash(facts.digest.as_ref().map(ToString::to_string)),
            or_dash(facts.created.clone()),
        );
    }
    text.push_str("</table></div>\n</header>\n");
    text
}

fn differences(first: &Candidate, other: &Candidate, difference: &Difference) -> String {
    let title = format!("From {} to {}", escape(&first.facts.name), escape(&other.facts.name));
    let content = [
        treemap::difference(&first.facts, &other.facts),
        tables::packages(difference),
        tables::files(difference),
        tables::configuration(difference),
    ];
    section("difference", &title, &content.concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Auditor, Configuration, Context, fixture};
    use crate::compare::tests::candidates;

    #[test]
    fn the_page_has_all_parts_and_nothing_to_fetch() {
        let page = html(&candidates());
        for part in ["surface", "layers", "files", "difference", "findings", "method"] {
            assert!(page.contains(&format!("<section id=\"{part}\">")), "{part}");
        }
        let fetched = ["src=", "href=\"http", "url(", "@import", "fetch(", "XMLHttp"];
        for word in fetched {
            assert!(!page.contains(word), "{word}");
        }
        // The one address is SVG's name space.
        assert_eq!(
            page.matches("http://").count(),
            page.matches("xmlns=\"http://www.w3.org/2000/svg\"").count()
        );
        assert_eq!(page.matches("<table").count(), page.matches("</table>").count());
        assert_eq!(page.matches("<details").count(), page.matches("</details>").count());
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert_eq!(html(&candidates()), page);
    }

    #[test]
    fn hostile_names_are_only_text() {
        let mut candidates = candidates();
        candidates[0].facts.name = "</title><script>alert(1)</script>".to_owned();
        candidates[0].facts.config.user = "<img src=x onerror=alert(2)>".to_owned();
        let page = html(&candidates);
        assert!(!page.contains("<script>alert") && !page.contains("<img"));
        assert_eq!(page.matches("<script").count(), 1);
    }

    #[test]
    fn the_page_stays_small_for_large_images() {
        let line = |index: usize| {
            format!(
                "file /usr/lib/python3.13/site-packages/package{}/module_with_a_long_name_{index}.py 0644 size={}\n",
                index % 400,
                10 + index % 977
            )
        };
        let large: String = (0..12_000).map(line).collect();
        let auditor = Auditor::new(Configuration::default()).unwrap();
        let of = |(name, text): (&str, &str)| {
            let mut facts = fixture::facts(text);
            facts.name = name.to_owned();
            let audit = auditor.audit(&Context { facts: &facts, today: None });
            Candidate { facts, audit }
        };
        let page = html(&[("small:1", "user 1:1\nelf /app 0755 static\n"), ("large:1", &large)].map(of));
        assert!(page.len() < 1_000_000, "{}", page.len());
        assert!(page.contains("more are not shown"));
    }
}
