//! Detects the language of texts whose author does not state it.
//!
//! A writing system that stands for one language decides. Among languages that share one, characteristic
//! letters decide (`ї` is Ukrainian, `پ` Persian). Otherwise a statistical detector (`whatlang`: trigrams
//! over the whole text) decides if it is confident. If it is not, a text in Latin script counts as English,
//! and [`Detected::is_assumed`] marks the assumption unless the text has only one or two words.
//!
//! The module is pure. Start with [`detect`].

use whatlang::{Lang, detect as by_trigrams};

/// The detector confidence from which a result counts as certain.
const CONFIDENCE: f64 = 0.6;
/// The number of letters below which the detector is unreliable.
const FEW_LETTERS: usize = 24;
/// Common English words. Most English sentences contain one.
const ENGLISH: &[&str] = &[
    "the", "and", "are", "with", "your", "you", "our", "this", "that", "these", "from", "they",
    "their", "what", "how", "when", "who", "which", "every", "it", "its", "it's", "but", "better",
    "best", "only", "just", "get", "now", "new", "for", "more", "there", "here", "don't", "have",
    "been", "would", "should", "could", "can", "first", "why", "where", "while", "because",
];

/// A detected language, with a flag for guesses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Detected {
    /// The BCP 47 tag.
    pub tag: &'static str,
    /// True for a guess that a person should confirm.
    pub is_assumed: bool,
}

/// Detects the language of a text.
pub fn detect(text: &str) -> Detected {
    let known = |tag| Detected { tag, is_assumed: false };
    if let Some(script) = main_script(text) {
        return match script {
            Script::Of(tag) => known(tag),
            Script::Cyrillic => cyrillic(text),
            Script::Arabic => arabic(text),
            Script::Devanagari => match trigrams(text) {
                Some((tag @ ("mr" | "ne"), true)) => known(tag),
                _ => known("hi"),
            },
        };
    }
    latin(text)
}

fn latin(text: &str) -> Detected {
    let english = Detected { tag: "en", is_assumed: false };
    let assumed = Detected { tag: "en", is_assumed: true };
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|w| !w.is_empty())
        .collect();
    let common = words.iter().filter(|word| ENGLISH.contains(word)).count();
    if common * 8 >= words.len() {
        return english;
    }
    let guess = trigrams(text);
    // A currency after a number is not a word of the text.
    let is_currency = |word: &str| matches!(word, "zł" | "kč" | "ft");
    let letters = if words.iter().any(|word| is_currency(word)) {
        words.iter().copied().filter(|word| !is_currency(word)).collect::<Vec<_>>().join(" ")
    } else {
        lower.clone()
    };
    if let Some(tag) = by_letters(&letters) {
        // One word among many may be a name.
        let foreign = words.iter().filter(|word| by_letters(word).is_some()).count();
        let is_alone = foreign == 1 && words.len() > 2;
        return match guess {
            Some(("en", _)) if is_alone => assumed,
            Some((guess, _)) if guess == tag => Detected { tag, is_assumed: false },
            _ => Detected { tag, is_assumed: is_alone },
        };
    }
    match guess {
        Some(("en", _)) => english,
        Some((tag, true)) => Detected { tag, is_assumed: false },
        // Too short to detect: a word or two in plain letters is most likely English.
        None if words.len() < 3 => english,
        _ => assumed,
    }
}

/// Returns the language that characteristic letters of the Latin script identify, such as `ß` for German, or `None`.
fn by_letters(text: &str) -> Option<&'static str> {
    let has = |letters: &str| text.chars().any(|c| letters.contains(c));
    let marks = text.chars().filter(|c| ('\u{1ea0}'..='\u{1ef9}').contains(c)).count();
    if marks >= 2 || has("ơư") {
        return Some("vi");
    }
    if has("ß") {
        return Some("de");
    }
    if has("ğışİ") && has("ğı") {
        return Some("tr");
    }
    if has("łżźćśńąę") && has("łż") {
        return Some("pl");
    }
    if has("ãõ") {
        return Some("pt");
    }
    if has("¿¡") || text.contains('ñ') {
        return Some("es");
    }
    if has("ěřů") {
        return Some("cs");
    }
    if has("őű") {
        return Some("hu");
    }
    has("œ").then_some("fr")
}

fn cyrillic(text: &str) -> Detected {
    let lower = text.to_lowercase();
    let has = |letters: &str| lower.chars().any(|c| letters.contains(c));
    let tag = if has("їєґ") {
        "uk"
    } else if has("ў") {
        "be"
    } else if has("ђћџљњј") {
        if has("ѓќѕ") { "mk" } else { "sr" }
    } else if has("ыэё") {
        "ru"
    } else {
        match trigrams(text) {
            Some((tag @ ("uk" | "bg" | "be" | "sr" | "mk"), true)) => tag,
            _ if has("і") => "uk",
            _ => "ru",
        }
    };
    Detected { tag, is_assumed: false }
}

fn arabic(text: &str) -> Detected {
    let has = |letters: &str| text.chars().any(|c| letters.contains(c));
    let tag = if has("ٹڈڑںے") {
        "ur"
    } else if has("پچژگیک") {
        "fa"
    } else {
        "ar"
    };
    Detected { tag, is_assumed: false }
}

/// Returns the language that the trigram detector finds, and true if its confidence is at least
/// [`CONFIDENCE`]. Returns `None` for fewer than [`FEW_LETTERS`] letters, or if the detector finds no
/// supported language.
fn trigrams(text: &str) -> Option<(&'static str, bool)> {
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let info = by_trigrams(text)?;
    let tag = tag_of(info.lang())?;
    (letters >= FEW_LETTERS).then_some((tag, info.confidence() >= CONFIDENCE))
}

/// Returns the tag of a detected language, or `None` if the language is not supported.
fn tag_of(lang: Lang) -> Option<&'static str> {
    Some(match lang {
        Lang::Eng => "en",
        Lang::Deu => "de",
        Lang::Fra => "fr",
        Lang::Spa => "es",
        Lang::Por => "pt",
        Lang::Ita => "it",
        Lang::Nld => "nl",
        Lang::Swe => "sv",
        Lang::Dan => "da",
        Lang::Nob => "no",
        Lang::Fin => "fi",
        Lang::Pol => "pl",
        Lang::Ces => "cs",
        Lang::Slk => "sk",
        Lang::Slv => "sl",
        Lang::Hrv => "hr",
        Lang::Hun => "hu",
        Lang::Ron => "ro",
        Lang::Tur => "tr",
        Lang::Vie => "vi",
        Lang::Ind => "id",
        Lang::Cat => "ca",
        Lang::Lit => "lt",
        Lang::Lav => "lv",
        Lang::Est => "et",
        Lang::Afr => "af",
        Lang::Epo => "eo",
        Lang::Lat => "la",
        Lang::Rus => "ru",
        Lang::Ukr => "uk",
        Lang::Bel => "be",
        Lang::Bul => "bg",
        Lang::Srp => "sr",
        Lang::Mkd => "mk",
        Lang::Hin => "hi",
        Lang::Mar => "mr",
        Lang::Nep => "ne",
        _ => return None,
    })
}

/// A non-Latin writing system.
enum Script {
    Of(&'static str),
    Cyrillic,
    Arabic,
    Devanagari,
}

/// Writing systems as ranges of characters, each with the language for which it stands.
const SCRIPTS: &[(&str, u32, u32)] = &[
    ("el", 0x0370, 0x03ff),
    ("hy", 0x0530, 0x058f),
    ("he", 0x0590, 0x05ff),
    ("bn", 0x0980, 0x09ff),
    ("pa", 0x0a00, 0x0a7f),
    ("gu", 0x0a80, 0x0aff),
    ("or", 0x0b00, 0x0b7f),
    ("ta", 0x0b80, 0x0bff),
    ("te", 0x0c00, 0x0c7f),
    ("kn", 0x0c80, 0x0cff),
    ("ml", 0x0d00, 0x0d7f),
    ("si", 0x0d80, 0x0dff),
    ("th", 0x0e00, 0x0e7f),
    ("lo", 0x0e80, 0x0eff),
    ("bo", 0x0f00, 0x0fff),
    ("my", 0x1000, 0x109f),
    ("ka", 0x10a0, 0x10ff),
    ("am", 0x1200, 0x139f),
    ("km", 0x1780, 0x17ff),
    ("ko", 0xac00, 0xd7a3),
];

/// Returns the non-Latin writing system of more than half of the letters (for Chinese and Japanese, more than a
/// third), or `None`.
fn main_script(text: &str) -> Option<Script> {
    let count = |from: u32, to: u32| {
        text.chars().filter(|&c| c.is_alphabetic() && (from..=to).contains(&(c as u32))).count()
    };
    let letters = text.chars().filter(|c| c.is_alphabetic()).count().max(1);
    let (kana, han) = (count(0x3041, 0x30ff), count(0x4e00, 0x9fff));
    if (kana + han) * 3 > letters {
        return Some(Script::Of(if kana * 10 > han { "ja" } else { "zh" }));
    }
    let is_main = |n: usize| n * 2 > letters;
    if let Some((tag, ..)) = SCRIPTS.iter().find(|(_, from, to)| is_main(count(*from, *to))) {
        return Some(Script::Of(tag));
    }
    if is_main(count(0x0400, 0x04ff)) {
        return Some(Script::Cyrillic);
    }
    if is_main(count(0x0600, 0x06ff)) {
        return Some(Script::Arabic);
    }
    is_main(count(0x0900, 0x097f)).then_some(Script::Devanagari)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_are_detected_by_script_letters_or_words() {
        for (text, tag) in [
            ("በየጠዋቱ አንድ ኩባያ ቡና እጠጣለሁ።", "am"),
            ("こんにちは世界", "ja"),
            ("你好世界", "zh"),
            ("안녕하세요", "ko"),
            ("مرحبا بالعالم", "ar"),
            ("من هر روز صبح یک فنجان قهوه می‌نوشم.", "fa"),
            ("नमस्ते दुनिया", "hi"),
            ("Я щоранку п’ю каву в нашій їдальні. Їжа смачна.", "uk"),
            ("Каждое утро мы варим свежий кофе.", "ru"),
            ("Καλημέρα κόσμε", "el"),
            ("Mỗi sáng tôi uống một tách cà phê ngon.", "vi"),
            ("Chaque matin, je bois un café avec ma sœur. C’est très bon !", "fr"),
            ("Você já tomou um café de verdade hoje? A nossa torrefação abre às sete.", "pt"),
            (
                "Frisches Brot, jeden Morgen vor Sonnenaufgang gebacken. Komm vorbei, bevor das \
                 letzte Brot weg ist.",
                "de",
            ),
            ("¿Quieres un café? Lo tostamos cada mañana.", "es"),
            ("Ogni mattina prepariamo il caffè con molta calma e molto amore.", "it"),
        ] {
            assert_eq!(detect(text), Detected { tag, is_assumed: false }, "{text}");
        }
    }

    #[test]
    fn english_stays_english_also_with_foreign_names() {
        for text in [
            "Good mornings start with better coffee.",
            "Meet José, the best barista in São Paulo, and his café.",
            "The kettle sings.",
            "Hello there",
            "Try it!",
            "We love Gemütlichkeit in our Biergarten.",
            "Only $5",
            "",
        ] {
            assert_eq!(detect(text), Detected { tag: "en", is_assumed: false }, "{text}");
        }
    }

    #[test]
    fn a_guess_says_that_it_is_one() {
        let guess = detect("Ut wisi enim ad minim veniam quis nostrud");
        assert!(guess.is_assumed || guess.tag == "la", "{guess:?}");
        // Words that English shares are not enough.
        let german = detect("Was will er in Berlin? Er will in die Oper und ins Museum.");
        assert!(german.is_assumed || german.tag == "de", "{german:?}");
        for text in ["Grab lunch under 20 zł today", "Meet Łukasz here tonight, folks"] {
            assert_eq!(detect(text).tag, "en", "{text}");
        }
        let guess = detect("Zaza bolu kimi tapa.");
        assert_eq!(guess, Detected { tag: "en", is_assumed: true });
    }
}
