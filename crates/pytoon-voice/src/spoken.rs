//! Converts written words to the text that a local voice reads: `pytoon-normalize` with the pronunciations of a
//! request.

use pytoon_core::text::Word;
use pytoon_normalize::{Pronunciations, join_spoken, normalize};

pub use pytoon_normalize::{SpokenText, join_written};

/// Returns the text that a voice reads aloud for the words of a sentence.
pub fn spoken_text(words: &[Word], language: &str, pronunciations: &Pronunciations) -> SpokenText {
    join_spoken(&normalize(words, language, pronunciations))
}
