//! The small pieces of which pages are made: icon, badge, gauge. Each writes its own HTML, escapes what it was given,
//! and never needs an inline style: sizes are SVG attributes, colours are classes.

use askama::filters::HtmlSafe;
use std::fmt;

/// How something stands. Colour is never the only sign: each tone is shown with an icon of its own shape and a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Good,
    Warn,
    Bad,
    Unknown,
    Info,
    Neutral,
}

impl Tone {
    /// The class in the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
            Self::Info => "info",
            Self::Neutral => "neutral",
        }
    }

    /// The icon that stands for it.
    pub(crate) fn icon(self) -> Icon {
        Icon(match self {
            Self::Good => "check",
            Self::Warn => "warn",
            Self::Bad => "cross",
            Self::Unknown => "question",
            Self::Info => "info",
            Self::Neutral => "dot",
        })
    }
}

/// A symbol of the page's sprite (`templates/icons.html`). Decorative: a label always stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Icon(pub(crate) &'static str);

impl HtmlSafe for Icon {}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r##"<svg class="icon" aria-hidden="true" focusable="false"><use href="#i-{}"/></svg>"##, self.0)
    }
}

/// A state in a word, with colour and shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Badge {
    pub(crate) tone: Tone,
    pub(crate) icon: Icon,
    pub(crate) label: String,
}

impl Badge {
    /// With the tone's own icon.
    pub(crate) fn new(tone: Tone, label: String) -> Self {
        Self { tone, icon: tone.icon(), label }
    }
}

impl HtmlSafe for Badge {}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, r#"<span class="badge {}">{}{}</span>"#, self.tone.class(), self.icon, Escaped(&self.label))
    }
}

/// A share of a whole as a bar with its figure in words beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gauge {
    pub(crate) label: String,
    /// The figure in words; a dash where it cannot be told.
    pub(crate) value: String,
    pub(crate) permille: Option<u32>,
    pub(crate) tone: Tone,
}

impl HtmlSafe for Gauge {}

impl fmt::Display for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<div class="gauge {}"><span class="gauge-label">{}</span><span class="gauge-value">{}</span>"#,
            self.tone.class(),
            Escaped(&self.label),
            Escaped(&self.value),
        )?;
        if let Some(permille) = self.permille {
            write!(
                f,
                r#"<svg class="gauge-bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true"><rect class="track" width="1000" height="10"/><rect class="fill" width="{}" height="10"/></svg>"#,
                permille.min(1000),
            )?;
        }
        f.write_str("</div>")
    }
}

/// Text with the characters that mean something in HTML replaced.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                other => fmt::Write::write_char(f, other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_escaped_and_gauges_stay_in_their_track() {
        let badge = Badge::new(Tone::Bad, "<b>\"x\"&'".into());
        assert!(badge.to_string().contains("&lt;b&gt;&quot;x&quot;&amp;&#39;"), "{badge}");
        let gauge = Gauge { label: "CPU".into(), value: "1".into(), permille: Some(4000), tone: Tone::Good };
        assert!(gauge.to_string().contains(r#"width="1000" height="10"/></svg>"#), "{gauge}");
    }
}
