//! Detects the names before colons in a dialogue: `SARAH: Hello.`, `TOM: Hi.`, `SARAH: Come in.`

use std::collections::{BTreeMap, BTreeSet};

/// Labels that alternate like speakers but are part of the spoken text.
const NO_NAMES: &[&str] = &[
    "myth",
    "fact",
    "mythos",
    "fakt",
    "mito",
    "mythe",
    "fait",
    "hecho",
    "realidad",
    "fato",
    "verdade",
    "миф",
    "факт",
    "pro",
    "con",
    "contra",
    "kontra",
    "pros",
    "cons",
    "question",
    "answer",
    "frage",
    "antwort",
    "pregunta",
    "respuesta",
    "réponse",
    "pergunta",
    "resposta",
    "q",
    "a",
    "before",
    "after",
    "vorher",
    "nachher",
    "antes",
    "después",
    "depois",
    "avant",
    "après",
    "problem",
    "solution",
    "lösung",
    "problema",
    "solución",
    "solução",
    "problème",
    "do",
    "don't",
    "dos",
    "don'ts",
    "good",
    "bad",
    "better",
    "best",
    "old",
    "new",
    "then",
    "now",
    "expectation",
    "reality",
    "true",
    "false",
    "right",
    "wrong",
    "tip",
    "tipp",
    "step",
    "schritt",
    "paso",
    "note",
    "warning",
    "bonus",
    "price",
    "preis",
    "precio",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// Maximum length of a name, in words.
const MOST_WORDS: usize = 3;

/// Returns the speakers of a dialogue as written, or an empty set for a text that is not a dialogue.
///
/// A text is a dialogue if at least two names begin two lines each. Unless every paragraph begins with a name, only
/// names in capitals count.
pub(super) fn of_dialogue(text: &str) -> BTreeSet<String> {
    let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
    let mut is_all_turns = true;
    let mut begins_paragraph = true;
    // Names may be set in bold.
    let text = text.replace("**", "");
    for line in text.lines().map(str::trim) {
        let name = name_of(line);
        if let Some(name) = name {
            *turns.entry(name).or_default() += 1;
        }
        is_all_turns &= !begins_paragraph || line.is_empty() || name.is_some();
        begins_paragraph = line.is_empty();
    }
    let is_capitals = |name: &str| name == name.to_uppercase() && name != name.to_lowercase();
    if !is_all_turns {
        turns.retain(|name, _| is_capitals(name));
    }
    if turns.values().filter(|count| **count > 1).count() < 2 {
        return BTreeSet::new();
    }
    turns.into_keys().map(str::to_owned).collect()
}

/// Returns the name at the start of a line, if a colon and a space or a full-width colon follow it.
fn name_of(line: &str) -> Option<&str> {
    let colon = line.find([':', '：'])?;
    let (name, rest) = line.split_at(colon);
    let is_name = |word: &str| {
        word.chars().all(|c| c.is_alphabetic() || "'’.-".contains(c))
            && word.chars().next().is_some_and(|c| c.is_uppercase() || !c.is_lowercase())
    };
    let words: Vec<&str> = name.split(' ').collect();
    let is_known = NO_NAMES.contains(&name.to_lowercase().as_str());
    (words.len() <= MOST_WORDS
        && words.iter().all(|word| !word.is_empty() && is_name(word))
        && !is_known
        && (rest.starts_with('：') || rest[1..].starts_with(char::is_whitespace)))
    .then_some(name)
}
