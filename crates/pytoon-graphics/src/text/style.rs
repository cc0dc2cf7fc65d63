//! The style of text, in pixels of the target frame.

use crate::color::Rgb;

/// The alignment of lines in their box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Align {
    /// Centred lines.
    Centre,
    /// Left-aligned lines, or right-aligned for right-to-left text.
    Start,
}

/// An outline outside the letters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// The width outside the letters, in pixels.
    pub width_px: f32,
    /// The colour of the outline.
    pub color: Rgb,
}

/// A soft shadow under letters and outline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shadow {
    /// The colour of the shadow.
    pub color: Rgb,
    /// The opacity, 0 to 1.
    pub opacity: f32,
    /// The downward offset, in pixels.
    pub dy_px: f32,
    /// The standard deviation of the blur, in pixels.
    pub sigma_px: f32,
}

/// The style of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextStyle {
    /// The font family tried first.
    pub family: String,
    /// The CSS weight, 100 to 900.
    pub weight: u16,
    /// The em size, in pixels.
    pub size_px: f32,
    /// The distance between baselines. Scripts with tall marks increase it.
    pub line_height: f32,
    /// The letter spacing, in em.
    pub tracking: f32,
    /// The colour of the letters.
    pub fill: Rgb,
    /// The outline, drawn for the whole text before any fill.
    pub stroke: Option<Stroke>,
    /// The shadow, drawn before everything else.
    pub shadow: Option<Shadow>,
    /// True to draw the text in capitals.
    pub caps: bool,
    /// The language, a BCP 47 tag. It decides CJK faces and case rules.
    pub language: Option<String>,
    /// The minimum size before words are broken.
    pub min_size_px: f32,
    /// The exact gap between words, replacing the font's space.
    pub word_gap: Option<f32>,
    /// The gap between words that join without a space.
    pub join_gap: f32,
    /// True for tabular figures, which have equal widths.
    pub tabular: bool,
    /// The alignment of lines.
    pub align: Align,
}

impl TextStyle {
    /// Creates a style of plain centred white text.
    pub fn new(family: &str, weight: u16, size_px: f32, line_height: f32) -> Self {
        Self {
            family: family.to_owned(),
            weight,
            size_px,
            line_height,
            tracking: 0.0,
            fill: Rgb::WHITE,
            stroke: None,
            shadow: None,
            caps: false,
            language: None,
            min_size_px: size_px * 0.7,
            word_gap: None,
            join_gap: 0.0,
            tabular: false,
            align: Align::Centre,
        }
    }
}
