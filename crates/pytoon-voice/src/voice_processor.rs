//! Prepares a recorded voice for the mix: decodes and trims it, denoises it if requested or measured to be noisy, and
//! levels it.
//!
//! Only the silence at both ends is cut off. Synthetic sentences are processed together by
//! [`level_sentences`], so that they sound like one take.

use crate::Result;
use crate::tts::SpokenSentence;
use pytoon_audio::Db;
use pytoon_audio::denoise::denoise_48k;
use pytoon_audio::voice_chain::{VoiceChain, VoiceSettings};
use pytoon_audio::{speech, stretch, voice_activity};
use pytoon_config::tts::ProviderKind;
use pytoon_core::brief::Denoise;
use pytoon_core::time::MsRange;
use pytoon_ffmpeg::sound;
use pytoon_process::{Runner, SystemError};
use pytoon_telemetry::Event;
use pytoon_vendor::ensure;
use pytoon_vocabulary::Ms;
use std::path::Path;

/// The number of samples per millisecond at 48 kHz.
pub const SAMPLES_PER_MS: i64 = 48;

/// The signal-to-noise ratio below which a recording counts as noisy, in dB.
const NOISY_SNR_DB: f64 = 28.0;

/// A recording that is ready for the mix.
#[derive(Debug, Clone)]
pub struct Recording {
    /// The samples, 48 kHz mono.
    pub samples: Vec<f32>,
    /// The ranges of speech, in milliseconds.
    pub speech: Vec<MsRange>,
    /// The length before trimming, in milliseconds.
    pub raw_ms: i64,
    /// The length trimmed from the start, in milliseconds.
    pub lead_ms: i64,
    /// The noise floor in dBFS.
    pub noise_floor_db: f64,
    /// True if the recording was denoised.
    pub denoised: bool,
}

impl Recording {
    /// Returns the length in milliseconds.
    pub fn duration_ms(&self) -> i64 {
        self.samples.len() as i64 / SAMPLES_PER_MS
    }
}

/// Minimum length of a recording that may contain a word, in milliseconds.
const SHORTEST_MS: i64 = 150;

/// Reads a recording and prepares it for the mix. Fails if it is too short for a word, silent, or without speech.
pub fn read_recording(runner: &Runner, path: &Path, denoise: Denoise) -> Result<Recording> {
    let (left, right) = sound::decode_stereo(runner, path)?;
    let unusable = |reason: String| SystemError::unusable(path, reason);
    let raw = mono(left, &right);
    let raw_ms = raw.len() as i64 / SAMPLES_PER_MS;
    let reason = format!("the recording lasts {raw_ms} ms, too short for a word: record it again");
    ensure(raw_ms >= SHORTEST_MS, reason).map_err(unusable)?;
    let reason = "the recording is silent: record it again";
    ensure(!speech::is_silent(&raw), reason).map_err(unusable)?;
    let noise_floor_db = f64::from(speech::measure_noise_floor_db(&raw));
    let snr_db = f64::from(speech::measure_snr_db(&raw));
    let denoised = match denoise {
        Denoise::On => true,
        Denoise::Off => false,
        Denoise::Auto => snr_db < NOISY_SNR_DB,
    };
    let used = voice_activity::trim_to_voice(&raw);
    ensure(
        !used.is_empty(),
        "no speech was found in the recording: check that it is the right file",
    )
    .map_err(unusable)?;
    let lead_ms = used.start as i64 / SAMPLES_PER_MS;
    let clean = if denoised { denoise_48k(&raw) } else { raw };
    let mut samples = clean[used].to_vec();
    let ranges = if snr_db < NOISY_SNR_DB {
        voice_activity::voiced_ranges(&samples)
    } else {
        speech::speech_ranges(&samples)
    };
    VoiceChain::new(recording_settings()).process(&mut samples, &ranges);
    let at = |sample: usize| Ms::new(sample as i64 / SAMPLES_PER_MS);
    let speech = ranges
        .iter()
        .map(|r| MsRange::new(at(r.start), at(r.end)))
        .filter(|r| r.duration() > Ms::ZERO)
        .collect();
    Ok(Recording { samples, speech, raw_ms, lead_ms, noise_floor_db, denoised })
}

/// Mixes two channels of voice to one: their mean, or the louder one if the other is nearly silent. If they are in
/// opposite phase, one is inverted, since they would cancel each other out.
fn mono(left: Vec<f32>, right: &[f32]) -> Vec<f32> {
    /// The power ratio at which a channel counts as silent: 20 dB below the other channel.
    const SOFTER: f64 = 0.01;
    let power = |channel: &[f32]| channel.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>();
    let (of_left, of_right) = (power(&left), power(right));
    if of_right < of_left * SOFTER {
        return left;
    }
    if of_left < of_right * SOFTER {
        return right.to_vec();
    }
    let shared: f64 = left.iter().zip(right).map(|(l, r)| f64::from(*l) * f64::from(*r)).sum();
    let alike = shared / (of_left * of_right).sqrt().max(f64::MIN_POSITIVE);
    let sign = if alike < -0.3 { -1.0 } else { 1.0 };
    left.iter().zip(right).map(|(l, r)| 0.5 * (l + sign * r)).collect()
}

/// The timbre of a synthetic voice before processing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timbre {
    /// A natural voice, like a person in a booth. It gets a high-pass, compression and levelling, but no equaliser
    /// and no room ambience.
    Natural,
    /// A formant voice. The range around 300 Hz is reduced, consonants are boosted, and room ambience is added.
    Formant,
}

impl Timbre {
    /// Returns the timbre of the voices of a kind of provider.
    pub fn of(kind: ProviderKind) -> Self {
        match kind {
            ProviderKind::Service | ProviderKind::Server | ProviderKind::Natural => Self::Natural,
            ProviderKind::Formant => Self::Formant,
        }
    }
}

/// Processes synthetic sentences for the mix, all together as one take, so that their loudness matches.
pub fn level_sentences(sentences: &mut [SpokenSentence], timbre: Timbre) {
    const GAP: usize = 9_600;
    let mut take = Vec::new();
    let mut ranges = Vec::with_capacity(sentences.len());
    for sentence in sentences.iter() {
        ranges.push(take.len()..take.len() + sentence.samples.len());
        take.extend_from_slice(&sentence.samples);
        take.resize(take.len() + GAP, 0.0);
    }
    VoiceChain::new(synthetic(timbre)).process(&mut take, &ranges);
    for (sentence, range) in sentences.iter_mut().zip(ranges) {
        sentence.samples.copy_from_slice(&take[range]);
    }
}

/// Speeds a sentence up by the factor `tempo` without changing its pitch, and moves its word times accordingly.
pub fn speed_up(sentence: &mut SpokenSentence, tempo: f64) -> Result<()> {
    sentence.samples = stretch::stretch_tempo(&sentence.samples, tempo)?;
    let sooner = |at: Ms| Ms::new((at.get() as f64 / tempo).round() as i64);
    for word in &mut sentence.words {
        word.start = sooner(word.start);
        word.end = sooner(word.end).max(word.start + Ms::new(1));
    }
    Ok(())
}

/// Logs the properties of a prepared voice.
pub fn report(
    source: &str,
    raw_ms: i64,
    used_ms: i64,
    noise_floor_db: f64,
    words: usize,
    denoised: bool,
) {
    let words_per_minute = if used_ms > 0 { words as f64 * 60_000.0 / used_ms as f64 } else { 0.0 };
    Event::VoiceProcessed { source, raw_ms, used_ms, noise_floor_db, words_per_minute, denoised }
        .emit();
}

/// Returns the processing settings for a synthetic voice.
fn synthetic(timbre: Timbre) -> VoiceSettings {
    match timbre {
        Timbre::Formant => VoiceSettings::default(),
        Timbre::Natural => VoiceSettings {
            high_pass_hz: 70.0,
            mud: Db(0.0),
            presence: Db(0.0),
            max_de_ess: Db(0.0),
            compression: Db(3.0),
            room: None,
            ..VoiceSettings::default()
        },
    }
}

/// Returns the processing settings for a person's recording. The voice may be deep, and the recording contains its
/// own room ambience.
fn recording_settings() -> VoiceSettings {
    VoiceSettings { high_pass_hz: 80.0, room: None, ..VoiceSettings::default() }
}
