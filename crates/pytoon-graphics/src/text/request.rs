//! A text layout request, and the text prepared for drawing.

use super::style::TextStyle;
use std::ops::Range;

/// A request to lay out text.
#[derive(Clone, Debug)]
pub struct LayoutRequest<'a> {
    /// The style of the text.
    pub style: &'a TextStyle,
    /// The text. Its white space is collapsed.
    pub text: &'a str,
    /// Byte ranges of the words in `text`; empty means white-space tokens.
    pub words: &'a [Range<usize>],
    /// The indices of emphasised words, which are drawn larger by `emphasis_scale`.
    pub emphasis: &'a [usize],
    /// The size factor of emphasised words.
    pub emphasis_scale: f32,
    /// Maximum width of a line.
    pub max_width: f32,
    /// Maximum number of lines.
    pub max_lines: usize,
}

/// The text as drawn, with case applied and white space collapsed, and the byte range of each word in it.
pub(super) struct Prepared {
    pub text: String,
    pub words: Vec<Range<usize>>,
}
