//! The style of text, in pixels of the target frame.

use crate::color::Rgb;

/// The alignment of lines in their box.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Align {
    /// Centred.
    Centre,
    /// Left, or right for right-to-left text.
    Start,
}

/// An outline outside the letters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// The width outside the letters.
    pub width_px: f32,
    /// Its colour.
    pub color: Rgb,
}

/// A soft shadow under letters and outline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shadow {
    /// Its colour.
    pub color: Rgb,
    /// Opacity, 0 to 1.
    pub opacity: f32,
    /// Offset downwards.
    pub dy_px: f32,
    /// Standard deviation of the blur.
    pub sigma_px: f32,
}

/// The look of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextStyle {
    /// Family tried first.
    pub family: String,
    /// CSS weight, 100 to 900.
    pub weight: u16,
    /// Size of the em.
    pub size_px: f32,
    /// Distance between baselines; scripts with tall marks raise it.
    pub line_height: f32,
    /// Letter spacing in em.
    pub tracking: f32,
    /// Colour of the letters.
    pub fill: Rgb,
    /// Outline, drawn for the whole text before any fill.
    pub stroke: Option<Stroke>,
    /// Shadow, drawn before everything else.
    pub shadow: Option<Shadow>,
    /// True to set the text in capitals.
    pub caps: bool,
    /// BCP 47 tag; decides CJK faces and case rules.
    pub language: Option<String>,
    /// The smallest size before words are broken.
    pub min_size_px: f32,
    /// Exact gap between words instead of the font's space.
    pub word_gap: Option<f32>,
    /// Gap between words that join without a space.
    pub join_gap: f32,
    /// True for figures of equal width.
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
