//! Pronounces inflected forms by their stems: `-s`, `-ed`, `-ing`.

use super::{Lexicon, Request, stem_of};
use crate::Accent;
use crate::stress::taps_after;

impl Lexicon {
    /// Pronounces a plural, a possessive or a verb in the third person by its stem. Returns `None` if no stem is
    /// known.
    pub(super) fn stem_s(&self, word: &str, request: Request<'_>) -> Option<String> {
        let letters = word.chars().count();
        if letters < 3 || !word.ends_with('s') {
            return None;
        }
        let known = |stem: &str| self.is_known(stem).then(|| stem.to_owned());
        let plain = || if word.ends_with("ss") { None } else { known(stem_of(word, 1)) };
        let two = || {
            let es = letters > 4 && word.ends_with("es") && !word.ends_with("ies");
            if word.ends_with("'s") || es { known(stem_of(word, 2)) } else { None }
        };
        let ies = || {
            let stem = if letters > 4 { word.strip_suffix("ies")? } else { return None };
            known(&format!("{stem}y"))
        };
        let stem = plain().or_else(two).or_else(ies)?;
        self.with_s(&self.entry(&stem, request)?)
    }

    /// Pronounces a verb's past form by its stem. Returns `None` if no stem is known.
    pub(super) fn stem_ed(&self, word: &str, request: Request<'_>) -> Option<String> {
        let letters = word.chars().count();
        if letters < 4 || !word.ends_with('d') {
            return None;
        }
        let (one, two) = (stem_of(word, 1), stem_of(word, 2));
        let has_ed = letters > 4 && word.ends_with("ed") && !word.ends_with("eed");
        let stem = if !word.ends_with("dd") && self.is_known(one) {
            one
        } else if has_ed && self.is_known(two) {
            two
        } else {
            return None;
        };
        self.with_ed(&self.entry(stem, request)?)
    }

    /// Pronounces a present participle by its stem. Returns `None` if no stem is known.
    pub(super) fn stem_ing(&self, word: &str, request: Request<'_>) -> Option<String> {
        let letters = word.chars().count();
        let stem = if letters < 5 { None } else { word.strip_suffix("ing") }?;
        let with_e = format!("{stem}e");
        let single = stem_of(stem, 1);
        let stem = if letters > 5 && self.is_known(stem) {
            stem
        } else if self.is_known(&with_e) {
            &with_e
        } else if letters > 5 && is_doubled(stem) && self.is_known(single) {
            single
        } else {
            return None;
        };
        self.with_ing(&self.entry(stem, request)?)
    }

    /// Appends the sound of the ending -s to the phonemes of a stem. Returns `None` if they are empty.
    pub(super) fn with_s(&self, stem: &str) -> Option<String> {
        let ending = match stem.chars().next_back()? {
            'p' | 't' | 'k' | 'f' | 'θ' => "s",
            's' | 'z' | 'ʃ' | 'ʒ' | 'ʧ' | 'ʤ' => self.accent.choose("ᵻz", "ɪz"),
            _ => "z",
        };
        Some(format!("{stem}{ending}"))
    }

    /// Returns the phonemes of a stem with the ending `-ed`.
    pub(super) fn with_ed(&self, stem: &str) -> Option<String> {
        let mut sounds = stem.chars().rev();
        let ending = match (sounds.next()?, sounds.next(), self.accent) {
            ('p' | 'k' | 'f' | 'θ' | 'ʃ' | 's' | 'ʧ', _, _) => "t",
            ('d', _, _) => self.accent.choose("ᵻd", "ɪd"),
            ('t', _, Accent::British) | ('t', None, Accent::American) => "ɪd",
            ('t', Some(before), Accent::American) if taps_after(before) => {
                return Some(format!("{}ɾᵻd", stem_of(stem, 1)));
            }
            ('t', Some(_), Accent::American) => "ᵻd",
            _ => "d",
        };
        Some(format!("{stem}{ending}"))
    }

    /// Returns the phonemes of a stem with the ending `-ing`.
    pub(super) fn with_ing(&self, stem: &str) -> Option<String> {
        let mut sounds = stem.chars().rev();
        match (sounds.next()?, sounds.next(), self.accent) {
            ('ə' | 'ː', _, Accent::British) => None,
            ('t', Some(before), Accent::American) if taps_after(before) => {
                Some(format!("{}ɾɪŋ", stem_of(stem, 1)))
            }
            (_, _, Accent::American | Accent::British) => Some(format!("{stem}ɪŋ")),
        }
    }
}

/// Returns true if a stem ends in `ck` or in a doubled consonant.
fn is_doubled(stem: &str) -> bool {
    let mut letters = stem.chars().rev();
    match (letters.next(), letters.next()) {
        (Some('k'), Some('c')) => true,
        (Some(last), Some(before)) => last == before && "bcdgklmnprstvxz".contains(last),
        _ => false,
    }
}
