//! The types for a recording with its script and for its timed words.

use super::Mismatch;
use pytoon_core::text::Word;
use pytoon_core::time::MsRange;
use pytoon_vocabulary::CaptionWord;

/// A script and its recording.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// The samples of the recording, 48 kHz mono.
    pub samples: &'a [f32],
    /// The ranges of speech in the recording, in milliseconds.
    pub speech: &'a [MsRange],
    /// The script, sentence by sentence.
    pub sentences: &'a [Vec<Word>],
    /// The language, a BCP 47 tag.
    pub language: &'a str,
}

/// Words with their times and a confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Aligned {
    /// The timed words of the script in order, in milliseconds of the recording.
    pub words: Vec<CaptionWord>,
    /// The confidence, from 0 to 1.
    pub confidence: f64,
    /// The estimated error of a word's start time, in milliseconds; -1 if the method gives no estimate.
    pub estimated_error_ms: f64,
    /// A passage that the recording omits from the script or adds to it.
    pub mismatch: Option<Mismatch>,
}
