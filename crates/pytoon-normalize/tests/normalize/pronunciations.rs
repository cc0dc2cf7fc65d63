//! Tests of matching, layering and validation of a brief's pronunciations.

use pytoon_core::text::words;
use pytoon_normalize::{PronunciationError, Pronunciations, SpokenWord, join_spoken, normalize};

fn pronunciations(entries: &[(&str, &str)]) -> Pronunciations {
    Pronunciations::new(entries.iter().copied()).expect("valid entries")
}

fn read(text: &str, entries: &[(&str, &str)]) -> Vec<SpokenWord> {
    normalize(&words(text), "en", &pronunciations(entries))
}

fn ipa(word: &SpokenWord) -> Option<&str> {
    word.pronunciation.as_ref().map(|pronunciation| pronunciation.ipa())
}

struct Match {
    word: &'static str,
    value: &'static str,
    text: &'static str,
    spoken: &'static str,
}

const MATCHES: &[Match] = &[
    Match { word: "Zapier", value: "ZAP-ee-er", text: "Use zapier!", spoken: "Use zap-ee-er!" },
    Match { word: "Zapier", value: "/zˈeɪpiɚ/", text: "(ZAPIER),", spoken: "zay-pee-er," },
    Match { word: "Zapier", value: "ZAP-ee-er", text: "Zapier's plan", spoken: "zap-ee-er's plan" },
    Match { word: "Zapier", value: "ZAP-ee-er", text: "Zapiers", spoken: "Zapiers" },
    Match {
        word: "Node.js",
        value: "node jay ess",
        text: "on Node.js.",
        spoken: "on node jay ess.",
    },
    Match {
        word: "C++",
        value: "see plus plus",
        text: "in C++, now",
        spoken: "in see plus plus, now",
    },
    Match { word: "🔥", value: "fire", text: "so 🔥 now🔥", spoken: "so fire now fire" },
    Match { word: "SQL", value: "sequel", text: "a SQL table", spoken: "a sequel table" },
    Match { word: "GIF", value: "JIF", text: "a GIF", spoken: "a jif" },
    Match {
        word: "Acme Cloud",
        value: "AK-mee klowd",
        text: "the Acme Cloud?",
        spoken: "the ak-mee klowd?",
    },
    Match { word: "Acme Cloud", value: "acme", text: "the Acme Cloud?", spoken: "the acme?" },
    Match { word: "Acme Cloud", value: "acme", text: "Acme is", spoken: "Acme is" },
    Match { word: "AT&T", value: "ma bell", text: "“AT&T”", spoken: "ma bell" },
    Match { word: "42", value: "the answer", text: "42 is", spoken: "the answer is" },
    Match { word: "Nguyen", value: "/wɪn/", text: "Dr. Nguyen", spoken: "Doctor wihn" },
];

#[test]
fn entries_match_whole_words_in_any_context() {
    for Match { word, value, text, spoken } in MATCHES {
        assert_eq!(join_spoken(&read(text, &[(*word, *value)])).text, *spoken, "{text}");
    }
}

#[test]
fn sounds_are_given_beside_the_text() {
    let spoken = read("Zapier's here", &[("Zapier", "/zˈeɪpiɚ/")]);
    assert_eq!(ipa(&spoken[0]), Some("zˈeɪpiɚz"));
    assert_eq!(ipa(&spoken[1]), None);
    let spoken = read("Acme Cloud", &[("acme cloud", "/ˈækmi klaʊd/")]);
    assert_eq!([ipa(&spoken[0]), ipa(&spoken[1])], [Some("ˈækmi"), Some("klaʊd")]);
    let spoken = read("a SQL", &[("SQL", "sequel")]);
    assert_eq!(ipa(&spoken[1]), None, "plain words are read as usual");
}

#[test]
fn every_language_takes_pronunciations() {
    for language in ["de", "fr", "ru", "xx"] {
        let entries = pronunciations(&[("Zapier", "ZAP-ee-er")]);
        let spoken = normalize(&words("Zapier, ok"), language, &entries);
        assert_eq!(join_spoken(&spoken).text, "zap-ee-er, ok");
        assert_eq!(ipa(&spoken[0]), Some("zˈæpiɚ"));
    }
}

#[test]
fn later_layers_win() {
    let config = pronunciations(&[("Zapier", "ZAY-per"), ("SQL", "sequel")]);
    let brief = pronunciations(&[("zapier", "ZAP-ee-er")]);
    let merged = config.merge(&brief);
    let entries: Vec<(&str, &str)> = merged.iter().collect();
    assert_eq!(entries, [("Zapier", "ZAP-ee-er"), ("SQL", "sequel")]);
    let spoken = normalize(&words("Zapier SQL"), "en", &merged);
    assert_eq!(join_spoken(&spoken).text, "zap-ee-er sequel");
}

#[test]
fn the_longest_phrase_wins() {
    let entries = &[("new york", "noo york"), ("new", "nyoo"), ("new york city", "the city")];
    assert_eq!(
        join_spoken(&read("New York City in New Yorkshire", entries)).text,
        "the city in nyoo Yorkshire"
    );
}

#[test]
fn entries_are_checked() {
    let long = "x".repeat(101);
    for (word, value, part) in [
        ("", "a", "no word"),
        ("a", " ", "no pronunciation"),
        ("a", "//", "no pronunciation"),
        (long.as_str(), "a", "too long"),
        ("a", long.as_str(), "too long"),
        ("a b c d e f g h i", "a", "too long"),
    ] {
        let error = Pronunciations::new([(word, value)]).expect_err(part).to_string();
        assert!(error.contains(part), "{error}");
    }
    let many: Vec<(String, &str)> = (0..501).map(|at| (format!("word{at}"), "x")).collect();
    let error = Pronunciations::new(many).expect_err("too many");
    assert_eq!(error, PronunciationError::TooMany { count: 501 });
}
