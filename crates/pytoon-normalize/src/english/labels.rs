//! Numbers that name rather than count: house, room, flight and route numbers, Roman numerals.

use super::context::{Context, is_capitalised};
use crate::numbers::english::{Dialect, cardinal, ordinal};
use crate::numbers::is_digits;
use crate::sentence::Reading;

/// Words that precede a number used as a name, such as `room`.
const LABELLED: &[&str] = &[
    "room",
    "suite",
    "apt",
    "apartment",
    "unit",
    "flight",
    "route",
    "highway",
    "hwy",
    "gate",
    "channel",
    "bus",
    "interstate",
    "exit",
    "locker",
    "studio",
    "ste",
    "rte",
    "i",
    "boeing",
    "airbus",
    "rtx",
    "gtx",
    "ryzen",
    "iso",
    "rfc",
    "error",
    "terminal",
];
/// Words that end street names.
const STREETS: &[&str] = &[
    "st",
    "street",
    "ave",
    "avenue",
    "rd",
    "road",
    "blvd",
    "boulevard",
    "ln",
    "lane",
    "dr",
    "drive",
    "ct",
    "court",
    "pl",
    "place",
    "sq",
    "square",
    "hwy",
    "highway",
    "pkwy",
    "parkway",
    "way",
    "terrace",
    "row",
];
/// Words after which a Roman numeral is a cardinal: `Chapter IV` is "chapter four".
const COUNTED: &[&str] = &[
    "chapter",
    "part",
    "volume",
    "vol",
    "book",
    "act",
    "scene",
    "section",
    "article",
    "phase",
    "type",
    "level",
    "stage",
    "war",
    "bowl",
    "episode",
    "season",
    "title",
    "appendix",
    "figure",
    "table",
    "class",
    "mark",
    "grade",
    "tier",
    "group",
    "category",
    "stratocaster",
];
/// Names of rulers, after which a Roman numeral is an ordinal: `Henry VIII` is "Henry the eighth".
const RULERS: &[&str] = &[
    "henry",
    "louis",
    "elizabeth",
    "charles",
    "george",
    "edward",
    "richard",
    "william",
    "james",
    "john",
    "paul",
    "benedict",
    "pius",
    "francis",
    "leo",
    "gregory",
    "innocent",
    "clement",
    "nicholas",
    "alexander",
    "peter",
    "catherine",
    "frederick",
    "wilhelm",
    "philip",
    "ferdinand",
    "napoleon",
    "ramesses",
    "rameses",
    "ptolemy",
    "christian",
    "gustav",
    "carl",
    "harald",
    "haakon",
    "mary",
    "boniface",
    "urban",
    "julius",
    "sixtus",
    "ivan",
    "joseph",
    "leopold",
    "albert",
    "alfonso",
    "pedro",
    "darius",
    "xerxes",
    "cleopatra",
    "thutmose",
    "amenhotep",
    "constantine",
];
const TITLES: &[&str] = &[
    "king", "queen", "pope", "emperor", "empress", "tsar", "prince", "kaiser", "pharaoh", "sultan",
    "tsarina",
];
/// Words that follow `I` if it is the pronoun and not a Roman numeral.
const VERBS: &[&str] = &[
    "think", "know", "am", "have", "was", "will", "would", "can", "love", "like", "want", "see",
    "met", "saw", "mean", "say", "do", "did", "had", "could", "should", "must", "may", "read",
    "get", "got", "never", "always", "just",
];

fn lower(word: &str) -> String {
    if word.len() > 20 { String::new() } else { word.to_lowercase() }
}

/// Returns true if the number at a token is a name, such as a house number or one after `Room`.
pub(super) fn is_label(context: &Context<'_>, index: usize) -> bool {
    let before = lower(context.before(index, 1));
    if LABELLED.contains(&before.as_str()) && (before != "i") {
        return true;
    }
    is_house(context, index)
}

/// Returns true if a street name follows: capitalised words that end with a word such as `Street`.
fn is_house(context: &Context<'_>, index: usize) -> bool {
    for at in index + 1..index + 5 {
        if !context.sentence.flows(at - 1) {
            return false;
        }
        let core = context.core(at);
        let is_name = is_capitalised(core) || core.starts_with(|c: char| c.is_ascii_digit());
        if at > index + 1 && is_name && STREETS.contains(&lower(core).as_str()) {
            return true;
        }
        if !is_name {
            return false;
        }
    }
    false
}

/// Parses a Roman numeral of at most eight letters in its usual form.
fn roman(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 8 {
        return None;
    }
    let digit = |c: char| {
        Some(match c {
            'I' => 1_i64,
            'V' => 5,
            'X' => 10,
            'L' => 50,
            'C' => 100,
            'D' => 500,
            'M' => 1000,
            _ => return None,
        })
    };
    let values: Option<Vec<i64>> = text.chars().map(digit).collect();
    let values = values?;
    let mut total = 0;
    for (at, value) in values.iter().enumerate() {
        let is_less = values.get(at + 1).is_some_and(|next| next > value);
        total += if is_less { -value } else { *value };
    }
    let total = u64::try_from(total).ok()?;
    (to_roman(total) == text).then_some(total)
}

fn to_roman(number: u64) -> String {
    const STEPS: &[(u64, &str)] = &[
        (1000, "M"),
        (900, "CM"),
        (500, "D"),
        (400, "CD"),
        (100, "C"),
        (90, "XC"),
        (50, "L"),
        (40, "XL"),
        (10, "X"),
        (9, "IX"),
        (5, "V"),
        (4, "IV"),
        (1, "I"),
    ];
    let mut rest = number;
    let mut out = String::new();
    for (value, letters) in STEPS {
        while rest >= *value {
            out.push_str(letters);
            rest -= value;
        }
    }
    out
}

/// Expands a Roman numeral after a word that takes one, such as `Chapter`, the name of a ruler, or another
/// capitalised name.
pub(super) fn roman_value(context: &Context<'_>, index: usize) -> Option<String> {
    let core = context.core(index);
    let (core, ending) = core.strip_suffix("'s").map_or((core, ""), |owner| (owner, "'s"));
    let value = roman(core)?;
    let (before, second) = (lower(context.before(index, 1)), lower(context.before(index, 2)));
    if context.sentence.tail(index.wrapping_sub(1)).contains([',', '?', '!', ';']) {
        return None;
    }
    let has_title = TITLES.contains(&second.as_str())
        || TITLES.contains(&lower(context.before(index, 3)).as_str());
    let is_person = core == "I" && (VERBS.contains(&context.core(index + 1)) || !has_title);
    if COUNTED.contains(&before.as_str()) {
        let is_pronoun = core == "I" && VERBS.contains(&context.core(index + 1));
        return (!is_pronoun).then(|| format!("{}{ending}", cardinal(value, context.dialect)));
    }
    let is_ruler = is_capitalised(context.before(index, 1))
        && (has_title || RULERS.contains(&before.as_str()));
    if is_ruler && !is_person {
        return Some(format!("the {}{ending}", ordinal(value, context.dialect)));
    }
    let is_small = core.len() >= 2
        && core.len() <= 4
        && core.chars().all(|c| "IVX".contains(c))
        && core != "XX"
        && core != "XXX";
    let is_article =
        matches!(before.as_str(), "the" | "her" | "his" | "our" | "this" | "that" | "with" | "and");
    let after_name = !is_article
        && is_capitalised(context.before(index, 1))
        && !context.is_shouting
        && before.len() > 2;
    (is_small && after_name).then(|| format!("{}{ending}", cardinal(value, Dialect::American)))
}

/// Applies [`roman_value`] as a rule. Returns `None` for a number in digits.
pub(super) fn roman_rule(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    if is_digits(context.core(index)) {
        return None;
    }
    roman_value(context, index).map(|text| vec![Reading::from(text)])
}
