//! Expands `St.` (Saint or Street), `Dr.` (Doctor or Drive) and compass directions in addresses and after highways.
//! The neighbouring words decide.

use super::context::{Context, is_capitalised};
use crate::numbers::is_digits;
use crate::sentence::Reading;

const DIRECTIONS: &[(&str, &str)] = &[
    ("N", "North"),
    ("S", "South"),
    ("E", "East"),
    ("W", "West"),
    ("NE", "Northeast"),
    ("NW", "Northwest"),
    ("SE", "Southeast"),
    ("SW", "Southwest"),
];
/// Words for roads, in lower case. After the number of such a road, a letter such as `N` is a compass direction.
const ROADS: &[&str] = &["highway", "hwy", "interstate", "route", "rte", "exit", "i", "us"];

/// Expands a compass direction after a road number (`I-95 N`) or a house number (`742 N Main St`).
pub(super) fn direction(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let (_, name) = DIRECTIONS.iter().find(|(code, _)| *code == context.core(index))?;
    let last = index.checked_sub(1).filter(|last| context.sentence.flows(*last))?;
    let before = context.core(last);
    let next = context.core(index + 1);
    let is_house = is_digits(before)
        && before.len() <= 5
        && context.sentence.flows_past_stop(index)
        && is_name(next);
    let is_road = match before.split_once('-') {
        Some((road, number)) => is_digits(number) && ROADS.contains(&road.to_lowercase().as_str()),
        None => is_road_number(context, last),
    };
    if is_house {
        return Some(vec![Reading::abbreviation(*name)]);
    }
    is_road.then(|| vec![Reading::from(*name)])
}

/// Returns true for a road number before a compass direction, as in `Route 66 W`, where `W` does not mean watts.
pub(super) fn is_road_number(context: &Context<'_>, index: usize) -> bool {
    is_digits(context.core(index))
        && context.follows(index, ROADS)
        && DIRECTIONS.iter().any(|(code, _)| *code == context.next(index))
}

/// Expands `St`, `Dr` and `Ste`: before a name to `Saint` or `Doctor`, after one to `Street`, `Drive` or `Suite`.
pub(super) fn street_or_saint(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let (before_name, after_name) = match core {
        "St" | "ST" => ("Saint", "Street"),
        "Dr" | "DR" => ("Doctor", "Drive"),
        "Ste" => ("Saint", "Suite"),
        _ => return None,
    };
    let next_is_name =
        context.sentence.flows_past_stop(index) && is_capitalised(context.core(index + 1));
    let last_is_name = is_name(context.before(index, 1));
    let has_house_number =
        (2..=4).any(|count| context.before(index, count).starts_with(|c: char| c.is_ascii_digit()));
    let is_street = match (last_is_name, next_is_name) {
        (true, true) => has_house_number,
        (true, false) => true,
        (false, true) => false,
        (false, false) => context.before(index, 1).starts_with(|c: char| c.is_ascii_digit()),
    };
    let name = if is_street { after_name } else { before_name };
    Some(vec![Reading::abbreviation(name)])
}

/// Returns true for a word that may be a street name: `Baker`, `5th`, `Main`.
fn is_name(word: &str) -> bool {
    let is_ordinal = word.starts_with(|c: char| c.is_ascii_digit())
        && ["st", "nd", "rd", "th"].iter().any(|ending| word.ends_with(ending));
    (is_capitalised(word)
        && !matches!(
            word,
            "The"
                | "A"
                | "In"
                | "At"
                | "On"
                | "Near"
                | "From"
                | "Ask"
                | "See"
                | "Meet"
                | "And"
                | "Dear"
                | "Visit"
                | "Call"
                | "With"
                | "To"
                | "St"
                | "Dr"
        ))
        || is_ordinal
}
