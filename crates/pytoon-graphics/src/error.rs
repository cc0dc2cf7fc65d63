//! Errors before drawing starts; drawing itself cannot fail.

use thiserror::Error;

/// An error that a caller can act on.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum GraphicsError {
    /// The bytes are not a font this crate can read: replace or drop the file.
    #[error("read font file {name}")]
    UnreadableFont {
        /// The name the caller gave the file.
        name: String,
    },
    /// No font was supplied: text cannot be shaped without one.
    #[error("find any usable font")]
    NoFonts,
    /// A colour was not `#rgb` or `#rrggbb`.
    #[error("parse colour {text:?}")]
    BadColour {
        /// The given text.
        text: String,
    },
}
