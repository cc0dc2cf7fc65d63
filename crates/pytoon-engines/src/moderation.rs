//! Screens a prompt before it is sent, and rephrases one that an engine rejected.
//!
//! Guarantees: the functions are pure; whole words are compared, case-insensitively; substitutions come first, so
//! that a harmless word is not mistaken for its other meaning; a rephrased prompt always differs from the rejected
//! one.
//!
//! Leaves the moderation service to `moderation_service`, and the consequences for the scene to the manager.
//!
//! Start with [`screen`].

use pytoon_config::engines::{ModerationSettings, Strictness};

/// A forbidden word in a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The list that contains the word: `blocklist` or `competitor`.
    pub source: &'static str,
    /// The forbidden word or phrase.
    pub word: String,
}

/// A screened prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screened {
    /// The prompt to send; `None` if it must not be sent.
    pub prompt: Option<String>,
    /// The forbidden words in the prompt.
    pub hits: Vec<Hit>,
}

/// Screens a prompt: substitutes words, and then removes forbidden words or, with strict settings, rejects the
/// prompt. Also rejects a prompt of which too little is left. With `brand_safe`, any forbidden word leads to
/// rejection, and the safety words are appended.
pub fn screen(prompt: &str, settings: &ModerationSettings, brand_safe: bool) -> Screened {
    let mut text = prompt.to_owned();
    for (word, meant) in &settings.substitutions {
        text = replace_words(&text, word, meant);
    }
    let lists = [("blocklist", &settings.blocklist), ("competitor", &settings.competitors)];
    let is_on = settings.strictness != Strictness::Off || brand_safe;
    let mut hits = Vec::new();
    for (source, list) in lists.into_iter().filter(|_| is_on) {
        let found = list.iter().filter(|word| !occurrences(&text, word).is_empty());
        hits.extend(found.map(|word| Hit { source, word: word.clone() }));
    }
    if !hits.is_empty() && (settings.strictness == Strictness::Strict || brand_safe) {
        return Screened { prompt: None, hits };
    }
    for hit in &hits {
        text = replace_words(&text, &hit.word, "");
    }
    text = tidy(&text);
    // The remaining prompt must still describe something.
    if text.chars().filter(|c| c.is_alphanumeric()).count() < 3 {
        return Screened { prompt: None, hits };
    }
    if brand_safe && !settings.safety_words.trim().is_empty() {
        text = format!("{}. {}", text.trim_end_matches(['.', ' ']), settings.safety_words.trim());
    }
    Screened { prompt: Some(text), hits }
}

/// Words that engines reject for a possible meaning, each with a milder replacement.
const MILDER: &[(&str, &str)] = &[
    ("blood", "red liquid"),
    ("bloody", "red"),
    ("gun", "prop"),
    ("guns", "props"),
    ("knife", "tool"),
    ("kill", "win"),
    ("killing", "winning"),
    ("dead", "still"),
    ("death", "stillness"),
    ("die", "fade"),
    ("attack", "rush"),
    ("war", "struggle"),
    ("fight", "contest"),
    ("fighting", "competing"),
    ("drunk", "merry"),
    ("sexy", "elegant"),
    ("hot girl", "confident person"),
    ("hot guy", "confident person"),
    ("child", "person"),
    ("children", "people"),
    ("baby", "person"),
    ("kid", "person"),
    ("kids", "people"),
    ("celebrity", "person"),
    ("explosion", "burst of light"),
    ("explosive", "dynamic"),
    ("crash", "sudden stop"),
    ("drug", "remedy"),
    ("drugs", "remedies"),
    ("cigarette", "stick"),
    ("smoking", "steaming"),
    ("bikini", "summer clothes"),
    ("naked", "plain"),
];

/// Rephrases a prompt that an engine rejected, with milder words and in a harmless setting. Also removes names if
/// there are no milder words or if `attempt` exceeds 1. The result always differs from the prompt.
pub fn rephrase(prompt: &str, attempt: u32) -> String {
    let mut text = prompt.to_owned();
    for (word, milder) in MILDER {
        text = replace_words(&text, word, milder);
    }
    // Names of people are the most frequent reason for rejections after violence.
    if attempt > 1 || text == prompt {
        text = without_names(&text);
    }
    text = tidy(&text);
    let frame = match attempt {
        0 | 1 => "A calm, tasteful, family friendly scene",
        _ => "A quiet still life in soft light, no people, inspired by",
    };
    format!("{frame}: {}", text.trim_end_matches('.'))
}

/// Removes capitalized words, which may be names, except at the beginning of a sentence or after a colon.
fn without_names(text: &str) -> String {
    let mut begins = true;
    text.split_whitespace()
        .filter(|word| {
            let capital = word.chars().next().is_some_and(char::is_uppercase);
            let keep = begins || !capital;
            begins = word.ends_with(['.', '!', '?', ':']);
            keep
        })
        .collect::<Vec<_>>()
        .join(" ")
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c == '\''
}

/// Returns the byte ranges of the whole-word, case-insensitive occurrences of a word or phrase.
fn occurrences(text: &str, word: &str) -> Vec<(usize, usize)> {
    let word = word.trim();
    if word.is_empty() {
        return Vec::new();
    }
    let wanted: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let starts = at == 0 || !is_word_char(chars[at - 1].1);
        match starts.then(|| match_at(&chars, at, &wanted)).flatten() {
            Some(end) if end == chars.len() || !is_word_char(chars[end].1) => {
                let to = chars.get(end).map_or(text.len(), |(byte, _)| *byte);
                found.push((chars[at].0, to));
                at = end;
            }
            _ => at += 1,
        }
    }
    found
}

/// Returns the end of a case-insensitive match that begins at `start`, as an index into `chars`; `None` if there is
/// no match.
fn match_at(chars: &[(usize, char)], start: usize, wanted: &[char]) -> Option<usize> {
    let (mut at, mut rest) = (start, wanted);
    while !rest.is_empty() {
        for lower in chars.get(at)?.1.to_lowercase() {
            rest = rest.strip_prefix(&[lower])?;
        }
        at += 1;
    }
    Some(at)
}

fn replace_words(text: &str, word: &str, with: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (from, to) in occurrences(text, word) {
        out.push_str(&text[at..from]);
        out.push_str(with);
        at = to;
    }
    out.push_str(&text[at..]);
    out
}

/// Collapses runs of spaces, and attaches separate punctuation to the word before it or, after other
/// punctuation, removes it. Also removes leading commas, periods and semicolons.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        let only_punctuation = word.chars().all(|c| ",.;:!?".contains(c));
        if only_punctuation {
            if !out.ends_with([',', '.', ';', ':', '!', '?']) {
                out.push_str(word);
            }
            continue;
        }
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    out.trim_start_matches([',', '.', ';', ' ']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_config::{Config, ConfigSource};

    fn settings(strictness: Strictness) -> ModerationSettings {
        let config = Config::load(&ConfigSource::Optional("/nowhere".into())).expect("built in");
        ModerationSettings {
            strictness,
            competitors: vec!["Acme Cola".into()],
            ..config.engines.moderation
        }
    }

    #[test]
    fn innocent_words_are_understood_and_guilty_ones_go() {
        let standard = settings(Strictness::Standard);
        let shoot = screen("Shoot the cup in a killer light", &standard, false);
        assert_eq!(shoot.prompt.as_deref(), Some("film the cup in a striking light"));
        assert!(shoot.hits.is_empty());
        let hit = screen("A statue, naked, beside an acme cola can", &standard, false);
        assert_eq!(hit.prompt.as_deref(), Some("A statue, beside an can"));
        let words: Vec<&str> = hit.hits.iter().map(|h| h.word.as_str()).collect();
        assert_eq!(words, ["naked", "Acme Cola"]);
        // A part of a word does not match.
        assert!(screen("snakedance", &standard, false).hits.is_empty());
        assert_eq!(screen("gore, gore!", &standard, false).prompt, None);
    }

    #[test]
    fn strict_and_brand_safe_stop_what_standard_only_changes() {
        assert_eq!(screen("gore in a kitchen", &settings(Strictness::Strict), false).prompt, None);
        assert_eq!(screen("gore in a kitchen", &settings(Strictness::Off), true).prompt, None);
        let off = screen("gore in a kitchen", &settings(Strictness::Off), false);
        assert_eq!(off.prompt.as_deref(), Some("gore in a kitchen"));
        let safe = screen("A kitchen.", &settings(Strictness::Standard), true).prompt;
        assert!(safe.is_some_and(|p| p.starts_with("A kitchen. family friendly")));
    }

    #[test]
    fn a_rephrased_prompt_is_never_the_refused_one() {
        for prompt in ["A fight in the rain", "A cup", "", "Tom Hanks drinks tea"] {
            let mut last = prompt.to_owned();
            for attempt in 1..4 {
                let next = rephrase(&last, attempt);
                assert_ne!(next, last, "attempt {attempt}");
                last = next;
            }
        }
        assert!(!rephrase("We see Tom Hanks with tea", 1).contains("Hanks"));
        assert!(rephrase("A fight in the rain", 1).contains("contest"));
    }
}
