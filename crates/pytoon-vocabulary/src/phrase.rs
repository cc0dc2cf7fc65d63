//! Finds the structure of a sentence: its figure, its enumeration, its quotation or its contrast.
//!
//! Guarantees: pure functions of the words; every index and range is inside the slice that was passed.
//!
//! These are heuristics for English and German. A sentence in another language yields a structure only from its
//! digits and punctuation. This module does not choose a treatment and does not draw.
//!
//! Start with [`figure`], [`list`], [`quotation`] and [`contrast`].

use std::ops::Range;

/// An enumeration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// The index of the first word of each item, ascending. Words before the first item introduce the list.
    pub starts: Vec<usize>,
    /// True if the items begin with ordinal numbers such as *first*.
    pub ordered: bool,
}

/// The part of a contrast that the sentence rejects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rejected {
    /// The first part, as in "not X but Y".
    First,
    /// The second part, as in "X, not Y".
    Second,
    /// Neither part, as in "less X, more Y".
    Neither,
}

/// Two opposed parts of a sentence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contrast {
    /// The index of the first word of the second part.
    pub second: usize,
    /// The part that the sentence rejects.
    pub rejected: Rejected,
}

/// Opening and closing quotation marks.
const QUOTES: &str = "\"“”„‟«»「」『』‹›";
const CURRENCIES: &str = "$€£¥₹₩₽₺฿";
const AND: &[&str] = &["and", "or", "und", "oder", "sowie"];
const ORDINALS: &[&str] = &[
    "first",
    "firstly",
    "second",
    "secondly",
    "third",
    "thirdly",
    "fourth",
    "fifth",
    "finally",
    "erstens",
    "zweitens",
    "drittens",
    "viertens",
    "fünftens",
    "zuerst",
    "zuletzt",
    "schließlich",
];
const UNITS: &[&str] = &[
    "%",
    "°",
    "°c",
    "°f",
    "km",
    "m",
    "cm",
    "mm",
    "kg",
    "g",
    "mg",
    "l",
    "ml",
    "h",
    "min",
    "ms",
    "gb",
    "mb",
    "tb",
    "hz",
    "kw",
    "kwh",
    "mph",
    "km/h",
    "percent",
    "prozent",
    "euro",
    "euros",
    "dollar",
    "dollars",
    "cent",
    "cents",
    "million",
    "millions",
    "million.",
    "millionen",
    "billion",
    "billions",
    "milliarde",
    "milliarden",
    "thousand",
    "tausend",
];
/// Words that begin a clause and not an item of a list.
const CLAUSE_STARTS: &[&str] = &[
    "i", "you", "we", "he", "she", "it", "they", "this", "that", "there", "which", "who", "but",
    "so", "because", "if", "when", "while", "then", "it's", "that's", "ich", "du", "wir", "er",
    "sie", "es", "das", "dass", "weil", "wenn", "aber", "dann", "denn",
];
const DETERMINERS: &[&str] = &[
    "a", "an", "the", "my", "your", "our", "more", "ein", "eine", "einen", "der", "die", "das",
    "den", "mehr",
];
const INTRODUCERS: &[&str] = &[
    "need", "needs", "is", "are", "was", "were", "have", "has", "take", "takes", "use", "want",
    "get", "gets", "with", "of", "for", "from", "like", "means", "includes", "include", "only",
    "just", "brauchst", "braucht", "brauchen", "ist", "sind", "hat", "haben", "nimm", "mit", "aus",
    "für", "von", "nur",
];
const NEGATIONS: &[&str] = &[
    "not", "never", "no", "don't", "isn't", "aren't", "doesn't", "won't", "nicht", "nie", "kein",
    "keine", "keinen", "keiner",
];

fn bare(word: &str) -> String {
    word.trim_matches(|c: char| {
        !c.is_alphanumeric() && !CURRENCIES.contains(c) && c != '%' && c != '°'
    })
    .replace('’', "'")
    .to_lowercase()
}

fn ends_clause(word: &str) -> bool {
    word.ends_with([',', ';', ':', '.', '!', '?', '…', '—', '–']) || matches!(word, "-" | "—" | "–")
}

fn is(word: &str, list: &[&str]) -> bool {
    list.contains(&bare(word).as_str())
}

/// Returns true if the word is a figure: digits with an optional currency, sign or unit. Ordinals such as `2nd` and
/// names such as `B2B` are not figures.
pub fn is_figure(word: &str) -> bool {
    let core = word.trim_matches(|c: char| {
        !c.is_alphanumeric() && !CURRENCIES.contains(c) && !"%°+-−".contains(c)
    });
    let number = core.trim_start_matches(|c: char| CURRENCIES.contains(c) || "+-−~".contains(c));
    let tail =
        number.trim_start_matches(|c: char| c.is_numeric() || ".,'’\u{a0}\u{202f} ".contains(c));
    number.starts_with(char::is_numeric)
        && tail.chars().count() <= 4
        && !tail.contains(char::is_numeric)
        && !tail.contains(['-', '/', ':'])
        && !matches!(tail, "st" | "nd" | "rd" | "th" | "er" | "s")
}

/// Returns true for the number of a list item, such as `1.` or `2)`.
fn is_item_number(word: &str) -> bool {
    let digits = word.trim_end_matches(['.', ')']);
    digits.len() < word.len() && !digits.is_empty() && digits.chars().all(char::is_numeric)
}

/// Returns the words of the most important figure with its currency and unit, as in `30 %` or `5 million dollars`. The
/// number of a list item at the start is no figure.
pub fn figure(words: &[&str]) -> Option<Range<usize>> {
    let mut best: Option<(u32, Range<usize>)> = None;
    let is_number = |i: &usize| *i == 0 && words.len() > 1 && is_item_number(words[0]);
    for i in (0..words.len()).filter(|i| is_figure(words[*i]) && !is_number(i)) {
        let is_currency = |w: &str| !w.is_empty() && w.chars().all(|c| CURRENCIES.contains(c));
        let start = if i > 0 && is_currency(words[i - 1]) { i - 1 } else { i };
        let mut end = i + 1;
        while end < words.len()
            && end < i + 3
            && !ends_clause(words[end - 1])
            && (is(words[end], UNITS) || is_currency(&bare(words[end])))
        {
            end += 1;
        }
        let text = words[start..end].concat();
        let digits = text.chars().filter(|c| c.is_numeric()).count() as u32;
        let valued = text.contains(|c: char| CURRENCIES.contains(c) || c == '%');
        let score = 10 * u32::from(valued) + 5 * u32::from(end - start > 1) + digits.min(4);
        if best.as_ref().is_none_or(|(other, _)| score > *other) {
            best = Some((score, start..end));
        }
    }
    best.map(|(_, range)| range)
}

/// Returns the enumeration of the sentence: items with ordinal numbers, or at least three short items with commas
/// and a conjunction, or at least two short items after a colon.
pub fn list(words: &[&str]) -> Option<List> {
    let opens = |i: usize| i == 0 || ends_clause(words[i - 1]);
    let mut starts: Vec<usize> = (0..words.len())
        .filter(|i| is(words[*i], ORDINALS))
        .filter(|i| opens(*i) || is(words[*i - 1], AND))
        .map(|i| if i > 0 && is(words[i - 1], AND) { i - 1 } else { i })
        .collect();
    starts.dedup();
    if starts.len() >= 2 {
        return Some(List { starts, ordered: true });
    }
    let body = words.iter().position(|w| w.ends_with([':', '：'])).map(|i| i + 1);
    let from = body.unwrap_or(0);
    let mut starts = vec![from];
    let mut joined = false;
    for i in from + 1..words.len() {
        let after_comma = words[i - 1].ends_with([',', '、', '，', '،', ';']);
        let conjunction = is(words[i], AND) && !joined && starts.len() >= 2;
        if words[i - 1].ends_with(['.', '!', '?', '。']) {
            // A second sentence makes a colon or comma list unlikely.
            return None;
        }
        if after_comma || conjunction {
            joined |= is(words[i], AND);
            starts.push(i);
        }
    }
    let wanted = if body.is_some() { 2 } else { 3 };
    if starts.len() < wanted || (body.is_none() && !joined) {
        return None;
    }
    let ends = starts.iter().skip(1).copied().chain([words.len()]);
    let lengths: Vec<usize> = starts.iter().zip(ends).map(|(a, b)| b - a).collect();
    let later_long = lengths.iter().skip(1).any(|n| *n > 5);
    let clause = starts.iter().skip(1).any(|i| is(words[*i], CLAUSE_STARTS));
    let after_and = |i: usize| words.get(i + 1).is_some_and(|w| is(w, CLAUSE_STARTS));
    if later_long || clause || starts.iter().any(|i| is(words[*i], AND) && after_and(*i)) {
        return None;
    }
    if body.is_none() {
        // The first item is as long as the second; the words before it introduce the list.
        let second = lengths[1];
        let mut first = starts[1].saturating_sub(second);
        if first > 0 && is(words[first - 1], DETERMINERS) {
            first -= 1;
        }
        // A verb or a preposition still introduces the list.
        while first + 1 < starts[1] && is(words[first], INTRODUCERS) {
            first += 1;
        }
        if first == 1 && starts[1] <= 3 {
            first = 0;
        }
        starts[0] = first;
    }
    Some(List { starts, ordered: false })
}

/// Returns the words inside quotation marks, if they are at least three and the larger part of the sentence.
pub fn quotation(words: &[&str]) -> Option<Range<usize>> {
    let quoted = |w: &str| w.chars().any(|c| QUOTES.contains(c));
    let start =
        words.iter().position(|w| w.trim_start_matches('(').starts_with(|c| QUOTES.contains(c)))?;
    let end = words.iter().rposition(|w| quoted(w)).filter(|e| *e >= start)? + 1;
    let closes = words[end - 1]
        .trim_end_matches(|c: char| c.is_ascii_punctuation() && c != '"')
        .ends_with(|c| QUOTES.contains(c));
    let long = words[start..end].iter().map(|w| w.chars().count()).sum::<usize>();
    let all: usize = words.iter().map(|w| w.chars().count()).sum();
    let enough = end - start >= 3 || long >= 8;
    (closes && enough && 2 * long >= all).then_some(start..end)
}

/// Returns the two opposed parts of the sentence.
pub fn contrast(words: &[&str]) -> Option<Contrast> {
    let n = words.len();
    let opens = |i: usize| i > 0 && ends_clause(words[i - 1]);
    let at = |list: &[&str], from: usize| (from..n).find(|i| is(words[*i], list));
    let found = |second: usize, rejected| {
        let sides = second >= 1 && second < n && n <= 26;
        sides.then_some(Contrast { second, rejected })
    };
    // "X, not Y" and "X instead of Y".
    for i in 1..n {
        let next = words.get(i + 1).map(|w| bare(w)).unwrap_or_default();
        let word = bare(words[i]);
        let instead = (word == "instead" && next == "of") || (word == "rather" && next == "than");
        let statt = matches!(word.as_str(), "statt" | "anstatt");
        let not = matches!(word.as_str(), "not" | "nicht") && opens(i) && next != "only";
        let later = at(&["but", "sondern"], i + 1).is_some();
        if (instead || statt || not && !later) && i + 1 < n {
            return found(i, Rejected::Second);
        }
    }
    if let Some(i) = at(NEGATIONS, 0) {
        if let Some(j) = at(&["but", "sondern"], i + 2).filter(|j| j + 1 < n) {
            return found(j, Rejected::First);
        }
        // "It's not X, it's Y."
        let repeats = ["it's", "it", "they're", "es", "das", "sie", "this", "that's", "we", "you"];
        let again = (i + 2..n).find(|j| opens(*j) && is(words[*j], &repeats));
        if let Some(j) = again.filter(|j| j + 1 < n && i <= 3) {
            return found(j, Rejected::First);
        }
    }
    let pairs: [(&[&str], &[&str]); 3] = [
        (&["less", "fewer", "weniger"], &["more", "mehr"]),
        (&["more", "mehr"], &["less", "fewer", "weniger"]),
        (
            &["before", "vorher", "früher", "yesterday", "gestern", "damals"],
            &["after", "nachher", "heute", "now", "today", "jetzt", "afterwards", "danach"],
        ),
    ];
    for (left, right) in pairs {
        let first = at(left, 0).filter(|i| *i == 0 || opens(*i) || *i <= 2);
        if let Some(j) = first.and_then(|i| at(right, i + 1)).filter(|j| opens(*j) && j + 1 < n) {
            return found(j, Rejected::Neither);
        }
        if let Some(j) = first.and_then(|i| at(right, i + 2)) {
            let linked = is(words[j - 1], &["and", "und", "but", "aber"]) && j < n - 1;
            if linked && j > 1 {
                return found(j - 1, Rejected::Neither);
            }
        }
    }
    if let Some(j) = at(&["vs", "versus"], 1).filter(|j| j + 1 < n) {
        return found(j, Rejected::Neither);
    }
    let j = at(&["but", "aber", "yet", "doch"], 2).filter(|j| opens(*j) && j + 2 < n)?;
    found(j, Rejected::Neither).filter(|_| n - j <= 12 && j <= 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        text.split_whitespace().collect()
    }

    #[test]
    fn figures_have_their_units() {
        let shown = |text: &str| {
            let words = words(text);
            figure(&words).map(|r| words[r].join(" "))
        };
        assert_eq!(shown("It costs $1,299 a year").as_deref(), Some("$1,299"));
        assert_eq!(shown("You save 30 % every day").as_deref(), Some("30 %"));
        assert_eq!(shown("Run 5 km in 2024").as_deref(), Some("5 km"));
        assert_eq!(shown("They raised 5 million dollars").as_deref(), Some("5 million dollars"));
        assert_eq!(shown("A B2B tool for the 2nd floor"), None);
        assert_eq!(shown(""), None);
    }

    #[test]
    fn lists_have_items() {
        let starts = |text: &str| list(&words(text)).map(|l| l.starts);
        assert_eq!(starts("You need flour, sugar, and patience."), Some(vec![2, 3, 4]));
        let wide = "You only need flour, warm water, and a little patience.";
        assert_eq!(starts(wide), Some(vec![3, 4, 6]));
        assert_eq!(starts("Du brauchst Mehl, Zucker und Geduld."), Some(vec![2, 3, 4]));
        assert_eq!(starts("Three steps: plan, build, ship"), Some(vec![2, 3, 4]));
        let ordered = list(&words("First, open the app. Second, pick a goal.")).expect("list");
        assert!(ordered.ordered && ordered.starts == [0, 4]);
        assert_eq!(starts("When I woke up, I ate, and then I left."), None);
        assert_eq!(starts("Kaffee, Tee und Wasser sind die beliebtesten Getränke."), None);
        assert_eq!(starts("Red and blue"), None);
    }

    #[test]
    fn quotations_and_contrasts_are_found() {
        assert_eq!(quotation(&words("“Stay hungry, stay foolish.” — Steve Jobs")), Some(0..4));
        assert_eq!(quotation(&words("He said “no” and left the building at once")), None);
        let split = |text: &str| contrast(&words(text)).map(|c| (c.second, c.rejected));
        assert_eq!(split("not faster but calmer"), Some((2, Rejected::First)));
        assert_eq!(split("Nicht schneller, sondern ruhiger."), Some((2, Rejected::First)));
        assert_eq!(split("Progress, not perfection"), Some((1, Rejected::Second)));
        assert_eq!(split("less noise, more music"), Some((2, Rejected::Neither)));
        assert_eq!(split("Before: two hours. After: two minutes."), Some((3, Rejected::Neither)));
        assert_eq!(split("Then came the rain, and now the river is back."), None);
        assert_eq!(split("Five minutes a day is enough"), None);
    }
}
