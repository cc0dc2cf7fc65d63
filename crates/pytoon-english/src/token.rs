//! Tokens and their pieces, and the grouping of tokens that are pronounced together.

use crate::lexicon::{Currency, Word};
use crate::phoneme_word::{PhonemeWord, is_pause};
use crate::pieces::pieces;
use crate::text::{is_letter, is_space};
use crate::tokenizer::TokenPlace;
use std::ops::Range;

/// A token, or a piece of one.
#[derive(Debug, Clone)]
pub(crate) struct Token<'a> {
    /// The spelling.
    pub(crate) text: String,
    /// The part-of-speech tag.
    pub(crate) tag: &'a str,
    /// The range of characters in the text.
    pub(crate) chars: Range<usize>,
    /// True if white space follows.
    pub(crate) space_after: bool,
    /// The phonemes, once they are known.
    pub(crate) phonemes: Option<String>,
    /// The spelling to look up instead of `text`.
    pub(crate) alias: Option<&'static str>,
    /// True at the start of a token.
    pub(crate) is_head: bool,
    /// The currency whose unit is spoken after this token.
    pub(crate) currency: Option<Currency>,
    /// True if a space precedes this piece of the token in the phonemes.
    pub(crate) space_before: bool,
}

impl<'a> Token<'a> {
    pub(crate) fn new(text: String, tag: &'a str, place: TokenPlace) -> Self {
        Self {
            text,
            tag,
            chars: place.chars,
            space_after: place.space_after,
            phonemes: None,
            alias: None,
            is_head: true,
            currency: None,
            space_before: false,
        }
    }

    /// Creates a token with phonemes from the caller.
    pub(crate) fn with_phonemes(text: &[char], chars: Range<usize>, phonemes: &str) -> Self {
        let space_after = text.get(chars.end).is_some_and(|&c| is_space(c));
        let spelling = text.get(chars.clone()).unwrap_or_default().iter().collect();
        let place = TokenPlace { chars, space_after };
        Self { phonemes: Some(phonemes.to_owned()), ..Self::new(spelling, "NN", place) }
    }

    /// Returns the word to look up.
    pub(crate) fn word(&self) -> Word<'_> {
        Word {
            text: self.alias.unwrap_or(&self.text),
            tag: self.tag,
            currency: self.currency,
            is_head: self.is_head,
        }
    }

    /// Merges several pieces into one token without phonemes. It gets the tag of the piece with the most letters,
    /// where capitals count twice.
    pub(crate) fn merge(pieces: &[Token<'a>]) -> Option<Self> {
        let (first, last) = (pieces.first()?, pieces.last()?);
        let mut heaviest = first;
        for piece in pieces {
            if letters(&piece.text) > letters(&heaviest.text) {
                heaviest = piece;
            }
        }
        Some(Self {
            text: pieces.iter().map(|piece| piece.text.as_str()).collect(),
            tag: heaviest.tag,
            chars: first.chars.start..last.chars.end,
            space_after: last.space_after,
            phonemes: None,
            alias: None,
            is_head: first.is_head,
            currency: pieces.iter().filter_map(|piece| piece.currency).max(),
            space_before: first.space_before,
        })
    }

    /// Returns true if the pronunciation of this token is decided.
    fn is_settled(&self) -> bool {
        self.alias.is_some() || self.phonemes.is_some()
    }

    /// Splits a token into pieces that keep its tag. A token whose pronunciation is decided stays whole.
    fn into_pieces(self) -> Vec<Self> {
        if self.is_settled() {
            return vec![self];
        }
        let chars: Vec<char> = self.text.chars().collect();
        let cut = pieces(&chars);
        let last = cut.len().saturating_sub(1);
        let piece = |(index, range): (usize, Range<usize>)| {
            let text = chars.get(range.clone()).unwrap_or_default().iter().collect();
            // The outer pieces extend to the token's ends, even over characters that belong to no piece.
            let start = if index == 0 { self.chars.start } else { self.chars.start + range.start };
            let end = if index == last { self.chars.end } else { self.chars.start + range.end };
            let place =
                TokenPlace { chars: start..end, space_after: self.space_after && index == last };
            Self::new(text, self.tag, place)
        };
        cut.into_iter().enumerate().map(piece).collect()
    }
}

fn letters(text: &str) -> usize {
    text.chars().map(|c| if c.to_lowercase().eq([c]) { 1 } else { 2 }).sum()
}

/// Tokens that are pronounced together.
#[derive(Debug)]
pub(crate) enum Group<'a> {
    /// A token pronounced by itself.
    Single(Token<'a>),
    /// Pieces without spaces between them.
    Pieces(Vec<Token<'a>>),
}

impl Group<'_> {
    /// Returns true if a space, an opening bracket or a dash separates the next word from this one.
    fn is_apart(&self) -> bool {
        let last = match self {
            Self::Single(token) => Some(token),
            Self::Pieces(pieces) => pieces.last(),
        };
        last.is_none_or(|token| {
            token.space_after || matches!(token.text.as_str(), "(" | "[" | "{" | "-" | "–" | "—")
        })
    }

    /// Converts the group to a [`PhonemeWord`], or returns `None` if the group is empty.
    pub(crate) fn into_word(self) -> Option<PhonemeWord> {
        let tokens = match self {
            Self::Single(token) => vec![token],
            Self::Pieces(pieces) => pieces,
        };
        let (first, last) = (tokens.first()?, tokens.last()?);
        let (chars, space_after) = (first.chars.start..last.chars.end, last.space_after);
        let mut phonemes = String::new();
        for token in &tokens {
            let said = token.phonemes.as_deref().unwrap_or_default();
            let touches = !phonemes.is_empty() && !phonemes.ends_with(char::is_whitespace);
            if token.space_before && touches && !said.is_empty() {
                phonemes.push(' ');
            }
            phonemes.push_str(said);
        }
        let phonemes = phonemes.replace('ɾ', "T").replace('ʔ', "t");
        Some(PhonemeWord { chars, phonemes, space_after })
    }
}

/// Splits tokens into pieces, settles punctuation and currencies, and groups tokens that are pronounced together.
pub(crate) fn group(tokens: Vec<Token<'_>>) -> Vec<Group<'_>> {
    let tags: Vec<&str> = tokens.iter().map(|token| token.tag).collect();
    let mut groups: Vec<Group<'_>> = Vec::new();
    let mut currency = None;
    for (index, token) in tokens.into_iter().enumerate() {
        let amount_ends = tags.get(index + 1).is_none_or(|&tag| tag != "CD");
        let pieces = token.into_pieces();
        let stands_for_to: Vec<bool> =
            (0..pieces.len()).map(|at| is_two_between_letters(&pieces, at)).collect();
        let last = pieces.len().saturating_sub(1);
        for (at, (mut piece, stands_for_to)) in pieces.into_iter().zip(stands_for_to).enumerate() {
            let place = Place {
                amount_ends: amount_ends && at == last,
                opens: !piece.space_after && groups.last().is_none_or(Group::is_apart),
                stands_for_to,
            };
            settle(&mut piece, &mut currency, place);
            push(&mut groups, piece);
        }
    }
    groups
}

/// The facts about a piece's neighbours on which its pronunciation depends.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// True if no further piece of the amount follows.
    amount_ends: bool,
    /// True if the piece follows a space, an opening bracket or a dash, and no space follows it. A quotation mark
    /// here is an opening one.
    opens: bool,
    /// True for a 2 that means `to`, as in `B2B`.
    stands_for_to: bool,
}

/// Decides the pronunciation of punctuation, currency signs, amounts and the 2 in `B2B`.
fn settle(piece: &mut Token<'_>, currency: &mut Option<Currency>, place: Place) {
    if piece.is_settled() {
        return;
    }
    let sign = Currency::from_sign(&piece.text).filter(|_| piece.tag == "$");
    if sign.is_some() {
        *currency = sign;
        piece.phonemes = Some(String::new());
    } else if let Some(phonemes) = punctuation(piece).or_else(|| quotation_mark(piece, place)) {
        piece.phonemes = Some(phonemes);
    } else if currency.is_some() && piece.tag != "CD" {
        *currency = None;
    } else if currency.is_some() {
        piece.currency = currency.filter(|_| place.amount_ends);
    } else if place.stands_for_to {
        piece.alias = Some("to");
    }
}

/// Returns the reading of a quotation mark that the tagger mistook for a word, or `None` for any other token. The
/// original front end joins such a mark to the next word, which is then not in the dictionaries: `"The` became `ð`.
fn quotation_mark(token: &Token<'_>, place: Place) -> Option<String> {
    let mark = match token.text.as_str() {
        "“" | "„" | "«" => "“",
        "”" | "»" => "”",
        "\"" if place.opens => "“",
        "\"" => "”",
        _ => return None,
    };
    Some(mark.to_owned())
}

/// Returns the phonemes of a punctuation token (pauses, brackets and quotes), or `None` for any other token.
fn punctuation(token: &Token<'_>) -> Option<String> {
    let text = token.text.as_str();
    if token.tag == ":" && matches!(text, "-" | "–") {
        return Some("—".to_owned());
    }
    if text.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let kept = || text.chars().filter(|&c| is_pause(c) || matches!(c, '"' | '“' | '”')).collect();
    match token.tag {
        "-LRB-" => Some("(".to_owned()),
        "-RRB-" => Some(")".to_owned()),
        "``" => Some("“".to_owned()),
        "\"\"" | "''" => Some("”".to_owned()),
        "." | "," | ":" | "$" | "#" | "NFP" => Some(kept()),
        _ => None,
    }
}

fn is_two_between_letters(pieces: &[Token<'_>], at: usize) -> bool {
    let piece =
        |at: Option<usize>| at.and_then(|at| pieces.get(at)).map(|piece| piece.text.as_str());
    let before = piece(at.checked_sub(1)).and_then(|text| text.chars().next_back());
    let after = piece(at.checked_add(1)).and_then(|text| text.chars().next());
    piece(Some(at)) == Some("2") && before.is_some_and(is_letter) && after.is_some_and(is_letter)
}

fn push<'a>(groups: &mut Vec<Group<'a>>, mut piece: Token<'a>) {
    if piece.is_settled() {
        groups.push(Group::Single(piece));
        return;
    }
    match groups.last_mut() {
        Some(Group::Pieces(pieces)) if pieces.last().is_some_and(|last| !last.space_after) => {
            piece.is_head = false;
            pieces.push(piece);
        }
        Some(Group::Pieces(_) | Group::Single(_)) | None => groups.push(if piece.space_after {
            Group::Single(piece)
        } else {
            Group::Pieces(vec![piece])
        }),
    }
}
