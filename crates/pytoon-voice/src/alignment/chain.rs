//! Times the words of a recording with the first method whose result can be trusted.
//!
//! Guarantees: every word of the script gets a time; every fallback to the next method is logged with its
//! reason; the method used is logged.

use super::builtin::Builtin;
use super::outside::{self, Outside};
use super::recorded::{Aligned, Recorded};
use super::{AlignmentMethod, Mismatch, even_split};
use crate::{Result, VoiceError};
use pytoon_align::LOW_CONFIDENCE;
use pytoon_core::text::Word;
use pytoon_process::SystemError;
use pytoon_telemetry::Event;
use pytoon_vocabulary::CaptionWord;

/// The chain of alignment methods.
#[derive(Debug, Clone)]
pub struct Aligner {
    /// The methods in order. `even_split` is the last fallback.
    pub order: Vec<AlignmentMethod>,
    /// The built-in aligner.
    pub builtin: Builtin,
}

/// Word times and the method that determined them.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The method used.
    pub method: AlignmentMethod,
    /// The confidence, from 0 to 1; 0.1 for an estimate from syllables.
    pub confidence: f64,
    /// The script's words with their times.
    pub words: Vec<CaptionWord>,
    /// A passage that the recording omits from the script or adds to it.
    pub mismatch: Option<Mismatch>,
    /// The reason that word times are only estimated, if they are.
    pub guess: Option<String>,
}

impl Outcome {
    /// Creates the outcome of a method that timed the words.
    pub fn from_aligned(method: AlignmentMethod, found: Aligned) -> Self {
        let Aligned { words, confidence, mismatch, .. } = found;
        Self { method, confidence, words, mismatch, guess: None }
    }
}

/// The confidence of word times estimated from syllables.
const EVEN_SPLIT_CONFIDENCE: f64 = 0.1;

/// The failure of a method, after which the next method is tried.
struct GaveWay {
    kind: &'static str,
    confidence: f64,
    reason: String,
}

impl Aligner {
    /// Times the words of the recording with the first configured method that succeeds, or estimates them from
    /// syllables.
    ///
    /// # Errors
    /// Fails only if the user cancels or the machine runs out of a resource, which no other method would change. Any
    /// other failure falls back to the next method.
    pub fn align(&self, recorded: Recorded<'_>) -> Result<Outcome> {
        let mut tried = Vec::new();
        let count = recorded.sentences.iter().map(Vec::len).sum();
        for &method in self.order.iter().filter(|method| **method != AlignmentMethod::EvenSplit) {
            let (found, version) = match self.attempt(method, recorded)? {
                Ok(found) => found,
                Err(GaveWay { kind, confidence, reason }) => {
                    let reason = reason.as_str();
                    let name = method.as_str();
                    Event::AlignmentMethodFailed { method: name, kind, confidence, reason }.emit();
                    tried.push(format!("{name}: {reason}"));
                    continue;
                }
            };
            Event::AlignmentDone {
                method: method.as_str(),
                confidence: found.confidence,
                words: count,
                estimated_error_ms: found.estimated_error_ms,
                version: &version,
            }
            .emit();
            return Ok(Outcome::from_aligned(method, found));
        }
        let reason = match tried.as_slice() {
            [] if self.order.is_empty() => "the script is only a guess".to_owned(),
            [] => "alignment.order names no other method".to_owned(),
            tried => tried.join("; "),
        };
        Event::AlignmentFallbackToEvenSplit { reason: &reason, words: count }.emit();
        // The last method is the built-in one, which needs no installation: its reason is the one to report.
        let guess = tried.last().and_then(|last| last.split_once(": "));
        let guess = guess.map_or_else(|| reason.clone(), |(_, why)| why.to_owned());
        let words: Vec<Word> = recorded.sentences.iter().flatten().cloned().collect();
        let words = even_split::spread_over_speech(&words, recorded.speech);
        let (method, confidence) = (AlignmentMethod::EvenSplit, EVEN_SPLIT_CONFIDENCE);
        Ok(Outcome { method, confidence, words, mismatch: None, guess: Some(guess) })
    }

    fn attempt(
        &self,
        method: AlignmentMethod,
        recorded: Recorded<'_>,
    ) -> Result<Result<(Aligned, String), GaveWay>> {
        let outside = |program| outside::align(&self.builtin.runner, program, recorded);
        let found = match method {
            AlignmentMethod::Whisperx => outside(Outside::Whisperx),
            AlignmentMethod::StableTs => outside(Outside::StableTs),
            _ => {
                self.builtin.align(recorded).map(|found| found.map(|found| (found, String::new())))
            }
        };
        Ok(match found {
            Err(error) if error.is_cancelled() || error.is_exhausted() => return Err(error),
            Err(error) => Err(gave_way(&error)),
            Ok(None) => {
                let reason = match method {
                    AlignmentMethod::Whisperx | AlignmentMethod::StableTs => {
                        "it recognised no word of the script: check the recording and the script"
                    }
                    _ => "the recording is far too short for the script: check both",
                };
                Err(GaveWay { kind: "failed", confidence: 0.0, reason: reason.to_owned() })
            }
            Ok(Some((Aligned { confidence, .. }, _))) if confidence < LOW_CONFIDENCE => {
                let reason = format!(
                    "confidence {confidence:.2} is under {LOW_CONFIDENCE}: the recording probably \
                     does not match the script; check both"
                );
                Err(GaveWay { kind: "low_confidence", confidence, reason })
            }
            Ok(Some(found)) => Ok(found),
        })
    }
}

fn gave_way(error: &VoiceError) -> GaveWay {
    let missing =
        matches!(error, VoiceError::Unavailable { source: SystemError::MissingProgram { .. }, .. });
    let kind = if missing { "not_installed" } else { "failed" };
    GaveWay { kind, confidence: 0.0, reason: error.to_string() }
}
