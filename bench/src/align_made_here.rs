//! Synthesizes a few sentences with known word times, for a machine without recordings.

use super::{Item, Take, Truth};
use pytoon_core::{script, text};
use pytoon_process::Runner;
use pytoon_voice::tts::espeak::Espeak;
use pytoon_voice::tts::{TtsProvider, TtsRequest};
use std::collections::BTreeMap;

const TEXT: &str = "Tea keeps well in a dry tin. Boil 2 cups of water, wait a minute, then pour. \
     It costs $3.20 a bag, and nobody has asked for the money back.";
/// Voices that differ from those of the aligner's references.
const VOICES: [(&str, &str); 3] =
    [("en-gb-x-rp+m3", "clean"), ("en-us+f5", "clean"), ("en-us+m7", "noise10")];
/// The gap between sentences, in samples (300 ms at 48 kHz).
const GAP: usize = 14_400;

/// Synthesizes the recordings of the small test set.
pub(super) fn takes(runner: &Runner) -> anyhow::Result<Vec<Take>> {
    VOICES.iter().map(|&(voice, condition)| take(runner, voice, condition)).collect()
}

fn take(runner: &Runner, voice: &str, condition: &str) -> anyhow::Result<Take> {
    let espeak = Espeak { runner: runner.clone(), voices: BTreeMap::new(), pitch: 50, speed: 1.0 };
    let request = TtsRequest {
        sentences: script::sentences(TEXT).iter().map(|s| text::words(&s.text)).collect(),
        language: "en".into(),
        voice: Some(voice.to_owned()),
        variant: String::new(),
        words_per_minute: 180.0,
        speed: 1.0,
        ..TtsRequest::default()
    };
    let (mut samples, mut words) = (vec![0.0; GAP], Vec::new());
    for sentence in espeak.speak(&request)? {
        let at = samples.len() as f64 / 48.0;
        words.extend(sentence.words.iter().map(|word| Truth {
            word: word.text.clone(),
            start_ms: at + word.start.get() as f64,
            score: true,
        }));
        samples.extend(sentence.samples);
        samples.resize(samples.len() + GAP, 0.0);
    }
    if condition == "noise10" {
        add_noise(&mut samples);
    }
    let item = Item {
        id: format!("made here, {voice}"),
        engine: "espeak".into(),
        condition: condition.into(),
        text: TEXT.into(),
        audio: String::new(),
        words,
    };
    Ok(Take { item, samples })
}

/// Adds white noise 10 dB below the mean power of the samples.
fn add_noise(samples: &mut [f32]) {
    let power: f32 = samples.iter().map(|s| s * s).sum::<f32>() / samples.len() as f32;
    // Uniform noise of amplitude a has the power a * a / 3.
    let amplitude = (0.1 * power * 3.0).sqrt();
    let mut state = 1u32;
    for sample in samples {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *sample += amplitude * (state as f32 / u32::MAX as f32 * 2.0 - 1.0);
    }
}
