//! Converts each written word of a sentence to the words that a voice speaks.
//!
//! Captions show the script's spelling, whereas a voice needs words. For `$3.50` the voice says "three dollars
//! fifty". These spoken words belong to the one written word, so that it has a time.
//!
//! Guarantees: one [`SpokenWord`] per written word, in order; no letter or digit of any language is dropped,
//! except in emoji, emoticons such as `xD`, the paths of web addresses, and very long numbers; English has no
//! digits left; time and output grow linearly with the length of the sentence, regardless of its content. All
//! functions are pure: equal input gives equal output.
//!
//! English is fully expanded. In German, French, Spanish and Portuguese, only numbers, money, dates, times and
//! percentages are. In other languages only silent signs are removed. This crate does not split sentences, parse
//! markup or produce the phonemes of whole sentences.
//!
//! Start with [`normalize`] and [`join_spoken`]:
//!
//! ```
//! use pytoon_core::text::words;
//! use pytoon_normalize::{Pronunciations, join_spoken, normalize};
//!
//! let pronunciations = Pronunciations::new([("Zapier", "ZAP-ee-er")])?;
//! let spoken = normalize(&words("Zapier costs $3.50."), "en-US", &pronunciations);
//! assert_eq!(join_spoken(&spoken).text, "zap-ee-er costs three dollars fifty.");
//! assert_eq!(spoken[0].pronunciation.as_ref().map(|p| p.ipa()), Some("zˈæpiɚ"));
//! # Ok::<(), pytoon_normalize::PronunciationError>(())
//! ```

mod english;
mod european;
mod numbers;
mod pronunciation;
mod respelling;
mod sentence;
mod symbols;
mod text;

pub use pronunciation::{
    MAX_CHARS, MAX_ENTRIES, MAX_PHRASE_WORDS, Pronunciation, PronunciationError, Pronunciations,
};
pub use text::{SpokenText, join_spoken, join_written};

use pronunciation::Found;
use pytoon_core::text::Word;
use sentence::Sentence;

/// The words that a voice speaks for one written word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SpokenWord {
    /// The words to speak (several, one or none) with the prosody marks after them. If the brief defines a
    /// pronunciation, this is its respelling, for voices that accept only text.
    pub text: String,
    /// The pronunciation that the brief defines for this word.
    pub pronunciation: Option<Pronunciation>,
    /// True if the word joins the next one without a space.
    pub joins_next: bool,
}

/// Returns the words that a voice speaks for each written word of one sentence. `language` is a BCP 47 tag.
///
/// If number and unit are separate words, each has its own part of the reading: `20 €` gives "twenty" and "euros". An
/// entry is empty if a word is silent, or if its words moved to a neighbour because they are spoken in another order,
/// like those of `$` in `$ 20`.
pub fn normalize(
    words: &[Word],
    language: &str,
    pronunciations: &Pronunciations,
) -> Vec<SpokenWord> {
    let found = matches(words, pronunciations);
    let base = language.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let mut spoken = match base.as_str() {
        "en" => {
            let mut sentence = with_pronunciations(words, found);
            let readings = english::read(&mut sentence, language);
            sentence.assemble(readings)
        }
        _ => match european::Language::of(&base, language) {
            Some(language) => european::read(words, found, language),
            None => words_without_rules(words, found),
        },
    };
    for (spoken, word) in spoken.iter_mut().zip(words) {
        spoken.joins_next = word.joins_next;
    }
    spoken
}

/// Returns the pronunciations that match, each at the index of its first word.
fn matches(words: &[Word], pronunciations: &Pronunciations) -> Vec<Option<Found>> {
    let mut out: Vec<Option<Found>> = Vec::with_capacity(words.len());
    if pronunciations.is_empty() {
        out.resize_with(words.len(), || None);
        return out;
    }
    while out.len() < words.len() {
        let rest = words.iter().skip(out.len()).take(MAX_PHRASE_WORDS);
        let texts: Vec<&str> = rest.map(|word| word.text.as_str()).collect();
        let found = pronunciations.find(&texts);
        let more = found.as_ref().map_or(0, |found| found.words.len().saturating_sub(1));
        out.push(found);
        out.extend((0..more).map(|_| None));
    }
    out
}

fn with_pronunciations(words: &[Word], found: Vec<Option<Found>>) -> Sentence {
    let mut sentence = Sentence::new(words.iter().map(|word| word.text.as_str()));
    for (index, found) in found.into_iter().enumerate() {
        if let Some(found) = found {
            sentence.fix(index, found);
        }
    }
    sentence
}

/// Returns the words in a language without rules. Silent signs are removed, and the pronunciations from the brief
/// apply.
fn words_without_rules(words: &[Word], found: Vec<Option<Found>>) -> Vec<SpokenWord> {
    let mut out: Vec<SpokenWord> = words
        .iter()
        .map(|word| SpokenWord { text: symbols::readable(&word.text), ..SpokenWord::default() })
        .collect();
    for (index, found) in found.into_iter().enumerate() {
        if let Some(found) = found {
            fix(&mut out, index, found);
        }
    }
    out
}

/// Replaces the spoken words of a match with the pronunciations from the brief.
fn fix(out: &mut [SpokenWord], index: usize, found: Found) {
    let count = found.words.len();
    for (offset, (text, pronunciation)) in found.words.into_iter().enumerate() {
        let Some(word) = out.get_mut(index + offset) else { continue };
        let tail = if offset + 1 == count { found.tail.as_str() } else { "" };
        word.text = format!("{text}{tail}");
        word.pronunciation = pronunciation;
    }
}
