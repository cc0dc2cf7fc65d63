//! English: rules that expand the tokens of one sentence, tried in order at each token.
//!
//! Guarantees: one reading per token; no digit is left; a rule examines a bounded number of neighbours, so the cost
//! grows linearly with the length of the sentence.

mod abbreviations;
mod acronyms;
mod addresses;
mod compounds;
mod context;
mod dates;
mod days;
mod decades;
mod fractions;
mod labels;
mod lexicon;
mod mixed_fractions;
mod money;
mod numerals;
mod phones;
mod places;
mod quantity;
mod signs;
mod times;
mod units;
mod web;

use crate::numbers::english::Dialect;
use crate::sentence::{Reading, Sentence};
use crate::symbols;
use context::Context;

/// A rule. It returns one reading for each token that it consumes, starting at the given token.
type Rule = fn(&Context<'_>, usize) -> Option<Vec<Reading>>;

/// The rules, from the most to the least specific.
const RULES: &[Rule] = &[
    signs::sign,
    web::address,
    phones::phone,
    dates::date,
    days::weekday,
    times::time,
    money::money,
    mixed_fractions::expand_mixed,
    units::measure,
    addresses::direction,
    places::state_and_zip,
    abbreviations::abbreviation,
    addresses::street_or_saint,
    labels::roman_rule,
    numerals::number,
    acronyms::acronym,
    compounds::compound,
];

/// The rules for very long tokens, which are rarely anything but links.
const LONG_RULES: &[Rule] = &[signs::sign, web::address];
/// Maximum length of a token for [`RULES`], in bytes. Only [`LONG_RULES`] apply to longer tokens.
const MAX_RULED: usize = 128;

/// Expands the tokens of a sentence.
pub(crate) fn read(sentence: &mut Sentence, language: &str) -> Vec<Reading> {
    for token in &mut sentence.tokens {
        token.core = plain(&token.core);
    }
    let context = Context::new(sentence, Dialect::of(language));
    let mut readings = Vec::with_capacity(sentence.tokens.len());
    while readings.len() < sentence.tokens.len() {
        let index = readings.len();
        let found = read_at(&context, index);
        readings.extend(found);
    }
    readings.truncate(sentence.tokens.len());
    readings
}

fn read_at(context: &Context<'_>, index: usize) -> Vec<Reading> {
    let token = context.sentence.tokens.get(index);
    if let Some((text, _)) = token.and_then(|token| token.fixed.as_ref()) {
        return vec![Reading::from(compounds::spell_out(text))];
    }
    let core = context.core(index);
    if core.is_empty() {
        return vec![Reading::default()];
    }
    let is_long = core.len() > MAX_RULED;
    let rules = if is_long { LONG_RULES } else { RULES };
    let found = rules.iter().find_map(|rule| rule(context, index));
    let mut readings = found.unwrap_or_else(|| vec![Reading::from(compounds::spell_out(core))]);
    for reading in &mut readings {
        if reading.text.contains(|c: char| c.is_ascii_digit()) {
            reading.text = compounds::spell_out(&reading.text);
        }
    }
    readings
}

/// Expands a part of a token on its own, without its neighbours as context.
fn read_piece(piece: &str, dialect: Dialect) -> String {
    let mut sentence = Sentence::new(std::iter::once(piece));
    for token in &mut sentence.tokens {
        token.core = plain(&token.core);
    }
    let context = Context::piece(&sentence, dialect);
    read_at(&context, 0).into_iter().next().unwrap_or_default().text
}

/// Normalises signs that have several written forms: minus, hyphens, apostrophes, digits.
fn plain(core: &str) -> String {
    if core.is_ascii() {
        return core.to_owned();
    }
    core.chars()
        .map(|c| match c {
            '\u{2212}' | '\u{2010}' | '\u{2011}' | '\u{fe63}' | '\u{ff0d}' => '-',
            '\u{2019}' | '\u{2018}' | '\u{02bc}' | '\u{2032}' => '\'',
            '\u{2033}' | '\u{201d}' => '"',
            '\u{2044}' | '\u{2215}' => '/',
            '\u{2014}' => '—',
            '\u{2012}' => '–',
            _ if symbols::is_emoji(symbols::plain_digit(c)) => ' ',
            _ => symbols::plain_digit(c),
        })
        .collect()
}
