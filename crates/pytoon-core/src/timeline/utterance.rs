//! A spoken sentence with the times of its words.

use pytoon_vocabulary::CaptionWord;
use serde::{Deserialize, Serialize};

/// A spoken sentence: its range in a take, and its words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// The path of the take that contains the utterance.
    pub asset: String,
    /// The start of the utterance within the take, in milliseconds.
    pub source_start_ms: i64,
    /// The length of the utterance, in milliseconds.
    pub duration_ms: i64,
    /// The words, timed from the start of the utterance.
    pub words: Vec<CaptionWord>,
}
