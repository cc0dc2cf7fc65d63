//! Converts IPA, as eSpeak NG and dictionaries write it, to misaki's phoneme alphabet.
//!
//! Guarantees: the result has only characters of the voices' vocabulary, and stress marks precede vowels. A sound
//! that an accent lacks is replaced by the nearest one.

use crate::Accent;
use crate::stress::{PRIMARY, SECONDARY, is_vowel};
use unicode_normalization::UnicodeNormalization;

/// The combining mark of a syllabic consonant.
const SYLLABIC: char = '\u{329}';
/// The characters that tie two letters into one sound.
const TIES: [char; 4] = ['\u{361}', '\u{35c}', '\u{200d}', '^'];

/// The characters of the voices' vocabulary that are neither punctuation nor marks.
const VOCABULARY: &str = "ʣʥʦʨᵝꭧAIOQSTWYᵊabcdefhijklmnopqrstuvwxyzɑɐɒæβɔɕçɖðʤəɚɛɜɟɡɥɨɪʝɯɰŋɳɲɴøɸθœɹɾɻʁɽʂʃʈʧʊʋʌɣɤχʎʒʔːʰʲᵻ ";

/// IPA spellings with their American and British sounds. Longer spellings precede their own prefixes.
const SOUNDS: &[(&str, &str, &str)] = &[
    // Diphthongs and affricates.
    ("eɪ", "A", "A"),
    ("ɛɪ", "A", "A"),
    ("aɪ", "I", "I"),
    ("ɑɪ", "I", "I"),
    ("ʌɪ", "I", "I"),
    ("aʊ", "W", "W"),
    ("ɑʊ", "W", "W"),
    ("ɔɪ", "Y", "Y"),
    ("oɪ", "Y", "Y"),
    ("oʊ", "O", "Q"),
    ("əʊ", "O", "Q"),
    ("tʃ", "ʧ", "ʧ"),
    ("dʒ", "ʤ", "ʤ"),
    // Vowels before r, and those that replace a lost one.
    ("ɜːr", "ɜɹ", "ɜːɹ"),
    ("ɜːɹ", "ɜɹ", "ɜːɹ"),
    ("ɜː", "ɜɹ", "ɜː"),
    ("ɜr", "ɜɹ", "ɜːɹ"),
    ("ɜɹ", "ɜɹ", "ɜːɹ"),
    ("ɜ", "ɜɹ", "ɜː"),
    ("ɝː", "ɜɹ", "ɜː"),
    ("ɝ", "ɜɹ", "ɜː"),
    ("ɚ", "əɹ", "ə"),
    ("eə", "ɛ", "ɛː"),
    ("ɛə", "ɛ", "ɛː"),
    ("ɪə", "iə", "ɪə"),
    ("iə", "iə", "ɪə"),
    // Syllables without a vowel.
    ("ʔˌn\u{329}", "tn", "tn"),
    ("ʔn\u{329}", "tn", "tn"),
    ("r\u{329}", "əɹ", "əɹ"),
    ("ɹ\u{329}", "əɹ", "əɹ"),
    // Single vowels.
    ("eː", "A", "A"),
    ("e", "ɛ", "ɛ"),
    ("oː", "ɔ", "ɔː"),
    ("o", "ɔ", "ɔ"),
    ("a", "æ", "a"),
    ("æ", "æ", "a"),
    ("ɒ", "ɑ", "ɒ"),
    ("ɐ", "ə", "ə"),
    ("ɘ", "ə", "ə"),
    ("ɵ", "ə", "ə"),
    ("ɨ", "ᵻ", "ɪ"),
    ("ᵻ", "ᵻ", "ɪ"),
    ("ʉ", "u", "u"),
    ("ː", "", "ː"),
    ("ˑ", "", ""),
    // Single consonants.
    ("g", "ɡ", "ɡ"),
    ("r", "ɹ", "ɹ"),
    ("ɻ", "ɹ", "ɹ"),
    ("ɾ", "T", "t"),
    ("ʔ", "t", "t"),
    ("x", "k", "k"),
    ("c\u{327}", "k", "k"),
    ("ɬ", "l", "l"),
    ("ɫ", "l", "l"),
    ("ʍ", "w", "w"),
    ("ʲo", "jɔ", "jɔ"),
    ("ʲə", "jə", "jə"),
    ("ʲ", "", ""),
    ("ʰ", "", ""),
];

/// Converts the IPA of a word or phrase to misaki's alphabet.
///
/// Ties, brackets, syllable dots and detail marks are dropped. The article `ɐ` is unchanged if it is a separate word.
///
/// ```
/// use pytoon_english::{Accent, misaki_from_ipa};
///
/// assert_eq!(misaki_from_ipa("/həˈloʊ/", Accent::American), "həlˈO");
/// assert_eq!(misaki_from_ipa("həˈləʊ", Accent::British), "həlˈQ");
/// ```
#[must_use]
pub fn misaki_from_ipa(ipa: &str, accent: Accent) -> String {
    let words = ipa.split_whitespace().map(|word| {
        let sounds = misaki_sounds(&plain(word), accent);
        stress_before_vowels(&sounds)
    });
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Returns the IPA in decomposed form, without ties and with `:` replaced by the length mark `ː`. A tied `əl` becomes
/// `ᵊl`.
fn plain(word: &str) -> String {
    let tied_l =
        TIES.iter().fold(word.to_owned(), |text, tie| text.replace(&format!("ə{tie}l"), "ᵊl"));
    tied_l.nfd().filter(|c| !TIES.contains(c)).map(|c| if c == ':' { 'ː' } else { c }).collect()
}

fn misaki_sounds(ipa: &str, accent: Accent) -> String {
    if ipa.trim_matches(|c| matches!(c, '/' | '[' | ']' | PRIMARY | SECONDARY)) == "ɐ" {
        return "ɐ".to_owned();
    }
    let mut out = String::with_capacity(ipa.len());
    let mut rest = ipa;
    while let Some(first) = rest.chars().next() {
        let sound = SOUNDS.iter().find(|(spelling, _, _)| rest.starts_with(spelling));
        let (length, said) = match sound {
            Some((spelling, american, british)) => {
                (spelling.len(), accent.choose(*american, *british))
            }
            None => (first.len_utf8(), rest.get(..first.len_utf8()).unwrap_or_default()),
        };
        rest = rest.get(length..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix(SYLLABIC) {
            rest = after;
            out.push('ᵊ');
        }
        out.push_str(said);
    }
    out
}

/// Moves each stress mark before the next vowel. Drops marks without a following vowel, and all characters outside
/// the vocabulary.
fn stress_before_vowels(sounds: &str) -> String {
    let mut out = String::with_capacity(sounds.len());
    let mut mark = None;
    for c in sounds.chars() {
        if matches!(c, PRIMARY | SECONDARY) {
            mark = Some(c);
            continue;
        }
        if is_vowel(c) || c == 'ɐ' {
            out.extend(mark.take());
        }
        out.extend(VOCABULARY.contains(c).then_some(c));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn american_words() {
        for (ipa, expected) in [
            ("həlˈoʊ", "həlˈO"),
            ("/həˈloʊ/", "həlˈO"),
            ("t͡ʃˈeɪnd͡ʒ", "ʧˈAnʤ"),
            ("ˈtʃeɪndʒ", "ʧˈAnʤ"),
            ("b^ɔ^ɪ", "bY"),
            ("nˈaʊ", "nˈW"),
            ("wˈɜːd", "wˈɜɹd"),
            ("wɝd", "wɜɹd"),
            ("bˈɜːɹd", "bˈɜɹd"),
            ("ˈwɔtɚ", "wˈɔtəɹ"),
            ("wˈɔːɾɚ", "wˈɔTəɹ"),
            ("skwˈɛɹ", "skwˈɛɹ"),
            ("bˈʌʔn̩", "bˈʌtn"),
            ("bˈɑːt͡əl", "bˈɑtəl"),
            ("lˈɪɾə͡l", "lˈɪTᵊl"),
            ("ˈlɪtl̩", "lˈɪtᵊl"),
            ("ɐ", "ɐ"),
            ("ɐbˈaʊt", "əbˈWt"),
            ("ɐ bˈʊk", "ɐ bˈʊk"),
            ("red", "ɹɛd"),
            ("ˌɪntərˈnæʃənəl", "ˌɪntəɹnˈæʃənəl"),
            ("ˈstrɛŋθ", "stɹˈɛŋθ"),
            ("lɒx", "lɑk"),
            ("nˈɔːɹθ", "nˈɔɹθ"),
            ("noːɹθ", "nɔɹθ"),
            ("ˈfæm(ə)li", "fˈæməli"),
            ("kɹwasɑ̃", "kɹwæsɑ"),
            ("gəʊ", "ɡO"),
            ("", ""),
            ("ˈ", ""),
            ("ʘ1!?", ""),
        ] {
            assert_eq!(misaki_from_ipa(ipa, Accent::American), expected, "{ipa}");
        }
    }

    #[test]
    fn british_words() {
        for (ipa, expected) in [
            ("həlˈəʊ", "həlˈQ"),
            ("gəʊ", "ɡQ"),
            ("ˈɡoʊ", "ɡˈQ"),
            ("wˈɜːd", "wˈɜːd"),
            ("skwˈeə", "skwˈɛː"),
            ("skweər", "skwɛːɹ"),
            ("nˈiə", "nˈɪə"),
            ("ˈæpl̩", "ˈapᵊl"),
            ("lˈɒt", "lˈɒt"),
            ("bɑ:θ", "bɑːθ"),
            ("wˈɔːtə", "wˈɔːtə"),
            ("ˈpʰraɪs", "pɹˈIs"),
            ("prʌɪs", "pɹIs"),
            ("ɹˈəʊzɨz", "ɹˈQzɪz"),
        ] {
            assert_eq!(misaki_from_ipa(ipa, Accent::British), expected, "{ipa}");
        }
    }

    #[test]
    fn no_spelling_hides_a_longer_one_after_it() {
        for (at, (spelling, _, _)) in SOUNDS.iter().enumerate() {
            let hidden =
                SOUNDS.iter().skip(at + 1).find(|(later, _, _)| later.starts_with(spelling));
            assert_eq!(hidden, None, "{spelling}");
        }
    }

    #[test]
    fn all_sounds_are_in_the_vocabulary() {
        for (spelling, american, british) in SOUNDS {
            let known = american.chars().chain(british.chars()).all(|c| VOCABULARY.contains(c));
            assert!(known, "{spelling}");
        }
    }
}
