//! The context that rules examine: a token and its neighbours.

use crate::numbers::english::Dialect;
use crate::numbers::is_digits;
use crate::sentence::Sentence;

/// Adjectives between an article and an amount: "a whopping $5 fee".
const AMOUNT_ADJECTIVES: &[&str] = &[
    "whopping", "mere", "cool", "full", "whole", "single", "massive", "nearly", "roughly",
    "further", "new",
];

/// A sentence with the settings for its expansion.
pub(super) struct Context<'a> {
    pub(super) sentence: &'a Sentence,
    pub(super) dialect: Dialect,
    /// True if the text is all capitals, so that capitals do not mean acronyms.
    pub(super) is_shouting: bool,
    /// True if the text is only a part of a token, so that it has no neighbours.
    pub(super) is_piece: bool,
}

impl<'a> Context<'a> {
    pub(super) fn new(sentence: &'a Sentence, dialect: Dialect) -> Self {
        let mut capitals = 0;
        let mut has_lower = false;
        for token in sentence.tokens.iter().filter(|token| !token.core.contains(['.', '@', '/'])) {
            has_lower |= token.core.chars().any(char::is_lowercase);
            let letters = token.core.chars().filter(|c| c.is_alphabetic()).count();
            capitals += usize::from(letters >= 2);
        }
        Self { sentence, dialect, is_shouting: !has_lower && capitals >= 1, is_piece: false }
    }

    pub(super) fn piece(sentence: &'a Sentence, dialect: Dialect) -> Self {
        Self { sentence, dialect, is_shouting: false, is_piece: true }
    }

    pub(super) fn core(&self, index: usize) -> &'a str {
        self.sentence.core(index)
    }

    pub(super) fn before(&self, index: usize, count: usize) -> &'a str {
        self.sentence.before(index, count)
    }

    /// Returns the core of the next token, or an empty text if punctuation is in between.
    pub(super) fn next(&self, index: usize) -> &'a str {
        if self.sentence.flows(index) { self.core(index + 1) } else { "" }
    }

    /// Returns true if the previous token, in lower case, is one of `words`.
    pub(super) fn follows(&self, index: usize, words: &[&str]) -> bool {
        let before = self.before(index, 1);
        before.len() <= 16 && words.contains(&before.to_lowercase().as_str())
    }

    /// Returns true if an article before an amount shows that the amount describes a noun: "a 5 km run".
    pub(super) fn is_attributive(&self, index: usize) -> bool {
        let is_article =
            |word: &str| matches!(word, "a" | "an" | "A" | "An" | "another" | "Another");
        is_article(self.before(index, 1))
            || (is_article(self.before(index, 2)) && self.follows(index, AMOUNT_ADJECTIVES))
    }

    /// Returns true if the number counts the next word: a plural in lower case, or a word such as `people` or `more`.
    pub(super) fn counts_next(&self, index: usize) -> bool {
        const IRREGULAR: &[&str] =
            &["people", "men", "women", "children", "feet", "more", "different", "new", "other"];
        const SINGULAR: &[&str] = &[
            "is", "was", "has", "as", "us", "this", "its", "his", "does", "yes", "always",
            "perhaps", "plus", "vs", "versus",
        ];
        let next = self.next(index);
        let is_lower = !next.is_empty() && next.chars().all(|c| c.is_lowercase() || c == '-');
        let is_plural = next.ends_with('s')
            && !next.ends_with("ss")
            && next.len() > 3
            && !SINGULAR.contains(&next);
        IRREGULAR.contains(&next) || (is_lower && is_plural)
    }
}

/// Returns true if the word begins with a capital.
pub(super) fn is_capitalised(word: &str) -> bool {
    word.chars().next().is_some_and(char::is_uppercase)
}

/// Returns true for two or more capitals without other characters.
pub(super) fn is_all_caps(word: &str) -> bool {
    word.len() >= 2 && word.chars().all(|c| c.is_ascii_uppercase())
}

/// Returns true for a word that consists of ASCII digits only.
pub(super) fn is_number(word: &str) -> bool {
    is_digits(word)
}
