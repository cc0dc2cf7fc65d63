//! Words, sentences and syllables of plain text in any script.
//!
//! A word is a white-space token, in the spelling of the script; text written without spaces
//! (Chinese, Japanese, Thai …) is cut at Unicode word boundaries (UAX #29) and its words know
//! that they join the next. No character other than white space is ever dropped.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// A word as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Word {
    /// The spelling of the script, punctuation included.
    pub text: String,
    /// Whether it joins the next word without a space.
    pub joins_next: bool,
}

/// Abbreviations whose full stop does not end a sentence.
const ABBREVIATIONS: &[&str] = &[
    "dr", "mr", "mrs", "ms", "prof", "st", "jr", "sr", "vs", "etc", "e.g", "i.e", "no", "inc",
    "ltd", "co", "approx", "a.m", "p.m", "u.s", "u.k", "z.b", "bzw", "nr", "sra", "dra",
];

/// Abbreviations whose full stop does not end a sentence that goes on with a small letter or a
/// figure: months, weekdays, units, streets, companies.
const SHORT_FORMS: &[&str] = &[
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "mon",
    "tue", "tues", "wed", "thu", "thur", "thurs", "fri", "sat", "sun", "lb", "lbs", "oz", "ft",
    "yd", "mi", "hr", "hrs", "min", "mins", "sec", "secs", "tsp", "tbsp", "gal", "pt", "qt", "ave",
    "blvd", "rd", "ln", "hwy", "apt", "ste", "corp", "bros", "est", "dept", "vol", "pp", "fig",
    "max", "tel", "ext", "ca", "evtl", "ggf", "inkl", "usw", "mind", "str", "ud", "av", "art",
    "núm", "janv", "févr", "juil",
];
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

/// The words of a text.
pub fn words(text: &str) -> Vec<Word> {
    text.split_whitespace().flat_map(split_unspaced).collect()
}

/// The words of a text joined as they are shown.
pub fn join(words: &[Word]) -> String {
    let mut out = String::new();
    for (index, word) in words.iter().enumerate() {
        out.push_str(&word.text);
        if !word.joins_next && index + 1 < words.len() {
            out.push(' ');
        }
    }
    out
}

fn split_unspaced(token: &str) -> Vec<Word> {
    if !token.chars().any(is_unspaced_script) {
        return vec![Word { text: token.to_owned(), joins_next: false }];
    }
    let mut out: Vec<Word> = Vec::new();
    for piece in token.split_word_bounds() {
        match out.last_mut() {
            Some(last) if joins_previous(&last.text, piece) => last.text.push_str(piece),
            _ => out.push(Word { text: piece.to_owned(), joins_next: true }),
        }
    }
    if let Some(last) = out.last_mut() {
        last.joins_next = false;
    }
    out
}

/// Pieces of unspaced text that stay with the word before them: punctuation, kana endings and a
/// second ideograph, so that a unit is a readable bite and not one stroke.
fn joins_previous(previous: &str, piece: &str) -> bool {
    let opens = previous.chars().last().is_some_and(|c| "「『（([《〈【“‘".contains(c));
    let starts_open = piece.chars().next().is_some_and(|c| "「『（([《〈【“‘".contains(c));
    if starts_open {
        return false;
    }
    let is_mark = piece.chars().all(|c| !c.is_alphanumeric());
    let previous_ends = previous.chars().last().is_some_and(|c| !c.is_alphanumeric() && !opens);
    if opens || is_mark {
        return true;
    }
    let kana_ending = piece.chars().all(is_hiragana) && previous.chars().count() < 7;
    let pair = previous.chars().filter(|c| c.is_alphanumeric()).count() < 2
        && !previous.chars().all(is_hiragana)
        && piece.chars().all(is_unspaced_script);
    !previous_ends && (kana_ending || pair)
}

fn is_hiragana(c: char) -> bool {
    ('\u{3041}'..='\u{309f}').contains(&c)
}

/// Whether a character belongs to a script that is written without spaces.
pub fn is_unspaced_script(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0e7f}' | '\u{0e80}'..='\u{0eff}' | '\u{1780}'..='\u{17ff}'
        | '\u{1000}'..='\u{109f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{2fa1f}')
}

/// The end of a sentence, from the shortest pause to the longest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SentenceEnd {
    /// Its own punctuation.
    #[default]
    Sentence,
    /// The end of a list item, or of the words before a list.
    ListItem,
    /// A blank line.
    Paragraph,
}

/// A sentence and what ends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sentence {
    /// Its words, trimmed; never empty.
    pub text: String,
    /// Its end.
    pub end: SentenceEnd,
}

/// Returns the sentences of a text, in order, each trimmed and none empty.
///
/// A sentence ends at `.`, `!`, `?`, `…` or their kin in other scripts, unless the stop belongs
/// to a number or an abbreviation, at every list item, and at every blank line.
pub fn sentences(text: &str) -> Vec<String> {
    sentences_with_ends(text).into_iter().map(|sentence| sentence.text).collect()
}

/// Returns the sentences of a text with what ends each.
pub fn sentences_with_ends(text: &str) -> Vec<Sentence> {
    let mut out: Vec<Sentence> = Vec::new();
    let mut block: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        let end = if line.is_empty() {
            SentenceEnd::Paragraph
        } else if list_marker(line).is_some() {
            SentenceEnd::ListItem
        } else {
            block.push(line);
            continue;
        };
        close_block(&mut out, &mut block, end);
        block.extend((!line.is_empty()).then_some(line));
    }
    close_block(&mut out, &mut block, SentenceEnd::Paragraph);
    out
}

/// Splits lines that belong together into sentences; the last one gets the given end.
fn close_block(out: &mut Vec<Sentence>, block: &mut Vec<&str>, end: SentenceEnd) {
    if block.is_empty() {
        return;
    }
    let text = std::mem::take(block).join(" ");
    let marker = list_marker(&text).map_or(0, |marker| marker.chars().count());
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let chars: Vec<char> = text.chars().collect();
    let mut current = String::new();
    for (index, &c) in chars.iter().enumerate() {
        current.push(c);
        // The full stop of `1.` belongs to the item.
        if index >= marker && ends_sentence(c, &chars[index + 1..], &current) {
            push_trimmed(out, &mut current);
        }
    }
    push_trimmed(out, &mut current);
    if let Some(last) = out.last_mut() {
        last.end = end;
    }
}

/// Returns the marker of a list item with the blanks after it: `- `, `* `, `• `, `1. `, `2) `.
pub fn list_marker(line: &str) -> Option<&str> {
    let number = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let mark = line[number..].chars().next()?;
    let is_marker = match number {
        0 => "-*•‣◦".contains(mark),
        1 | 2 => ".)".contains(mark),
        _ => false,
    };
    let rest = &line[number + mark.len_utf8()..];
    let words = rest.trim_start();
    let has_item = words.len() < rest.len() && words.chars().any(char::is_alphanumeric);
    (is_marker && has_item).then(|| &line[..line.len() - words.len()])
}

fn push_trimmed(out: &mut Vec<Sentence>, current: &mut String) {
    let sentence = current.trim();
    if !sentence.is_empty() {
        // Marks alone (a stray quote, an emoji) belong to the sentence before them.
        if sentence.chars().any(char::is_alphanumeric) || out.is_empty() {
            out.push(Sentence { text: sentence.to_owned(), end: SentenceEnd::Sentence });
        } else if let Some(last) = out.last_mut() {
            last.text.push(' ');
            last.text.push_str(sentence);
        }
    }
    current.clear();
}

/// Returns true if a character ends the current sentence, before the rest of the text.
fn ends_sentence(c: char, rest: &[char], current: &str) -> bool {
    let closes = |n: char| ".!?…。！？\"'”’)」』".contains(n);
    let next = rest.first().copied();
    match c {
        '。' | '！' | '？' | '।' | '۔' => !next.is_some_and(closes),
        '!' | '?' | '…' | '؟' => next.is_none_or(|n| n.is_whitespace()),
        '"' | '”' | '’' | '\'' | ')' | '」' | '』' => {
            let before = current.chars().rev().nth(1);
            before.is_some_and(|b| ".!?…。！？".contains(b))
                && next.is_none_or(|n| n.is_whitespace() || is_unspaced_script(n))
        }
        '.' => next.is_none_or(char::is_whitespace) && !is_abbreviation(current, rest),
        _ => false,
    }
}

/// Returns true if the full stop at the end of the current sentence belongs to its last token.
fn is_abbreviation(current: &str, rest: &[char]) -> bool {
    let Some(token) = current.split_whitespace().last() else { return false };
    let bare = token.trim_end_matches('.').trim_start_matches(['(', '"', '“']).to_lowercase();
    let is_letter = bare.chars().count() == 1 && bare.chars().all(char::is_alphabetic);
    let is_initial =
        is_letter && token.chars().next().is_some_and(char::is_uppercase) && bare != "i";
    if is_initial || ABBREVIATIONS.contains(&bare.as_str()) {
        return true;
    }
    let next: String =
        rest.iter().skip_while(|c| c.is_whitespace()).take_while(|c| !c.is_whitespace()).collect();
    let Some(first) = next.chars().next() else { return false };
    let goes_on = first.is_lowercase() || first.is_ascii_digit();
    // `z. B.`, `d. h.`
    let is_pair = is_letter && next.ends_with('.') && next.chars().count() == 2;
    // `am 24. Dezember`
    let is_ordinal = bare.len() <= 2
        && !bare.is_empty()
        && bare.bytes().all(|b| b.is_ascii_digit())
        && token.ends_with(&format!("{bare}."))
        && AFTER_ORDINALS.contains(&next.trim_end_matches(|c: char| !c.is_alphabetic()));
    is_pair || is_ordinal || (goes_on && SHORT_FORMS.contains(&bare.as_str()))
}

/// A rough count of the spoken syllables of a word, at least 1.
///
/// Good enough to share time out between words, not to scan verse: vowel groups in alphabets,
/// two per digit, one per ideograph or kana.
pub fn syllables(word: &str) -> u32 {
    let mut count = 0;
    let mut in_vowel = false;
    for c in word.to_lowercase().chars() {
        if c.is_ascii_digit() {
            count += 2;
            in_vowel = false;
        } else if is_unspaced_script(c) || ('\u{ac00}'..='\u{d7a3}').contains(&c) {
            count += 1;
            in_vowel = false;
        } else if ('\u{0590}'..='\u{08ff}').contains(&c) {
            // Abjads leave short vowels out: about two letters to a syllable.
            count += u32::from(!in_vowel);
            in_vowel = !in_vowel;
        } else if ('\u{0900}'..='\u{0dff}').contains(&c) && c.is_alphabetic() {
            count += 1;
        } else {
            let vowel = "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüýÿœаеёиоуыэюяαεηιουωάέήίόύώ".contains(c);
            count += u32::from(vowel && !in_vowel);
            in_vowel = vowel;
        }
    }
    let lower = word.trim_end_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let silent_e = lower.is_ascii()
        && lower.ends_with('e')
        && !lower.ends_with("le")
        && !lower.ends_with("ee")
        && count > 1;
    (count - u32::from(silent_e)).max(1)
}

/// A short phrase to set in type: the first clause, at most `max_words` long, without a dangling
/// connective at its end.
pub fn key_phrase(text: &str, max_words: usize) -> String {
    let first = sentences(text).into_iter().next().unwrap_or_default();
    let clause_end = first
        .char_indices()
        .find(|&(index, c)| ",;:—–،、，".contains(c) && index > 8 && !in_number(&first, index))
        .map_or(first.len(), |(index, _)| index);
    let all = words(&first[..clause_end]);
    // A phrase that is only a little too long is better whole than cut.
    let mut end = if all.len() <= max_words + 2 { all.len() } else { max_words };
    while end > 2 && end < all.len() && is_connective(&all[end - 1].text) {
        end -= 1;
    }
    join(&all[..end]).trim_end_matches(['.', ',', ';', ':', '。', '…']).to_owned()
}

fn in_number(text: &str, index: usize) -> bool {
    text[index..].chars().nth(1).is_some_and(|c| c.is_ascii_digit())
}

/// Short words that should not end a line or a phrase.
pub fn is_connective(word: &str) -> bool {
    const WORDS: &[&str] = &[
        "a", "an", "the", "and", "or", "but", "of", "to", "in", "on", "at", "by", "for", "with",
        "from", "only", "as", "is", "are", "was", "that", "this", "your", "our", "my", "its",
        "their", "der", "die", "das", "ein", "eine", "und", "mit", "für", "von", "zu", "el", "la",
        "los", "las", "un", "una", "y", "de", "en", "con", "le", "les", "des", "et", "du",
    ];
    WORDS.contains(&word.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_paragraphs_end_sentences() {
        let text = "You get:\n- fresh bread,\n  still warm\n- 2 rolls\r\n\r\nAll for $5 - 3 days only. Hurry\n \n1. Wake up. Then\nrise.\n2) Eat";
        let found: Vec<(String, SentenceEnd)> =
            sentences_with_ends(text).into_iter().map(|s| (s.text, s.end)).collect();
        use SentenceEnd::{ListItem, Paragraph, Sentence as Stop};
        let expected = [
            ("You get:", ListItem),
            ("- fresh bread, still warm", ListItem),
            ("- 2 rolls", Paragraph),
            ("All for $5 - 3 days only.", Stop),
            ("Hurry", Paragraph),
            ("1. Wake up.", Stop),
            ("Then rise.", ListItem),
            ("2) Eat", Paragraph),
        ];
        assert_eq!(found, expected.map(|(text, end)| (text.to_owned(), end)));
    }

    #[test]
    fn sentences_end_where_a_reader_ends_them() {
        let cases: &[(&str, &[&str])] = &[
            ("One. Two! Three?", &["One.", "Two!", "Three?"]),
            (
                "It costs $5.50 at Dr. Bean's. Buy it.",
                &["It costs $5.50 at Dr. Bean's.", "Buy it."],
            ),
            (
                "Meet us on Jan. 6 at 5th Ave. in New York. Sat. 10 to 2.",
                &["Meet us on Jan. 6 at 5th Ave. in New York.", "Sat. 10 to 2."],
            ),
            ("It weighs 2 lbs. Buy it.", &["It weighs 2 lbs.", "Buy it."]),
            (
                "Am 24. Dezember ist z. B. offen. Wir sind 24. Komm!",
                &["Am 24. Dezember ist z. B. offen.", "Wir sind 24.", "Komm!"],
            ),
            ("Open at 9 a.m. every day.", &["Open at 9 a.m. every day."]),
            ("He said \"Stop.\" Then left.", &["He said \"Stop.\"", "Then left."]),
            ("朝です。コーヒー！", &["朝です。", "コーヒー！"]),
            ("नमस्ते। आप कैसे हैं?", &["नमस्ते।", "आप कैसे हैं?"]),
            ("No stop here\n\nNew paragraph", &["No stop here", "New paragraph"]),
            ("Wow... really. 🔥", &["Wow...", "really. 🔥"]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            assert_eq!(&sentences(text), expected, "{text}");
        }
    }

    #[test]
    fn words_keep_every_character() {
        for text in
            ["Don't say 50% \\ or a:b 👩‍🍳!", "今日はいい天気です。", "สวัสดีครับ", "「はい」と言った"]
        {
            let rebuilt = join(&words(text));
            assert_eq!(rebuilt, text);
        }
        assert!(words("今日はいい天気です。").len() >= 2);
        assert!(!words("今日は").last().expect("word").joins_next);
    }

    #[test]
    fn syllables_are_about_right() {
        for (word, expected) in [
            ("coffee", 2),
            ("the", 1),
            ("make", 1),
            ("table", 2),
            ("2026", 8),
            ("日本", 2),
            ("!", 1),
        ] {
            assert_eq!(syllables(word), expected, "{word}");
        }
    }

    #[test]
    fn a_key_phrase_is_short_and_does_not_dangle() {
        assert_eq!(key_phrase("Fresh coffee, every morning. And more.", 6), "Fresh coffee");
        assert_eq!(key_phrase("Only $1,299 today.", 6), "Only $1,299 today");
        assert_eq!(
            key_phrase("We grind the beans for the best taste ever", 5),
            "We grind the beans"
        );
        assert_eq!(
            key_phrase("Try your first bag for only $5.", 6),
            "Try your first bag for only $5"
        );
    }
}
