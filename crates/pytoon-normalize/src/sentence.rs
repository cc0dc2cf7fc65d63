//! Splits a sentence into tokens: the core of each written word, and the marks around it.
//!
//! Guarantees: one token per written word; quotes, brackets and markup signs are removed from the core, and prosody
//! marks are stored beside it. The rules of a language expand cores; this module reassembles readings and marks.

use crate::SpokenWord;
use crate::numbers::is_digits;
use crate::pronunciation::{Found, Pronunciation};
use crate::symbols;

/// Punctuation marks that change how a voice speaks the text.
const PROSODY: &str = ".,!?;:…";
const QUOTES: &str = "\"“”„‟«»‹›‘’'`";
const OPENING: &str = "([{";
const CLOSING: &str = ")]}";
const MARKUP: &str = "*_|\\^";

/// A written word, split into its core and the marks around it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Token {
    /// The core of the word, which the rules examine.
    pub(crate) core: String,
    /// The prosody marks after the core.
    pub(crate) tail: String,
    /// True if a parenthesis or a dash opens before the core.
    pub(crate) opens: bool,
    /// True if a parenthesis closes, or a dash follows, after the core.
    pub(crate) closes: bool,
    /// The pronunciation from the brief. If it is set, no rule expands the core.
    pub(crate) fixed: Option<(String, Option<Pronunciation>)>,
}

/// The result of a rule for one token.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reading {
    /// The words to speak.
    pub(crate) text: String,
    /// True if the full stop after the core belongs to an abbreviation.
    pub(crate) eats_stop: bool,
}

impl From<String> for Reading {
    fn from(text: String) -> Self {
        Self { text, eats_stop: false }
    }
}

impl From<&str> for Reading {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl Reading {
    /// Creates the reading of an abbreviation that includes its full stop.
    pub(crate) fn abbreviation(text: impl Into<String>) -> Self {
        Self { text: text.into(), eats_stop: true }
    }
}

/// The tokens of a sentence.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sentence {
    pub(crate) tokens: Vec<Token>,
}

impl Sentence {
    /// Splits written words into tokens.
    pub(crate) fn new<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut quote_open = false;
        let tokens = words.map(|word| token(word, &mut quote_open)).collect();
        Self { tokens }
    }

    /// Returns the core at an index, or an empty text outside the sentence.
    pub(crate) fn core(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| token.core.as_str())
    }

    /// Returns the core `count` tokens before an index.
    pub(crate) fn before(&self, index: usize, count: usize) -> &str {
        index.checked_sub(count).map_or("", |at| self.core(at))
    }

    /// Returns the prosody marks after a token.
    pub(crate) fn tail(&self, index: usize) -> &str {
        self.tokens.get(index).map_or("", |token| token.tail.as_str())
    }

    /// Returns true if there is no punctuation between a token and the next one.
    pub(crate) fn flows(&self, index: usize) -> bool {
        let next_opens = self.tokens.get(index + 1).is_none_or(|next| next.opens);
        self.tokens.get(index).is_some_and(|t| t.tail.is_empty() && !t.closes) && !next_opens
    }

    /// Returns true if there is no punctuation between a token and the next one except the full stop of an
    /// abbreviation (see [`Sentence::flows`]).
    pub(crate) fn flows_past_stop(&self, index: usize) -> bool {
        self.flows(index)
            || (self.tail(index) == "."
                && self.tokens.get(index).is_some_and(|t| !t.closes)
                && self.tokens.get(index + 1).is_some_and(|t| !t.opens))
    }

    /// Returns true if a full stop follows the core.
    pub(crate) fn has_stop(&self, index: usize) -> bool {
        self.tail(index).starts_with('.')
    }

    /// Returns true if none of the next four tokens contains a word.
    pub(crate) fn is_last(&self, index: usize) -> bool {
        !self.tokens.iter().skip(index + 1).take(4).any(|t| !t.core.is_empty())
    }

    /// Sets the brief's pronunciations of the matched tokens. Replaces their cores with a neutral word of the same
    /// case, which the rules for neighbouring tokens examine.
    pub(crate) fn fix(&mut self, index: usize, found: Found) {
        let count = found.words.len();
        for (offset, word) in found.words.into_iter().enumerate() {
            let Some(token) = self.tokens.get_mut(index + offset) else { continue };
            let capital = token.core.chars().next().is_some_and(char::is_uppercase);
            token.core = if capital { "Thing" } else { "thing" }.to_owned();
            token.fixed = Some(word);
            if offset + 1 == count {
                token.tail.clone_from(&found.tail);
            }
        }
    }

    /// Combines readings and marks into spoken words. Adds a pause at each parenthesis and dash.
    pub(crate) fn assemble(self, readings: Vec<Reading>) -> Vec<SpokenWord> {
        let mut out: Vec<SpokenWord> = Vec::with_capacity(self.tokens.len());
        let count = self.tokens.len();
        let last = self.tokens.iter().rposition(|t| !t.core.is_empty()).unwrap_or(0);
        let next_is_capital: Vec<bool> = self
            .tokens
            .iter()
            .skip(1)
            .map(|next| next.core.chars().next().is_some_and(char::is_uppercase))
            .collect();
        let mut last_spoken: Option<usize> = None;
        for (index, (token, reading)) in self.tokens.into_iter().zip(readings).enumerate() {
            // An area code in brackets follows its country code without a pause.
            let is_area = token.closes && token.core.len() == 3 && is_digits(&token.core);
            if token.opens && !is_area {
                pause(&mut out, last_spoken);
            }
            let ends_bracket = token.closes && next_is_capital.get(index).copied().unwrap_or(false);
            let eats_stop = reading.eats_stop && index != last && !ends_bracket;
            let tail = if eats_stop {
                token.tail.strip_prefix('.').unwrap_or(&token.tail)
            } else {
                &token.tail
            };
            let marks = marks(tail);
            let text = reading.text.trim();
            if text == "," {
                pause(&mut out, last_spoken);
            }
            let text = if text == "," { "" } else { text };
            let mut spoken = String::with_capacity(text.len() + marks.len());
            if text.is_empty() {
                end_with(&mut out, last_spoken, &marks);
            } else {
                spoken.push_str(text.trim_end_matches([',', ' ']));
                if marks.is_empty() && text.ends_with(',') {
                    spoken.push(',');
                }
                spoken.push_str(&marks);
                last_spoken = Some(index);
            }
            let pronunciation = token.fixed.and_then(|fixed| fixed.1);
            out.push(SpokenWord { text: spoken, pronunciation, joins_next: false });
            if token.closes && index + 1 < count {
                pause(&mut out, last_spoken);
            }
        }
        out
    }
}

/// Adds a comma after the last spoken word, unless it already ends with punctuation.
fn pause(out: &mut [SpokenWord], last_spoken: Option<usize>) {
    end_with(out, last_spoken, ",");
}

fn end_with(out: &mut [SpokenWord], last_spoken: Option<usize>, marks: &str) {
    let Some(word) = last_spoken.and_then(|index| out.get_mut(index)) else { return };
    if !marks.is_empty() && !word.text.ends_with(|c| PROSODY.contains(c)) {
        word.text.push_str(marks);
    }
}

/// Removes repeated prosody marks and keeps at most two: `!!!` becomes `!`, `...` becomes `…`.
fn marks(tail: &str) -> String {
    if tail.starts_with("..") {
        return "…".to_owned();
    }
    let mut out = String::new();
    for c in tail.chars() {
        if !out.contains(c) && out.chars().count() < 2 {
            out.push(c);
        }
    }
    out
}

fn token(word: &str, quote_open: &mut bool) -> Token {
    let word = symbols::visible(word).replace("(s)", "s");
    if symbols::is_emoticon(&word) || symbols::is_decoration(&word) {
        return Token {
            tail: if word.starts_with("...") { "…".into() } else { String::new() },
            ..Token::default()
        };
    }
    let quotes = word.matches('"').count();
    let (rest, opens) = strip_front(&word);
    let inches_allowed = !*quote_open && quotes == 1 && rest.len() == word.len();
    let (core, tail, closes) = strip_back(rest, inches_allowed);
    if quotes % 2 == 1 && !core.ends_with('"') {
        *quote_open = !*quote_open;
    }
    Token { core: core.to_owned(), tail, opens, closes, fixed: None }
}

/// Removes the punctuation before the core of a word. Also returns true if it includes a parenthesis or dash.
///
/// Square brackets mark a remark in a transcript or an insertion in a quotation. A speaker does not pause at either.
fn strip_front(word: &str) -> (&str, bool) {
    let mut rest = word;
    let mut opens = false;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        let next = after.chars().next();
        let before_digit = next.is_some_and(|n| n.is_ascii_digit());
        let drops = match c {
            '\'' | '’' | '‘' if before_digit => false,
            '(' => {
                opens = true;
                true
            }
            '[' | '{' => true,
            '—' | '–' if next.is_some_and(char::is_alphabetic) => {
                opens = true;
                true
            }
            '-' => next.is_some_and(|n| n.is_alphabetic() || n == '-'),
            '~' => next.is_none_or(char::is_alphabetic),
            '¿' | '¡' | '•' | '·' => true,
            ',' | ';' | ':' | '!' | '?' | '…' => next.is_some(),
            '.' => next == Some('.'),
            '<' | '>' => next.is_some_and(char::is_alphabetic),
            _ => {
                QUOTES.contains(c) || (MARKUP.contains(c) && next.is_some()) || symbols::is_emoji(c)
            }
        };
        if !drops {
            break;
        }
        rest = after;
    }
    (rest, opens)
}

/// Removes the punctuation after the core of a word. Returns the core, its prosody marks, and true if a parenthesis
/// closes or a dash follows.
fn strip_back(word: &str, inches_allowed: bool) -> (&str, String, bool) {
    let mut rest = word;
    let mut marks: Vec<char> = Vec::new();
    let mut closes = false;
    while let Some(c) = rest.chars().next_back() {
        let before = &rest[..rest.len() - c.len_utf8()];
        let after_digit = before.ends_with(|b: char| b.is_ascii_digit());
        let is_length = after_digit
            && matches!(c, '"' | '″' | '”' | '\'' | '′' | '’')
            && is_length(before, c, inches_allowed);
        let drops = match c {
            _ if is_length => false,
            '—' | '–' if !before.is_empty() => {
                closes = true;
                true
            }
            '-' => before.ends_with(char::is_alphanumeric),
            '>' => !before.is_empty(),
            _ if CLOSING.contains(c) => {
                closes |= c == ')';
                true
            }
            _ if PROSODY.contains(c) => {
                marks.push(c);
                true
            }
            '™' | '®' | '©' | '℠' | '†' | '‡' => true,
            _ => {
                QUOTES.contains(c)
                    || OPENING.contains(c)
                    || (MARKUP.contains(c) && !before.is_empty())
                    || (symbols::is_emoji(c) && !before.is_empty())
                    || symbols::is_emoji(c)
            }
        };
        if !drops {
            break;
        }
        rest = before;
    }
    marks.reverse();
    (rest, marks.into_iter().collect(), closes)
}

/// Returns true if a quotation mark after a digit means feet or inches.
fn is_length(before: &str, mark: char, inches_allowed: bool) -> bool {
    let has_feet = before.contains(['\'', '′', '’']);
    match mark {
        '″' | '′' => true,
        '"' => has_feet || inches_allowed,
        '”' => has_feet,
        _ => !has_feet && before.chars().all(|c| c.is_ascii_digit()) && before.len() <= 2,
    }
}
