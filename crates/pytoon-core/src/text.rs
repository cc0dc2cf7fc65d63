//! Splits plain text in any script into words, and counts syllables.
//!
//! A word is a white-space token, spelled as in the script. Text written without spaces (Chinese, Japanese,
//! Thai …) is split at Unicode word boundaries (UAX #29), and its words are marked as joining the next word.
//! Splitting drops no character other than white space.

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::LazyLock;
use unicode_segmentation::GraphemeCursor;

/// A word as shown on screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Word {
    /// The word's spelling in the script, including punctuation.
    pub text: String,
    /// True if the word joins the next one without a space.
    pub joins_next: bool,
}

/// Splits a text into words.
pub fn words(text: &str) -> Vec<Word> {
    text.split_whitespace().flat_map(split_unspaced).collect()
}

/// Joins words into text as shown on screen.
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

/// Splits a token at word boundaries if its script has no spaces: by neural nets for Thai, Lao, Khmer and Burmese,
/// and by a dictionary for Chinese and Japanese. A dictionary also splits the compounds that the nets leave in Thai
/// and Lao.
fn split_unspaced(token: &str) -> Vec<Word> {
    if !token.chars().any(is_unspaced_script) {
        return vec![Word { text: token.to_owned(), joins_next: false }];
    }
    let mut out: Vec<Word> = Vec::new();
    // The nets do not split compounds; the dictionary alone fails on unknown words. Only Thai and Lao: Khmer's
    // dictionary splits loanwords.
    let is_thai = token.contains(|c: char| matches!(c, '\u{0e00}'..='\u{0eff}'));
    let cut = |word| if is_thai { pieces(word, &DICTIONARIES) } else { vec![word] };
    for piece in pieces(token, &NETS).into_iter().flat_map(cut) {
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

type Segmenter = LazyLock<WordSegmenterBorrowed<'static>>;
static NETS: Segmenter =
    LazyLock::new(|| WordSegmenter::new_auto(WordBreakInvariantOptions::default()));
static DICTIONARIES: Segmenter =
    LazyLock::new(|| WordSegmenter::new_dictionary(WordBreakInvariantOptions::default()));

/// Returns the pieces of text between word boundaries.
fn pieces<'a>(text: &'a str, segmenter: &Segmenter) -> Vec<&'a str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for end in segmenter.segment_str(text).skip(1).filter(|end| may_break(text, *end)) {
        pieces.push(&text[start..end]);
        start = end;
    }
    if start < text.len() {
        pieces.push(&text[start..]);
    }
    pieces
}

/// Returns true if a word may end here: at the edge of a grapheme cluster, not before a vowel sign or a tone mark,
/// and not after a vowel that is written before its consonant.
fn may_break(text: &str, at: usize) -> bool {
    let is_sign = |c: char| {
        matches!(c,
            '\u{0e30}'..='\u{0e3a}' | '\u{0e45}'..='\u{0e4e}' | '\u{0eb0}'..='\u{0ebc}'
            | '\u{0ec6}'..='\u{0ece}' | '\u{17b4}'..='\u{17d3}' | '\u{102b}'..='\u{103e}'
            | '\u{1056}'..='\u{1059}' | '\u{105e}'..='\u{1060}')
    };
    let is_leading_vowel = |c: char| matches!(c, '\u{0e40}'..='\u{0e44}' | '\u{0ec0}'..='\u{0ec4}');
    let edge = GraphemeCursor::new(at, text.len(), true).is_boundary(text, 0).unwrap_or(true);
    edge && !text[at..].starts_with(is_sign) && !text[..at].ends_with(is_leading_vowel)
}

/// Returns true if a piece of text belongs to the previous word: punctuation other than opening marks, a word
/// after an opening bracket or quotation mark, or a lone consonant.
fn joins_previous(previous: &str, piece: &str) -> bool {
    let is_opening = |c: char| "「『（([《〈【“‘".contains(c);
    let opens = previous.chars().last().is_some_and(is_opening);
    let is_mark = piece.chars().all(|c| !c.is_alphanumeric());
    opens || (is_mark && !piece.starts_with(is_opening)) || is_lone_consonant(piece)
}

/// Returns true for a single Thai or Lao consonant, which is not a word but the end of the previous one.
fn is_lone_consonant(piece: &str) -> bool {
    let is_consonant = |c: char| matches!(c, '\u{0e01}'..='\u{0e2e}' | '\u{0e81}'..='\u{0eae}' | '\u{0edc}'..='\u{0edf}');
    piece.chars().all(is_consonant) && piece.chars().nth(1).is_none()
}

/// Returns a word as shown on screen. A long web address is shortened to its host, which is also the part that is
/// spoken. The punctuation around it stays. Sidecars keep the whole address.
pub fn on_screen(word: &str) -> Cow<'_, str> {
    /// Maximum length of a web address that is shown in full, in characters.
    const LONG: usize = 28;
    let start = word.find("://").map(|at| at + 3).or_else(|| word.find("www."));
    let Some(start) = start else { return Cow::Borrowed(word) };
    if word.chars().count() <= LONG {
        return Cow::Borrowed(word);
    }
    let opening: &str = &word[..word.find(|c: char| c.is_alphanumeric()).unwrap_or(0)];
    let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '/');
    let closing = &word[bare.len()..];
    let address = bare.get(start..).unwrap_or_default();
    let end = address.find(['/', '?', '#', ':']).unwrap_or(address.len());
    let host = address[..end].trim_start_matches("www.");
    if host.contains('.') {
        format!("{opening}{host}{closing}").into()
    } else {
        Cow::Borrowed(word)
    }
}

/// Returns a message without this machine's folders, for people without access to it. An absolute path with at least
/// two components is shortened to its last one: `use /path/to/a.wav: it is silent` becomes `a.wav: it is silent`.
pub fn without_folders(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    let mut rest = message;
    while let Some(slash) = rest.find('/') {
        let (before, path) = rest.split_at(slash);
        let begins = before.chars().last().is_none_or(|c| c.is_whitespace() || "`\"'(".contains(c));
        let end = path.find(|c: char| c.is_whitespace() || "`\"')".contains(c));
        let (path, after) = path.split_at(end.unwrap_or(path.len()));
        let bare = path.trim_end_matches([':', ',', ';', '.']);
        out.push_str(before);
        if begins && bare.matches('/').count() > 1 {
            // `failed to use /srv/a.db: …` keeps its verb.
            if (out == "use " || out.ends_with(": use ")) && path.ends_with(':') {
                out.truncate(out.len() - "use ".len());
            }
            out.push_str(bare.rsplit('/').next().unwrap_or_default());
            out.push_str(&path[bare.len()..]);
        } else {
            out.push_str(path);
        }
        rest = after;
    }
    out + rest
}

/// Returns the reading effort of a word in half words: 1 for a word in a script without spaces, which is short, and 2
/// for other words.
pub fn half_words(word: &str) -> usize {
    if word.chars().any(is_unspaced_script) { 1 } else { 2 }
}

/// Returns true if a character belongs to a script that is written without spaces.
pub fn is_unspaced_script(c: char) -> bool {
    matches!(c,
        '\u{0e00}'..='\u{0e7f}' | '\u{0e80}'..='\u{0eff}' | '\u{1780}'..='\u{17ff}'
        | '\u{1000}'..='\u{109f}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9f}'
        | '\u{20000}'..='\u{2fa1f}')
}

/// The kind of sentence ending, from the shortest pause to the longest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SentenceEnd {
    /// The sentence ends with its own punctuation.
    #[default]
    Sentence,
    /// The sentence ends a list item or introduces a list.
    ListItem,
    /// The sentence ends a paragraph or a heading.
    Paragraph,
}

/// Returns a rough count of the syllables in a spoken word, at least 1.
///
/// The count is precise enough to divide time between words, but not to analyse verse: for example vowel
/// groups in most alphabets, two per digit, one per ideograph or kana.
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
            // Abjads omit short vowels: about two letters to a syllable.
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

/// Returns true for short words that should not end a line or a phrase.
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
    fn folders_are_removed_and_sentences_stay() {
        for (message, shown) in [
            ("use /srv/x/a.wav: it is silent", "a.wav: it is silent"),
            ("voice: use /srv/x/a.wav: it is silent", "voice: a.wav: it is silent"),
            ("failed to use /srv/x/a.wav: it is silent", "failed to use a.wav: it is silent"),
            ("write `/srv/x/b.db`", "write `b.db`"),
            ("1/2 of /tmp", "1/2 of /tmp"),
        ] {
            assert_eq!(without_folders(message), shown);
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
        let cut = |text: &str| words(text).into_iter().map(|w| w.text).collect::<Vec<_>>();
        assert_eq!(cut("วันนี้อากาศดีมาก"), ["วัน", "นี้", "อากาศ", "ดี", "มาก"]);
        assert_eq!(cut("「日本の朝」です。"), ["「日本", "の", "朝」", "です。"]);
        assert!(!words("今日は").last().expect("word").joins_next);
    }

    #[test]
    fn a_long_address_is_shown_as_its_host() {
        for (word, shown) in [
            ("https://www.shop.example.com/collections/summer?ref=1.", "shop.example.com."),
            ("(http://example.com:8080/a/very/long/path/indeed)", "(example.com)"),
            ("www.example.co.uk/a/very/long/path", "example.co.uk"),
            ("https://a.example/tea", "https://a.example/tea"),
            ("Donaudampfschifffahrtsgesellschaft", "Donaudampfschifffahrtsgesellschaft"),
        ] {
            assert_eq!(on_screen(word), shown);
        }
    }

    #[test]
    fn messages_for_others_have_no_folders() {
        for (message, told) in [
            (
                "`voice_file`: use /srv/pytoon/assets/ab/cd.wav: the recording is silent",
                "`voice_file`: cd.wav: the recording is silent",
            ),
            ("read /srv/a/b.jpg: no such file", "read b.jpg: no such file"),
            ("there is no file `/srv/a/b.jpg`", "there is no file `b.jpg`"),
            (
                "see https://example.com/a/b and 3/4/2026",
                "see https://example.com/a/b and 3/4/2026",
            ),
            ("and/or /etc", "and/or /etc"),
        ] {
            assert_eq!(without_folders(message), told);
        }
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
}
