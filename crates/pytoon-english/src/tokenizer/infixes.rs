//! Splits the remainder of a chunk at hyphens, slashes, dots and commas inside it. Web and e-mail addresses stay
//! whole.

use super::affixes::{is_icon, is_quote, leading_dots};
use super::slice;
use crate::text::{is_latin_lower, is_latin_upper, is_space, is_word, is_word_letter};
use std::ops::Range;

/// Top-level domains that identify a dotted name as an address.
const TOP_LEVEL: &[&str] = &[
    "com", "org", "net", "edu", "gov", "io", "co", "uk", "de", "fr", "info", "biz", "us", "ca",
    "au", "tv", "me", "ly", "ai",
];

/// Splits a chunk into tokens at its infixes, such as hyphens.
pub(super) fn split(text: &[char], chunk: Range<usize>) -> Vec<Range<usize>> {
    let chars = slice(text, &chunk);
    if is_address(chars) {
        return vec![chunk];
    }
    let mut pieces = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < chars.len() {
        let length = infix_len(chars, at);
        if length == 0 {
            at += 1;
            continue;
        }
        if at > 0 {
            pieces.extend((at > start).then_some(start..at));
            start = at + length;
            pieces.push(at..start);
        }
        at += length;
    }
    pieces.extend((chars.len() > start).then_some(start..chars.len()));
    pieces.into_iter().map(|piece| chunk.start + piece.start..chunk.start + piece.end).collect()
}

/// Returns the length of the infix that starts at `at`, or 0.
fn infix_len(chars: &[char], at: usize) -> usize {
    let rest = chars.get(at..).unwrap_or_default();
    let before = at.checked_sub(1).and_then(|at| chars.get(at)).copied();
    let after = |c: fn(char) -> bool| before.is_some_and(c);
    let dots = leading_dots(rest);
    let next = rest.get(1).copied();
    let before_letter = next.is_some_and(is_word_letter);
    match rest {
        ['.', ..] if dots > 1 => dots,
        ['.', ..] => {
            let left = after(|c| is_latin_lower(c) || is_quote(c));
            usize::from(left && next.is_some_and(|c| is_latin_upper(c) || is_quote(c)))
        }
        ['…', ..] => 1,
        [sign, ..] if is_icon(*sign) => 1,
        ['+' | '-' | '*' | '^', '0'..='9' | '-', ..] if after(|c| c.is_ascii_digit()) => 1,
        [',', ..] => usize::from(after(is_word_letter) && before_letter),
        [':' | '<' | '>' | '=' | '/', ..] => {
            usize::from(after(char::is_alphanumeric) && before_letter)
        }
        ['-' | '–' | '—' | '~', ..] if after(char::is_alphanumeric) => dash_len(rest),
        _ => 0,
    }
}

/// Returns the length of the dash at the start if a letter follows, or 0. A dash is one dash sign, up to three
/// hyphens, or two em dashes.
fn dash_len(rest: &[char]) -> usize {
    let Some(&sign) = rest.first() else { return 0 };
    let longest = match sign {
        '-' => 3,
        '—' => 2,
        _ => 1,
    };
    let run = rest.iter().take_while(|&&c| c == sign).count();
    let letter_follows = rest.get(run).copied().is_some_and(is_word_letter);
    if letter_follows && run <= longest { run } else { 0 }
}

/// Returns true for a web or e-mail address.
fn is_address(chars: &[char]) -> bool {
    let text: String = chars.iter().collect();
    let lower = text.to_lowercase();
    let has_scheme = ["http://", "https://", "ftp://", "www."].iter().any(|scheme| {
        lower.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.contains(is_space))
    });
    has_scheme || is_mail(&lower) || is_host(&lower)
}

fn is_label(label: &str) -> bool {
    !label.is_empty() && label.chars().all(|c| is_word(c) || c == '-')
}

fn is_mail(text: &str) -> bool {
    let Some((person, host)) = text.split_once('@') else { return false };
    !person.is_empty()
        && person.chars().all(|c| is_word(c) || matches!(c, '.' | '+' | '-'))
        && host.contains('.')
        && host.split('.').all(is_label)
}

fn is_host(text: &str) -> bool {
    let host = text.split_once('/').map_or(text, |(host, _)| host);
    let Some((labels, last)) = host.rsplit_once('.') else { return false };
    TOP_LEVEL.contains(&last) && labels.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let pieces = split(&chars, 0..chars.len());
        pieces.into_iter().map(|p| chars[p].iter().collect()).collect::<Vec<String>>().join("|")
    }

    #[test]
    fn infixes() {
        for (chunk, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("mother-in-law", "mother|-|in|-|law"),
            ("a--b", "a|--|b"),
            ("a---b", "a|---|b"),
            ("a----b", "a----b"),
            ("a-3", "a-3"),
            ("3-4", "3|-|4"),
            ("he/she", "he|/|she"),
            ("x=y", "x|=|y"),
            ("end.Next", "end|.|Next"),
            ("e.g", "e.g"),
            ("one,two", "one|,|two"),
            ("1,2", "1,2"),
            ("a..b", "a|..|b"),
            ("™a™b", "™a|™|b"),
            ("example.com", "example.com"),
            ("Example.COM/a-b", "Example.COM/a-b"),
            ("a.b-c@d.e-f.g", "a.b-c@d.e-f.g"),
            ("www.a-b", "www.a-b"),
            ("file.txt-b", "file.txt|-|b"),
        ] {
            assert_eq!(pieces(chunk), expected, "{chunk}");
        }
    }
}
