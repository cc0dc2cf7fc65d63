//! Pictures and text that a brief puts over the film.

use super::check::out_of_range;
use super::{Brief, FieldProblem, MAX_FILM_SECONDS, MAX_SCENES};
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

/// The largest width of a label or of a line of a lower third, in columns; a wide character has two columns.
const MOST_LABEL: usize = 40;

/// A picture or text shown over the film.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// A picture with or without alpha; set this or `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// The text, at most 500 characters, or 40 in a label or lower third; set this or `image`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The style of the text: outlined letters (`plain`, the default), letters on a plate (`label`), or a bar above the
    /// captions that names a person or a place (`lower_third`).
    #[serde(default, skip_serializing_if = "OverlayStyle::is_plain")]
    pub style: OverlayStyle,
    /// The second, smaller line of a lower third, at most 40 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The move with which the overlay appears and leaves; default `fade`.
    #[serde(default, skip_serializing_if = "OverlayMove::is_fade")]
    pub animation: OverlayMove,
    /// The position in the safe area. A lower third is at the left, above the captions or at the top, where it covers
    /// least.
    #[serde(default)]
    pub position: Position,
    /// The width as a fraction of the frame width, 0.02 to 1; default 0.3. Labels and lower thirds are as wide as their
    /// text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// The opacity, 0 to 1; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opacity: Option<f64>,
    /// The start time in seconds, 0 to 60; by default the start of the film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_seconds: Option<f64>,
    /// The end time in seconds, after the start time and at most 60; by default the end of the film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_seconds: Option<f64>,
    /// The number of the only scene that shows the overlay, 1 (the first) to 40.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<u32>,
}

/// The style of an overlay's text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OverlayStyle {
    /// Letters with an outline.
    #[default]
    Plain,
    /// Letters on a plate, in one line.
    Label,
    /// A name over a smaller line, on a bar at the left above the captions.
    LowerThird,
}

impl OverlayStyle {
    fn is_plain(&self) -> bool {
        *self == Self::Plain
    }
}

/// The move with which an overlay appears and leaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OverlayMove {
    /// A fade of a fifth of a second.
    #[default]
    Fade,
    /// A short slide from the nearer side of the frame.
    Slide,
    /// A pop that overshoots a little.
    Pop,
    /// No move.
    None,
}

impl OverlayMove {
    /// Returns true for the default.
    pub fn is_fade(&self) -> bool {
        *self == Self::Fade
    }
}

/// A position in the safe area.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Top left.
    TopLeft,
    /// Top centre.
    Top,
    /// Top right.
    #[default]
    TopRight,
    /// Centre.
    Center,
    /// Bottom left.
    BottomLeft,
    /// Bottom centre.
    Bottom,
    /// Bottom right.
    BottomRight,
}

impl Position {
    /// Returns the position's name as used in briefs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TopLeft => "top_left",
            Self::Top => "top",
            Self::TopRight => "top_right",
            Self::Center => "center",
            Self::BottomLeft => "bottom_left",
            Self::Bottom => "bottom",
            Self::BottomRight => "bottom_right",
        }
    }
}

impl Overlay {
    /// Returns the field and the reason of a problem with the style, or `None`.
    fn style_problem(&self) -> Option<(&'static str, String)> {
        if self.style != OverlayStyle::Plain && self.text.is_none() {
            return Some(("style", "a picture has no style of text: leave this out".to_owned()));
        }
        if self.style != OverlayStyle::LowerThird && self.detail.is_some() {
            let reason = "only a lower third has a second line: set `style: lower_third`";
            return Some(("detail", reason.to_owned()));
        }
        let text = self.text.as_ref().filter(|_| self.style != OverlayStyle::Plain);
        let texts = [("text", text), ("detail", self.detail.as_ref())];
        texts.into_iter().find_map(|(name, text)| {
            let columns = text?.trim().width();
            if columns == 0 {
                return Some((name, "the text is empty: write it, or leave it out".to_owned()));
            }
            (columns > MOST_LABEL).then(|| {
                let reason = format!(
                    "the text is {columns} columns wide, and {MOST_LABEL} fit into the line: shorten it"
                );
                (name, reason)
            })
        })
    }
}

impl Brief {
    /// Returns a problem of the overlays, or `None`.
    pub(super) fn overlay_problem(&self) -> Option<FieldProblem> {
        self.overlays.iter().enumerate().find_map(|(index, overlay)| {
            let field = |name: &str| format!("overlays[{index}].{name}");
            if overlay.image.is_some() == overlay.text.is_some() {
                return Some(FieldProblem::new(
                    format!("overlays[{index}]"),
                    "set one of `image` and `text`, not both",
                ));
            }
            if let Some((name, reason)) = overlay.style_problem() {
                return Some(FieldProblem::new(field(name), reason));
            }
            if let (Some(start), Some(end)) = (overlay.start_seconds, overlay.end_seconds)
                && end <= start
            {
                return Some(FieldProblem::new(
                    field("end_seconds"),
                    format!("{end} is not after start_seconds ({start})"),
                ));
            }
            out_of_range(&field("width"), overlay.width, 0.02, 1.0)
                .or_else(|| out_of_range(&field("opacity"), overlay.opacity, 0.0, 1.0))
                .or_else(|| {
                    out_of_range(
                        &field("start_seconds"),
                        overlay.start_seconds,
                        0.0,
                        MAX_FILM_SECONDS,
                    )
                })
                .or_else(|| {
                    out_of_range(&field("end_seconds"), overlay.end_seconds, 0.0, MAX_FILM_SECONDS)
                })
                .or_else(|| {
                    out_of_range(
                        &field("scene"),
                        overlay.scene.map(f64::from),
                        1.0,
                        f64::from(MAX_SCENES),
                    )
                })
        })
    }
}
