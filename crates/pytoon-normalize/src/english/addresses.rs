//! `St.` and `Dr.`: Saint or Street, Doctor or Drive, by what stands around them.

use super::context::{Context, is_capitalised};
use crate::sentence::Reading;

/// Reads `St.` and `Dr.`.
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

/// Returns true for a name that a street may have: `Baker`, `5th`, `Main`.
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
