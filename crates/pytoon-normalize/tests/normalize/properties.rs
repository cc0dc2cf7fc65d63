//! Property tests that hold for any text.

use proptest::prelude::*;
use pytoon_core::text::{Word, words};
use pytoon_normalize::{Pronunciations, join_spoken, normalize};
use std::time::Instant;

const LANGUAGES: &[&str] = &[
    "en",
    "en-GB",
    "de",
    "fr",
    "es",
    "es-MX",
    "pt-BR",
    "pt-PT",
    "ar",
    "ja",
    "hi",
    "",
    "x-klingon",
];

/// Fragments from which tests build tokens that reach the rules.
const PIECES: &[&str] = &[
    "$", "€", "1", "23", "4,567", "0.5", "-", "–", "/", ":", ".", "am", "pm", "k", "M", "km", "%",
    "°", "C", "\"", "'", "x", "#", "@", "St.", "Dr.", "Jan", "May", "Mon", "st", "th", "IV", "A",
    "FBI", "IT", "½", "²", "(", ")", "&", "+", "~", "™", "🔥", "h", "Uhr", "er", "º", "ª", "R$",
    "\u{ad}", "\u{200d}", "e\u{301}", "co", "com", "https://", "www.", "_", "<", ">", "[", "]",
    "…", "—", "ß",
];

fn none() -> Pronunciations {
    Pronunciations::default()
}

fn sample_pronunciations() -> Pronunciations {
    let entries = [
        ("km", "KAY-em"),
        ("St. Louis", "/sənt lˈuɪs/"),
        ("🔥", "fire"),
        ("A", "eh"),
        ("$", "bucks"),
    ];
    Pronunciations::new(entries).expect("entries")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_text_gives_one_spoken_word_per_word(text in any::<String>(), at in 0..LANGUAGES.len()) {
        let written = words(&text);
        prop_assert_eq!(normalize(&written, LANGUAGES[at], &none()).len(), written.len());
    }

    #[test]
    fn any_tokens_give_one_spoken_word_each(
        tokens in prop::collection::vec(prop::collection::vec(0..PIECES.len(), 0..7), 0..10),
        at in 0..LANGUAGES.len(),
    ) {
        let written: Vec<Word> = tokens
            .iter()
            .map(|pieces| Word { text: pieces.iter().map(|&piece| PIECES[piece]).collect(), joins_next: false })
            .collect();
        for pronunciations in [none(), sample_pronunciations()] {
            let spoken = normalize(&written, LANGUAGES[at], &pronunciations);
            prop_assert_eq!(spoken.len(), written.len());
            let text = join_spoken(&spoken);
            prop_assert_eq!(text.ranges.len(), written.len());
            let count = text.text.chars().count();
            prop_assert!(text.ranges.iter().all(|&(from, to)| from <= to && to <= count));
            let length: usize = written.iter().map(|word| word.text.len()).sum();
            prop_assert!(text.text.len() <= 200 + 64 * length);
            if LANGUAGES[at].starts_with("en") {
                prop_assert!(!text.text.contains(|c: char| c.is_ascii_digit()), "{}", text.text);
            }
        }
    }

    #[test]
    fn english_has_no_digits_left(text in "[ -~]{0,60}") {
        let spoken = join_spoken(&normalize(&words(&text), "en", &none())).text;
        prop_assert!(!spoken.contains(|c: char| c.is_ascii_digit()), "{} -> {}", text, spoken);
    }

    #[test]
    fn what_is_read_is_read_the_same_again(number in 0_u64..1_000_000_000, cents in 0_u64..100) {
        let text = format!("It costs ${number}.{cents:02} or {number} km.");
        let once = join_spoken(&normalize(&words(&text), "en", &none())).text;
        let twice = join_spoken(&normalize(&words(&once), "en", &none())).text;
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn english_keeps_every_word(text in "[A-Za-z0-9'$%.,&-]{0,4}[A-Za-z0-9][A-Za-z0-9'%.,&-]{0,6}") {
        let spoken = join_spoken(&normalize(&words(&text), "en", &none())).text;
        prop_assert!(spoken.contains(char::is_alphabetic), "{}", text);
    }

    #[test]
    fn words_of_letters_are_kept(text in "[a-zäöüéñ]{1,12}( [a-zäöüéñ]{1,12}){0,6}") {
        for language in ["de", "fr", "es", "pt", "tr", "pl"] {
            prop_assert_eq!(&join_spoken(&normalize(&words(&text), language, &none())).text, &text);
        }
    }
}

#[test]
fn letters_and_digits_of_other_scripts_are_kept() {
    let cases = [
        ("hi", "यह १२३ है"),
        ("ar", "هذا ١٢٣ كتاب"),
        ("ru", "Это 5 км"),
        ("ja", "5個です"),
        ("th", "ราคา ๕๐ บาท"),
        ("zh", "共3本"),
    ];
    for (language, text) in cases {
        assert_eq!(join_spoken(&normalize(&words(text), language, &none())).text, text);
    }
    for text in ["Это дом", "नमस्ते दुनिया", "مرحبا", "日本"] {
        assert_eq!(join_spoken(&normalize(&words(text), "en", &none())).text, text);
    }
}

#[test]
fn a_number_of_ten_thousand_digits_stays_small() {
    for digits in
        ["7".repeat(10_000), "1,234".repeat(2_000), "1.2".repeat(3_000), "9-".repeat(5_000)]
    {
        for language in LANGUAGES {
            let spoken = join_spoken(&normalize(&words(&digits), language, &none()));
            assert!(spoken.text.len() < 100_000, "{language}: {}", spoken.text.len());
        }
    }
}

#[test]
fn hostile_text_is_read_in_no_time() {
    let shapes = [
        "7".repeat(100_000),
        "1 ".repeat(50_000),
        "001 ".repeat(25_000),
        "$1- ".repeat(25_000),
        "a-1-".repeat(25_000),
        "a/b".repeat(33_000),
        "A.".repeat(50_000),
        "St. ".repeat(25_000),
        "FBI ".repeat(25_000),
        "((((".repeat(25_000),
        "\"1\" ".repeat(25_000),
        "a@b.c ".repeat(16_000),
        "x×1".repeat(33_000),
        "🔥".repeat(25_000),
        "B2B C3 ".repeat(14_000),
        "Jan 5 ".repeat(16_000),
        "5-10-x ".repeat(14_000),
        "!?".repeat(50_000),
    ];
    let pronunciations = sample_pronunciations();
    for text in &shapes {
        let written = words(text);
        for language in ["en", "de"] {
            let start = Instant::now();
            let spoken = normalize(&written, language, &pronunciations);
            let took = start.elapsed();
            assert_eq!(spoken.len(), written.len());
            let head: String = text.chars().take(12).collect();
            // Far above the time on a slow machine, far below that of quadratic cost.
            assert!(took.as_millis() < 10_000, "{language} {head}: {took:?}");
        }
    }
}
