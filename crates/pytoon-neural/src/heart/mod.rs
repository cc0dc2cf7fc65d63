//! The `heart` family: models distilled from Kokoro-82M that predict a spectrum for every 12.5 ms from phonemes in
//! misaki's alphabet (PyPI `hibari-tts` 0.2, Apache-2.0).
//!
//! Guarantees: equal phonemes, settings and seed give equal samples; phoneme times come from the model's own
//! durations, in whole frames of 25 ms.
//!
//! This module does not convert text to phonemes or split it. It accepts at most [`MAX_PHONEMES`] at once.

mod vocoder;

use crate::dequantize::{Dequantized, WEIGHTS, dequantize};
use crate::noise::Normal;
use crate::session::{Limits, Session};
use crate::tensor::{counts, floats, load, node};
use crate::{NeuralError, Take, graph};
use rten::{Model, NodeId, RunOptions};
use rten_tensor::Tensor;
use std::collections::BTreeMap;
use vocoder::{HOP, RATE, Spectrum, Vocoder};

/// Maximum number of phoneme characters in one request.
pub const MAX_PHONEMES: usize = 400;
/// The slowest and the fastest speed, relative to the voice's normal speed.
pub const SPEEDS: (f64, f64) = (0.5, 2.0);
/// The number of samples per frame of a phoneme's duration (25 ms), which is two frames of the spectrum.
const FRAME: usize = 2 * HOP;
/// Maximum length of a phoneme, in frames. A longer one indicates broken weights.
const MAX_FRAMES: usize = 200;
/// Maximum length of the take for one request, in frames (60 s).
const MAX_TAKE: usize = 2_400;
/// The lag of the durations behind the audible sound, in samples (75 ms). Kokoro's own time stamps subtract the same
/// three frames from the first duration.
const EARLY: usize = 3 * FRAME;
/// The name of the model's value that contains the durations.
const DURATIONS: &str = "/Clip_output_0";
const OUTPUTS: [&str; 6] = ["lh", "theta", "ln", "lr", "phi", "f0"];

/// The settings of a spoken request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delivery {
    /// The speed relative to the voice's normal speed, clamped to [`SPEEDS`].
    pub speed: f64,
    /// The pitch relative to the voice's normal pitch, as a frequency ratio.
    pub pitch: f64,
    /// The seed of the voice's breath noise.
    pub seed: u64,
}

/// A voice of the `heart` family.
#[derive(Debug)]
pub struct Heart {
    session: Session<Loaded>,
    vocabulary: BTreeMap<char, i32>,
}

struct Loaded {
    model: Model,
    ids: NodeId,
    speed: NodeId,
    outputs: [NodeId; 6],
    durations: NodeId,
    vocoder: Vocoder,
}

impl Heart {
    /// Loads a model and its phoneme table (a JSON object that maps characters to numbers).
    ///
    /// # Errors
    /// Returns [`NeuralError::BadFile`] for files that are not of this family, truncated or damaged, and
    /// other errors if the model cannot be loaded within its limits.
    pub fn load(model: Vec<u8>, vocabulary: &[u8], limits: Limits) -> Result<Self, NeuralError> {
        let vocabulary = read_vocabulary(vocabulary)?;
        let facts = graph::check(&model)?;
        if facts.inputs != ["ids", "speed"] {
            return Err(NeuralError::bad(
                "model",
                "it is not a model of the `heart` family: its inputs are not `ids` and `speed`",
            ));
        }
        let session = Session::start(limits, move || Loaded::new(model))?;
        Ok(Self { session, vocabulary })
    }

    /// Speaks phonemes as one take.
    ///
    /// # Errors
    /// Returns [`NeuralError::TooLong`] or [`NeuralError::NothingToSay`] for requests that cannot be spoken, and the
    /// other errors if the model fails.
    pub fn speak(&self, phonemes: &str, delivery: Delivery) -> Result<Take, NeuralError> {
        let known: Vec<Option<i32>> =
            phonemes.chars().map(|c| self.vocabulary.get(&c).copied()).collect();
        if known.len() > MAX_PHONEMES {
            return Err(NeuralError::TooLong { phonemes: known.len(), most: MAX_PHONEMES });
        }
        if known.iter().all(Option::is_none) {
            return Err(NeuralError::NothingToSay(phonemes.chars().take(40).collect()));
        }
        let ids: Vec<i32> =
            [0].into_iter().chain(known.iter().flatten().copied()).chain([0]).collect();
        let (samples, durations) =
            self.session.run(move |loaded, options| loaded.speak(ids, delivery, options))?;
        Ok(Take { rate: RATE, spans: spans(&known, &durations), samples })
    }
}

impl Loaded {
    fn new(bytes: Vec<u8>) -> Result<Self, NeuralError> {
        let Dequantized { graph, weights } = dequantize(bytes)?;
        let model = load(graph, Some((WEIGHTS, weights)))?;
        let [lh, theta, ln, lr, phi, f0] = OUTPUTS.map(|name| node(&model, name));
        Ok(Self {
            ids: node(&model, "ids")?,
            speed: node(&model, "speed")?,
            outputs: [lh?, theta?, ln?, lr?, phi?, f0?],
            durations: node(&model, DURATIONS)?,
            vocoder: Vocoder::new(),
            model,
        })
    }

    fn speak(
        &self,
        ids: Vec<i32>,
        delivery: Delivery,
        options: &RunOptions,
    ) -> Result<(Vec<f32>, Vec<usize>), NeuralError> {
        let count = ids.len();
        let speed = delivery.speed.clamp(SPEEDS.0, SPEEDS.1) as f32;
        let inputs = vec![
            (self.ids, Tensor::from_data(&[1, count], ids).into()),
            (self.speed, Tensor::from_data(&[1], vec![speed]).into()),
        ];
        let [a, b, c, d, e, f] = self.outputs;
        let wanted = [self.durations, a, b, c, d, e, f];
        let values =
            self.model.run(inputs, &wanted, Some(options.clone())).map_err(NeuralError::failure)?;
        let mut values = values.into_iter();
        let mut next = || values.next().ok_or_else(|| NeuralError::failure("an output is missing"));
        let durations = counts(next()?, MAX_FRAMES)?;
        let frames: usize = durations.iter().sum();
        if durations.len() != count || frames == 0 || frames > MAX_TAKE {
            let reason = format!(
                "it returned {} phoneme lengths, {frames} frames in all, for {count} phonemes",
                durations.len()
            );
            return Err(NeuralError::failure(reason));
        }
        let spectrum = Spectrum {
            harmonic: floats(next()?)?.1,
            phase: floats(next()?)?.1,
            noise: floats(next()?)?.1,
            free: floats(next()?)?.1,
            free_phase: floats(next()?)?.1,
            pitch: floats(next()?)?.1.into_iter().map(|hz| hz * delivery.pitch as f32).collect(),
        };
        if spectrum.pitch.len() != 2 * frames || !spectrum.is_whole() {
            return Err(NeuralError::failure("its outputs have different lengths"));
        }
        let mut noise = Normal::new(delivery.seed, "breath");
        Ok((self.vocoder.sound(&spectrum, &mut noise), durations))
    }
}

/// Returns the sample ranges of the request's characters. `durations` begins and ends with an id of the model's own,
/// which belongs to no character.
fn spans(known: &[Option<i32>], durations: &[usize]) -> Vec<std::ops::Range<usize>> {
    let mut durations = durations.iter().map(|frames| frames * FRAME);
    let mut at = durations.next().unwrap_or(0);
    let heard = |at: usize| at.saturating_sub(EARLY);
    known
        .iter()
        .map(|id| {
            let start = at;
            if id.is_some() {
                at += durations.next().unwrap_or(0);
            }
            heard(start)..heard(at)
        })
        .collect()
}

fn read_vocabulary(bytes: &[u8]) -> Result<BTreeMap<char, i32>, NeuralError> {
    let bad = |reason: String| NeuralError::bad("vocabulary", reason);
    let table: BTreeMap<String, i32> =
        serde_json::from_slice(bytes).map_err(|error| bad(error.to_string()))?;
    table
        .into_iter()
        .map(|(key, id)| {
            let mut chars = key.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) if (1..1000).contains(&id) => Ok((c, id)),
                _ => Err(bad(format!(
                    "`{key}: {id}` is not one character with a number from 1 to 999"
                ))),
            }
        })
        .collect()
}
