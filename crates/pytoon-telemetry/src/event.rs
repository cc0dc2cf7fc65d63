//! The catalogue of events.
//!
//! The names are part of the operator's contract and appear literally in the log. A new event
//! gets a variant here and a line in `docs/specs/events.md`.

use tracing::{debug, info, warn};

/// Something an operator may look for.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// A render began.
    JobStarted {
        /// The job's folder.
        folder: &'a str,
        /// The preset.
        preset: &'a str,
        /// The seed.
        seed: u64,
    },
    /// A render ended with a film.
    JobFinished {
        /// The film.
        output: &'a str,
        /// The film's length in milliseconds.
        duration_ms: i64,
        /// How long the render took in milliseconds.
        wall_ms: u64,
        /// How many findings the self-check has.
        findings: usize,
    },
    /// A render ended without a film.
    JobFailed {
        /// The stage that failed.
        stage: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// A stage ended.
    StageFinished {
        /// The stage.
        stage: &'a str,
        /// How long it took in milliseconds.
        duration_ms: u64,
        /// Whether an earlier run's result was used.
        reused: bool,
    },
    /// A voice provider did not deliver.
    TtsProviderFailed {
        /// The provider.
        provider: &'a str,
        /// The kind of failure.
        kind: &'a str,
        /// What it said.
        reason: &'a str,
    },
    /// No voice provider delivered; the film is silent and captioned.
    AllTtsProvidersFailed {
        /// How many were tried.
        tried: usize,
    },
    /// A voice was made or read.
    VoiceProcessed {
        /// Where it came from.
        source: &'a str,
        /// Its length before trimming, in milliseconds.
        raw_ms: i64,
        /// Its length as used, in milliseconds.
        used_ms: i64,
        /// Its noise floor in dBFS.
        noise_floor_db: f64,
        /// Its speech rate in words a minute.
        words_per_minute: f64,
        /// Whether it was denoised.
        denoised: bool,
    },
    /// Utterances were given to scenes.
    VoiceMapped {
        /// How many scenes have voice.
        scenes: usize,
        /// How many utterances.
        utterances: usize,
        /// Speech in all, in milliseconds.
        speech_ms: i64,
    },
    /// Words got their times from the synthesiser.
    AlignmentProviderTimes {
        /// The provider.
        provider: &'a str,
        /// How many words.
        words: usize,
    },
    /// Words were spread over the speech by their syllables.
    AlignmentFallbackToEvenSplit {
        /// Why nothing better was possible.
        reason: &'a str,
        /// How many words.
        words: usize,
    },
    /// The mix was brought to its loudness.
    Loudnorm {
        /// Integrated loudness before, in LUFS.
        input_lufs: f64,
        /// Integrated loudness after, in LUFS.
        output_lufs: f64,
        /// True peak after, in dBTP.
        true_peak_dbtp: f64,
        /// The gain applied, in dB.
        gain_db: f64,
    },
    /// An engine gave way to another.
    EngineFallback {
        /// The scene.
        scene: &'a str,
        /// The engine that gave way.
        from: &'a str,
        /// The engine that took over.
        to: &'a str,
        /// The kind of failure.
        kind: &'a str,
    },
    /// A hardware encoder gave way to software.
    EncoderFallback {
        /// The encoder asked for.
        from: &'a str,
        /// The encoder used.
        to: &'a str,
        /// Why.
        reason: &'a str,
    },
    /// Characters that no font of the chain has.
    GlyphsMissing {
        /// The characters.
        characters: &'a str,
    },
    /// The self-check found something.
    SelfCheckFinding {
        /// The check.
        check: &'a str,
        /// What was found.
        detail: &'a str,
    },
    /// Something was bent to make the film possible.
    Warning {
        /// What.
        detail: &'a str,
    },
    /// An outside program ran.
    ProcessFinished {
        /// The program.
        program: &'a str,
        /// What it was for.
        purpose: &'a str,
        /// How long it ran, in milliseconds.
        duration_ms: u64,
    },
}

impl Event<'_> {
    /// Every name in the catalogue.
    pub const NAMES: &'static [&'static str] = &[
        "job_started",
        "job_finished",
        "job_failed",
        "stage_finished",
        "tts_provider_failed",
        "all_tts_providers_failed",
        "voice_processed",
        "voice_mapped",
        "alignment_provider_times",
        "alignment_fallback_to_even_split",
        "loudnorm",
        "engine_fallback",
        "encoder_fallback",
        "glyphs_missing",
        "self_check_finding",
        "warning",
        "process_finished",
    ];

    /// The name as it stands in the log.
    pub fn name(&self) -> &'static str {
        match self {
            Self::JobStarted { .. } => "job_started",
            Self::JobFinished { .. } => "job_finished",
            Self::JobFailed { .. } => "job_failed",
            Self::StageFinished { .. } => "stage_finished",
            Self::TtsProviderFailed { .. } => "tts_provider_failed",
            Self::AllTtsProvidersFailed { .. } => "all_tts_providers_failed",
            Self::VoiceProcessed { .. } => "voice_processed",
            Self::VoiceMapped { .. } => "voice_mapped",
            Self::AlignmentProviderTimes { .. } => "alignment_provider_times",
            Self::AlignmentFallbackToEvenSplit { .. } => "alignment_fallback_to_even_split",
            Self::Loudnorm { .. } => "loudnorm",
            Self::EngineFallback { .. } => "engine_fallback",
            Self::EncoderFallback { .. } => "encoder_fallback",
            Self::GlyphsMissing { .. } => "glyphs_missing",
            Self::SelfCheckFinding { .. } => "self_check_finding",
            Self::Warning { .. } => "warning",
            Self::ProcessFinished { .. } => "process_finished",
        }
    }

    /// Writes the log line.
    pub fn emit(&self) {
        let event = self.name();
        match *self {
            Self::JobStarted { folder, preset, seed } => {
                info!(event, folder, preset, seed, "render started");
            }
            Self::JobFinished { output, duration_ms, wall_ms, findings } => {
                info!(event, output, duration_ms, wall_ms, findings, "render finished");
            }
            Self::JobFailed { stage, reason } => {
                tracing::error!(event, stage, reason, "render failed");
            }
            Self::StageFinished { stage, duration_ms, reused } => {
                info!(event, stage, duration_ms, reused, "stage finished");
            }
            Self::TtsProviderFailed { provider, kind, reason } => {
                warn!(event, provider, kind, reason, "a TTS provider failed");
            }
            Self::AllTtsProvidersFailed { tried } => {
                warn!(event, tried, "All TTS providers failed: the film is silent and captioned");
            }
            Self::VoiceProcessed {
                source,
                raw_ms,
                used_ms,
                noise_floor_db,
                words_per_minute,
                denoised,
            } => {
                info!(
                    event,
                    source,
                    raw_ms,
                    used_ms,
                    noise_floor_db,
                    words_per_minute,
                    denoised,
                    "voice ready"
                );
            }
            Self::VoiceMapped { scenes, utterances, speech_ms } => {
                info!(event, scenes, utterances, speech_ms, "voice mapped to scenes");
            }
            Self::AlignmentProviderTimes { provider, words } => {
                info!(
                    event,
                    method = "provider",
                    provider,
                    words,
                    confidence = 1.0,
                    "words timed by the voice provider"
                );
            }
            Self::AlignmentFallbackToEvenSplit { reason, words } => {
                warn!(event, method = "even_split", reason, words, "words spread by syllables");
            }
            Self::Loudnorm { input_lufs, output_lufs, true_peak_dbtp, gain_db } => {
                info!(event, input_lufs, output_lufs, true_peak_dbtp, gain_db, "loudness set");
            }
            Self::EngineFallback { scene, from, to, kind } => {
                warn!(event, scene, from, to, kind, "an engine gave way to another");
            }
            Self::EncoderFallback { from, to, reason } => {
                warn!(event, from, to, reason, "the encoder gave way to software");
            }
            Self::GlyphsMissing { characters } => {
                warn!(event, characters, "no installed font has these characters");
            }
            Self::SelfCheckFinding { check, detail } => {
                warn!(event, check, detail, "the self-check found something");
            }
            Self::Warning { detail } => warn!(event, detail, "something was bent"),
            Self::ProcessFinished { program, purpose, duration_ms } => {
                debug!(event, program, purpose, duration_ms, "a program ran");
            }
        }
    }
}
