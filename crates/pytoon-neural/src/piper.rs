//! Piper voices: VITS models in some forty languages, each with an `.onnx` and an `.onnx.json` file (format:
//! rhasspy/piper, MIT).
//!
//! Guarantees: equal phonemes, settings and seed give equal samples (seeded noise replaces the model's own
//! random nodes); phoneme times come from the model's own durations, with a resolution of 256 samples.
//!
//! Phonemes are eSpeak NG's IPA. The caller gets them from a separate program (ADR 5).
//!
//! Start with [`Piper::load`].

use crate::noise::Normal;
use crate::session::{Limits, Session};
use crate::tensor::{counts, floats, load, node};
use crate::{NeuralError, Take, graph};
use rten::{Model, NodeId, RunOptions, ValueOrView};
use rten_tensor::Tensor;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Maximum number of phoneme characters in one request.
pub const MAX_PHONEMES: usize = 600;
/// The slowest and the fastest speed, relative to the voice's normal speed.
pub const SPEEDS: (f64, f64) = (0.4, 2.5);
/// The number of samples per frame.
const HOP: usize = 256;
/// Maximum length of a phoneme, in frames.
const MAX_FRAMES: usize = 1_000;
/// Maximum length of a take, in frames (about 93 s at 22.05 kHz).
const MAX_TAKE: usize = 8_000;
/// The lag of the durations behind the audible sound, in samples. An independent aligner (`bench/word_times.py`)
/// measured a median of 25 ms at 22.05 kHz.
const EARLY: usize = 2 * HOP;
/// The number of noise channels for durations.
const DURATION_CHANNELS: usize = 2;
/// The number of noise channels for audio.
const SOUND_CHANNELS: usize = 192;

/// The part of the `.onnx.json` file that this crate needs.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct PiperConfig {
    audio: Audio,
    espeak: Espeak,
    #[serde(default)]
    inference: Inference,
    #[serde(default = "one")]
    num_speakers: usize,
    #[serde(default)]
    speaker_id_map: BTreeMap<String, i64>,
    phoneme_id_map: BTreeMap<String, Vec<i64>>,
    #[serde(default)]
    phoneme_type: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Audio {
    sample_rate: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Espeak {
    voice: String,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(default)]
struct Inference {
    noise_scale: f32,
    length_scale: f32,
    noise_w: f32,
}

impl Default for Inference {
    fn default() -> Self {
        Self { noise_scale: 0.667, length_scale: 1.0, noise_w: 0.8 }
    }
}

fn one() -> usize {
    1
}

impl PiperConfig {
    /// Parses and checks the content of the configuration file.
    pub fn read(bytes: &[u8]) -> Result<Self, NeuralError> {
        let bad = |reason: String| NeuralError::bad("configuration", reason);
        let config: Self = serde_json::from_slice(bytes)
            .map_err(|error| bad(format!("it is not a Piper voice's `.onnx.json`: {error}")))?;
        if !(8_000..=48_000).contains(&config.audio.sample_rate) {
            return Err(bad(format!(
                "its sample rate of {} Hz is not between 8000 and 48000",
                config.audio.sample_rate
            )));
        }
        if config.phoneme_type.as_deref().is_some_and(|kind| kind != "espeak") {
            return Err(bad(
                "its phonemes are not those of eSpeak NG, and others are not supported".into(),
            ));
        }
        for framing in ["^", "_", "$"] {
            if !config.phoneme_id_map.contains_key(framing) {
                return Err(bad(format!("`phoneme_id_map` has no `{framing}`")));
            }
        }
        let scales =
            [config.inference.noise_scale, config.inference.length_scale, config.inference.noise_w];
        if scales.iter().any(|scale| !(0.0..=5.0).contains(scale)) || scales[1] < 0.1 {
            return Err(bad(format!(
                "noise_scale, length_scale and noise_w are {scales:?}; each must be from 0 to 5, \
                 and length_scale at least 0.1"
            )));
        }
        if !(1..=10_000).contains(&config.num_speakers) {
            return Err(bad(format!(
                "its `num_speakers` of {} is not between 1 and 10000",
                config.num_speakers
            )));
        }
        Ok(config)
    }

    /// Returns the name of the eSpeak NG voice whose phonemes the model uses.
    pub fn espeak_voice(&self) -> &str {
        &self.espeak.voice
    }

    /// Returns the sample rate in Hz.
    pub fn rate(&self) -> u32 {
        self.audio.sample_rate
    }

    /// Returns the number of speakers.
    pub fn speakers(&self) -> usize {
        self.num_speakers
    }

    /// Returns the number of a speaker from its name or number, the first speaker if `wanted` is `None`, or `None`
    /// for an unknown speaker.
    pub fn speaker(&self, wanted: Option<&str>) -> Option<i64> {
        let Some(wanted) = wanted else { return Some(0) };
        let by_name = self.speaker_id_map.get(wanted).copied();
        let id = by_name.or_else(|| wanted.parse().ok())?;
        (0..self.num_speakers as i64).contains(&id).then_some(id)
    }

    /// Returns the model's ids for phonemes, and the index at which each character begins: that of the padding id
    /// before it. The index is `None` for a character that the voice does not know.
    fn ids(&self, phonemes: &str) -> (Vec<i32>, Vec<Option<usize>>) {
        let of = |symbol: &str| {
            let ids = self.phoneme_id_map.get(symbol).map(Vec::as_slice).unwrap_or_default();
            ids.iter().filter_map(|&id| i32::try_from(id).ok()).collect::<Vec<_>>()
        };
        let pad = of("_");
        let mut ids = of("^");
        ids.extend(&pad);
        let mut places = Vec::new();
        for c in phonemes.chars() {
            let own = of(c.encode_utf8(&mut [0; 4]));
            places.push((!own.is_empty()).then_some(ids.len().saturating_sub(pad.len())));
            if !own.is_empty() {
                ids.extend(own);
                ids.extend(&pad);
            }
        }
        ids.extend(of("$"));
        (ids, places)
    }
}

/// The settings of a spoken request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delivery {
    /// The speed relative to the voice's normal speed, clamped to [`SPEEDS`].
    pub speed: f64,
    /// The speaker's number.
    pub speaker: i64,
    /// The seed of the voice's random variation.
    pub seed: u64,
}

/// A Piper voice.
#[derive(Debug)]
pub struct Piper {
    config: PiperConfig,
    session: Session<Loaded>,
}

struct Loaded {
    model: Model,
    input: NodeId,
    lengths: NodeId,
    scales: NodeId,
    speaker: Option<NodeId>,
    durations: NodeId,
    output: NodeId,
    /// The noise inputs for durations and audio; `None` for noise that the model does not draw.
    noise: [Option<NodeId>; 2],
    inference: Inference,
}

impl Piper {
    /// Loads a Piper voice.
    ///
    /// # Errors
    /// Returns [`NeuralError::BadFile`] for files that are not a Piper voice, truncated or damaged, and other
    /// errors if the model cannot be loaded within its limits.
    pub fn load(model: Vec<u8>, config: &[u8], limits: Limits) -> Result<Self, NeuralError> {
        let config = PiperConfig::read(config)?;
        let facts = graph::check(&model)?;
        if !facts.inputs.iter().any(|name| name == "input_lengths") {
            let reason = "it is not a Piper model: it has no input `input_lengths`";
            return Err(NeuralError::bad("model", reason));
        }
        let inference = config.inference.clone();
        let session = Session::start(limits, move || Loaded::new(model, &facts, inference))?;
        Ok(Self { config, session })
    }

    /// Returns the voice's configuration.
    pub fn config(&self) -> &PiperConfig {
        &self.config
    }

    /// Speaks eSpeak NG's IPA in Unicode's decomposed form (NFD).
    ///
    /// # Errors
    /// Returns [`NeuralError::TooLong`] or [`NeuralError::NothingToSay`] for requests that cannot be spoken, and the
    /// other errors if the model fails.
    pub fn speak(&self, phonemes: &str, delivery: Delivery) -> Result<Take, NeuralError> {
        let (ids, places) = self.config.ids(phonemes);
        if places.len() > MAX_PHONEMES {
            return Err(NeuralError::TooLong { phonemes: places.len(), most: MAX_PHONEMES });
        }
        if places.iter().all(Option::is_none) {
            return Err(NeuralError::NothingToSay(phonemes.chars().take(40).collect()));
        }
        let (samples, durations) =
            self.session.run(move |loaded, options| loaded.speak(ids, delivery, options))?;
        let spans = spans(&places, &durations, samples.len());
        Ok(Take { rate: self.config.rate(), spans, samples })
    }
}

impl Loaded {
    fn new(
        bytes: Vec<u8>,
        facts: &graph::Facts,
        inference: Inference,
    ) -> Result<Self, NeuralError> {
        let model = load(bytes, None)?;
        let [duration_noise, sound_noise] = match facts.noise.as_slice() {
            [] => [None, None],
            [sound] => [None, Some(node(&model, sound)?)],
            [durations, sound] => [Some(node(&model, durations)?), Some(node(&model, sound)?)],
            _ => {
                return Err(NeuralError::bad(
                    "model",
                    "models with more than two noise operators are not supported",
                ));
            }
        };
        let [durations] = facts.ceilings.as_slice() else {
            let count = facts.ceilings.len();
            let reason = format!("it has {count} `Ceil` operators; a Piper model has exactly one");
            return Err(NeuralError::bad("model", reason));
        };
        Ok(Self {
            input: node(&model, "input")?,
            lengths: node(&model, "input_lengths")?,
            scales: node(&model, "scales")?,
            speaker: model.find_node("sid"),
            durations: node(&model, durations)?,
            output: node(&model, "output")?,
            noise: [duration_noise, sound_noise],
            inference,
            model,
        })
    }

    /// Speaks the ids of phonemes. Computes their durations first, to check the length of the audio before generating
    /// it.
    fn speak(
        &self,
        ids: Vec<i32>,
        delivery: Delivery,
        options: &RunOptions,
    ) -> Result<(Vec<f32>, Vec<usize>), NeuralError> {
        let count = ids.len();
        let mut noise = Normal::new(delivery.seed, "liveliness");
        let mut inputs = self.inputs(ids, delivery);
        if let [Some(place), _] = self.noise {
            let values = noise.take(DURATION_CHANNELS * count, 1.0);
            inputs.push((place, Tensor::from_data(&[1, DURATION_CHANNELS, count], values).into()));
        }
        let durations = self.run(inputs.clone(), self.durations, options)?;
        let durations = counts(durations, MAX_FRAMES)?;
        let frames: usize = durations.iter().sum();
        if durations.len() != count || frames == 0 || frames > MAX_TAKE {
            let reason = format!(
                "it returned {} phoneme lengths, {frames} frames in all, for {count} phonemes",
                durations.len()
            );
            return Err(NeuralError::failure(reason));
        }
        if let [_, Some(place)] = self.noise {
            let values = noise.take(SOUND_CHANNELS * frames, 1.0);
            inputs.push((place, Tensor::from_data(&[1, SOUND_CHANNELS, frames], values).into()));
        }
        let (_, samples) = floats(self.run(inputs, self.output, options)?)?;
        if samples.len() != frames * HOP {
            let reason = format!("it returned {} samples for {frames} frames", samples.len());
            return Err(NeuralError::failure(reason));
        }
        Ok((samples, durations))
    }

    fn inputs(&self, ids: Vec<i32>, delivery: Delivery) -> Vec<(NodeId, ValueOrView<'static>)> {
        let count = ids.len();
        let length = self.inference.length_scale / delivery.speed.clamp(SPEEDS.0, SPEEDS.1) as f32;
        let scales = vec![self.inference.noise_scale, length, self.inference.noise_w];
        let mut inputs = vec![
            (self.input, Tensor::from_data(&[1, count], ids).into()),
            (self.lengths, Tensor::from_data(&[1], vec![count as i32]).into()),
            (self.scales, Tensor::from_data(&[3], scales).into()),
        ];
        if let Some(speaker) = self.speaker {
            inputs.push((speaker, Tensor::from_data(&[1], vec![delivery.speaker as i32]).into()));
        }
        inputs
    }

    fn run(
        &self,
        inputs: Vec<(NodeId, ValueOrView<'static>)>,
        output: NodeId,
        options: &RunOptions,
    ) -> Result<rten::Value, NeuralError> {
        let values = self
            .model
            .run(inputs, &[output], Some(options.clone()))
            .map_err(NeuralError::failure)?;
        values.into_iter().next().ok_or_else(|| NeuralError::failure("an output is missing"))
    }
}

/// Returns the sample ranges of the request's characters, each from its own ids to those of the next character.
fn spans(
    places: &[Option<usize>],
    durations: &[usize],
    length: usize,
) -> Vec<std::ops::Range<usize>> {
    let mut begins = Vec::with_capacity(durations.len() + 1);
    let mut at = 0;
    for frames in durations {
        begins.push(at);
        at += frames * HOP;
    }
    let begin = |index: usize| {
        begins.get(index).map_or(length, |begin| begin.saturating_sub(EARLY)).min(length)
    };
    // The ids after the last character close the sentence.
    let mut next = begin(durations.len().saturating_sub(1));
    let mut spans: Vec<_> = places
        .iter()
        .rev()
        .map(|place| {
            let start = place.map_or(next, begin);
            let span = start..next.max(start);
            next = start;
            span
        })
        .collect();
    spans.reverse();
    spans
}
