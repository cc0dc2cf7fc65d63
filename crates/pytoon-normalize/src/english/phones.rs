//! Telephone numbers, usually spoken digit by digit, with a pause between groups.

use super::context::Context;
use crate::numbers::english::digits;
use crate::numbers::is_digits;
use crate::sentence::Reading;

/// Maximum number of tokens in a telephone number.
const MAX_TOKENS: usize = 7;
/// Words that precede a number to dial.
const CUES: &[&str] =
    &["call", "dial", "phone", "text", "tel", "telephone", "fax", "ring", "whatsapp", "at", "on"];

/// Expands a telephone number that begins at a token.
pub(super) fn phone(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    if !may_begin(context, index) {
        return None;
    }
    let mut groups: Vec<Vec<&str>> = Vec::new();
    let mut total = 0;
    for at in index..index + MAX_TOKENS {
        let core = context.core(at);
        let Some(parts) = token_groups(core, at == index) else { break };
        let starts_another = at > index
            && (core.starts_with('+') || context.sentence.tokens.get(at).is_some_and(|t| t.opens));
        if starts_another && !may_have_area(context, index, at) {
            break;
        }
        total += parts.iter().map(|part| part.len()).sum::<usize>();
        groups.push(parts);
        let tail = context.sentence.tail(at);
        if !tail.is_empty() {
            break;
        }
    }
    while !groups.is_empty() && !is_phone(context, index, &groups, total) {
        let last = groups.pop()?;
        total -= last.iter().map(|part| part.len()).sum::<usize>();
    }
    let count = groups.len();
    let has_country_code = groups.first().is_some_and(|parts| parts.first() == Some(&"1"));
    let readings = groups.iter().enumerate().map(|(at, parts)| {
        let spoken: Vec<String> = parts
            .iter()
            .map(|part| match *part {
                "800" if has_country_code => "eight hundred".to_owned(),
                "900" if has_country_code => "nine hundred".to_owned(),
                part => group(part),
            })
            .collect();
        let comma = if at + 1 < count { "," } else { "" };
        Reading::from(format!("{}{comma}", spoken.join(", ")))
    });
    Some(readings.collect()).filter(|readings: &Vec<Reading>| !readings.is_empty())
}

/// Returns true if a telephone number may begin at a token. Most numbers fail this cheap check.
fn may_begin(context: &Context<'_>, index: usize) -> bool {
    let core = context.core(index);
    let is_short = is_digits(core) && core.len() < 3;
    let before_area = core == "1" && context.core(index + 1).len() == 3;
    let begins = core.starts_with(|c: char| c.is_ascii_digit() || c == '+' || c == '(');
    begins && (!is_short || core.starts_with('0') || before_area || context.follows(index, CUES))
}

/// Returns true if the first token is a country code, which an area code in brackets may follow.
fn may_have_area(context: &Context<'_>, index: usize, at: usize) -> bool {
    at == index + 1
        && context.core(index).len() <= 4
        && (context.core(index).starts_with('+') || context.core(index) == "1")
}

fn group(part: &str) -> String {
    if is_digits(part) { digits(part) } else { part.to_lowercase() }
}

/// Splits a token into digit groups: `+1`, `123-4567`, `(555)123-4567`, `800-FLOWERS`.
fn token_groups(core: &str, is_first: bool) -> Option<Vec<&str>> {
    let bare = if is_first { core.strip_prefix('+').unwrap_or(core) } else { core };
    if bare.is_empty() || bare.len() > 24 {
        return None;
    }
    let marks = |c: char| matches!(c, '-' | '.' | '(' | ')' | '/');
    let parts: Vec<&str> = bare.split(marks).filter(|part| !part.is_empty()).collect();
    let mut digits = 0;
    for (at, part) in parts.iter().enumerate() {
        let is_word = at + 1 == parts.len()
            && at > 0
            && part.len() >= 3
            && part.bytes().all(|b| b.is_ascii_uppercase());
        if !is_digits(part) && !is_word {
            return None;
        }
        digits += part.len();
    }
    (digits > 0 && parts.len() <= 6).then_some(parts)
}

/// Returns true if the digit groups are almost certainly a telephone number. The lengths of the groups, the signs
/// between them and the word before them decide.
fn is_phone(context: &Context<'_>, index: usize, groups: &[Vec<&str>], total: usize) -> bool {
    let core = context.core(index);
    let lengths: Vec<usize> = groups.iter().flatten().map(|part| part.len()).collect();
    if core.matches('.').count() > 0 && groups.len() == 1 {
        return matches!(lengths.as_slice(), [3, 3, 4] | [1, 3, 3, 4]);
    }
    if total > 15 || core.contains('.') {
        return false;
    }
    let has_cue = context.follows(index, CUES);
    let opens = context.sentence.tokens.get(index).is_some_and(|token| token.opens && token.closes);
    let is_international = core.starts_with('+')
        && total >= 8
        && lengths.first().is_some_and(|first| *first <= 3 || total >= 10);
    let is_area = (opens || core.starts_with('(')) && matches!(lengths.as_slice(), [3, 3, 4]);
    let is_local = matches!(lengths.as_slice(), [3, 4])
        && groups.len() == 1
        && core.contains('-')
        && !core.contains('/');
    let is_national = matches!(lengths.as_slice(), [3, 3, 4] | [1, 3, 3, 4] | [1, 3, 7] | [3, 7])
        && (groups.len() == 1 || total >= 10);
    let is_trunk = core.starts_with('0')
        && total >= 9
        && (2..=6).contains(&lengths.len())
        && lengths.iter().all(|n| *n >= 2)
        && lengths.first().is_some_and(|n| *n >= 2);
    let is_said = has_cue
        && total >= 7
        && lengths.len() >= 2
        && lengths.iter().all(|n| *n >= 2)
        && !core.contains('/')
        && lengths.first() != Some(&4);
    is_international || is_area || is_local || is_national || is_trunk || is_said
}
