//! A text to lay out, as requested and as drawn.

use super::style::TextStyle;
use std::ops::Range;

/// A request to lay text out.
#[derive(Clone, Debug)]
pub struct LayoutRequest<'a> {
    /// The look of the text.
    pub style: &'a TextStyle,
    /// The text; white space is collapsed.
    pub text: &'a str,
    /// Byte ranges of the words in `text`; empty means white-space tokens.
    pub words: &'a [Range<usize>],
    /// Indices of emphasised words, set larger by `emphasis_scale`.
    pub emphasis: &'a [usize],
    /// Size factor of emphasised words.
    pub emphasis_scale: f32,
    /// The largest width of a line.
    pub max_width: f32,
    /// The most lines.
    pub max_lines: usize,
}

/// The text as drawn (case applied, white space collapsed) and its words in it.
pub(super) struct Prepared {
    pub text: String,
    pub words: Vec<Range<usize>>,
}
