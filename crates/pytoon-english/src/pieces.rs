//! Splits a token into pieces that are looked up separately if the whole token is unknown: runs of letters, words
//! inside `camelCase`, numbers, hyphens, quotes, single signs.

use crate::text::{is_apostrophe, is_latin_lower, is_latin_upper, is_word, is_word_letter};
use std::ops::Range;

/// Returns the pieces of a token, in order. A lone apostrophe inside a token belongs to no piece.
pub(crate) fn pieces(token: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < token.len() {
        let length = piece_len(token, at);
        if length > 0 {
            found.push(at..at + length);
        }
        at += length.max(1);
    }
    found
}

/// Returns the length of the piece of a token that starts at `at`, or 0 if there is none.
fn piece_len(token: &[char], at: usize) -> usize {
    let rest = token.get(at..).unwrap_or_default();
    let Some(&first) = rest.first() else { return 0 };
    if is_apostrophe(first) {
        return quotes_len(rest, at == 0).or_else(|| lower_before_capital(rest)).unwrap_or(0);
    }
    if is_capital_before_word(rest) {
        return 1;
    }
    let number = match first {
        '-' if at == 0 => number_len(rest, 1).map(|length| length + 1),
        _ => number_len(rest, 0),
    };
    if let Some(length) = number {
        return length;
    }
    if matches!(first, '-' | '_') {
        return run_len(rest, |c| matches!(c, '-' | '_'));
    }
    if is_word_letter(first) {
        return lower_before_capital(rest).unwrap_or_else(|| word_len(rest));
    }
    usize::from(!is_word(first))
}

/// Returns the length of the run of apostrophes if it is a piece: it starts or ends the token, or it has at least
/// two. Returns `None` otherwise.
fn quotes_len(rest: &[char], at_start: bool) -> Option<usize> {
    let run = run_len(rest, is_apostrophe);
    (at_start || run > 1 || run == rest.len()).then_some(run)
}

/// Returns true for a single capital before a capitalised word, like `C` in `3CDs`.
fn is_capital_before_word(rest: &[char]) -> bool {
    matches!(rest, [a, b, c, ..] if is_latin_upper(*a) && is_latin_upper(*b) && is_latin_lower(*c))
}

/// Returns the length of the number at `skip`: digits, and single commas or dots that a digit follows.
fn number_len(rest: &[char], skip: usize) -> Option<usize> {
    let rest = rest.get(skip..)?;
    let mut length = 0;
    loop {
        match rest.get(length..) {
            Some([digit, ..]) if digit.is_ascii_digit() => length += 1,
            Some([',' | '.', digit, ..]) if digit.is_ascii_digit() => length += 2,
            Some(_) | None => break,
        }
    }
    (length > 0).then_some(length)
}

/// Returns the length of the letters up to and including the first lower-case letter before a capital: 5 (`camel`)
/// for `camelCase`. Returns `None` if there is no such letter.
fn lower_before_capital(rest: &[char]) -> Option<usize> {
    let turns = |at: usize| matches!(rest.get(at..), Some([a, b, ..]) if is_latin_lower(*a) && is_latin_upper(*b));
    let mut letters = 0;
    while rest.get(letters).copied().is_some_and(is_word_letter) {
        if turns(letters) {
            return Some(letters + 1);
        }
        letters += 1;
    }
    let steps = (1..).take_while(|&step| has_quoted_letter(rest, letters + 2 * (step - 1)));
    steps.map(|step| letters + 2 * step).find(|&at| turns(at)).map(|at| at + 1)
}

/// Returns the length of the letters at the start, and of any apostrophes after them with one letter each (`don't`).
fn word_len(rest: &[char]) -> usize {
    let mut length = run_len(rest, is_word_letter);
    while has_quoted_letter(rest, length) {
        length += 2;
    }
    length
}

fn has_quoted_letter(rest: &[char], at: usize) -> bool {
    matches!(rest.get(at..), Some([a, b, ..]) if is_apostrophe(*a) && is_word_letter(*b))
}

fn run_len(rest: &[char], belongs: impl Fn(char) -> bool) -> usize {
    rest.iter().take_while(|&&c| belongs(c)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_cut() {
        for (token, expected) in [
            ("", ""),
            ("word", "word"),
            ("don't", "don't"),
            ("O'Neil", "O'N|eil"),
            ("camelCase", "camel|Case"),
            ("XMLFile", "XMLFile"),
            ("aXMLFile", "a|XMLFile"),
            ("3CDs", "3|C|Ds"),
            ("HTTPServer2Go", "HTTPServer|2|Go"),
            ("B2B", "B|2|B"),
            ("-1,234.5", "-1,234.5"),
            ("a-1", "a|-|1"),
            ("1,,2", "1|,|,2"),
            ("3rd", "3|rd"),
            ("a_b--c", "a|_|b|--|c"),
            ("'tis", "'|tis"),
            ("''", "''"),
            ("dogs'", "dogs|'"),
            ("a'-b", "a|-|b"),
            ("a''b", "a|''|b"),
            ("...", ".|.|."),
            ("x½", "x½"),
            ("o'cM", "o'c|M"),
            ("A'bcD", "A'bc|D"),
            ("1'bcD", "1|'bc|D"),
        ] {
            let chars: Vec<char> = token.chars().collect();
            let cut: Vec<String> =
                pieces(&chars).into_iter().map(|piece| chars[piece].iter().collect()).collect();
            assert_eq!(cut.join("|"), expected, "{token}");
        }
    }
}
