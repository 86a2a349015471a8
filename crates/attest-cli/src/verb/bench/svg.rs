//! SVG, as little of it as bars and words need: one document in, the same bytes out, no script, nothing from elsewhere.

use std::fmt::Write as _;

/// Colours and letters, in light and in dark surroundings. The names are those of the classes below.
const STYLE: &str = "\
text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:13px;fill:#1f2328}\
.paper{fill:#fff}.title{font-size:20px;font-weight:600}.scenario{font-size:14px;font-weight:600}\
.muted{fill:#59636e;font-size:12px}.strong{font-weight:600}\
.ours{fill:#0969da}.peer{fill:#afb8c1}.limit{fill:none;stroke:#8c959f;stroke-dasharray:4 3}\
.spread{stroke:#1f2328;stroke-opacity:.55}.base{stroke:#d1d9e0}\
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.paper{fill:#0d1117}.muted{fill:#9198a1}\
.ours{fill:#4493f8}.peer{fill:#6e7681}.limit{stroke:#9198a1}.spread{stroke:#e6edf3}.base{stroke:#3d444d}}";

/// What a picture is made of; a class each, which says how it looks.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    Text {
        class: &'static str,
        x: f64,
        y: f64,
        /// Whether the words end at `x` rather than begin there.
        ends: bool,
        words: String,
    },
    Bar {
        class: &'static str,
        x: f64,
        y: f64,
        width: f64,
        height: f64,
    },
    Line {
        class: &'static str,
        from: (f64, f64),
        to: (f64, f64),
    },
}

/// The document. `title` and `description` are what is read out to those who do not see it.
pub(super) fn document(width: f64, height: f64, title: &str, description: &str, shapes: &[Shape]) -> String {
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"title description\">\n<title id=\"title\">{}</title>\n\
         <desc id=\"description\">{}</desc>\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>\n",
        escaped(title),
        escaped(description)
    );
    for shape in shapes {
        shape.write(&mut text);
    }
    text.push_str("</svg>\n");
    text
}

impl Shape {
    fn write(&self, text: &mut String) {
        // A String takes whatever is written to it.
        let _ = match self {
            Self::Text {
                class,
                x,
                y,
                ends,
                words,
            } => {
                let anchor = if *ends { " text-anchor=\"end\"" } else { "" };
                let words = escaped(words);
                writeln!(
                    text,
                    "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\"{anchor}>{words}</text>"
                )
            }
            Self::Bar {
                class,
                x,
                y,
                width,
                height,
            } => writeln!(
                text,
                "<rect class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" rx=\"2\"/>"
            ),
            Self::Line { class, from, to } => writeln!(
                text,
                "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
                from.0, from.1, to.0, to.1
            ),
        };
    }
}

/// What XML takes for itself, and what it does not take at all.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_words_stay_words() {
        let words = "</text><script>&\"\u{0}\u{ffff}".to_owned();
        let shape = Shape::Text {
            class: "muted",
            x: 1.0,
            y: 2.0,
            ends: true,
            words,
        };
        let text = document(10.0, 20.0, "a<b", "c", &[shape]);
        assert!(text.contains("<title id=\"title\">a&lt;b</title>"));
        assert!(text.ends_with(
            "<text class=\"muted\" x=\"1.0\" y=\"2.0\" text-anchor=\"end\">&lt;/text&gt;&lt;script&gt;&amp;&quot;  </text>\n</svg>\n"
        ));
    }
}
