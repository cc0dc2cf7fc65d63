//! The built-in aligner: it speaks the script with local voices and aligns the recording with their speech.
//!
//! It needs no network and no model, only the helper program. An installed voice of the `heart` family makes it more
//! exact. docs/alignment.md lists accuracy figures and discarded approaches.

use super::mismatch::{Mismatch, Search};
use super::recorded::{Aligned, Recorded};
use super::{ascending, reference_voice};
use crate::Result;
use crate::language::primary;
use crate::tts::neural::Neural;
use pytoon_align::{Alignment, align, to_analysis_rate};
use pytoon_config::tts::by_language;
use pytoon_core::text::Word;
use pytoon_process::Runner;
use std::collections::BTreeMap;

/// The built-in aligner.
#[derive(Debug, Clone)]
pub struct Builtin {
    /// The runner of the helper program.
    pub runner: Runner,
    /// The local voices, by language.
    pub voices: BTreeMap<String, String>,
    /// The installed natural voices, used as one more reference. `None` uses the local voices alone.
    pub natural: Option<Neural>,
}

impl Builtin {
    /// Times the script's words in their recording, as far as the recording contains them. Returns `None` if there is
    /// nothing to compare: an empty script, or a recording that is far too short.
    ///
    /// # Errors
    /// Returns the local voice's [`crate::VoiceError`].
    pub fn align(&self, recorded: Recorded<'_>) -> Result<Option<Aligned>> {
        let Recorded { samples, sentences, language, .. } = recorded;
        let voice = self.voice_for(language);
        let voices = VARIANTS.map(|variant| (voice.clone(), variant));
        let references = reference_voice::speak(&self.runner, sentences, language, &voices)?;
        let speak = |neural| reference_voice::speak_naturally(neural, sentences, language);
        let natural = self.natural.as_ref().and_then(speak);
        let analysed = to_analysis_rate(samples, pytoon_audio::SAMPLE_RATE);
        let found = align(&analysed, &references, natural.as_ref());
        let counts: Vec<usize> = sentences.iter().map(Vec::len).collect();
        let (samples, references, counts) = (&analysed, &references, &counts);
        let whole = found.as_ref();
        let search = Search { samples, references, counts, speech: recorded.speech, whole };
        if search.is_called_for()
            && let Some((found, mismatch)) = search.run()
        {
            return Ok(Some(finish(sentences, &found, Some(mismatch))));
        }
        Ok(found.map(|found| finish(sentences, &found, None)))
    }

    fn voice_for(&self, language: &str) -> String {
        let voice = by_language(&self.voices, language).unwrap_or_else(|| primary(language));
        // The variant of the configured voice is a matter of taste; the references bring their own.
        voice.split('+').next().unwrap_or(voice).to_owned()
    }
}

/// The voice variants with which the references are spoken.
const VARIANTS: [&str; 3] = ["", "f3", "klatt2"];

fn finish(sentences: &[Vec<Word>], found: &Alignment, mismatch: Option<Mismatch>) -> Aligned {
    let times = found.words.iter().map(|time| (time.start_ms, time.end_ms));
    let words = ascending(sentences.iter().flatten().zip(times));
    let (confidence, estimated_error_ms) = (found.confidence, found.spread_ms);
    Aligned { words, confidence, estimated_error_ms, mismatch }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tts::espeak::Espeak;
    use crate::tts::{SpokenSentence, TtsProvider, TtsRequest};
    use pytoon_core::script::sentences;
    use pytoon_core::text::words;
    use pytoon_process::{CancelToken, Programs};
    use pytoon_vocabulary::{CaptionWord, Ms};
    use std::time::Duration;

    const SCRIPT: &str =
        "Meet BrewMate, the 12-ounce mug. It costs $29.99 today, and lasts for years.";

    fn runner() -> Runner {
        let programs = Programs::beside_this_one();
        Runner::new(programs, CancelToken::default(), Duration::from_secs(30))
    }

    fn script(text: &str) -> Vec<Vec<Word>> {
        sentences(text).iter().map(|s| words(&s.text)).collect()
    }

    /// Returns a recording in a voice that no reference uses, at another speed, with a pause between sentences.
    fn recording(text: &str) -> (Vec<f32>, Vec<CaptionWord>) {
        let espeak = Espeak { runner: runner(), voices: BTreeMap::new(), pitch: 60, speed: 1.0 };
        let request = TtsRequest {
            sentences: script(text),
            language: "en".into(),
            voice: Some("en-us+m3".into()),
            variant: String::new(),
            words_per_minute: 190.0,
            speed: 1.0,
            ..TtsRequest::default()
        };
        let (mut samples, mut timed) = (vec![0.0; 48_000], Vec::new());
        for SpokenSentence { samples: own, words, .. } in espeak.speak(&request).expect("a voice") {
            let at = Ms::new(samples.len() as i64 / 48);
            timed.extend(words.into_iter().map(|word| CaptionWord {
                start: word.start + at,
                end: word.end + at,
                ..word
            }));
            samples.extend(own);
            samples.resize(samples.len() + 24_000, 0.0);
        }
        (samples, timed)
    }

    fn english_recording<'a>(samples: &'a [f32], sentences: &'a [Vec<Word>]) -> Recorded<'a> {
        Recorded { samples, speech: &[], sentences, language: "en" }
    }

    fn builtin() -> Builtin {
        let voices = BTreeMap::from([("en".to_owned(), "en-us+f2".to_owned())]);
        Builtin { runner: runner(), voices, natural: None }
    }

    #[test]
    fn every_word_is_found_where_it_was_said() {
        let (samples, known) = recording(SCRIPT);
        let found = builtin()
            .align(english_recording(&samples, &script(SCRIPT)))
            .expect("runs")
            .expect("fits");
        assert_eq!(found.words.len(), known.len());
        for (found, known) in found.words.iter().zip(&known) {
            assert_eq!(found.text, known.text);
            let error = (found.start - known.start).abs().get();
            assert!(error <= 60, "{} is {error} ms off", found.text);
            assert!(found.end > found.start);
        }
        assert!(found.confidence > 0.6, "{}", found.confidence);
    }

    #[test]
    fn a_wrong_script_and_a_hiss_are_not_trusted() {
        let (samples, _) = recording(SCRIPT);
        let wrong =
            script("Rain, wind and snow never stopped anybody here. Two people can pitch it.");
        let found = builtin().align(english_recording(&samples, &wrong)).expect("runs");
        let trust = found.map_or(0.0, |found| found.confidence);
        assert!(trust < pytoon_align::LOW_CONFIDENCE, "wrong script: {trust}");
        let hiss: Vec<f32> =
            (0u32..240_000).map(|n| (n.wrapping_mul(2_654_435_761) >> 20) as f32 / 8e4).collect();
        let found = builtin().align(english_recording(&hiss, &script(SCRIPT))).expect("runs");
        let trust = found.map_or(0.0, |found| found.confidence);
        assert!(trust < pytoon_align::LOW_CONFIDENCE, "hiss: {trust}");
    }

    #[test]
    fn words_without_a_sound_stand_between_their_neighbours() {
        let text = "Hot \u{1f525} tea, now.";
        let (samples, _) = recording("Hot tea, now.");
        let found = builtin()
            .align(english_recording(&samples, &script(text)))
            .expect("runs")
            .expect("fits");
        let starts: Vec<Ms> = found.words.iter().map(|word| word.start).collect();
        assert!(starts.windows(2).all(|pair| pair[0] < pair[1]), "{starts:?}");
        assert_eq!(found.words[1].text, "\u{1f525}");
    }

    #[test]
    fn a_recording_too_short_for_its_script_is_not_aligned() {
        let found = builtin().align(english_recording(&[0.1; 480], &script(SCRIPT))).expect("runs");
        assert_eq!(found, None);
    }
}
