//! Codes of the states of the United States, before a zip code or after the name of a town.

use super::context::{Context, is_capitalised};
use crate::numbers::english::digits;
use crate::numbers::is_digits;
use crate::sentence::Reading;

const STATES: &[(&str, &str)] = &[
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
    ("DC", "D C"),
    ("D.C", "D C"),
];
/// State codes that are also words or common acronyms. They count as states only with a zip code.
const WORDS: &[&str] = &[
    "OK", "HI", "ME", "OH", "IN", "OR", "LA", "ID", "PA", "MS", "MA", "MD", "CO", "DE", "AL", "SD",
    "CT",
];

/// Expands the code of a state after the name of a town, or before a zip code, which it also expands.
pub(super) fn state_and_zip(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let (_, name) = STATES.iter().find(|(code, _)| *code == core)?;
    let name = Reading::abbreviation(*name);
    let zip =
        if context.sentence.flows_past_stop(index) { zip(context.core(index + 1)) } else { None };
    if let Some(zip) = zip {
        return Some(vec![name, Reading::from(zip)]);
    }
    let at = index.checked_sub(1)?;
    let after_town = context.sentence.tail(at) == ","
        && is_capitalised(context.core(at))
        && !WORDS.contains(&core);
    (after_town && !context.is_shouting && core.len() == 2).then(|| vec![name])
}

/// Expands a zip code digit by digit: `62704`, `62704-1234`.
fn zip(core: &str) -> Option<String> {
    let (five, four) = core.split_once('-').unwrap_or((core, ""));
    let is_zip = is_digits(five)
        && five.len() == 5
        && (four.is_empty() || (is_digits(four) && four.len() == 4));
    let dash = if four.is_empty() { "" } else { ", " };
    is_zip.then(|| format!("{}{dash}{}", digits(five), digits(four)))
}
