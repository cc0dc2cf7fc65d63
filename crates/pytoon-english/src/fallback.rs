//! Pronounces a token that is not in the lexicon, part by part: letters by the net, digits as a number, signs by
//! their names.

use crate::lexicon::Lexicon;
use crate::text::{is_letter, is_space, is_word, is_word_letter};
use crate::unknown::UnknownWords;

/// Returns the phonemes of a token, or an empty text if no part of it can be pronounced.
pub(crate) fn read(lexicon: &Lexicon, unknown: &UnknownWords, text: &str) -> String {
    let mut said: Vec<String> = Vec::new();
    for part in parts(text) {
        let phonemes = match part.chars().next() {
            Some(first) if first.is_ascii_digit() => {
                lexicon.number(part, None, false).unwrap_or_default()
            }
            Some(first) if is_letter(first) => unknown.read(part),
            Some(_) | None => part.chars().map(sign_name).collect(),
        };
        said.extend((!phonemes.is_empty()).then_some(phonemes));
    }
    said.join(" ")
}

/// Splits a token into words, numbers and runs of signs.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if is_word_letter(first) => joined_len(rest, is_word_letter, &['\'', '’']),
            _ if first.is_ascii_digit() => joined_len(rest, |c| c.is_ascii_digit(), &[',', '.']),
            _ => prefix_len(rest, |c| !is_word(c) && !is_space(c)),
        };
        // Neither `_` nor whitespace is read.
        let skipped = if length == 0 { first.len_utf8() } else { length };
        parts.extend(rest.get(..length).filter(|part| !part.is_empty()));
        rest = rest.get(skipped..).unwrap_or_default();
    }
    parts
}

/// Returns the length in bytes of the characters at the start that `belongs` accepts, including single `joints`
/// between them (`1,000`).
fn joined_len(text: &str, belongs: impl Fn(char) -> bool, joints: &[char]) -> usize {
    let mut length = prefix_len(text, &belongs);
    loop {
        let rest = text.get(length..).unwrap_or_default();
        let Some(joint) = rest.chars().next().filter(|c| joints.contains(c)) else { break };
        let after = rest.get(joint.len_utf8()..).unwrap_or_default();
        match prefix_len(after, &belongs) {
            0 => break,
            run => length += joint.len_utf8() + run,
        }
    }
    length
}

fn prefix_len(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Returns the phonemes of a sign's name, or an empty text for a silent sign.
fn sign_name(sign: char) -> &'static str {
    match sign {
        '/' => "slˈæʃ",
        '=' => "ˈikwᵊlz",
        '+' => "plˈʌs",
        '&' => "ænd",
        '@' => "æt",
        '%' => "pəɹsˈɛnt",
        '#' => "hˈæʃ",
        '*' => "ˈæstəɹˌɪsk",
        '~' => "tˈɪldə",
        '^' => "kˈɛɹət",
        '<' => "lˈɛs ðən",
        '>' => "ɡɹˈATəɹ ðən",
        '—' => "—",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_in_parts() {
        for (token, expected) in [
            ("", ""),
            ("abc", "abc"),
            ("l'été’s", "l'été’s"),
            ("a''b", "a|''|b"),
            ("x1,000.5,y", "x|1,000.5|,|y"),
            ("a_b", "a|b"),
            ("<=>", "<=>"),
            ("é½", "é½"),
        ] {
            assert_eq!(parts(token).join("|"), expected, "{token}");
        }
    }
}
