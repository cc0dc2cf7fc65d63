//! Splits sentences at the pauses that the script requests within them.
//!
//! Guarantees: no word is lost or moved; the part of a sentence before a pause becomes a sentence of its own.

use crate::preset::PacingSpec;
use crate::scene::WordPlace;
use crate::script::{self, Sentence};
use crate::text::{self, SentenceEnd};

/// Sentences, each divided at the pauses that the script requests within it.
#[derive(Default)]
pub(super) struct Spoken {
    pub(super) sentences: Vec<String>,
    pub(super) ends: Vec<SentenceEnd>,
    pub(super) pauses: Vec<u32>,
    pub(super) lead_pause: u32,
    pub(super) emphasis: Vec<WordPlace>,
    pub(super) items: Vec<usize>,
}

impl Spoken {
    pub(super) fn of(sentences: &[Sentence], pacing: &PacingSpec) -> Self {
        let mut spoken = Self::default();
        for sentence in sentences {
            spoken.add(sentence, pacing);
        }
        if spoken.pauses.iter().all(|pause| *pause == 0) {
            spoken.pauses.clear();
        }
        spoken
    }

    fn add(&mut self, sentence: &Sentence, pacing: &PacingSpec) {
        let words = text::words(&sentence.text);
        let mut asked = vec![0u32; words.len() + 1];
        for pause in &sentence.pauses {
            let ms = pause.ms.unwrap_or(pacing.paragraph_pause_ms);
            let slot = &mut asked[pause.after_word.min(words.len())];
            *slot = (*slot + ms).min(script::MAX_PAUSE_MS);
        }
        match self.pauses.last_mut() {
            None => self.lead_pause = asked[0],
            Some(before) => *before = (*before).max(asked[0]),
        }
        if sentence.starts_item && !words.is_empty() {
            self.items.push(self.sentences.len());
        }
        let is_all = sentence.emphasis.len() == words.len();
        let mut from = 0;
        for end in 1..=words.len() {
            if end < words.len() && asked[end] == 0 {
                continue;
            }
            let number = self.sentences.len();
            // A sentence that is all bold has no emphasised word.
            self.emphasis.extend(
                sentence
                    .emphasis
                    .iter()
                    .filter(|word| !is_all && (from..end).contains(word))
                    .map(|word| WordPlace { sentence: number, word: word - from }),
            );
            self.sentences.push(text::join(&words[from..end]));
            self.ends.push(if end == words.len() { sentence.end } else { SentenceEnd::Sentence });
            self.pauses.push(asked[end]);
            from = end;
        }
    }
}
