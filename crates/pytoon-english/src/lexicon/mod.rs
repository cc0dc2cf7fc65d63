//! Pronounces one word with the dictionaries: function words by their context, entries by part of speech, inflected
//! forms by their stem, abbreviations by their letters.
//!
//! Words without a matching rule are left to the caller, and digits to [`figures`].

mod figures;
mod function_words;
mod number_words;
mod stems;

use crate::Accent;
use crate::dictionary::{Dictionary, Reading};
use crate::stress::{PRIMARY, SECONDARY, Stress};
use crate::text::{after_first, all_letters, is_letter, is_lower, is_upper, without_last};
use unicode_normalization::UnicodeNormalization;

pub(crate) use figures::Currency;

/// The sound that follows a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NextSound {
    /// A pause: the end of the text, or punctuation.
    Pause,
    /// A consonant.
    Consonant,
    /// A vowel.
    Vowel,
}

/// The context that follows a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Context {
    /// The next sound.
    pub(crate) sound: NextSound,
    /// True if the next word is `to`.
    pub(crate) before_to: bool,
}

/// A word to pronounce: a token or some of its pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word<'a> {
    /// The spelling.
    pub(crate) text: &'a str,
    /// The part-of-speech tag.
    pub(crate) tag: &'a str,
    /// The currency of an amount, whose unit is spoken after it.
    pub(crate) currency: Option<Currency>,
    /// True at the start of a token, where `-5` means minus five.
    pub(crate) is_head: bool,
}

/// The parameters of a look-up.
#[derive(Debug, Clone, Copy)]
struct Request<'a> {
    tag: Option<&'a str>,
    stress: Option<Stress>,
    context: Option<Context>,
}

impl<'a> Request<'a> {
    /// The parameters of a look-up outside any sentence, as for number words.
    const PLAIN: Request<'static> = Request { tag: None, stress: None, context: None };

    fn tag_is(&self, tag: &str) -> bool {
        self.tag == Some(tag)
    }

    fn without_tag(self) -> Self {
        Self { tag: None, ..self }
    }

    fn with_stress(self, stress: Option<Stress>) -> Self {
        Self { stress, ..self }
    }

    fn sound(&self) -> NextSound {
        self.context.map_or(NextSound::Pause, |context| context.sound)
    }
}

/// The dictionaries of one accent, with the rules for using them.
#[derive(Debug)]
pub(crate) struct Lexicon {
    gold: Dictionary,
    silver: Dictionary,
    accent: Accent,
}

impl Lexicon {
    /// Combines the dictionaries of one accent.
    pub(crate) fn new(gold: Dictionary, silver: Dictionary, accent: Accent) -> Self {
        Self { gold, silver, accent }
    }

    /// Returns the phonemes of a word, or `None` if no rule matches it.
    pub(crate) fn read(&self, word: &Word<'_>, context: Context) -> Option<String> {
        let text: String = word.text.replace(['‘', '’'], "'").nfkc().collect();
        let stress = match (is_lower(&text), is_upper(&text)) {
            (true, _) => None,
            (false, true) => Some(Stress::Primary),
            (false, false) => Some(Stress::AtLeastSecondary),
        };
        let request = Request { tag: Some(word.tag), stress, context: Some(context) };
        match self.word(&text, request) {
            Some(phonemes) => Some(self.with_currency(phonemes, word.currency)),
            None if figures::is_number(&text, word.is_head) => {
                self.number(&text, word.currency, word.is_head)
            }
            None => None,
        }
    }

    /// Pronounces a word by its special rules, its entry, or its stem.
    fn word(&self, spelling: &str, request: Request<'_>) -> Option<String> {
        if let Some(phonemes) = self.function_word(spelling, request) {
            return Some(phonemes);
        }
        let lower = spelling.to_lowercase();
        let text = if self.reads_as_lower(spelling, &lower, request) { &lower } else { spelling };
        if self.is_known(text) {
            return self.entry(text, request);
        }
        if let Some(possessive) = self.possessive(text) {
            return self.entry(&possessive, request);
        }
        self.stem_s(text, request).or_else(|| self.stem_ed(text, request)).or_else(|| {
            let stress = request.stress.unwrap_or(Stress::AtLeastSecondary);
            self.stem_ing(text, request.with_stress(Some(stress)))
        })
    }

    /// Returns true if a word with capitals is an ordinary word that is capitalised at the start of a sentence or for
    /// emphasis.
    fn reads_as_lower(&self, spelling: &str, lower: &str, request: Request<'_>) -> bool {
        let letters = spelling.chars().count();
        let plain_case = || is_upper(spelling) || is_lower(after_first(spelling));
        letters > 1
            && all_letters(&spelling.replace('\'', ""))
            && spelling != lower
            && (!request.tag_is("NNP") || letters > 7)
            && !self.has_entry(spelling)
            && plain_case()
            && (self.has_entry(lower) || self.has_stem(lower, request))
    }

    fn has_stem(&self, word: &str, request: Request<'_>) -> bool {
        let read = self
            .stem_s(word, request)
            .or_else(|| self.stem_ed(word, request))
            .or_else(|| self.stem_ing(word, request));
        read.is_some_and(|phonemes| !phonemes.is_empty())
    }

    /// Returns the spelling to look up for a possessive that ends in an apostrophe: for `dogs'`, `dog's` or else
    /// `dogs`, whichever is known.
    fn possessive(&self, text: &str) -> Option<String> {
        let stem = text.strip_suffix('\'')?;
        let with_s = stem.strip_suffix('s').map(|stem| format!("{stem}'s"));
        let with_s = with_s.filter(|word| self.is_known(word));
        with_s.or_else(|| self.is_known(stem).then(|| stem.to_owned()))
    }

    fn has_entry(&self, word: &str) -> bool {
        self.gold.contains(word) || self.silver.contains(word)
    }

    /// Returns true if [`Lexicon::entry`] can pronounce a spelling.
    fn is_known(&self, word: &str) -> bool {
        if self.has_entry(word) || function_words::symbol_name(word).is_some() {
            return true;
        }
        if word.is_empty() || !word.bytes().all(|b| b.is_ascii_alphabetic()) {
            return false;
        }
        word.len() == 1
            || (is_upper(word) && self.gold.contains(&word.to_lowercase()))
            || is_upper(after_first(word))
    }

    /// Pronounces a spelling by its dictionary entry, or else by its letters.
    fn entry(&self, spelling: &str, request: Request<'_>) -> Option<String> {
        let as_lower = is_upper(spelling) && !self.gold.contains(spelling);
        let lower = spelling.to_lowercase();
        let word = if as_lower { &lower } else { spelling };
        let is_name = as_lower && request.tag_is("NNP");
        let silver = || if is_name { None } else { self.silver.get(word) };
        let phonemes = match self.gold.get(word).or_else(silver) {
            Some(Reading::Fixed(phonemes)) => Some(phonemes),
            Some(Reading::ByTag(readings)) => {
                let pause = request.context.is_some_and(|c| c.sound == NextSound::Pause);
                let tag = match request.tag {
                    _ if pause && readings.has("None") => Some("None"),
                    Some(tag) if !readings.has(tag) => Some(word_class(tag)),
                    tag => tag,
                };
                readings.get(tag)
            }
            None => None,
        };
        let unusable = phonemes.is_none_or(|phonemes| is_name && !phonemes.contains(PRIMARY));
        let letters = if unusable { self.letters(word) } else { None };
        letters.or_else(|| Some(Stress::apply_if(request.stress, phonemes?)))
    }

    /// Returns the phonemes of a word spelled letter by letter, with primary stress on the last letter. Returns
    /// `None` if the dictionary has no name for a letter.
    fn letters(&self, word: &str) -> Option<String> {
        let mut names = String::new();
        for letter in word.chars().filter(|&c| is_letter(c)) {
            names.push_str(self.gold.default_pronunciation(&letter.to_uppercase().to_string())?);
        }
        let names = Stress::Secondary.apply(&names);
        Some(match names.rsplit_once(SECONDARY) {
            Some((before, last)) => format!("{before}{PRIMARY}{last}"),
            None => names,
        })
    }
}

/// Returns the word class of a tag, as the dictionaries name it (`VERB` for `VBD`), or the tag itself if it has none.
fn word_class(tag: &str) -> &str {
    let classes = [
        ("VB", "VERB"),
        ("NN", "NOUN"),
        ("ADV", "ADV"),
        ("RB", "ADV"),
        ("ADJ", "ADJ"),
        ("JJ", "ADJ"),
    ];
    classes.iter().find(|(start, _)| tag.starts_with(start)).map_or(tag, |(_, class)| class)
}

/// Returns the text without its last `count` characters, or an empty text if it has fewer.
fn stem_of(text: &str, count: usize) -> &str {
    without_last(text, count).unwrap_or_default()
}

#[cfg(test)]
mod tests;
