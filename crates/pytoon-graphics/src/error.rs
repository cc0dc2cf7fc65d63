//! Errors that occur before drawing starts. Drawing itself cannot fail.

use thiserror::Error;

/// An error before drawing: an unreadable font, no font at all, or an invalid colour.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphicsError {
    /// The bytes are not a font that this crate can read. Replace or drop the file.
    #[error("the font file {name} cannot be read")]
    UnreadableFont {
        /// The caller's name for the file.
        name: String,
    },
    /// No font was supplied. Text cannot be shaped without one.
    #[error("no font is installed")]
    NoFonts,
    /// A colour is not in the form `#rgb` or `#rrggbb`.
    #[error("{text:?} is not a colour such as \"#e8a13a\"")]
    BadColour {
        /// The invalid text.
        text: String,
    },
}
