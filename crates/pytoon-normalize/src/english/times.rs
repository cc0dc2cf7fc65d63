//! Times of day (`9:30`, `9:05 am`, `9am–5pm`, `18:45`, `12:00:30`) and ratios that look similar.

use super::context::Context;
use crate::numbers::english::{Dialect, cardinal};
use crate::numbers::{is_digits, take_digits, words};
use crate::sentence::Reading;

/// A time of day as written.
struct Time {
    hour: u64,
    minute: Option<u64>,
    second: Option<u64>,
    half: Option<&'static str>,
}

/// Returns true if the text is a time, or a range of times, with minutes or with `am` or `pm`.
pub(super) fn is_time(text: &str) -> bool {
    text.split(['-', '–'])
        .all(|part| parse(part).is_some_and(|t| t.minute.is_some() || t.half.is_some()))
}

/// Returns the spoken form ("A M" or "P M") of the half of the day that a text names.
fn half(text: &str) -> Option<&'static str> {
    match text {
        "am" | "AM" | "a.m" | "A.M" | "a.m." | "A.M." | "Am" => Some("A M"),
        "pm" | "PM" | "p.m" | "P.M" | "p.m." | "P.M." | "Pm" => Some("P M"),
        _ => None,
    }
}

fn parse(text: &str) -> Option<Time> {
    if text.len() > 14 {
        return None;
    }
    let (hour, rest) = take_digits(text);
    let hour = Some(hour)
        .filter(|h| (1..=2).contains(&h.len()))?
        .parse()
        .ok()
        .filter(|hour| *hour <= 24)?;
    let (minute, rest) = two_digits(rest, &[':', 'h']);
    let (minute, rest) = if minute.is_none() { split_dotted_minute(rest) } else { (minute, rest) };
    let (second, rest) = if minute.is_some() { two_digits(rest, &[':']) } else { (None, rest) };
    let half = if rest.is_empty() { None } else { Some(half(rest.trim_start_matches(' '))?) };
    let is_valid = minute.is_none_or(|m| m < 60)
        && second.is_none_or(|s| s < 60)
        && (half.is_none() || hour <= 23);
    is_valid.then_some(Time { hour, minute, second, half })
}

/// Splits off exactly two digits after one of `marks`.
fn two_digits<'a>(text: &'a str, marks: &[char]) -> (Option<u64>, &'a str) {
    let Some(after) = text.strip_prefix(marks) else { return (None, text) };
    let (digits, rest) = take_digits(after);
    if digits.len() == 2 { (digits.parse().ok(), rest) } else { (None, text) }
}

/// Splits off minutes after a full stop, which count only before `am` and `pm`: `9.30am`.
fn split_dotted_minute(text: &str) -> (Option<u64>, &str) {
    let (minute, rest) = two_digits(text, &['.']);
    if minute.is_some() && half(rest).is_some() { (minute, rest) } else { (None, text) }
}

fn read_time(time: &Time, with_half: Option<&str>, dialect: Dialect) -> String {
    let half = with_half.unwrap_or_default();
    let hour = cardinal(time.hour, dialect);
    let minutes = match (time.minute, time.hour) {
        (None, _) => String::new(),
        (Some(0), 0) if half.is_empty() => return after_time(time, "midnight", dialect),
        (Some(0), 13..) if half.is_empty() => "hundred".to_owned(),
        (Some(0), _) if half.is_empty() => "o'clock".to_owned(),
        (Some(0), _) => String::new(),
        (Some(minute @ 1..=9), _) => format!("oh {}", cardinal(minute, dialect)),
        (Some(minute), _) => cardinal(minute, dialect),
    };
    after_time(time, &words([&hour, &minutes, half]), dialect)
}

fn after_time(time: &Time, spoken: &str, dialect: Dialect) -> String {
    match time.second {
        Some(0) | None => spoken.to_owned(),
        Some(1) => format!("{spoken} and one second"),
        Some(second) => format!("{spoken} and {} seconds", cardinal(second, dialect)),
    }
}

/// Expands a time that begins at a token. `am` or `pm` may follow in a separate token.
pub(super) fn time(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    if !core.starts_with(|c: char| c.is_ascii_digit()) || core.len() > 32 {
        return None;
    }
    let half_after = half(context.next(index));
    let text = match core.split_once(['-', '–', '—']) {
        Some((from, to)) => range(context, from, to, half_after)?,
        None => single(context, core, half_after)?,
    };
    let mut readings = vec![Reading::from(text)];
    if let Some(half) = half_after.filter(|_| !core.ends_with(['m', 'M'])) {
        readings.push(Reading::abbreviation(half));
    } else if core.ends_with('m') && core.contains('.') {
        readings = readings.into_iter().map(|r| Reading::abbreviation(r.text)).collect();
    }
    Some(readings)
}

fn single(context: &Context<'_>, core: &str, half_after: Option<&str>) -> Option<String> {
    if let Some(time) = parse(core) {
        if time.minute.is_none() && time.half.is_none() && half_after.is_none() {
            return None;
        }
        // "ten o'clock" and "hundred" are not spoken before `am` in the next token.
        let bare = Time { minute: time.minute.filter(|m| *m > 0 || half_after.is_none()), ..time };
        let half = bare.half;
        return Some(read_time(&bare, half, context.dialect));
    }
    ratio(core, context.dialect)
}

/// Expands numbers around a colon that are not a time of day: `16:9`, `3:1`.
fn ratio(core: &str, dialect: Dialect) -> Option<String> {
    let parts: Vec<&str> = core.split(':').take(4).collect();
    let are_numbers =
        parts.len() > 1 && parts.iter().all(|part| is_digits(part) && part.len() <= 4);
    if !are_numbers {
        return None;
    }
    let spoken: Option<Vec<String>> =
        parts.iter().map(|part| Some(cardinal(part.parse().ok()?, dialect))).collect();
    Some(spoken?.join(if parts.len() == 2 { " to " } else { " " }))
}

fn range(context: &Context<'_>, from: &str, to: &str, half_after: Option<&str>) -> Option<String> {
    let (from, to) = (parse(from)?, parse(to)?);
    let is_time = |time: &Time| time.minute.is_some() || time.half.is_some();
    if !(is_time(&from) || is_time(&to) || half_after.is_some()) {
        return None;
    }
    let lower = read_time(&from, from.half, context.dialect);
    let bare = Time { minute: to.minute.filter(|m| *m > 0 || half_after.is_none()), ..to };
    let upper = read_time(&bare, bare.half, context.dialect);
    Some(format!("{lower} to {upper}"))
}
