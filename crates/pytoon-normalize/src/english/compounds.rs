//! Tokens with several parts: `B2B`, `COVID-19`, `and/or`, `R&D`, `C++`, `A-Z`, and all remaining tokens.
//!
//! [`spell_out`] is the last resort: it leaves no digit and drops no letter.

use super::context::{Context, is_all_caps};
use super::lexicon::{WORDS, has};
use super::quantity::quantity;
use super::{acronyms, read_piece, units};
use crate::numbers::english::{Dialect, NOTATION, number};
use crate::numbers::{is_digits, scan, take_digits};
use crate::sentence::Reading;

/// Signs that join the parts of a token, in order of precedence. A token is split at the first of these signs that it
/// contains.
const SEPARATORS: &str = "@/&+_-–:";
/// Pairs of words in which a slash means "or".
const ALTERNATIVES: &[&str] = &[
    "he/she",
    "she/he",
    "his/her",
    "him/her",
    "his/hers",
    "yes/no",
    "He/she",
    "His/her",
    "either/or",
];
/// Signs inside a token that are spoken as words.
const SIGNS: &[(char, &str)] = &[
    ('&', "and"),
    ('+', "plus"),
    ('@', "at"),
    ('%', "percent"),
    ('=', "equals"),
    ('×', "times"),
    ('÷', "divided by"),
    ('$', "dollars"),
    ('€', "euros"),
    ('£', "pounds"),
    ('¥', "yen"),
    ('₹', "rupees"),
    ('°', "degrees"),
    ('±', "plus or minus"),
    ('→', "to"),
    ('≈', "about"),
    ('≤', "at most"),
    ('≥', "at least"),
    ('§', "section"),
    ('²', "squared"),
    ('³', "cubed"),
    ('½', "one half"),
    ('¼', "one quarter"),
    ('¾', "three quarters"),
    ('⅓', "one third"),
    ('⅔', "two thirds"),
    ('∞', "infinity"),
    ('≠', "is not"),
    ('№', "number"),
];

/// Expands a token that consists of several parts, such as `R&D`.
pub(super) fn compound(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let spoken = parts(core, context.dialect)?;
    Some(vec![Reading::from(spoken)])
}

fn parts(core: &str, dialect: Dialect) -> Option<String> {
    for dash in ["—", "--", "…", "..."] {
        if core.contains(dash) {
            return Some(pieces(core.split(dash), ", ", dialect));
        }
    }
    let known = read_name(core).or_else(|| amount_first(core, dialect));
    known
        .or_else(|| comparison(core, dialect))
        .or_else(|| expand_separated(core, dialect))
        .or_else(|| with_digits(core, dialect))
}

/// Expands a stock ticker (`$AAPL`), a letter with a sharp sign (`C#`) or a unit without a number (`mg/L`).
fn read_name(core: &str) -> Option<String> {
    let ticker = core.strip_prefix('$').filter(|name| name.len() <= 6 && is_all_caps(name));
    let note = core.strip_suffix('#').filter(|note| note.len() == 1);
    let note = note.map(|note| format!("{note} sharp"));
    ticker.map(acronyms::spell_out).or(note).or_else(|| unit_alone(core))
}

/// Splits a token at the first of [`SEPARATORS`] that it contains, and expands the parts.
fn expand_separated(core: &str, dialect: Dialect) -> Option<String> {
    let sign = core.chars().filter_map(|c| SEPARATORS.find(c)).min()?;
    match SEPARATORS.get(sign..)?.chars().next()? {
        '@' => Some(pieces(core.split('@'), " at ", dialect)),
        '/' if ALTERNATIVES.contains(&core) => Some(pieces(core.split('/'), " or ", dialect)),
        '/' => Some(pieces(core.split('/'), " ", dialect)),
        '&' => Some(ampersands(core, dialect)),
        '+' => Some(pluses(core, dialect)),
        '_' => Some(pieces(core.split('_'), " ", dialect)),
        '-' | '–' => expand_hyphenated(core, dialect),
        ':' => Some(pieces(core.split(':'), " ", dialect)),
        _ => None,
    }
}

/// Expands a token with ampersands: `R&D`, `M&M's`.
fn ampersands(core: &str, dialect: Dialect) -> String {
    let say = |part: &str| {
        let is_initials = part.len() <= 3 && part.chars().all(char::is_uppercase);
        if is_initials { acronyms::spell_out(part) } else { read_part(part, dialect) }
    };
    let parts: Vec<String> = core.split('&').map(say).collect();
    parts.join(" and ").trim().to_owned()
}

/// Expands a token with plus signs: `C++`, `A+B`. At most two plus signs at the end are spoken.
fn pluses(core: &str, dialect: Dialect) -> String {
    let bare = core.trim_end_matches('+');
    let count = (core.len() - bare.len()).min(2);
    let inner = pieces(bare.split('+'), " plus ", dialect);
    format!("{inner}{}", " plus".repeat(count)).trim().to_owned()
}

/// Expands the letters and the digits of a mixed token separately: `B2B`, `221B`.
fn with_digits(core: &str, dialect: Dialect) -> Option<String> {
    let has_both =
        core.chars().any(|c| c.is_ascii_digit()) && core.chars().any(char::is_alphabetic);
    let is_name = core.chars().all(|c| c.is_alphanumeric() || c == '\'');
    let (base, ending) = core.strip_suffix("'s").map_or((core, ""), |owner| (owner, "'s"));
    (has_both && is_name).then(|| format!("{}{ending}", split_digits(base, letters, dialect)))
}

/// Expands an amount that a hyphen joins to a word: `10-15-minute`, `1/2-inch`, `24-hour`.
fn amount_first(core: &str, dialect: Dialect) -> Option<String> {
    let amount = quantity(core, dialect)?;
    let tail = amount.rest.strip_prefix(['-', '–'])?;
    let is_word = tail.starts_with(char::is_alphabetic);
    let tail = is_word.then(|| pieces(tail.split(['-', '–']), " ", dialect))?;
    Some(format!("{} {tail}", amount.spoken).trim().to_owned())
}

/// Expands a compound unit without a number, such as `mg/L`. A single letter before the slash is not a unit.
fn unit_alone(core: &str) -> Option<String> {
    let (top, bottom) = core.split_once('/').filter(|(top, _)| top.len() >= 2)?;
    let are_units = units::unit(top).is_some() && units::is_unit_below(bottom);
    Some(units::unit(core).filter(|_| are_units)?.name(false).to_owned())
}

/// Expands a comparison with a number: `y<10`, `a>=3`.
fn comparison(core: &str, dialect: Dialect) -> Option<String> {
    let signs = [
        ("<=", "is at most"),
        (">=", "is at least"),
        ("<", "is less than"),
        (">", "is greater than"),
    ];
    let (sign, name) = signs.iter().find(|(sign, _)| core.contains(sign))?;
    let (left, right) = core.split_once(sign)?;
    let is_single = !right.contains(['<', '>']);
    let compares = is_single
        && left.ends_with(char::is_alphanumeric)
        && right.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    compares.then(|| format!("{} {name} {}", read_part(left, dialect), read_part(right, dialect)))
}

fn pieces<'a>(parts: impl Iterator<Item = &'a str>, link: &str, dialect: Dialect) -> String {
    let spoken: Vec<String> =
        parts.map(|part| read_part(part, dialect)).filter(|text| !text.is_empty()).collect();
    spoken.join(link)
}

fn read_part(part: &str, dialect: Dialect) -> String {
    if part.is_empty() { String::new() } else { read_piece(part, dialect) }
}

/// Expands a hyphenated token part by part. If all parts are words, they keep their hyphens, except in a range of
/// letters such as `A-Z`.
fn expand_hyphenated(core: &str, dialect: Dialect) -> Option<String> {
    let parts: Vec<&str> = core.split(['-', '–']).filter(|part| !part.is_empty()).collect();
    let is_word = |part: &&str| {
        part.chars().all(|c| c.is_alphabetic() || c == '\'')
            && (!is_all_caps(part) || part.chars().count() == 1)
    };
    if parts.iter().all(is_word) {
        let is_letter =
            |part: &&str| part.chars().count() == 1 && part.chars().all(char::is_uppercase);
        let is_range = parts.len() == 2 && parts.iter().all(is_letter);
        return if is_range { Some(parts.join(" to ")) } else { Some(parts.join("-")) };
    }
    let has_digit = |part: &&str| part.contains(|c: char| c.is_ascii_digit());
    let is_ordinal = |part: &&str| {
        has_digit(part) && ["st", "nd", "rd", "th"].iter().any(|end| part.ends_with(end))
    };
    if parts.len() == 2
        && (core.contains('–') && parts.iter().all(has_digit) || parts.iter().all(is_ordinal))
    {
        return Some(pieces(parts.into_iter(), " to ", dialect));
    }
    let mut spoken: Vec<String> = Vec::with_capacity(parts.len());
    for (at, part) in parts.iter().enumerate() {
        let after_letters = at > 0
            && !parts
                .get(at - 1)
                .is_some_and(|before| before.starts_with(|c: char| c.is_ascii_digit()));
        spoken.push(if is_digits(part) && after_letters {
            model_number(part)
        } else {
            read_part(part, dialect)
        });
    }
    spoken.retain(|text| !text.is_empty());
    Some(spoken.join(" "))
}

/// Expands letters that stand next to digits in a token. Short or unpronounceable capitals are spelled, and so are
/// letters without a vowel.
fn letters(text: &str) -> String {
    if let Some(known) = acronyms::expand_known(text) {
        return known;
    }
    let is_short = text.len() <= 3 && is_all_caps(text) && !has(WORDS, text);
    if is_short || (is_all_caps(text) && !acronyms::is_pronounceable(text)) {
        return acronyms::spell_out(text);
    }
    acronyms::lower_if_caps(text)
}

/// Expands the runs of letters and the runs of digits in a text separately.
pub(super) fn split_digits(
    text: &str,
    read_letters: fn(&str) -> String,
    dialect: Dialect,
) -> String {
    let mut spoken: Vec<String> = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (digits, after) = take_digits(rest);
        if !digits.is_empty() {
            spoken.push(if digits.len() < 3 && !digits.starts_with('0') {
                read_part(digits, dialect)
            } else {
                model_number(digits)
            });
            rest = after;
            continue;
        }
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        spoken.push(read_letters(&rest[..end]));
        rest = &rest[end..];
    }
    spoken.join(" ")
}

/// Expands a token that no rule matches. Letters stay; digits and signs become words.
pub(super) fn spell_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if c.is_ascii_digit() {
            let Some((numeral, after)) = scan(rest, NOTATION) else { break };
            push_word(&mut out, &number(&numeral, Dialect::American));
            rest = after;
            if rest.starts_with(char::is_alphanumeric) {
                out.push(' ');
            }
            continue;
        }
        rest = &rest[c.len_utf8()..];
        let sign = SIGNS.iter().find(|(sign, _)| *sign == c).map(|(_, word)| *word);
        match (c, sign) {
            (_, Some(word)) => {
                push_word(&mut out, word);
                out.push(' ');
            }
            ('\'', None) if out.ends_with(char::is_alphanumeric) => out.push(c),
            ('-' | ' ', None) => out.push(c),
            ('.' | ',' | '!' | '?' | ';' | ':', None)
                if !rest.is_empty() && rest.starts_with(char::is_alphanumeric) =>
            {
                out.push_str(if c == '.' { " dot " } else { ", " })
            }
            ('.' | ',' | '!' | '?' | ';' | ':' | '…', None) => out.push(c),
            _ if c.is_ascii_punctuation() || is_sign(c) => out.push(' '),
            _ => out.push(c),
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn push_word(out: &mut String, word: &str) {
    if !out.is_empty() && !out.ends_with([' ', '-']) {
        out.push(' ');
    }
    out.push_str(word);
}

/// Returns true for signs that are not spoken.
fn is_sign(c: char) -> bool {
    !c.is_alphanumeric()
        && matches!(c as u32, 0xa0..=0xbf | 0x2000..=0x200b | 0x200e..=0x206f | 0x20a0..=0x20cf | 0x2100..=0x2bff | 0x3000..=0x3003)
}

/// Expands a number that is part of a name: "nineteen", "two twenty one", "twenty twenty six".
pub(super) fn model_number(text: &str) -> String {
    let value: u64 = if text.len() == 4 { text.parse().unwrap_or(0) } else { 0 };
    if (1900..2100).contains(&value) {
        return crate::numbers::english::year(value, Dialect::American);
    }
    let (digits_only, rest) = take_digits(text);
    if rest.is_empty() { crate::numbers::english::label(digits_only) } else { spell_out(text) }
}
