//! When each word of a known text is said.
//!
//! `provider` takes the synthesiser's own times; `even_split` spreads words over the speech by
//! their syllables when nothing better is known, and says so.

pub mod builtin;
pub mod even_split;
pub mod provider;
mod reference_voice;

/// How words were timed; the receipt and the log name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlignmentMethod {
    /// The voice provider's own times.
    Provider,
    /// Our own aligner.
    Builtin,
    /// Spread by syllables over the speech.
    EvenSplit,
    /// There is no voice; words are laid out for reading.
    Reading,
}
