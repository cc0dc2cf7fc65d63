//! Pronunciations given by a brief, and their matches in a sentence.
//!
//! Guarantees: at most 500 entries of at most 100 characters each, checked when they are made.
//! Matching ignores case, takes whole words only, prefers longer phrases, and costs a bounded
//! number of look-ups per word.

use crate::respelling;
use crate::symbols;
use std::collections::{HashMap, HashSet};
use thiserror::Error;

/// The largest number of entries of one layer.
pub const MAX_ENTRIES: usize = 500;
/// The largest number of characters of a word or of its pronunciation.
pub const MAX_CHARS: usize = 100;
/// The largest number of words of a phrase.
pub const MAX_PHRASE_WORDS: usize = 8;

/// Marks that shape prosody and may follow a word.
const TAIL_MARKS: &str = ".,!?;:…";
const OPENERS: &str = "(\"“„‘'[{«‹*_¿¡";
const CLOSERS: &str = ")\"”“’'‘]}»›*_";
/// Letters that occur only in phonetic spelling.
const IPA_LETTERS: &str = "əɚɝɪʊɛɑɒɔʌθðʃʒŋɡɹʁɣβɲʎɾʔˈˌːɨɐɜɫɸʏɯɤʂʐɕʑ";

/// The reason why an entry is rejected.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PronunciationError {
    /// More entries than one layer may have.
    #[error("{count} pronunciations are too many: at most {MAX_ENTRIES} are allowed")]
    TooMany {
        /// The given number.
        count: usize,
    },
    /// An entry without a word.
    #[error("a pronunciation has no word: name the word that it is for")]
    EmptyWord,
    /// A word or phrase that is too long.
    #[error(
        "the word `{word}…` is too long: at most {MAX_CHARS} characters and {MAX_PHRASE_WORDS} words are allowed"
    )]
    WordTooLong {
        /// The beginning of the word.
        word: String,
    },
    /// An entry without a pronunciation.
    #[error(
        "`{word}` has no pronunciation: write IPA in slashes or a respelling such as ZAP-ee-er"
    )]
    EmptyValue {
        /// The word.
        word: String,
    },
    /// A pronunciation that is too long.
    #[error(
        "the pronunciation of `{word}` is too long: at most {MAX_CHARS} characters are allowed"
    )]
    ValueTooLong {
        /// The word.
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
    /// Returns the sounds in IPA, without slashes, stress marks before stressed vowels.
    pub fn ipa(&self) -> &str {
        &self.ipa
    }

    /// Returns plain letters for voices that take text only.
    pub fn respelled(&self) -> &str {
        &self.respelled
    }

    fn from_ipa(ipa: &str, word: &str) -> Self {
        let respelled = respelling::to_letters(ipa).unwrap_or_else(|| word.to_owned());
        Self { ipa: ipa.to_owned(), respelled }
    }

    fn from_respelling(value: &str) -> Self {
        Self { ipa: respelling::to_ipa(value), respelled: value.to_lowercase() }
    }

    /// Returns the pronunciation with an English possessive ending.
    fn possessive(&self) -> Self {
        let ending = match self.ipa.chars().last() {
            Some('s' | 'z' | 'ʃ' | 'ʒ') => "ɪz",
            Some('p' | 't' | 'k' | 'f' | 'θ') => "s",
            _ => "z",
        };
        Self { ipa: format!("{}{ending}", self.ipa), respelled: format!("{}'s", self.respelled) }
    }
}

/// The replacement of a written word when spoken.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Say {
    /// Other words, read as usual.
    Words(String),
    /// Given sounds.
    Sounds(Pronunciation),
}

/// Pronunciations of words and phrases, later layers winning over earlier ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pronunciations {
    entries: Vec<(String, String)>,
    by_phrase: HashMap<String, Say>,
    first_words: HashSet<String>,
    has_emoji: bool,
}

/// A match of an entry in a sentence.
pub(crate) struct Found {
    /// The spoken word and its sounds, for each of the matched words.
    pub(crate) words: Vec<(String, Option<Pronunciation>)>,
    /// Marks after the last one.
    pub(crate) tail: String,
}

impl Pronunciations {
    /// Builds a layer from pairs of a written word or phrase and its pronunciation.
    ///
    /// # Errors
    /// [`PronunciationError`] if an entry is empty or too long, or there are too many.
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

    /// Returns these pronunciations with those of a later layer on top.
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

    /// Returns true if there is no entry.
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

    /// Finds the longest entry that begins at the first of these written words.
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

    /// Reads emoji that have an entry and are attached to other characters.
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

/// Returns the form of a word or phrase used for comparison.
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

/// Returns true for syllables joined by hyphens, and for one stressed syllable such as `JIF`.
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
        Say::Sounds(sounds) => sounds.respelled(),
    }
}

/// A form of a written word that may match: its beginning, without marks around it.
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

/// Assigns the spoken words to the written ones: one each if the numbers agree, else all to the first.
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
