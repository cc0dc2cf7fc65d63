//! Splits a line of text into sentences, by UAX #29 with corrections.
//!
//! The standard ends a sentence at every full stop before a capital letter. This module corrects abbreviations (by
//! the words before and after the stop), stops inside web addresses, quotations followed by a verb of saying, closing
//! quotation marks after a space, and a full stop before a digit.

use unicode_segmentation::UnicodeSegmentation;

/// Titles and other abbreviations that do not end a sentence, because a name, a number or the rest of the sentence
/// follows.
const OPEN: &[&str] = &[
    "dr",
    "mr",
    "mrs",
    "ms",
    "mx",
    "prof",
    "rev",
    "hon",
    "gen",
    "sgt",
    "capt",
    "lt",
    "col",
    "gov",
    "sen",
    "rep",
    "messrs",
    "mme",
    "mlle",
    "mm",
    "sr",
    "sra",
    "srta",
    "dra",
    "don",
    "herr",
    "hr",
    "fr",
    "vs",
    "p.s",
    "e.g",
    "i.e",
    "cf",
    "approx",
    "ca",
    "bzw",
    "z.b",
    "d.h",
    "u.a",
    "evtl",
    "ggf",
    "inkl",
    "mind",
    "p.ej",
    "ej",
    "ex",
    "av",
    "avda",
    "ul",
    "pl",
    "см",
    "ул",
    "пр",
    "им",
    "стр",
    "рис",
    "med",
    "incl",
    "sig",
    "dott",
    "avv",
    "l'avv",
    "profa",
    "exmo",
    "lcdo",
    "проф",
    "акад",
    "św",
    "doç",
    "प्रो",
    "डॉ",
    "श्री",
];
/// Abbreviations that end a sentence unless a number follows.
const BEFORE_NUMBERS: &[&str] = &[
    "no", "nos", "nr", "núm", "num", "art", "vol", "pp", "fig", "ch", "sec", "tel", "ext", "apt",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "janv",
    "févr", "juil", "max", "min", "est", "кв", "корп", "pag", "pág", "pagg", "tél", "тел", "chap",
    "kap", "abb", "godz", "rys", "ok", "eq", "app", "tab", "cad", "रु",
];
/// Abbreviations that end a sentence only if a number or a usual first word follows.
const BEFORE_NAMES: &[&str] = &[
    "st", "mt", "ft", "jr", "inc", "ltd", "co", "corp", "bros", "dept", "u.s", "u.k", "u.s.a",
    "ph.d", "b.a", "m.a", "a.d", "b.c", "ee", "ee.uu", "uu", "ave", "blvd", "rd", "ln", "hwy",
    "ste",
];
/// Abbreviations in times of day. A weekday, a month or a time zone may follow within the sentence.
const TIMES: &[&str] = &["a.m", "p.m", "a. m", "p. m", "am", "pm"];
const AFTER_TIMES: &[&str] = &[
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
    "et",
    "est",
    "edt",
    "ct",
    "cst",
    "mt",
    "mst",
    "pt",
    "pst",
    "pdt",
    "gmt",
    "utc",
    "bst",
    "cet",
    "eastern",
    "pacific",
    "central",
    "mon",
    "tue",
    "tues",
    "wed",
    "thu",
    "thur",
    "thurs",
    "fri",
    "sat",
    "sun",
];
/// Words that often begin sentences and are rarely names.
const FIRST_WORDS: &[&str] = &[
    "a", "all", "also", "an", "and", "any", "are", "as", "ask", "at", "be", "both", "but", "buy",
    "by", "call", "can", "check", "choose", "click", "come", "did", "discover", "do", "don't",
    "each", "even", "every", "find", "for", "from", "get", "give", "go", "have", "he", "her",
    "here", "his", "how", "i", "if", "in", "is", "it", "it's", "its", "join", "just", "let",
    "let's", "look", "made", "make", "many", "more", "most", "my", "never", "no", "not", "now",
    "of", "on", "one", "only", "or", "order", "our", "people", "please", "save", "see", "she",
    "shop", "so", "some", "start", "stop", "take", "tell", "that", "the", "their", "then", "there",
    "these", "they", "this", "those", "to", "today", "try", "until", "use", "visit", "want", "we",
    "what", "when", "where", "which", "who", "why", "with", "yes", "yet", "you", "your",
];
/// Words that continue a sentence written all in capitals: `THE U.S. IS`, `9 A.M. TO 5 P.M.`
const GOING_ON: &[&str] = &[
    "a", "and", "are", "as", "at", "but", "by", "can", "for", "from", "has", "have", "in", "is",
    "of", "on", "or", "the", "to", "until", "was", "with",
];
/// Initials of places and organisations, which often end a sentence.
const PLACES: &[&str] = &["d.c", "l.a", "n.y", "u.n", "e.u", "s.f"];
/// German words that follow an ordinal: `am 24. Dezember`, `im 2. Stock`.
const AFTER_ORDINALS: &[&str] = &[
    "Januar",
    "Jänner",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
    "Jahr",
    "Jahrhundert",
    "Quartal",
    "Stock",
    "Etage",
    "Platz",
    "Mal",
    "Advent",
    "Geburtstag",
    "Tag",
    "Woche",
    "Klasse",
    "Auflage",
    "Runde",
];
/// German words that precede an ordinal: `der 1. FC`, `im 2. Weltkrieg`.
const ARTICLES: &[&str] = &[
    "der", "das", "dem", "den", "des", "im", "am", "zum", "zur", "vom", "beim", "unser", "unsere",
];
/// Words that continue the sentence after a quotation, such as verbs of saying, in scripts without capitals.
const SAYINGS: &[&str] =
    &["她", "他", "我", "说", "問", "问", "道", "喊", "と", "って", "라고", "하고"];

/// Returns the byte ranges of the sentences in a line, trimmed and in order. No range is empty, and no character
/// other than white space is lost.
pub fn split(line: &str) -> Vec<std::ops::Range<usize>> {
    let mut ends: Vec<usize> = Vec::new();
    for (start, segment) in line.split_sentence_bound_indices() {
        ends.extend(inner_ends(line, start, start + segment.len()));
        ends.push(start + segment.len());
    }
    let mut sentences: Vec<std::ops::Range<usize>> = Vec::new();
    let mut from = 0;
    for end in ends {
        let end = before_opening_marks(line, from, past_closing_marks(line, from, end));
        if end <= from || continues(&line[from..end], &line[end..]) {
            continue;
        }
        push_trimmed(line, from..end, &mut sentences);
        from = end;
    }
    push_trimmed(line, from..line.len(), &mut sentences);
    sentences
}

fn push_trimmed(
    line: &str,
    range: std::ops::Range<usize>,
    sentences: &mut Vec<std::ops::Range<usize>>,
) {
    let text = &line[range.clone()];
    let start = range.start + (text.len() - text.trim_start().len());
    let end = range.start + text.trim_end().len();
    if start >= end {
        return;
    }
    let has_word = |range: &std::ops::Range<usize>| {
        line.get(range.clone()).is_some_and(|text| text.chars().any(char::is_alphanumeric))
    };
    match sentences.last_mut() {
        // Marks alone (a stray quote, an emoji) belong to their neighbour.
        Some(last) if !has_word(&(start..end)) || !has_word(last) => last.end = end,
        _ => sentences.push(start..end),
    }
}

/// Returns the sentence ends that the standard misses: a stop before a digit, `#` or a currency sign, and an
/// ellipsis before a capital, each followed by white space.
fn inner_ends(line: &str, start: usize, end: usize) -> Vec<usize> {
    let segment = &line[start..end];
    let stops = segment.match_indices(['.', '…', '!', '?']);
    stops
        .filter_map(|(at, stop)| {
            let after = &segment[at + stop.len()..];
            let next = after.trim_start();
            let first = next.chars().next()?;
            let is_end = match stop {
                "…" => first.is_uppercase(),
                _ => first.is_numeric() || "$€£¥₹#".contains(first),
            };
            (next.len() < after.len() && is_end).then(|| end - next.len())
        })
        .collect()
}

/// Moves a sentence end before opening quotation marks. Without a space before them, the standard counts them as
/// closing marks: `很好。“走吧！”`.
fn before_opening_marks(line: &str, from: usize, end: usize) -> usize {
    let Some(own) = line.get(from..end).filter(|_| end < line.len()) else { return end };
    let bare = own.trim_end_matches(|c| "「『（《〈【“‘«„(¿¡".contains(c));
    let marks = &own[bare.len()..];
    // German closes with the opening marks of other languages: `„Ja.“`, `»Ja.«`.
    let closes = marks.starts_with('“') && bare.matches('„').count() > bare.matches('“').count()
        || marks.starts_with('«') && bare.matches('»').count() > bare.matches('«').count()
        || marks.starts_with('‘') && bare.contains('‚');
    if closes || !bare.ends_with(|c: char| "。！？｡.!?…".contains(c)) {
        return end;
    }
    from + bare.len()
}

/// Moves a sentence end after closing quotation marks that follow a space: `« Non ! » dit-elle`.
fn past_closing_marks(line: &str, from: usize, end: usize) -> usize {
    let rest = &line[end.min(line.len())..];
    let opened = |mark: char| {
        let own = &line[from..end];
        let opening = match mark {
            '»' => '«',
            '«' => '»',
            '”' => '“',
            '“' => '„',
            '」' => '「',
            _ => '『',
        };
        own.matches(opening).count() > own.matches(mark).count()
    };
    match rest.chars().next() {
        Some(mark) if "»«”“」』".contains(mark) && opened(mark) => {
            let after = &rest[mark.len_utf8()..];
            end + mark.len_utf8() + (after.len() - after.trim_start().len())
        }
        _ => end,
    }
}

/// Returns true if `so_far` and `rest` belong to one sentence.
fn continues(so_far: &str, rest: &str) -> bool {
    let text = so_far.trim_end();
    if rest.is_empty() {
        return false;
    }
    let closing = |c: char| "\"'”’»«“)]」』）".contains(c);
    let bare = text.trim_end_matches(closing);
    let Some(stop) = bare.chars().last() else { return true };
    let is_closed = bare.len() < text.len();
    let has_blank = text.len() < so_far.len();
    // Without a blank only the stops of unspaced scripts end a sentence: not `?` in `/?id=5`.
    if !has_blank && stop.is_ascii() {
        return true;
    }
    let first = rest.chars().next().unwrap_or(' ');
    if is_closed && is_saying(rest) {
        return true;
    }
    if stop == '.' {
        let is_lower = first.is_lowercase() && !bare.ends_with("..");
        return is_lower || is_abbreviation(bare, rest);
    }
    false
}

/// Returns true if `rest`, the text after a quotation, begins with a lower-case letter or with one of [`SAYINGS`].
fn is_saying(rest: &str) -> bool {
    let words = rest.trim_start_matches(['—', '–', '-', ' ', '\u{a0}']);
    words.starts_with(char::is_lowercase) || SAYINGS.iter().any(|saying| words.starts_with(saying))
}

/// Returns true if the full stop at the end of `text` belongs to an abbreviation and the sentence continues.
fn is_abbreviation(text: &str, rest: &str) -> bool {
    let stopped = text.strip_suffix('.').unwrap_or(text);
    let start = stopped.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let start = (start..).find(|at| stopped.is_char_boundary(*at)).unwrap_or(stopped.len());
    let token = stopped[start..].trim_start_matches(['(', '"', '“', '„', '«', '\'', '[', '¿', '¡']);
    let word = token.to_lowercase();
    let before = stopped[..start].trim_end().to_lowercase();
    let next = rest.split_whitespace().next().unwrap_or_default();
    let next_bare = next.trim_matches(|c: char| !c.is_alphanumeric() && c != '\'').to_lowercase();
    let before_number = next.starts_with(|c: char| c.is_numeric() || c == '#');
    let is_upper = |text: &str| text.chars().any(char::is_uppercase) && text == text.to_uppercase();
    let is_capitals = is_upper(stopped) && is_upper(next) && next_bare.chars().nth(1).is_some();
    let goes_on = is_capitals && GOING_ON.contains(&next_bare.as_str());
    let is_first_word = FIRST_WORDS.contains(&next_bare.as_str()) && !goes_on;
    let is_time = TIMES.contains(&word.as_str())
        || (word == "m" && (before.ends_with(" a.") || before.ends_with(" p.")));
    if is_time {
        let is_daily = is_capitals && matches!(next_bare.as_str(), "every" | "daily");
        return goes_on || is_daily || AFTER_TIMES.contains(&next_bare.as_str());
    }
    // `и т. д.`, `и т. п.`
    if matches!(word.as_str(), "д" | "п") && before.ends_with("т.") {
        return false;
    }
    if OPEN.contains(&word.as_str()) {
        return true;
    }
    // `Hauptstr. 5`
    if BEFORE_NUMBERS.contains(&word.as_str()) || (before_number && word.ends_with("str")) {
        return before_number;
    }
    if BEFORE_NAMES.contains(&word.as_str()) {
        return !before_number && !is_first_word;
    }
    // `à 9 h. C'est`: a unit after a number ends a sentence as any word does.
    let after_number = before.ends_with(|c: char| c.is_ascii_digit());
    if after_number && matches!(word.as_str(), "h" | "m" | "s" | "g" | "l" | "t" | "г" | "м") {
        return false;
    }
    let mut letters = token.chars();
    let is_letter = letters.next().is_some_and(char::is_alphabetic) && letters.next().is_none();
    // `д. 5`, `p. 12`
    if is_letter && before_number && token != "I" && token.starts_with(char::is_lowercase) {
        return true;
    }
    if is_letter && !before_number {
        // An initial; `I` and the last letter of a list are not initials.
        return word != "i" && !is_first_word;
    }
    // `J.R.R. Tolkien`, `J.K. Rowling`
    let is_initials = token.contains('.')
        && token.split('.').all(|part| {
            part.chars().next().is_some_and(char::is_uppercase) && part.chars().nth(1).is_none()
        });
    if is_initials && !PLACES.contains(&word.as_str()) {
        return goes_on || !(before_number || is_first_word);
    }
    // `II. Mehmet`
    let is_roman = start == 0 && token.len() > 1 && token.chars().all(|c| "IVXLC".contains(c));
    // `am 24. Dezember`, and the number of a list item.
    let is_number = !token.is_empty() && token.chars().all(|c| c.is_ascii_digit());
    let is_item = is_number && start == 0 && token.len() <= 3;
    let ordinal = next.trim_end_matches(|c: char| !c.is_alphabetic());
    let before_ordinal = before.rsplit(' ').next().is_some_and(|word| ARTICLES.contains(&word));
    let is_ordinal = AFTER_ORDINALS.contains(&ordinal) || (before_ordinal && !ordinal.is_empty());
    is_roman || is_item || (is_number && token.len() <= 2 && is_ordinal)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        let cases: &[(&str, &[&str])] = &[
            ("One. Two! Three?", &["One.", "Two!", "Three?"]),
            (
                "It costs $5.50 at Dr. Bean's. Buy it.",
                &["It costs $5.50 at Dr. Bean's.", "Buy it."],
            ),
            (
                "Meet us on Jan. 6 at 5th Ave. in New York. Sat. is off.",
                &["Meet us on Jan. 6 at 5th Ave. in New York.", "Sat. is off."],
            ),
            ("It weighs 2 lbs. Buy it.", &["It weighs 2 lbs.", "Buy it."]),
            (
                "Am 24. Dezember ist z. B. offen. Wir sind 24. Komm!",
                &["Am 24. Dezember ist z. B. offen.", "Wir sind 24.", "Komm!"],
            ),
            ("Open at 9 a.m. every day.", &["Open at 9 a.m. every day."]),
            ("He said \"Stop.\" Then left.", &["He said \"Stop.\"", "Then left."]),
            ("« Non ! » dit-elle. Oui.", &["« Non ! » dit-elle.", "Oui."]),
            ("« Non ! » Elle part.", &["« Non ! »", "Elle part."]),
            ("朝です。コーヒー！", &["朝です。", "コーヒー！"]),
            ("नमस्ते। आप कैसे हैं?", &["नमस्ते।", "आप कैसे हैं?"]),
            ("Wow... Really. 🔥", &["Wow...", "Really. 🔥"]),
            (
                "Save money. 50% off. Plan B. Then go.",
                &["Save money.", "50% off.", "Plan B.", "Then go."],
            ),
            (
                "See https://example.com/?a=1!x now. Ok.",
                &["See https://example.com/?a=1!x now.", "Ok."],
            ),
            ("", &[]),
            ("...", &["..."]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = split(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(&found, expected, "{text}");
        }
    }
}
