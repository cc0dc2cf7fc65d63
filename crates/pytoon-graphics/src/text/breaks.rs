//! Breaks lines with minimum raggedness, by the rules of film titles.
//!
//! Guarantees: the fewest lines that fit. Of these splits, the one with the lowest cost wins. Even lines, a slightly
//! longer lower line, and breaks after punctuation or before a conjunction or preposition are cheap. Breaks between
//! article and noun, between number and unit, or inside a word are expensive, and so is a last line of a single short
//! word.
//!
//! This module does not measure text. Widths come from shaping.

use std::ops::Range;

/// One unbreakable piece of text, with widths in pixels.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub range: Range<usize>,
    pub width: f32,
    pub space: f32,
    /// The cost of ending a line after this piece. A negative cost favours a break.
    pub penalty: f32,
    /// The width of the hyphen drawn if a line ends here; zero for no hyphen.
    pub hyphen: f32,
    /// True if the piece has at most four characters, so that it would look lost alone on the last line.
    pub short: bool,
}

/// Returns the lines as index ranges into `pieces` with their cost, or `None` if the text needs more than
/// `max_lines`.
pub(super) fn break_lines(
    pieces: &[Piece],
    max_width: f32,
    max_lines: usize,
) -> Option<(Vec<Range<usize>>, f32)> {
    if pieces.is_empty() {
        return Some((Vec::new(), 0.0));
    }
    let needed = greedy_lines(pieces, max_width).filter(|n| *n <= max_lines)?;
    if needed == 1 {
        return Some((std::iter::once(0..pieces.len()).collect(), 0.0));
    }
    best_split(pieces, max_width, needed)
}

/// Returns true if the text fits into the lines. This check is cheaper than computing the lines.
pub(super) fn fits(pieces: &[Piece], max_width: f32, max_lines: usize) -> bool {
    pieces.is_empty() || greedy_lines(pieces, max_width).is_some_and(|n| n <= max_lines)
}

fn line_width(pieces: &[Piece]) -> f32 {
    let Some((last, rest)) = pieces.split_last() else {
        return 0.0;
    };
    rest.iter().map(|p| p.width + p.space).sum::<f32>() + last.width + last.hyphen
}

fn greedy_lines(pieces: &[Piece], max_width: f32) -> Option<usize> {
    let (mut lines, mut pen) = (1, 0.0f32);
    for (i, piece) in pieces.iter().enumerate() {
        let own = piece.width + piece.hyphen;
        if own > max_width {
            return None;
        }
        if i > 0 && pen + own > max_width {
            lines += 1;
            pen = 0.0;
        }
        pen += piece.width + piece.space;
    }
    Some(lines)
}

/// Returns the best split into `lines` lines and its cost, found by dynamic programming over (pieces used, lines
/// used).
fn best_split(pieces: &[Piece], max_width: f32, lines: usize) -> Option<(Vec<Range<usize>>, f32)> {
    let n = pieces.len();
    let mean = line_width(pieces) / lines as f32;
    let mut best = vec![vec![(f32::INFINITY, 0usize); n + 1]; lines + 1];
    best[0][0].0 = 0.0;
    for line in 1..=lines {
        for end in line..=n {
            for start in (line - 1)..end {
                let before = best[line - 1][start].0;
                let width = line_width(&pieces[start..end]);
                if !before.is_finite() || width > max_width {
                    continue;
                }
                // Targets favour a slightly longer lower line.
                let lean =
                    if lines == 1 { 0.0 } else { (line - 1) as f32 / (lines - 1) as f32 - 0.5 };
                let off = (width - mean * (1.0 + 0.08 * lean)) / max_width;
                // A top line that is too long costs more than a bottom line.
                let mut cost = off * off * if line == 1 && off > 0.0 { 1.6 } else { 1.0 };
                // The end of a clause inside the line would have been the better break.
                cost += 0.03
                    * pieces[start..end - 1].iter().filter(|p| p.penalty <= -0.03).count() as f32;
                if end < n {
                    cost += pieces[end - 1].penalty;
                } else if end - start == 1 && pieces[start].short {
                    cost += 0.15;
                }
                if before + cost < best[line][end].0 {
                    best[line][end] = (before + cost, start);
                }
            }
        }
    }
    best[lines][n].0.is_finite().then(|| {
        let mut out = vec![0..0; lines];
        let mut end = n;
        for line in (1..=lines).rev() {
            let start = best[line][end].1;
            out[line - 1] = start..end;
            end = start;
        }
        (out, best[lines][n].0)
    })
}

/// Returns the cost of a break between `before` and `after`, in units of squared relative slack. A cost of 0.04
/// corresponds to a line that is a fifth too short.
pub(crate) fn penalty(before: &str, after: &str, inside_word: bool) -> f32 {
    if inside_word {
        return 0.12;
    }
    let (before, after) = (before.trim(), after.trim());
    let last = before.chars().next_back().unwrap_or(' ');
    if ".!?…。！？".contains(last) {
        return -0.05;
    }
    if ",;:—–،؛、，।".contains(last) {
        return -0.03;
    }
    let bare = |s: &str| {
        s.trim_matches(|c: char| !c.is_alphanumeric() && !"%€$£¥°".contains(c)).to_lowercase()
    };
    let (left, right) = (bare(before), bare(after));
    let number = |s: &str| s.chars().next().is_some_and(|c| c.is_numeric() || "€$£¥".contains(c));
    if number(&left) && (UNITS.contains(&right.as_str()) || number(&right)) {
        return 1.0;
    }
    if ARTICLES.contains(&left.as_str()) {
        return 0.12;
    }
    if LINKS.contains(&left.as_str()) {
        return 0.05;
    }
    let capital = |s: &str| {
        s.trim_start_matches(['"', '“', '(']).chars().next().is_some_and(char::is_uppercase)
    };
    if capital(before) && capital(after) && before.chars().any(char::is_lowercase) {
        return 0.04;
    }
    if LINKS.contains(&right.as_str()) {
        return -0.012;
    }
    0.0
}

/// Returns the cost of splitting a word between these two parts, if it must be split. The cost is lowest where a
/// syllable is likely to begin, that is, before consonants that lead to a vowel.
pub(super) fn syllable_penalty(before: &str, after: &str) -> f32 {
    let lower = |c: char| c.to_lowercase().next().unwrap_or(c);
    let vowel = |c: char| "aeiouyäöüáàâéèêëíìîóòôúùûåæøœаеёиоуыэюя".contains(lower(c));
    let mut letters = after.chars().map(lower);
    let (first, second) = (letters.next().unwrap_or(' '), letters.next().unwrap_or(' '));
    let third = letters.next().unwrap_or(' ');
    let last = before.chars().next_back().map_or(' ', lower);
    let split_pair = matches!(
        (last, first),
        ('s', 'c')
            | ('c', 'h')
            | ('c', 'k')
            | ('p', 'h')
            | ('t', 'h')
            | ('s', 'h')
            | ('q', 'u')
            | ('p', 'f')
    );
    let onset = !vowel(first) && vowel(second);
    let cluster = (first, second, third) == ('s', 'c', 'h')
        || !vowel(first) && "lr".contains(second) && vowel(third);
    let stub = before.chars().rev().take(3).chain(after.chars().take(3)).any(char::is_whitespace);
    match (split_pair || stub || !first.is_alphabetic(), onset || cluster) {
        (true, _) => 0.4,
        (false, true) => 0.15,
        (false, false) => 0.3,
    }
}

const UNITS: &[&str] = &[
    "%",
    "€",
    "$",
    "£",
    "¥",
    "°",
    "°c",
    "°f",
    "km",
    "m",
    "cm",
    "mm",
    "kg",
    "g",
    "mg",
    "l",
    "ml",
    "h",
    "min",
    "s",
    "ms",
    "gb",
    "mb",
    "kb",
    "tb",
    "hz",
    "khz",
    "mhz",
    "ghz",
    "kw",
    "kwh",
    "w",
    "v",
    "mph",
    "km/h",
    "px",
    "fps",
    "percent",
    "prozent",
    "euro",
    "euros",
    "dollar",
    "dollars",
    "million",
    "millions",
    "millionen",
    "billion",
    "billions",
    "thousand",
    "years",
    "year",
    "days",
    "day",
    "hours",
    "hour",
    "minutes",
    "minute",
    "seconds",
    "weeks",
    "months",
    "times",
    "am",
    "pm",
    "x",
];

const ARTICLES: &[&str] = &[
    "a", "an", "the", "my", "your", "his", "her", "its", "our", "their", "this", "that", "these",
    "those", "der", "die", "das", "den", "dem", "des", "ein", "eine", "einen", "einem", "einer",
    "eines", "le", "la", "les", "un", "une", "des", "du", "el", "los", "las", "una", "il", "lo",
    "gli", "i", "o", "os", "as", "um", "uma", "no", "not", "mr", "mrs", "dr",
];

const LINKS: &[&str] = &[
    "and", "or", "but", "so", "because", "if", "when", "while", "than", "then", "with", "without",
    "for", "from", "to", "in", "on", "at", "by", "of", "into", "over", "under", "about", "after",
    "before", "which", "who", "as", "und", "oder", "aber", "weil", "dass", "wenn", "mit", "ohne",
    "für", "von", "zu", "im", "am", "auf", "bei", "aus", "nach", "et", "ou", "mais", "que", "qui",
    "avec", "sans", "pour", "dans", "sur", "de", "à", "y", "pero", "con", "sin", "para", "por",
    "en", "e", "ma", "che", "per", "da", "com", "sem", "em",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<Piece> {
        let words: Vec<&str> = text.split(' ').collect();
        let mut at = 0;
        words
            .iter()
            .enumerate()
            .map(|(i, word)| {
                let range = at..at + word.len();
                at += word.len() + 1;
                Piece {
                    range,
                    width: word.chars().count() as f32,
                    space: 1.0,
                    penalty: words.get(i + 1).map_or(0.0, |next| penalty(word, next, false)),
                    hyphen: 0.0,
                    short: word.len() <= 4,
                }
            })
            .collect()
    }

    fn check(text: &str, width: f32, lines: usize, expected: &str) {
        let pieces = pieces(text);
        let (found, _) = break_lines(&pieces, width, lines).expect("fits");
        let shown: Vec<&str> = found
            .iter()
            .map(|l| &text[pieces[l.start].range.start..pieces[l.end - 1].range.end])
            .collect();
        assert_eq!(shown.join("|"), expected);
    }

    #[test]
    fn breaks_like_an_editor() {
        check("short one", 24.0, 2, "short one");
        check("you only need five minutes a day", 24.0, 2, "you only need|five minutes a day");
        check("Open the app, then wait", 14.0, 2, "Open the app,|then wait");
        check("it saves about 30 % of the cost", 18.0, 2, "it saves about|30 % of the cost");
        check("this is the best day of my life", 20.0, 2, "this is the best|day of my life");
    }

    #[test]
    fn too_much_text_is_refused() {
        assert!(break_lines(&pieces("one two three four five six"), 9.0, 2).is_none());
        assert!(break_lines(&pieces("unbreakable"), 5.0, 4).is_none());
    }
}
