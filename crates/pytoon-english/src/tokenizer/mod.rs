//! Splits text into tokens like the tagger's training data (spaCy's rules for English): special cases, then affixes
//! removed from each chunk between spaces, then infixes, then special cases again.
//!
//! Guarantees: tokens are ranges of the text, in order and without overlap; no character except white space is lost.

mod affixes;
mod infixes;

use crate::error::{DataFile, EnglishError};
use crate::files::parse_json;
use crate::text::is_space;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

/// The position of a token in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TokenPlace {
    /// The range of characters in the text.
    pub(crate) chars: Range<usize>,
    /// True if white space follows.
    pub(crate) space_after: bool,
}

/// The tokenizer with its special cases.
#[derive(Debug)]
pub(crate) struct Tokenizer {
    /// The special cases: spellings with the lengths of their tokens.
    special: HashMap<Box<[char]>, Box<[usize]>>,
    /// The length of the longest spelling, in characters.
    longest: usize,
}

impl Tokenizer {
    /// Parses the special cases from JSON, which maps each spelling to its tokens.
    pub(crate) fn load(bytes: &[u8]) -> Result<Self, EnglishError> {
        let file = DataFile::TokenizerExceptions;
        let cases: BTreeMap<String, Vec<String>> = parse_json(file, bytes)?;
        let mut special = HashMap::with_capacity(cases.len());
        let mut longest = 0;
        for (spelling, tokens) in cases {
            if tokens.concat() != spelling || tokens.iter().any(String::is_empty) {
                let reason = format!("the tokens of `{}` do not spell it", spelling.escape_debug());
                return Err(EnglishError::content(file, reason));
            }
            let lengths = tokens.iter().map(|token| token.chars().count()).collect();
            let spelling: Box<[char]> = spelling.chars().collect();
            longest = longest.max(spelling.len());
            special.insert(spelling, lengths);
        }
        Ok(Self { special, longest })
    }

    /// Returns the tokens in a range of the text.
    pub(crate) fn tokens(&self, text: &[char], within: Range<usize>) -> Vec<TokenPlace> {
        let mut tokens = Vec::new();
        let mut at = within.start;
        while let Some(chunk) = next_chunk(text, at..within.end) {
            at = chunk.end;
            let pieces = self.split(text, chunk.clone());
            let space_after = chunk.end < within.end;
            let last = pieces.len().saturating_sub(1);
            tokens.extend(pieces.into_iter().enumerate().map(|(index, chars)| TokenPlace {
                chars,
                space_after: space_after && index == last,
            }));
        }
        tokens
    }

    /// Splits a chunk without white space into tokens.
    fn split(&self, text: &[char], chunk: Range<usize>) -> Vec<Range<usize>> {
        if let Some(tokens) = self.special_case(text, &chunk) {
            return tokens;
        }
        let peeled = self.peel(text, chunk);
        let mut tokens = peeled.prefixes;
        match self.special_case(text, &peeled.core) {
            Some(special) => tokens.extend(special),
            None => tokens.extend(infixes::split(text, peeled.core)),
        }
        tokens.extend(peeled.suffixes.into_iter().rev());
        self.rejoin(text, tokens)
    }

    /// Removes prefixes and suffixes from a chunk, one of each per round, until none is left or the remainder is a
    /// special case.
    fn peel(&self, text: &[char], chunk: Range<usize>) -> Peeled {
        let mut out = Peeled { prefixes: Vec::new(), core: chunk, suffixes: Vec::new() };
        while !out.core.is_empty() && !self.is_special(text, &out.core) {
            let core = out.core.clone();
            let prefix_end = core.start + affixes::prefix_len(slice(text, &core));
            let after_prefix = prefix_end..core.end;
            let has_prefix = prefix_end > core.start;
            if has_prefix && self.is_special(text, &after_prefix) {
                out.take_prefix(prefix_end);
                break;
            }
            let suffix_start = core.end - affixes::suffix_len(slice(text, &after_prefix));
            let has_suffix = suffix_start < core.end;
            if has_suffix && self.is_special(text, &(core.start..suffix_start)) {
                out.take_suffix(suffix_start);
                break;
            }
            if !has_prefix && !has_suffix {
                break;
            }
            if has_prefix {
                out.take_prefix(prefix_end);
            }
            if has_suffix {
                out.take_suffix(suffix_start);
            }
        }
        out
    }

    /// Replaces neighbouring tokens that together spell a special case by the tokens of that case. Tries three tokens
    /// before two.
    fn rejoin(&self, text: &[char], tokens: Vec<Range<usize>>) -> Vec<Range<usize>> {
        let mut out = Vec::with_capacity(tokens.len());
        let mut rest = tokens.as_slice();
        while let Some((first, after_first)) = rest.split_first() {
            let joined = [3, 2].into_iter().find_map(|count| {
                let last = rest.get(count - 1)?;
                Some((count, self.special_case(text, &(first.start..last.end))?))
            });
            match joined {
                Some((count, special)) => {
                    out.extend(special);
                    rest = rest.get(count..).unwrap_or_default();
                }
                None => {
                    out.push(first.clone());
                    rest = after_first;
                }
            }
        }
        out
    }

    fn is_special(&self, text: &[char], range: &Range<usize>) -> bool {
        self.lengths(text, range).is_some()
    }

    /// Returns the token lengths if a range of the text is a special case. A range longer than any special case is
    /// not looked up.
    fn lengths(&self, text: &[char], range: &Range<usize>) -> Option<&[usize]> {
        if range.len() > self.longest {
            return None;
        }
        self.special.get(slice(text, range)).map(AsRef::as_ref)
    }

    fn special_case(&self, text: &[char], range: &Range<usize>) -> Option<Vec<Range<usize>>> {
        let lengths = self.lengths(text, range)?;
        let mut start = range.start;
        let place = |length: &usize| {
            let place = start..start + length;
            start = place.end;
            place
        };
        Some(lengths.iter().map(place).collect())
    }
}

/// A chunk with its affixes removed. Suffixes are in the order of removal, outermost first.
struct Peeled {
    prefixes: Vec<Range<usize>>,
    core: Range<usize>,
    suffixes: Vec<Range<usize>>,
}

impl Peeled {
    fn take_prefix(&mut self, end: usize) {
        self.prefixes.push(self.core.start..end);
        self.core.start = end;
    }

    fn take_suffix(&mut self, start: usize) {
        self.suffixes.push(start..self.core.end);
        self.core.end = start;
    }
}

fn slice<'a>(text: &'a [char], range: &Range<usize>) -> &'a [char] {
    text.get(range.clone()).unwrap_or_default()
}

/// Returns the next range without white space, or `None` if only white space remains.
fn next_chunk(text: &[char], within: Range<usize>) -> Option<Range<usize>> {
    let rest = slice(text, &within);
    let start = rest.iter().position(|&c| !is_space(c))?;
    let length = rest.iter().skip(start).take_while(|&&c| !is_space(c)).count();
    Some(within.start + start..within.start + start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> String {
        let tokenizer = Tokenizer::load(
            r#"{"don't":["do","n't"],"Mr.":["Mr."],"Sept.":["Sept."],":)":[":)"],"it's":["it","'s"],"'s":["'s"]}"#
                .as_bytes(),
        )
        .unwrap();
        let chars: Vec<char> = text.chars().collect();
        let token = |place: &TokenPlace| chars[place.chars.clone()].iter().collect::<String>();
        tokenizer.tokens(&chars, 0..chars.len()).iter().map(token).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn chunks_are_split_as_the_tagger_expects() {
        for (text, expected) in [
            ("", ""),
            ("  ", ""),
            ("Hello, world!", "Hello|,|world|!"),
            ("I don't, Mr. Fox.", "I|do|n't|,|Mr.|Fox|."),
            ("(\"Don't\")", "(|\"|Don't|\"|)"),
            ("the dog's bone", "the|dog|'s|bone"),
            ("well-known and/or", "well|-|known|and|/|or"),
            ("-known", "-known"),
            ("wait...what", "wait|...|what"),
            ("wait... what…", "wait|...|what|…"),
            ("end.Next", "end|.|Next"),
            ("a,b", "a|,|b"),
            ("10km and 5% of $3", "10|km|and|5|%|of|$|3"),
            ("US$5 5€", "US$|5|5|€"),
            ("e.g. U.S.A.", "e.g|.|U.S.A."),
            ("in Sept.", "in|Sept."),
            ("so:)", "so|:)"),
            ("see https://a.b/c?d, or www.x.org.", "see|https://a.b/c?d|,|or|www.x.org|."),
            ("me@mail.example.com a_b.co.uk/x", "me@mail.example.com|a_b.co.uk/x"),
            ("yes--no —no a—b", "yes|--|no|—|no|a|—|b"),
            ("3+4 3^-4", "3|+|4|3|^|-4"),
            ("'tis 'quoted'", "'|tis|'|quoted|'"),
            ("AB. Ab.", "AB|.|Ab|."),
            ("A. B.", "A.|B."),
            ("…… ..", "…|…|.."),
            ("a\u{a0}b\u{2003}c", "a|b|c"),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
    }

    #[test]
    fn the_space_after_belongs_to_the_last_token_of_a_chunk() {
        let tokenizer = Tokenizer::load(b"{}").unwrap();
        let chars: Vec<char> = "ab, c".chars().collect();
        let spaces: Vec<_> =
            tokenizer.tokens(&chars, 0..5).iter().map(|place| place.space_after).collect();
        assert_eq!(spaces, [false, true, false]);
        assert!(tokenizer.tokens(&chars, 0..4)[1].space_after);
        assert!(!tokenizer.tokens(&chars, 0..3)[1].space_after);
    }

    #[test]
    fn special_cases_that_do_not_spell_their_key_are_refused() {
        for json in ["[]", "{\"a\":1}", "{\"ab\":[\"a\"]}", "{\"\":[\"\"]}", "{\"a\":[\"a\",\"\"]}"]
        {
            let error = Tokenizer::load(json.as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with("tokenizer exceptions: "), "{json}: {error}");
        }
    }
}
