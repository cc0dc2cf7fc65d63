//! Converts respellings (`ZAP-ee-er`) to IPA, and IPA to plain letters.
//!
//! Guarantees: the result is never longer than a small multiple of the input. The conversion from IPA returns `None`
//! for a sound without a rule; a respelling always has a pronunciation. The sounds are those of English, since
//! respellings are an English convention.

/// The letters of a respelling, longest first, each with its sound and a flag for vowels.
const LETTERS: &[(&str, &str, bool)] = &[
    ("eye", "aɪ", true),
    ("igh", "aɪ", true),
    ("air", "ɛɹ", true),
    ("oor", "ʊɹ", true),
    ("tch", "tʃ", false),
    ("ee", "i", true),
    ("ea", "i", true),
    ("ay", "eɪ", true),
    ("ai", "eɪ", true),
    ("ey", "eɪ", true),
    ("oh", "oʊ", true),
    ("oa", "oʊ", true),
    ("oo", "u", true),
    ("er", "ɚ", true),
    ("ur", "ɚ", true),
    ("ir", "ɚ", true),
    ("ar", "ɑɹ", true),
    ("or", "ɔɹ", true),
    ("ah", "ɑ", true),
    ("uh", "ʌ", true),
    ("aw", "ɔ", true),
    ("au", "ɔ", true),
    ("ow", "aʊ", true),
    ("ou", "aʊ", true),
    ("oy", "ɔɪ", true),
    ("oi", "ɔɪ", true),
    ("eh", "ɛ", true),
    ("ih", "ɪ", true),
    ("ch", "tʃ", false),
    ("sh", "ʃ", false),
    ("th", "θ", false),
    ("dh", "ð", false),
    ("ng", "ŋ", false),
    ("zh", "ʒ", false),
    ("kh", "x", false),
    ("ph", "f", false),
    ("wh", "w", false),
    ("ck", "k", false),
    ("qu", "kw", false),
    ("a", "æ", true),
    ("e", "ɛ", true),
    ("i", "ɪ", true),
    ("o", "ɑ", true),
    ("u", "ʌ", true),
    ("c", "k", false),
    ("g", "ɡ", false),
    ("j", "dʒ", false),
    ("q", "k", false),
    ("r", "ɹ", false),
    ("x", "ks", false),
    ("y", "j", false),
];

/// The IPA sounds, longest first, each with its plain letters and a flag for vowels.
const SOUNDS: &[(&str, &str, bool)] = &[
    ("tʃ", "ch", false),
    ("dʒ", "j", false),
    ("eɪ", "ay", true),
    ("aɪ", "igh", true),
    ("ɔɪ", "oy", true),
    ("aʊ", "ow", true),
    ("oʊ", "oh", true),
    ("əʊ", "oh", true),
    ("ɑɹ", "ar", true),
    ("ɔɹ", "or", true),
    ("ɛɹ", "air", true),
    ("ɪɹ", "eer", true),
    ("ɜɹ", "er", true),
    ("əɹ", "er", true),
    ("æ", "a", true),
    ("a", "ah", true),
    ("ɑ", "ah", true),
    ("ɒ", "o", true),
    ("ɐ", "uh", true),
    ("ɔ", "aw", true),
    ("o", "oh", true),
    ("e", "ay", true),
    ("ɛ", "eh", true),
    ("ɜ", "er", true),
    ("ɝ", "er", true),
    ("ɚ", "er", true),
    ("ə", "uh", true),
    ("ʌ", "uh", true),
    ("ɪ", "ih", true),
    ("i", "ee", true),
    ("ʊ", "uu", true),
    ("u", "oo", true),
    ("ø", "er", true),
    ("œ", "er", true),
    ("y", "oo", true),
    ("ʃ", "sh", false),
    ("ʒ", "zh", false),
    ("θ", "th", false),
    ("ð", "dh", false),
    ("ŋ", "ng", false),
    ("ɲ", "ny", false),
    ("ʎ", "ly", false),
    ("x", "kh", false),
    ("ç", "sh", false),
    ("j", "y", false),
    ("ɡ", "g", false),
    ("g", "g", false),
    ("ɹ", "r", false),
    ("r", "r", false),
    ("ʁ", "r", false),
    ("ɾ", "t", false),
    ("ɫ", "l", false),
    ("ʔ", "", false),
];

/// Converts a respelling, which is syllables joined by hyphens, to IPA. Capitals mark the stressed syllable. Without
/// capitals, the first of several syllables is stressed.
pub(crate) fn to_ipa(respelling: &str) -> String {
    let words: Vec<String> = respelling.split_whitespace().map(word_to_ipa).collect();
    words.join(" ")
}

fn word_to_ipa(word: &str) -> String {
    let syllables: Vec<&str> = word.split('-').filter(|syllable| !syllable.is_empty()).collect();
    let is_capital = |syllable: &&str| {
        let mut letters = syllable.chars().filter(|c| c.is_alphabetic()).peekable();
        letters.peek().is_some() && letters.all(char::is_uppercase)
    };
    let capital = syllables.iter().position(is_capital);
    let stressed = capital.or((syllables.len() > 1).then_some(0));
    let sounds = syllables.iter().enumerate();
    sounds.map(|(index, syllable)| syllable_to_ipa(syllable, stressed == Some(index))).collect()
}

fn syllable_to_ipa(syllable: &str, is_stressed: bool) -> String {
    let lower = syllable.to_lowercase();
    let mut rest = lower.as_str();
    let mut out = String::new();
    let mut needs_stress = is_stressed;
    let mut previous = "";
    while let Some(c) = rest.chars().next() {
        let found = LETTERS.iter().find(|(letters, ..)| rest.starts_with(letters));
        let single = &rest[..c.len_utf8()];
        let (letters, sound, is_vowel) = match found {
            // A final y, and one before a consonant, is a vowel.
            Some(("y", ..)) if is_vowel_y(rest) => {
                ("y", if previous.is_empty() { "aɪ" } else { "i" }, true)
            }
            Some(("c", ..)) if rest[1..].starts_with(['e', 'i', 'y']) => ("c", "s", false),
            Some(&(letters, sound, is_vowel)) => (letters, sound, is_vowel),
            None => (single, single, false),
        };
        rest = rest.get(letters.len()..).unwrap_or_default();
        // A doubled consonant is one sound.
        if letters == previous && !is_vowel {
            continue;
        }
        if is_vowel && needs_stress {
            out.push('ˈ');
            needs_stress = false;
        }
        if sound.chars().any(char::is_alphanumeric) {
            out.push_str(sound);
        }
        previous = letters;
    }
    out
}

fn is_vowel_y(rest: &str) -> bool {
    rest.chars().nth(1).is_none_or(|next| !"aeiou".contains(next))
}

/// Returns the number of vowel groups in a respelled syllable.
pub(crate) fn vowel_groups(word: &str) -> usize {
    let mut count = 0;
    let mut in_vowel = false;
    for c in word.to_lowercase().chars() {
        let vowel = "aeiouy".contains(c);
        count += usize::from(vowel && !in_vowel);
        in_vowel = vowel;
    }
    count
}

/// Converts IPA to plain letters that an English voice pronounces about the same way: `zˈeɪpiɚ` to `zay-pee-er`.
/// Returns `None` if a sound has no letters.
pub(crate) fn to_letters(ipa: &str) -> Option<String> {
    let words: Option<Vec<String>> = ipa.split_whitespace().map(word_to_letters).collect();
    words.filter(|words| words.iter().any(|word| !word.is_empty())).map(|words| words.join(" "))
}

fn word_to_letters(word: &str) -> Option<String> {
    let bare: String = word.chars().filter(|c| !"ˈˌːˑ.͡‿'̩̃̆ʰ|".contains(*c)).collect();
    let mut rest = bare.as_str();
    let mut units: Vec<(&str, bool)> = Vec::new();
    while let Some(c) = rest.chars().next() {
        let single = &rest[..c.len_utf8()];
        let (sound, letters, is_vowel) = match SOUNDS.iter().find(|(s, ..)| rest.starts_with(s)) {
            Some(&known) => known,
            None if c.is_ascii_lowercase() => (single, single, false),
            None => return None,
        };
        units.push((letters, is_vowel));
        rest = rest.get(sound.len()..).unwrap_or_default();
    }
    Some(syllables(&units))
}

/// Inserts hyphens between syllables: before a vowel that follows a vowel, and before the last consonant between two
/// vowels.
fn syllables(units: &[(&str, bool)]) -> String {
    let is_vowel = |index: usize| units.get(index).is_some_and(|unit| unit.1);
    let first_vowel = units.iter().position(|unit| unit.1).unwrap_or(units.len());
    let mut out = String::new();
    for (index, (letters, vowel)) in units.iter().enumerate() {
        let after_vowel = index > first_vowel;
        let splits = if *vowel { is_vowel(index.wrapping_sub(1)) } else { is_vowel(index + 1) };
        if after_vowel && splits {
            out.push('-');
        }
        out.push_str(letters);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn respellings_become_ipa() {
        for (respelling, ipa) in [
            ("ZAP-ee-er", "zˈæpiɚ"),
            ("ZAY-pee-er", "zˈeɪpiɚ"),
            ("NYOO-klee-er", "njˈukliɚ"),
            ("kee-OHS", "kiˈoʊs"),
            ("shee-AHR", "ʃiˈɑɹ"),
            ("zhahk", "ʒɑk"),
            ("doyt-chuh", "dˈɔɪttʃʌ"),
            ("my-SEE-lee-uhm", "misˈiliʌm"),
        ] {
            assert_eq!(to_ipa(respelling), ipa, "{respelling}");
        }
    }

    #[test]
    fn ipa_becomes_letters() {
        for (ipa, letters) in [
            ("zˈeɪpiɚ", Some("zay-pee-er")),
            ("nuˈmoʊniə", Some("noo-moh-nee-uh")),
            ("ʃɛf", Some("shehf")),
            ("dʒɪf", Some("jihf")),
            ("ɸa", None),
        ] {
            assert_eq!(to_letters(ipa).as_deref(), letters, "{ipa}");
        }
    }
}
