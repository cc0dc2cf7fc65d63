//! Pronunciations defined by a brief, and their matches in a sentence.
//!
//! Guarantees: at most 500 entries in one layer, of at most 100 characters each, checked on creation. Matching
//! ignores case, matches only whole words, prefers longer phrases, and costs a bounded number of look-ups per word.

use crate::respelling;
use crate::symbols;
use std::collections::{HashMap, HashSet};
use thiserror::Error;

/// Maximum number of entries in one layer.
pub const MAX_ENTRIES: usize = 500;
/// Maximum number of characters in a word or in its pronunciation.
pub const MAX_CHARS: usize = 100;
/// Maximum number of words in a phrase.
pub const MAX_PHRASE_WORDS: usize = 8;

/// Prosody marks that may follow a word.
const TAIL_MARKS: &str = ".,!?;:…";
const OPENERS: &str = "(\"“„‘'[{«‹*_¿¡";
const CLOSERS: &str = ")\"”“’'‘]}»›*_";
/// Letters that mark a value as IPA.
const IPA_LETTERS: &str = "əɚɝɪʊɛɑɒɔʌθðʃʒŋɡɹʁɣβɲʎɾʔˈˌːɨɐɜɫɸʏɯɤʂʐɕʑ";

/// The reason for rejecting an entry.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PronunciationError {
    /// There are more entries than a layer may have.
    #[error("there are more than {MAX_ENTRIES} pronunciations, which is the maximum")]
    TooMany {
        /// The number of the first entry above the limit.
        count: usize,
    },
    /// An entry has no word.
    #[error("a pronunciation has no word: name the word that it is for")]
    EmptyWord,
    /// A word or phrase is too long.
    #[error(
        "the word `{word}…` is too long: at most {MAX_CHARS} characters and {MAX_PHRASE_WORDS} words are allowed"
    )]
    WordTooLong {
        /// The beginning of the word or phrase.
        word: String,
    },
    /// An entry has no pronunciation.
    #[error(
        "`{word}` has no pronunciation: write IPA in slashes or a respelling such as ZAP-ee-er"
    )]
    EmptyValue {
        /// The word without a pronunciation.
        word: String,
    },
    /// A pronunciation is too long.
    #[error(
        "the pronunciation of `{word}` is too long: at most {MAX_CHARS} characters are allowed"
    )]
    ValueTooLong {
        /// The word whose pronunciation is too long.
        word: String,
    },
}

/// The pronunciation of one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pronunciation {
    ipa: String,
    respelled: String,
}

impl Pronunciation {
    /// Returns the pronunciation in IPA, without slashes.
    pub fn ipa(&self) -> &str {
        &self.ipa
    }

    /// Returns the respelling in plain letters, for voices that accept only text.
    pub fn respelling(&self) -> &str {
        &self.respelled
    }

    fn from_ipa(ipa: &str, word: &str) -> Self {
        let respelled = respelling::to_letters(ipa).unwrap_or_else(|| word.to_owned());
        Self { ipa: ipa.to_owned(), respelled }
    }

    fn from_respelling(value: &str) -> Self {
        Self { ipa: respelling::to_ipa(value), respelled: value.to_lowercase() }
    }

    /// Returns the pronunciation with an English possessive ending added.
    fn possessive(&self) -> Self {
        let ending = match self.ipa.chars().last() {
            Some('s' | 'z' | 'ʃ' | 'ʒ') => "ɪz",
            Some('p' | 't' | 'k' | 'f' | 'θ') => "s",
            _ => "z",
        };
        Self { ipa: format!("{}{ending}", self.ipa), respelled: format!("{}'s", self.respelled) }
    }
}

/// The spoken replacement of a written word.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Say {
    /// Other words, which are spoken with their usual pronunciation.
    Words(String),
    /// An explicit pronunciation.
    Sounds(Pronunciation),
}

/// Pronunciations of words and phrases. Later layers override earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pronunciations {
    entries: Vec<(String, String)>,
    by_phrase: HashMap<String, Say>,
    first_words: HashSet<String>,
    has_emoji: bool,
}

/// A match of an entry in a sentence.
pub(crate) struct Found {
    /// The spoken text and its pronunciation, for each of the matched words.
    pub(crate) words: Vec<(String, Option<Pronunciation>)>,
    /// The prosody marks after the last matched word.
    pub(crate) tail: String,
}

impl Pronunciations {
    /// Creates a layer from pairs of a written word or phrase and its pronunciation.
    ///
    /// # Errors
    /// Returns a [`PronunciationError`] if an entry is empty or too long, or if there are too many entries.
    pub fn new<W, P>(entries: impl IntoIterator<Item = (W, P)>) -> Result<Self, PronunciationError>
    where
        W: AsRef<str>,
        P: AsRef<str>,
    {
        let mut out = Self::default();
        for (count, (word, value)) in (1..).zip(entries) {
            if count > MAX_ENTRIES {
                return Err(PronunciationError::TooMany { count });
            }
            let (word, value) = (word.as_ref().trim(), value.as_ref().trim());
            check(word, value)?;
            out.insert(word, value);
        }
        Ok(out)
    }

    /// Returns these pronunciations, overridden by those of a later layer.
    #[must_use]
    pub fn merge(mut self, later: &Self) -> Self {
        for (word, value) in &later.entries {
            self.insert(word, value);
        }
        self
    }

    /// Returns the written words and their pronunciations, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(word, value)| (word.as_str(), value.as_str()))
    }

    /// Returns true if there are no entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn insert(&mut self, word: &str, value: &str) {
        let key = key(word);
        match self.entries.iter_mut().find(|(known, _)| self::key(known) == key) {
            Some(entry) => value.clone_into(&mut entry.1),
            None => self.entries.push((word.to_owned(), value.to_owned())),
        }
        self.has_emoji |= word.chars().any(symbols::is_emoji);
        self.first_words.extend(key.split(' ').next().map(str::to_owned));
        self.by_phrase.insert(key, parse(word, value));
    }

    /// Returns the match of the longest entry that begins at the first of the written words, or of the emoji inside
    /// that word.
    pub(crate) fn find(&self, words: &[&str]) -> Option<Found> {
        let first = words.first().filter(|_| !self.entries.is_empty())?;
        let heads = forms(first);
        let known = heads.iter().any(|form| self.first_words.contains(form.text.as_str()));
        if !known {
            return self.emoji_inside(first);
        }
        let most = words.len().min(MAX_PHRASE_WORDS);
        (1..=most).rev().find_map(|count| self.phrase(words.get(..count)?))
    }

    fn phrase(&self, words: &[&str]) -> Option<Found> {
        let (last, before) = words.split_last()?;
        let mut head = String::new();
        for (index, word) in before.iter().enumerate() {
            let word =
                if index == 0 { word.trim_start_matches(|c| OPENERS.contains(c)) } else { word };
            head.push_str(&key(word));
            head.push(' ');
        }
        for form in forms(last) {
            if let Some(say) = self.by_phrase.get(&format!("{head}{}", form.text)) {
                return Some(spread(say, words.len(), &form));
            }
        }
        None
    }

    /// Replaces each emoji inside a word with its entry. Returns `None` if the word contains no emoji with an entry.
    fn emoji_inside(&self, word: &str) -> Option<Found> {
        if !self.has_emoji || !word.chars().any(symbols::is_emoji) {
            return None;
        }
        let mut out = String::new();
        let mut found = false;
        for c in word.chars() {
            match self.by_phrase.get(key(&c.to_string()).as_str()) {
                Some(say) if symbols::is_emoji(c) => {
                    found = true;
                    out.push_str(&format!(" {} ", text_of(say)));
                }
                _ => out.push(c),
            }
        }
        let text = symbols::readable(&out).split_whitespace().collect::<Vec<_>>().join(" ");
        found.then(|| Found { words: vec![(text, None)], tail: String::new() })
    }
}

fn check(word: &str, value: &str) -> Result<(), PronunciationError> {
    let shown = || word.chars().take(40).collect::<String>();
    if key(word).is_empty() {
        return Err(PronunciationError::EmptyWord);
    }
    if word.chars().count() > MAX_CHARS || word.split_whitespace().count() > MAX_PHRASE_WORDS {
        return Err(PronunciationError::WordTooLong { word: shown() });
    }
    if !value.chars().any(char::is_alphanumeric) {
        return Err(PronunciationError::EmptyValue { word: shown() });
    }
    if value.chars().count() > MAX_CHARS {
        return Err(PronunciationError::ValueTooLong { word: shown() });
    }
    Ok(())
}

/// Returns a word or phrase in the form used for comparison: in lower case, with straight apostrophes and single
/// spaces, and without invisible characters.
fn key(word: &str) -> String {
    let lower = symbols::visible(word).replace('’', "'").to_lowercase();
    lower.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn parse(word: &str, value: &str) -> Say {
    let inner = value.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    if let Some(ipa) = inner.filter(|ipa| !ipa.trim().is_empty()) {
        return Say::Sounds(Pronunciation::from_ipa(ipa.trim(), word));
    }
    if value.chars().any(|c| IPA_LETTERS.contains(c)) {
        return Say::Sounds(Pronunciation::from_ipa(value, word));
    }
    if value.split_whitespace().any(is_respelling) {
        return Say::Sounds(Pronunciation::from_respelling(value));
    }
    Say::Words(value.to_owned())
}

/// Returns true for a respelling: syllables joined by hyphens, or one stressed syllable in capitals such as `JIF`.
fn is_respelling(word: &str) -> bool {
    let letters = |c: char| c.is_alphabetic();
    let hyphenated =
        word.contains('-') && word.split('-').all(|syllable| syllable.chars().all(letters));
    let stressed = word.chars().count() > 1 && word.chars().all(char::is_uppercase);
    hyphenated || (stressed && respelling::vowel_groups(word) == 1)
}

fn text_of(say: &Say) -> &str {
    match say {
        Say::Words(words) => words,
        Say::Sounds(sounds) => sounds.respelling(),
    }
}

/// A written word without the punctuation around it, in a form to compare with the entries.
struct Form {
    text: String,
    tail: String,
    is_possessive: bool,
}

fn forms(word: &str) -> Vec<Form> {
    let whole = key(word);
    let inner = whole.trim_start_matches(|c| OPENERS.contains(c));
    let without_marks = inner.trim_end_matches(|c| TAIL_MARKS.contains(c) || CLOSERS.contains(c));
    let letters = inner.trim_end_matches(|c: char| !c.is_alphanumeric());
    let mut out: Vec<Form> = Vec::new();
    for text in [whole.as_str(), inner, without_marks, letters] {
        let tail: String = inner.get(text.len()..).unwrap_or_default().into();
        let tail: String = tail.chars().filter(|c| TAIL_MARKS.contains(*c)).take(3).collect();
        let owner = text.strip_suffix("'s").or_else(|| text.strip_suffix('\''));
        if !text.is_empty() && out.iter().all(|form| form.text != text) {
            out.push(Form { text: text.to_owned(), tail: tail.clone(), is_possessive: false });
        }
        if let Some(owner) = owner.filter(|owner| !owner.is_empty()) {
            out.push(Form { text: owner.to_owned(), tail, is_possessive: true });
        }
    }
    out
}

/// Assigns the spoken words to the written ones: one each if there are equally many, otherwise all to the first.
fn spread(say: &Say, count: usize, form: &Form) -> Found {
    let (text, sounds) = match say {
        Say::Words(words) => {
            (if form.is_possessive { format!("{words}'s") } else { words.clone() }, None)
        }
        Say::Sounds(sounds) => {
            let sounds = if form.is_possessive { sounds.possessive() } else { sounds.clone() };
            (sounds.respelled.clone(), Some(sounds))
        }
    };
    let texts: Vec<&str> = text.split_whitespace().collect();
    let ipas: Vec<&str> = sounds.iter().flat_map(|s| s.ipa.split_whitespace()).collect();
    let one_each = texts.len() == count && (sounds.is_none() || ipas.len() == count);
    let words = (0..count).map(|index| match (one_each, index) {
        (true, _) => {
            let word = texts.get(index).copied().unwrap_or_default().to_owned();
            let ipa = ipas.get(index).map(|ipa| (*ipa).to_owned());
            let sounds = ipa.map(|ipa| Pronunciation { ipa, respelled: word.clone() });
            (word, sounds)
        }
        (false, 0) => (text.clone(), sounds.clone()),
        (false, _) => (String::new(), None),
    });
    Found { words: words.collect(), tail: form.tail.clone() }
}
