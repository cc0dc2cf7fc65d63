//! Times of day: `18:30 Uhr`, `18h30`, `18:30`, `9h`.

use super::{Context, Language};
use crate::numbers::{is_digits, take_digits};
use crate::sentence::Reading;

fn parse(text: &str) -> Option<(u64, Option<u64>)> {
    let (hour, rest) = take_digits(text);
    let hour = Some(hour)
        .filter(|h| (1..=2).contains(&h.len()))?
        .parse()
        .ok()
        .filter(|hour| *hour <= 24)?;
    let mark = rest.chars().next()?;
    let minutes = rest.get(1..)?;
    let minutes =
        minutes.strip_suffix("min").or_else(|| minutes.strip_suffix('h')).unwrap_or(minutes);
    match mark {
        'h' | 'H' if rest.len() == 1 => Some((hour, None)),
        ':' | 'h' | 'H' if is_digits(minutes) && minutes.len() == 2 => {
            let minute = minutes.parse().ok().filter(|minute| *minute < 60)?;
            Some((hour, Some(minute)))
        }
        _ => None,
    }
}

/// Parses a German time such as `18.30`, for use before "Uhr".
fn parse_dotted(text: &str) -> Option<(u64, Option<u64>)> {
    parse(&text.replacen('.', ":", 1))
}

/// Expands a time that begins at a token.
pub(super) fn time(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let language = context.language;
    if core.len() > 16 {
        return None;
    }
    let next = context.next(index);
    let is_oclock = matches!(
        (language, next),
        (Language::German, "Uhr")
            | (
                Language::French | Language::Portuguese(_) | Language::Spanish(_),
                "h" | "hs" | "hrs"
            )
    );
    if let Some((from, to)) = core.split_once(['-', '–']) {
        return range(context, from, to, is_oclock);
    }
    let hour_alone = || {
        is_digits(core)
            .then(|| core.parse().ok().filter(|hour| *hour <= 24))
            .flatten()
            .map(|hour| (hour, None))
    };
    let time = parse(core)
        .or_else(|| if is_oclock { parse_dotted(core).or_else(hour_alone) } else { None });
    let (hour, minute) = time?;
    let (spoken, minutes) = language.time(hour, minute.unwrap_or(0));
    if !is_oclock {
        return Some(vec![Reading::from(crate::numbers::words([spoken.as_str(), &minutes]))]);
    }
    // French `18 h 30`: the minutes are in a third token.
    let third = context.next(index + 1);
    if minute.is_none() && is_digits(third) && third.len() == 2 && language != Language::German {
        let (spoken, minutes) =
            language.time(hour, third.parse().ok().filter(|minute| *minute < 60)?);
        let (number, name) = spoken.rsplit_once(' ').unwrap_or((&spoken, ""));
        return Some(vec![Reading::from(number), Reading::from(name), Reading::from(minutes)]);
    }
    if minutes.is_empty() {
        let (number, name) = spoken.rsplit_once(' ').unwrap_or((&spoken, ""));
        return Some(vec![Reading::from(number), Reading::from(name)]);
    }
    Some(vec![Reading::from(spoken), Reading::from(minutes)])
}

/// Expands a range of times: `9:00-17:00`, `9-17 Uhr`.
fn range(context: &Context<'_>, from: &str, to: &str, is_oclock: bool) -> Option<Vec<Reading>> {
    let language = context.language;
    let hour = |text: &str| {
        is_digits(text)
            .then(|| text.parse().ok().filter(|hour| *hour <= 24))
            .flatten()
            .map(|hour| (hour, None))
    };
    let from =
        parse(from).or_else(|| if is_oclock || parse(to).is_some() { hour(from) } else { None })?;
    let to = parse(to).or_else(|| if is_oclock { hour(to) } else { None })?;
    let say = |(hour, minute): (u64, Option<u64>)| {
        let (spoken, minutes) = language.time(hour, minute.unwrap_or(0));
        crate::numbers::words([spoken.as_str(), &minutes])
    };
    let (first, second) = (say(from), say(to));
    let names = language.names();
    if !is_oclock {
        return Some(vec![Reading::from(format!("{first} {} {second}", names.to))]);
    }
    let bare = first.strip_suffix(names.hours).map_or(first.as_str(), str::trim_end);
    let (upper, name) = second
        .strip_suffix(names.hours)
        .map_or((second.as_str(), ""), |upper| (upper.trim_end(), names.hours));
    Some(vec![Reading::from(format!("{bare} {} {upper}", names.to)), Reading::from(name)])
}
