//! Weekdays and their ranges, `Mon-Fri`, `Mon.`, `Sat 9am`, and ranges of months.

use super::context::{Context, is_capitalised};
use super::{dates, times};
use crate::sentence::Reading;

const DAYS: &[(&str, &str)] = &[
    ("mon", "Monday"),
    ("tue", "Tuesday"),
    ("tues", "Tuesday"),
    ("wed", "Wednesday"),
    ("weds", "Wednesday"),
    ("thu", "Thursday"),
    ("thur", "Thursday"),
    ("thurs", "Thursday"),
    ("fri", "Friday"),
    ("sat", "Saturday"),
    ("sun", "Sunday"),
];
/// Weekday abbreviations that are also words.
const WORDS: &[&str] = &["Sat", "Sun", "Wed", "Mon"];
/// Returns the full name of a weekday, if the word is its capitalised abbreviation.
pub(super) fn short_day(word: &str) -> Option<&'static str> {
    if !is_capitalised(word) || word.len() > 5 {
        return None;
    }
    let lower = word.to_lowercase();
    DAYS.iter().find(|(short, _)| *short == lower).map(|(_, name)| *name)
}

/// Returns the name of a weekday or a month from its short or full form.
fn name(word: &str) -> Option<String> {
    let word = word.trim_end_matches('.');
    if let Some(day) = short_day(word) {
        return Some(day.to_owned());
    }
    if let Some(month) = dates::month(word) {
        return Some(dates::month_name(month).to_owned());
    }
    DAYS.iter().any(|(_, name)| *name == word).then(|| word.to_owned())
}

/// Expands an abbreviated weekday, or a range of weekdays or months. An abbreviation that is also a word, such as
/// `Sat`, must have a full stop or a neighbour that marks it as a day.
pub(super) fn weekday(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    if core.len() > 24 {
        return None;
    }
    if core.contains(['-', '–', '/']) {
        let link = if core.contains('/') { " " } else { " to " };
        let names: Option<Vec<String>> = core.split(['-', '–', '/']).map(name).collect();
        return names.map(|names| vec![Reading::abbreviation(names.join(link))]);
    }
    let day = short_day(core)?;
    let next = if context.sentence.flows_past_stop(index) || context.sentence.tail(index) == "," {
        context.core(index + 1)
    } else {
        ""
    };
    let links = |word: &str| {
        matches!(word, "-" | "–" | "—" | "to" | "&" | "and" | "through" | "thru" | "or")
    };
    let linked_to_next = links(next) && short_day(context.core(index + 2)).is_some();
    let linked_to_last =
        links(context.before(index, 1)) && short_day(context.before(index, 2)).is_some();
    let before_date = dates::month(next).is_some()
        || times::is_time(next)
        || next.starts_with(|c: char| c.is_ascii_digit());
    let among_days = short_day(next).is_some() || short_day(context.before(index, 1)).is_some();
    let is_day = context.sentence.has_stop(index) && !context.sentence.is_last(index)
        || !WORDS.contains(&core)
        || linked_to_next
        || linked_to_last
        || before_date
        || among_days;
    (is_day && (before_date || !context.is_shouting)).then(|| vec![Reading::abbreviation(day)])
}
