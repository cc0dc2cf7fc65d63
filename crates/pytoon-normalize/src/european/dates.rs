//! Dates: `3.4.2026`, `24/12/2026`, `2026-11-28`, `3. April 2026`, `1er mai`. The day is spoken before the
//! month.

use super::{Context, Language};
use crate::numbers::is_digits;
use crate::sentence::Reading;

/// Returns true if two numbers separated by `mark` are a day and a month without a year.
fn is_short_date(context: &Context<'_>, index: usize, mark: char) -> bool {
    const BEFORE: &[&str] = &["am", "vom", "zum", "der", "den", "bis", "ab", "seit"];
    const BEFORE_SLASH: &[&str] = &["le", "du", "au", "el", "del", "al", "dia", "em", "até"];
    if mark == '/' {
        return context.language != Language::German && context.follows(index, BEFORE_SLASH);
    }
    let goes_on = context.core(index + 1).starts_with(char::is_lowercase);
    let is_german = mark == '.' && context.language == Language::German;
    is_german && context.sentence.has_stop(index) && (goes_on || context.follows(index, BEFORE))
}

/// Expands a date that begins at a token.
pub(super) fn date(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    if let Some(text) = numeric(context, index) {
        // The last full stop of `24.12.` belongs to the date.
        let eats_stop = context.core(index).matches('.').count() == 1;
        return Some(vec![Reading { text, eats_stop }]);
    }
    with_month(context, index)
}

fn four_digit_year(text: &str) -> Option<u64> {
    let value = Some(text).filter(|text| is_digits(text) && text.len() == 4)?.parse().ok()?;
    (1000..=2999).contains(&value).then_some(value)
}

fn in_range(text: &str, most: u64) -> Option<u64> {
    let value = Some(text).filter(|text| is_digits(text) && text.len() <= 2)?.parse().ok()?;
    (1..=most).contains(&value).then_some(value)
}

fn numeric(context: &Context<'_>, index: usize) -> Option<String> {
    let core = context.core(index);
    let mark = core.chars().find(|c| !c.is_ascii_digit()).filter(|c| "/-.".contains(*c))?;
    let parts: Vec<&str> = core.split(mark).take(4).collect();
    let (day, month, year) = match parts.as_slice() {
        [y, m, d] if y.len() == 4 => {
            (in_range(d, 31)?, in_range(m, 12)?, Some(four_digit_year(y)?))
        }
        [d, m, y] if y.len() == 4 => {
            (in_range(d, 31)?, in_range(m, 12)?, Some(four_digit_year(y)?))
        }
        [d, m, y] if y.len() == 2 && mark != '-' && is_digits(y) => {
            (in_range(d, 31)?, in_range(m, 12)?, Some(2000 + y.parse::<u64>().ok()?))
        }
        // German `24.12.`: the last full stop is a mark after the core.
        [d, m] if is_short_date(context, index, mark) => (in_range(d, 31)?, in_range(m, 12)?, None),
        _ => return None,
    };
    let language = context.language;
    let link = language.date_link();
    let day = language.day(context, index, day);
    let date = format!("{day}{link}{}", language.month_name(month));
    Some(match year {
        Some(year) => format!("{date}{link}{}", language.year(year)),
        None => date,
    })
}

/// Returns the day that precedes the name of a month: German `3.`, French `1er`, Portuguese `1º`.
fn day_number(context: &Context<'_>, index: usize) -> Option<u64> {
    let core = context.core(index);
    let digits = ["er", "º", "°", ".º", "o"]
        .iter()
        .find_map(|suffix| core.strip_suffix(suffix))
        .unwrap_or(core);
    in_range(digits, 31)
}

fn with_month(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let language = context.language;
    let day = day_number(context, index)?;
    let is_german = language == Language::German;
    let flows = if is_german {
        context.sentence.flows_past_stop(index) && context.sentence.has_stop(index)
    } else {
        context.sentence.flows(index)
    };
    if !flows {
        return None;
    }
    let links_with_de = matches!(context.core(index + 1), "de" | "do");
    let month_at = if links_with_de { index + 2 } else { index + 1 };
    let month = language.month(context.core(month_at))?;
    let day = Reading::abbreviation(language.day(context, index, day));
    let mut readings = vec![day];
    if links_with_de {
        readings.push(Reading::from(context.core(index + 1)));
    }
    let name = language.month_name(month);
    let eats_stop = context.core(month_at).len() < name.len();
    readings.push(Reading { text: name.to_owned(), eats_stop });
    let year = if context.sentence.flows_past_stop(month_at) {
        four_digit_year(context.core(month_at + 1))
    } else {
        None
    };
    readings.extend(year.map(|year| Reading::from(language.year(year))));
    Some(readings)
}
