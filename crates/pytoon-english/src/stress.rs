//! Classifies phonemes and changes the stress of a pronunciation.

/// The primary stress mark.
pub(crate) const PRIMARY: char = 'ˈ';
/// The secondary stress mark.
pub(crate) const SECONDARY: char = 'ˌ';

/// Returns true for misaki's vowels, including diphthongs.
pub(crate) fn is_vowel(c: char) -> bool {
    "AIOQWYaiuæɑɒɔəɛɜɪʊʌᵻ".contains(c)
}

/// Returns true for misaki's consonants.
pub(crate) fn is_consonant(c: char) -> bool {
    "bdfhjklmnpstvwzðŋɡɹɾʃʒʤʧθ".contains(c)
}

/// Returns true for sounds after which an American `t` becomes a tap.
pub(crate) fn taps_after(c: char) -> bool {
    "AIOWYiuæɑəɛɪɹʊʌ".contains(c)
}

/// A change of stress in a pronunciation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stress {
    /// Removes all stress marks.
    Remove,
    /// Makes primary stress secondary and drops the previous secondary stress.
    Lower,
    /// Lowers primary stress as [`Stress::Lower`] does, and gives a pronunciation without marks secondary stress.
    Secondary,
    /// Gives a pronunciation without marks secondary stress.
    AtLeastSecondary,
    /// Makes secondary stress primary, and gives a pronunciation without marks primary stress.
    Primary,
}

impl Stress {
    /// Returns the pronunciation with its stress changed.
    pub(crate) fn apply(self, phonemes: &str) -> String {
        let has_primary = phonemes.contains(PRIMARY);
        let has_secondary = phonemes.contains(SECONDARY);
        match (self, has_primary, has_secondary) {
            (Self::Remove, _, _) => without(phonemes, &[PRIMARY, SECONDARY]),
            (Self::Lower | Self::Secondary, true, _) => {
                without(phonemes, &[SECONDARY]).replace(PRIMARY, "ˌ")
            }
            (Self::Secondary | Self::AtLeastSecondary, false, false) => {
                insert_stress(phonemes, SECONDARY)
            }
            (Self::Primary, false, true) => phonemes.replace(SECONDARY, "ˈ"),
            (Self::Primary, false, false) => insert_stress(phonemes, PRIMARY),
            (Self::Lower, false, _)
            | (Self::Secondary, false, true)
            | (Self::AtLeastSecondary, _, _)
            | (Self::Primary, true, _) => phonemes.to_owned(),
        }
    }

    /// Returns the pronunciation with its stress changed, or unchanged if `change` is `None`.
    pub(crate) fn apply_if(change: Option<Self>, phonemes: &str) -> String {
        change.map_or_else(|| phonemes.to_owned(), |change| change.apply(phonemes))
    }
}

fn without(phonemes: &str, marks: &[char]) -> String {
    phonemes.chars().filter(|c| !marks.contains(c)).collect()
}

/// Inserts a stress mark before the first vowel. A pronunciation without vowels is unchanged.
fn insert_stress(phonemes: &str, mark: char) -> String {
    let mut out = String::with_capacity(phonemes.len() + mark.len_utf8());
    let mut waiting = true;
    for c in phonemes.chars() {
        if waiting && is_vowel(c) {
            out.push(mark);
            waiting = false;
        }
        out.push(c);
    }
    out
}

/// Returns the weight of a pronunciation for the distribution of stress. Diphthongs and affricates count twice.
pub(crate) fn weight(phonemes: &str) -> usize {
    phonemes.chars().map(|c| if "AIOQWYʤʧ".contains(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes() {
        let cases = [
            (Stress::Remove, "ˌɪntəɹnˈæʃᵊnəl", "ɪntəɹnæʃᵊnəl"),
            (Stress::Lower, "ˌɪntəɹnˈæʃᵊnəl", "ɪntəɹnˌæʃᵊnəl"),
            (Stress::Lower, "ðə", "ðə"),
            (Stress::Lower, "ˌɪn", "ˌɪn"),
            (Stress::Secondary, "kˈæt", "kˌæt"),
            (Stress::Secondary, "kæt", "kˌæt"),
            (Stress::Secondary, "kˌæt", "kˌæt"),
            (Stress::AtLeastSecondary, "stɹæt", "stɹˌæt"),
            (Stress::AtLeastSecondary, "stɹˈæt", "stɹˈæt"),
            (Stress::Primary, "kˌætəlˌɔɡ", "kˈætəlˈɔɡ"),
            (Stress::Primary, "kæt", "kˈæt"),
            (Stress::Primary, "kˈæt", "kˈæt"),
            (Stress::Primary, "ʃʃ", "ʃʃ"),
        ];
        for (change, given, expected) in cases {
            assert_eq!(change.apply(given), expected, "{change:?} {given}");
        }
    }

    #[test]
    fn diphthongs_weigh_twice() {
        assert_eq!(weight("ʧAnʤ"), 7);
        assert_eq!(weight("kæt"), 3);
    }
}
