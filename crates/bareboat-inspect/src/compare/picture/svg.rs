//! A picture as SVG 1.1: rectangles, paths and text in whatever sans-serif the reader has.

use std::fmt::Write;

use super::{Candidate, Picture, Role, Shape, Theme, layout};

/// The picture as a document of its own.
pub fn svg(candidates: &[Candidate], theme: Theme) -> String {
    let picture = layout(candidates);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\">\n",
        picture.width, picture.height
    );
    let _ = writeln!(text, "<title>{}</title>", escape(&picture.description));
    let _ = writeln!(text, "<style>{}</style>", style(theme));
    let _ = writeln!(text, "<rect class=\"f0\" width=\"{}\" height=\"{}\"/>", picture.width, picture.height);
    shapes(&picture, &mut text);
    text.push_str("</svg>\n");
    text
}

/// `fN` fills with the colour of a role, `sN` strokes with it.
fn style(theme: Theme) -> String {
    let colors = |is_dark: bool| -> String {
        let of = |(index, role): (usize, Role)| {
            let [red, green, blue] = role.color(is_dark);
            format!(
                ".f{index}{{fill:#{red:02x}{green:02x}{blue:02x}}}.s{index}{{stroke:#{red:02x}{green:02x}{blue:02x}}}"
            )
        };
        Role::ALL.into_iter().enumerate().map(of).collect()
    };
    let fixed = "text{font-family:system-ui,-apple-system,\"Segoe UI\",\"Liberation Sans\",sans-serif}path,.b{fill:none;stroke-width:1.5}.w{font-weight:600}";
    match theme {
        Theme::Light => format!("{fixed}{}", colors(false)),
        Theme::Dark => format!("{fixed}{}", colors(true)),
        Theme::Auto => {
            format!("{fixed}{}@media(prefers-color-scheme:dark){{{}}}", colors(false), colors(true))
        }
    }
}

fn shapes(picture: &Picture, text: &mut String) {
    for shape in &picture.shapes {
        let _ = match shape {
            Shape::Bar { x, y, width, height, role } => {
                let role = number(*role);
                writeln!(
                    text,
                    "<rect class=\"f{role}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
                )
            }
            Shape::Box { x, y, width, height, role } => {
                let role = number(*role);
                writeln!(
                    text,
                    "<rect class=\"b s{role}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"/>"
                )
            }
            Shape::Stroke { points, role } => {
                let points: Vec<String> = points.iter().map(|(x, y)| format!("{x} {y}")).collect();
                writeln!(text, "<path class=\"s{}\" d=\"M{}\"/>", number(*role), points.join("L"))
            }
            Shape::Text { x, y, size, is_bold, role, text: words } => {
                let weight = if *is_bold { " w" } else { "" };
                let (role, words) = (number(*role), escape(words));
                writeln!(
                    text,
                    "<text class=\"f{role}{weight}\" x=\"{x}\" y=\"{y}\" font-size=\"{size}\">{words}</text>"
                )
            }
        };
    }
}

fn number(role: Role) -> usize {
    Role::ALL.iter().position(|known| *known == role).unwrap_or_default()
}

/// Text that XML allows (XML 1.0, 2.2), with nothing in it that means something.
pub(in crate::compare) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
