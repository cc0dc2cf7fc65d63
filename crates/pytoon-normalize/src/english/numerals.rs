//! Plain numbers: years, counts, ordinals, versions, ranges, `#1`, `100+`, `5M`.

use super::context::Context;
use super::quantity::{Quantity, exponent, quantity};
use super::{fractions, labels, money};
use crate::numbers::english::{self, Dialect, NOTATION, cardinal, digits, label, to_ordinal};
use crate::numbers::{Numeral, is_digits, scan};
use crate::sentence::Reading;

/// Words that precede a year.
const YEAR_CUES: &[&str] = &[
    "in", "since", "circa", "year", "until", "till", "from", "of", "by", "before", "after",
    "during", "early", "late", "mid", "spring", "summer", "autumn", "fall", "winter",
];
/// Plural round numbers, as in `100s of`.
const PLURALS: &[(&str, &str)] =
    &[("10s", "tens"), ("100s", "hundreds"), ("1000s", "thousands"), ("1,000s", "thousands")];

/// Expands a number in any form that this module supports, such as a year, an ordinal or a range.
pub(super) fn number(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let spoken = expand_numbered(context, core)
        .or_else(|| version(core))
        .or_else(|| ordinal(core, context.dialect))
        .or_else(|| {
            PLURALS.iter().find(|(written, _)| *written == core).map(|(_, word)| (*word).to_owned())
        })
        .or_else(|| fractions::expand_slashed(core, context.dialect))
        .or_else(|| mathematics(core, context.dialect));
    if let Some(spoken) = spoken {
        return Some(vec![Reading::from(spoken)]);
    }
    if let Some(readings) = expand_spaced_groups(context, index) {
        return Some(readings);
    }
    let amount = quantity(core, context.dialect)?;
    let spoken = match amount.rest {
        "" => plain(context, index, &amount),
        "+" => format!("{} plus", amount.spoken),
        "-" => amount.spoken,
        rest => expand_scaled(context, index, &amount, rest)?,
    };
    Some(vec![Reading::from(spoken)])
}

/// Expands a number after a number sign or a section sign: `#1`, `№5`, `§3`.
fn expand_numbered(context: &Context<'_>, core: &str) -> Option<String> {
    let rest = core.strip_prefix(['#', '№', '§'])?;
    let name = if core.starts_with('§') { "section" } else { "number" };
    let amount = quantity(rest, context.dialect).filter(|amount| amount.rest.is_empty())?;
    Some(format!("{name} {}", amount.spoken))
}

/// Expands a version or an IP address: `v2.0`, `1.2.3`, `192.168.0.1`.
fn version(core: &str) -> Option<String> {
    let (name, rest) = match core.strip_prefix(['v', 'V']) {
        Some(rest) => ("version ", rest.strip_prefix('.').unwrap_or(rest)),
        None => ("", core),
    };
    let parts: Vec<&str> = rest.split('.').take(8).collect();
    let are_numbers = parts.iter().all(|part| is_digits(part) && part.len() <= 6);
    if !are_numbers || parts.len() > 6 || (name.is_empty() && parts.len() < 3) {
        return None;
    }
    let is_address = parts.len() == 4
        && name.is_empty()
        && parts.iter().all(|part| part.parse::<u16>().is_ok_and(|n| n < 256));
    if is_address {
        let parts: Vec<String> = parts.iter().map(|part| digits(part)).collect();
        return Some(parts.join(" dot "));
    }
    let say = |part: &&str| match part.parse() {
        Ok(value) if part.len() == 1 || !part.starts_with('0') => {
            cardinal(value, Dialect::American)
        }
        _ => digits(part),
    };
    let parts: Vec<String> = parts.iter().map(say).collect();
    Some(format!("{name}{}", parts.join(" point ")))
}

/// Expands an ordinal written in digits: `1st`, `1,000th`.
fn ordinal(core: &str, dialect: Dialect) -> Option<String> {
    let (core, ending) = core.strip_suffix("'s").map_or((core, ""), |owner| (owner, "'s"));
    let (numeral, rest) = scan(core, NOTATION)?;
    let is_suffix =
        matches!(rest.to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th") && rest.len() == 2;
    let value = numeral.value().filter(|_| is_suffix && numeral.fraction.is_empty())?;
    Some(format!("{}{ending}", to_ordinal(&cardinal(value, dialect))))
}

/// Expands a formula such as `2+2=4`, `3*4` or `6.02×10²³`. A hyphen, a slash or an `x` is an operator only if the
/// formula contains `=`.
fn mathematics(core: &str, dialect: Dialect) -> Option<String> {
    let has_result = core.contains('=');
    let name = |c: char| {
        Some(match c {
            '+' => "plus",
            '=' => "equals",
            '*' | '×' => "times",
            '÷' => "divided by",
            '<' => "is less than",
            '>' => "is greater than",
            '-' if has_result => "minus",
            '/' if has_result => "divided by",
            'x' if has_result => "times",
            _ => return None,
        })
    };
    if core.len() > 64 || !core.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut spoken = Vec::new();
    let mut rest = core;
    loop {
        let (numeral, after) = scan(rest, NOTATION)?;
        spoken.push(english::number(&numeral, dialect));
        let (power, after) = exponent(after);
        spoken.extend(power);
        let Some(c) = after.chars().next() else { break };
        spoken.push(name(c)?.to_owned());
        rest = &after[c.len_utf8()..];
    }
    (spoken.len() > 2).then(|| spoken.join(" "))
}

/// Expands a number whose groups of three digits are separate tokens: `1 000 000`.
fn expand_spaced_groups(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let first = context.core(index);
    let is_head = is_digits(first)
        && first.len() <= 3
        && !first.starts_with('0')
        && !labels::is_label(context, index);
    let mut all = String::from(first);
    let mut count = 1;
    while is_head && count < 5 && context.sentence.flows(index + count - 1) {
        let group = context.core(index + count);
        if group.len() != 3 || !is_digits(group) {
            break;
        }
        all.push_str(group);
        count += 1;
    }
    if count == 1 {
        return None;
    }
    let spoken = cardinal(all.parse().ok()?, context.dialect);
    Some(crate::numbers::share(&spoken, count).into_iter().map(Reading::from).collect())
}

/// Expands a number as a year, a label, digits to dial or a cardinal, depending on its neighbours.
fn plain(context: &Context<'_>, index: usize, amount: &Quantity<'_>) -> String {
    if let Some((from, to)) = &amount.range {
        let are_years = is_year(from) && (is_year(to) || to.is_plain() && to.whole.len() == 2);
        if are_years {
            return format!(
                "{} to {}",
                year_or_number(from, context.dialect),
                year_or_number(to, context.dialect)
            );
        }
        if from == to {
            return amount.spoken.replacen(" to ", " ", 1);
        }
        return amount.spoken.clone();
    }
    let Some(numeral) = amount.numeral.as_ref().filter(|numeral| numeral.is_plain()) else {
        return amount.spoken.clone();
    };
    let is_dialled =
        context.follows(index, &["call", "dial", "text"]) && (3..=6).contains(&numeral.whole.len());
    if is_dialled {
        return digits(&numeral.whole);
    }
    if labels::is_label(context, index) {
        return label(&numeral.whole);
    }
    let is_counted = context.counts_next(index) && !context.follows(index, YEAR_CUES);
    let is_round = numeral.whole.ends_with("00");
    if is_year(numeral) && (is_round || !is_counted) {
        return year_or_number(numeral, context.dialect);
    }
    amount.spoken.clone()
}

fn is_year(numeral: &Numeral) -> bool {
    numeral.is_plain()
        && numeral.whole.len() == 4
        && numeral.value().is_some_and(|value| (1100..2100).contains(&value))
}

fn year_or_number(numeral: &Numeral, dialect: Dialect) -> String {
    match numeral.value() {
        Some(value) if is_year(numeral) => english::year(value, dialect),
        _ => english::number(numeral, dialect),
    }
}

/// Expands a number with an abbreviated scale, with or without a plus sign: `5M`, `10k`, `4K`, `3bn`.
fn expand_scaled(
    context: &Context<'_>,
    index: usize,
    amount: &Quantity<'_>,
    rest: &str,
) -> Option<String> {
    let (rest, plus) = rest.strip_suffix('+').map_or((rest, ""), |rest| (rest, " plus"));
    let is_metal = matches!(context.next(index), "gold" | "white" | "yellow" | "rose");
    let scale = match rest {
        "K" | "k" if is_metal => return Some(format!("{} karat", amount.spoken)),
        "K" | "k" => {
            let is_name = amount.numeral.as_ref().is_some_and(|n| {
                n.is_plain()
                    && matches!(n.whole.as_str(), "1" | "2" | "3" | "4" | "5" | "6" | "8" | "10")
            });
            if rest == "K" && is_name && plus.is_empty() && !context.counts_next(index) {
                return Some(format!("{} K", amount.spoken));
            }
            "thousand"
        }
        "m" => Some("million").filter(|_| context.counts_next(index))?,
        "B" | "b" => Some("billion").filter(|_| context.counts_next(index))?,
        "M" | "bn" | "mn" | "mln" | "Mn" | "Bn" | "tn" => money::scale(rest)?,
        _ => return None,
    };
    Some(format!("{} {scale}{plus}", amount.spoken))
}
