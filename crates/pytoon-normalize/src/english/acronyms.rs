//! Words in capitals: acronyms to spell (`FBI`), acronyms spoken as words (`NASA`), words in capitals for emphasis
//! (`SALE`).

use super::context::{Context, is_all_caps, is_number};
use super::lexicon::{SAID, SPELLED, WORDS, has};
use crate::sentence::Reading;

/// Words before `IT` that show that it means the department.
const BEFORE_IT: &[&str] = &[
    "the", "our", "an", "your", "their", "in", "of", "for", "and", "&", "my", "his", "her", "its",
    "with", "any", "every",
];
const AFTER_IT: &[&str] = &[
    "team",
    "department",
    "support",
    "manager",
    "staff",
    "systems",
    "services",
    "security",
    "budget",
    "industry",
    "company",
    "companies",
    "professionals",
    "director",
    "job",
    "jobs",
    "world",
    "guy",
    "people",
    "consultant",
    "infrastructure",
    "help",
    "desk",
    "sector",
    "skills",
    "admin",
    "admins",
    "project",
    "projects",
    "specialist",
    "equipment",
];

/// Expands a token written in capitals: an acronym or an ordinary word.
pub(super) fn acronym(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let core = context.core(index);
    let Some((base, ending)) = base_and_ending(core) else {
        return lowercase_shouted_word(core).map(|word| vec![Reading::from(word)]);
    };
    let spoken = if is_spelled(context, index, base) {
        spell_out(base)
    } else if let Some(word) = read_as_word(base) {
        word
    } else {
        base.to_lowercase()
    };
    Some(vec![Reading::from(format!("{spoken}{ending}"))])
}

/// Returns a word in capitals with an accent or an apostrophe in lower case: `café` for `CAFÉ`, `I'm` for `I'M`.
fn lowercase_shouted_word(core: &str) -> Option<String> {
    let letters = core.chars().filter(|c| c.is_alphabetic()).count();
    let is_word = core.chars().all(|c| c.is_uppercase() || c == '\'') && letters >= 2;
    let is_marked = core.contains('\'') || !core.is_ascii();
    if !is_word || !is_marked {
        return None;
    }
    let lower = core.to_lowercase();
    Some(lower.strip_prefix("i'").map_or(lower.clone(), |rest| format!("I'{rest}")))
}

/// Splits a plural or possessive ending from a word in capitals.
fn base_and_ending(core: &str) -> Option<(&str, &str)> {
    let endings = ["'s", "'S", "s'", "s", "'"];
    let candidates =
        endings.iter().filter_map(|ending| Some((core.strip_suffix(ending)?, *ending)));
    std::iter::once((core, ""))
        .chain(candidates)
        .find(|(base, _)| is_all_caps(base))
        .map(|(base, ending)| (base, if ending == "'S" { "'s" } else { ending }))
}

fn is_spelled(context: &Context<'_>, index: usize, base: &str) -> bool {
    let is_word = has(WORDS, base);
    let is_known = has(SPELLED, base);
    if read_as_word(base).is_some() {
        return false;
    }
    if context.is_shouting {
        let is_unsayable = base.len() <= 5 && !base.contains(['A', 'E', 'I', 'O', 'U', 'Y']);
        return (is_known || is_unsayable) && !is_word;
    }
    match base {
        "IT" => is_department(context, index),
        "US" => true,
        "WHO" => context.follows(index, &["the"]),
        "AM" if context.before(index, 1) == "I" => false,
        "AM" | "PM" | "AD" | "BC" | "CE" => {
            is_known || is_number(context.before(index, 1)) || is_number(context.core(index + 1))
        }
        _ if is_word => false,
        _ if is_known => true,
        _ => is_unknown_spelled(context, index, base),
    }
}

fn is_department(context: &Context<'_>, index: usize) -> bool {
    let next = context.next(index);
    AFTER_IT.contains(&next)
        || (context.follows(index, BEFORE_IT) && !matches!(next, "is" | "was" | "will" | "has"))
}

/// Returns true if a word in capitals that no table lists must be spelled: an unpronounceable word of at most six
/// letters, or a whole token of at most three letters without an ordinary word in capitals beside it.
fn is_unknown_spelled(context: &Context<'_>, index: usize, base: &str) -> bool {
    if !is_pronounceable(base) {
        return base.len() <= 6;
    }
    if context.is_piece {
        return false;
    }
    let is_shouted = |word: &str| is_all_caps(word) && has(WORDS, word);
    if is_shouted(context.before(index, 1)) || is_shouted(context.core(index + 1)) {
        return false;
    }
    base.len() <= 3
}

/// Returns true if a word has a vowel and no letters that mark it as unpronounceable, such as a long
/// consonant cluster.
pub(super) fn is_pronounceable(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    let is_vowel = |c: char| "aeiouy".contains(c);
    let mut run = 0;
    let mut has_vowel = false;
    for (at, c) in lower.chars().enumerate() {
        if is_vowel(c) {
            has_vowel = true;
            run = 0;
            continue;
        }
        run += 1;
        let is_start = at + 1 == run;
        let too_long =
            if is_start { run > 3 || (run == 2 && !starts_well(&lower)) } else { run > 4 };
        if too_long {
            return false;
        }
    }
    let has_lone_q = lower.contains('q') && !lower.contains("qu");
    has_vowel && !has_lone_q && ends_well(&lower)
}

fn starts_well(lower: &str) -> bool {
    const STARTS: &[&str] = &[
        "bl", "br", "ch", "cl", "cr", "dr", "dw", "fl", "fr", "gl", "gr", "kn", "ph", "pl", "pr",
        "sc", "sh", "sk", "sl", "sm", "sn", "sp", "st", "sw", "th", "tr", "tw", "wh", "wr",
    ];
    lower.get(..2).is_some_and(|head| STARTS.contains(&head))
}

fn ends_well(lower: &str) -> bool {
    const BAD: &[&str] = &[
        "tp", "dp", "bp", "pc", "tc", "dc", "bc", "sb", "gm", "cm", "kb", "tv", "dv", "pg", "dj",
        "cb",
    ];
    !BAD.iter().any(|end| lower.ends_with(end))
}

/// Returns the first 64 letters of a word, separated by spaces.
pub(super) fn spell_out(word: &str) -> String {
    let letters: Vec<String> = word.chars().take(64).map(String::from).collect();
    letters.join(" ")
}

fn read_as_word(word: &str) -> Option<String> {
    let known = has(SAID, word);
    known.then(|| {
        let mut letters = word.chars();
        let first = letters.next().map(String::from).unwrap_or_default();
        format!("{first}{}", letters.as_str().to_lowercase())
    })
}

/// Expands a known acronym regardless of its neighbours. Two to six letters without a vowel, and pairs of capitals
/// that are not words, count as known.
pub(super) fn expand_known(word: &str) -> Option<String> {
    if let Some(word) = read_as_word(word) {
        return Some(word);
    }
    let is_known = is_all_caps(word) && has(SPELLED, word) && !has(WORDS, word);
    let has_vowel = word.chars().any(|c| "aeiouyAEIOUY".contains(c));
    let is_letters = word.chars().all(|c| c.is_ascii_alphabetic());
    let is_unsayable = is_letters && !has_vowel && (2..=6).contains(&word.len());
    let is_pair = is_all_caps(word) && word.len() == 2 && !has(WORDS, word);
    (is_known || is_unsayable || is_pair).then(|| spell_out(&word.to_uppercase()))
}

/// Returns a word in lower case if it is written in capitals, and unchanged otherwise.
pub(super) fn lower_if_caps(word: &str) -> String {
    if is_all_caps(word) { word.to_lowercase() } else { word.to_owned() }
}
