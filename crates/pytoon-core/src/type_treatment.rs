//! Chooses how a spoken sentence is set as type, by its structure.

use pytoon_vocabulary::{Treatment, phrase};

/// Chooses the treatment of a sentence: by its quotation, enumeration, contrast or figure if it has one. A question
/// is set word by word. Claims alternate between word by word and lines with the parity of `seed`, so neighbouring
/// scenes should have consecutive seeds.
pub fn choose_treatment(text: &str, seed: u64) -> Treatment {
    let words: Vec<&str> = text.split_whitespace().collect();
    if phrase::quotation(&words).is_some() {
        Treatment::Quotation
    } else if phrase::list(&words).is_some() {
        Treatment::List
    } else if phrase::contrast(&words).is_some() {
        Treatment::Contrast
    } else if phrase::figure(&words).is_some() {
        Treatment::CountUp
    } else if text.trim_end().ends_with(['?', '？', '؟']) || seed.is_multiple_of(2) {
        Treatment::WordByWord
    } else {
        Treatment::LineBuild
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn treatments_follow_the_sentence() {
        let cases = [
            ("“Stay hungry, stay foolish.” — Steve Jobs", Treatment::Quotation),
            ("„Einfachheit ist die höchste Stufe der Vollendung.“", Treatment::Quotation),
            ("You need flour, sugar and patience.", Treatment::List),
            ("Erstens schlafen, zweitens trinken, drittens gehen.", Treatment::List),
            ("It is not a sprint but a marathon.", Treatment::Contrast),
            ("Weniger Lärm, mehr Musik.", Treatment::Contrast),
            ("It costs $1,299 a year.", Treatment::CountUp),
            ("Das spart 30 % Energie.", Treatment::CountUp),
            ("1. Good flour from a small mill.", Treatment::WordByWord),
            ("2) Good flour for $3.", Treatment::CountUp),
            ("Why do we sleep?", Treatment::WordByWord),
            ("", Treatment::WordByWord),
        ];
        for (text, expected) in cases {
            assert_eq!(choose_treatment(text, 4), expected, "{text}");
        }
        let claim = |seed| choose_treatment("Small habits change everything.", seed);
        assert_eq!(claim(7), claim(9));
        assert_ne!(claim(7), claim(8));
    }
}
