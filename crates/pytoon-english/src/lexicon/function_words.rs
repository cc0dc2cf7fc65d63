//! Words whose pronunciation depends on the next word (`a`, `the`, `to`, `in`, `am`, `used`), signs that are spoken
//! as words, and dotted abbreviations.

use super::{Lexicon, NextSound, Request, word_class};
use crate::dictionary::Reading;
use crate::stress::Stress;
use crate::text::all_letters;

/// Returns the word for a sign that is spoken, such as `percent` for `%`, or `None` for any other text.
pub(super) fn symbol_name(sign: &str) -> Option<&'static str> {
    match sign {
        "%" => Some("percent"),
        "&" => Some("and"),
        "+" => Some("plus"),
        "@" => Some("at"),
        _ => None,
    }
}

impl Lexicon {
    /// Pronounces a function word, a spoken sign or a dotted abbreviation. Returns `None` for any other word.
    pub(super) fn function_word(&self, word: &str, request: Request<'_>) -> Option<String> {
        let tag = request.tag.unwrap_or_default();
        let is_noun = tag.starts_with("NN");
        let sound = request.sound();
        if let ("ADD", Some(name)) = (tag, address_sign(word)) {
            return self.entry(name, request.without_tag().with_stress(Some(Stress::Lower)));
        }
        if let Some(name) = symbol_name(word) {
            return self.entry(name, request.without_tag().with_stress(None));
        }
        if is_dotted(word) {
            return self.letters(word);
        }
        let reading = match word {
            "a" | "A" => {
                if tag == "DT" {
                    "ɐ"
                } else {
                    "ˈA"
                }
            }
            "am" | "Am" | "AM" if is_noun => return self.letters(word),
            "Am" | "AM" => return self.gold.default_pronunciation("am").map(str::to_owned),
            "am" if sound == NextSound::Pause || is_raised(request.stress) => {
                return self.gold.default_pronunciation("am").map(str::to_owned);
            }
            "am" => "ɐm",
            "AN" if is_noun => return self.letters(word),
            "an" | "An" | "AN" => "ɐn",
            "I" if tag == "PRP" => "ˌI",
            "by" | "By" | "BY" if word_class(tag) == "ADV" => "bˈI",
            "to" | "To" => return self.to(sound),
            "TO" if matches!(tag, "TO" | "IN") => return self.to(sound),
            "in" | "In" => preposition_in(tag, sound),
            "IN" if tag != "NNP" => preposition_in(tag, sound),
            "the" | "The" => article_the(sound),
            "THE" if tag == "DT" => article_the(sound),
            "used" | "Used" | "USED" => return self.pronounce_used(tag, request),
            _ if tag == "IN" && is_versus(word) => {
                return self.entry("versus", request.without_tag().with_stress(None));
            }
            _ => return None,
        };
        Some(reading.to_owned())
    }

    fn to(&self, sound: NextSound) -> Option<String> {
        match sound {
            NextSound::Pause => self.gold.default_pronunciation("to").map(str::to_owned),
            NextSound::Consonant => Some("tə".to_owned()),
            NextSound::Vowel => Some("tʊ".to_owned()),
        }
    }

    /// Pronounces `used`, which differs between `used to do` and `used a tool`.
    fn pronounce_used(&self, tag: &str, request: Request<'_>) -> Option<String> {
        let habit = matches!(tag, "VBD" | "JJ") && request.context.is_some_and(|c| c.before_to);
        let phonemes = match self.gold.get("used")? {
            Reading::Fixed(phonemes) => Some(phonemes),
            Reading::ByTag(readings) => readings.get(habit.then_some("VBD")),
        };
        phonemes.map(str::to_owned)
    }
}

fn address_sign(word: &str) -> Option<&'static str> {
    match word {
        "." => Some("dot"),
        "/" => Some("slash"),
        _ => None,
    }
}

/// Returns true for abbreviations such as `U.S.` and `e.g`, with dots inside and parts of one or two letters.
fn is_dotted(word: &str) -> bool {
    word.trim_matches('.').contains('.')
        && all_letters(&word.replace('.', ""))
        && word.split('.').all(|part| part.chars().count() < 3)
}

fn is_versus(word: &str) -> bool {
    word.strip_suffix('.').unwrap_or(word).eq_ignore_ascii_case("vs")
}

fn is_raised(stress: Option<Stress>) -> bool {
    matches!(stress, Some(Stress::AtLeastSecondary | Stress::Primary))
}

fn preposition_in(tag: &str, sound: NextSound) -> &'static str {
    if sound == NextSound::Pause || tag != "IN" { "ˈɪn" } else { "ɪn" }
}

fn article_the(sound: NextSound) -> &'static str {
    match sound {
        NextSound::Vowel => "ði",
        NextSound::Pause | NextSound::Consonant => "ðə",
    }
}
