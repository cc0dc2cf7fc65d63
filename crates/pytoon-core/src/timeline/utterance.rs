//! A spoken sentence.

use pytoon_vocabulary::CaptionWord;
use serde::{Deserialize, Serialize};

/// A spoken sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// The take it is in.
    pub asset: String,
    /// Its start within the take, in milliseconds.
    pub source_start_ms: i64,
    /// Its length in milliseconds.
    pub duration_ms: i64,
    /// Its words, timed from its own start.
    pub words: Vec<CaptionWord>,
}
