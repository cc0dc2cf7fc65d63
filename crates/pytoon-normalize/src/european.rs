//! Stub.
use crate::SpokenWord;
use crate::pronunciation::Found;
use pytoon_core::text::Word;
pub(crate) enum Language {}
impl Language {
    pub(crate) fn of(_base: &str, _tag: &str) -> Option<Self> {
        None
    }
}
pub(crate) fn read(_w: &[Word], _f: Vec<Option<Found>>, language: Language) -> Vec<SpokenWord> {
    match language {}
}
