//! The catalogue of events.
//!
//! The names are part of the operator's contract and appear literally in the log. A new event
//! gets a variant here and a line in `docs/specs/events.md`.

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
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// A voice provider spoke the whole script.
    TtsProviderSpoke {
        /// The provider.
        provider: &'a str,
        /// How many sentences.
        sentences: usize,
        /// How long it took, in milliseconds.
        duration_ms: u64,
    },
    /// A voice provider is not asked: it has no key, is not installed, or is switched off.
    TtsProviderLeftOut {
        /// The provider.
        provider: &'a str,
        /// Why, and what would change that.
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
    /// Words of a recording were timed.
    AlignmentDone {
        /// The method: `whisperx`, `stable_ts`, `builtin` or `even_split`.
        method: &'a str,
        /// From 0 to 1.
        confidence: f64,
        /// How many words.
        words: usize,
        /// The estimated error of a word's start in milliseconds; negative when not known.
        estimated_error_ms: f64,
        /// The program's own version, where it is a program.
        version: &'a str,
    },
    /// A method of alignment could not be used, or is not to be trusted; the next one is tried.
    AlignmentMethodFailed {
        /// The method.
        method: &'a str,
        /// `not_installed`, `failed` or `low_confidence`.
        kind: &'a str,
        /// What it reached, from 0 to 1; 0 when it did not run.
        confidence: f64,
        /// Why, and what would help.
        reason: &'a str,
    },
    /// A recording without a script was written down.
    TranscriptDone {
        /// Who wrote it down.
        method: &'a str,
        /// Length of the text in characters.
        chars: usize,
        /// Its language; empty where nobody told.
        language: &'a str,
    },
    /// A program could not write a recording down; the next one is tried.
    TranscriptMethodFailed {
        /// The method.
        method: &'a str,
        /// Why, and what would help.
        reason: &'a str,
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
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine that gave way.
        from: &'a str,
        /// The engine that took over.
        to: &'a str,
        /// The kind of failure.
        kind: &'a str,
        /// How long the engine that gave way was tried, in milliseconds.
        latency_ms: u64,
        /// What it said.
        reason: &'a str,
    },
    /// An engine or a voice is left alone for a while.
    EngineRotationTriggered {
        /// The engine.
        engine: &'a str,
        /// The kind of failure that did it.
        kind: &'a str,
        /// Failures in a row.
        failures: u32,
        /// For how long, in seconds.
        cooldown_s: u64,
        /// What a person may do about it; empty where nothing.
        advice: &'a str,
    },
    /// The breaker of an engine or a voice could not be read or written; the render goes on without it.
    EngineBreakerUnavailable {
        /// The engine.
        engine: &'a str,
        /// `read` or `write`.
        operation: &'a str,
        /// What the store said.
        reason: &'a str,
    },
    /// An attempt at an engine ended.
    EngineInvocation {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine.
        engine: &'a str,
        /// `success`, `failure`, `moderation` or `timeout`.
        result: &'a str,
        /// The kind of failure; empty on success.
        kind: &'a str,
        /// How long it took, in milliseconds.
        latency_ms: u64,
        /// What was charged, in US dollars.
        charged_usd: f64,
    },
    /// A vendor took a paid call on.
    EngineSubmitted {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine.
        engine: &'a str,
        /// The ledger's row.
        call: &'a str,
        /// The vendor's id.
        task: &'a str,
        /// What it is expected to cost, in US dollars.
        estimated_usd: f64,
    },
    /// A paid call that an earlier process left is gone on with.
    EngineResumed {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine.
        engine: &'a str,
        /// The ledger's row.
        call: &'a str,
        /// What it had come to.
        state: &'a str,
    },
    /// A purchase was charged and brought nothing that the film can use.
    EnginePurchaseWasted {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine.
        engine: &'a str,
        /// Why, as the kind of failure.
        kind: &'a str,
        /// What it cost, in US dollars.
        charged_usd: f64,
        /// What was said.
        reason: &'a str,
    },
    /// A paid call's answer never came: a person or a lookup decides it.
    EngineCallUnknown {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine.
        engine: &'a str,
        /// The ledger's row.
        call: &'a str,
    },
    /// A vendor was asked to stop.
    EngineCancelled {
        /// The engine.
        engine: &'a str,
        /// The ledger's row.
        call: &'a str,
        /// What it said.
        outcome: &'a str,
    },
    /// A vendor used a status that it does not document.
    EngineStatusUnknown {
        /// The engine.
        engine: &'a str,
        /// The ledger's row.
        call: &'a str,
        /// The status.
        status: &'a str,
    },
    /// A scene waits, since its engines only cool and its deadline allows it.
    EngineWaiting {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine that will be free first.
        engine: &'a str,
        /// For how long, in milliseconds.
        wait_ms: u64,
    },
    /// What is bought cannot be known or written down now: a scene waits, and nothing is bought.
    LedgerUnavailable {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine whose turn it is.
        engine: &'a str,
        /// What was being done.
        operation: &'a str,
        /// When it is tried again, in milliseconds.
        retry_in_ms: u64,
        /// What was said.
        reason: &'a str,
    },
    /// An engine was asked how it is.
    HealthCheck {
        /// The engine.
        engine: &'a str,
        /// Whether it can be used.
        healthy: bool,
        /// Whether there is a key, or none is needed.
        key_present: bool,
        /// The kind of failure; empty when healthy.
        kind: &'a str,
        /// How long it took, in milliseconds.
        latency_ms: u64,
        /// What it said.
        detail: &'a str,
    },
    /// `engine.yaml` was read again.
    EngineConfigReloaded {
        /// Engines in it.
        engines: usize,
    },
    /// An edit of `engine.yaml` was refused; the one before stays in force.
    EngineConfigRefused {
        /// Why, with file and line.
        reason: &'a str,
    },
    /// A prompt was stopped or changed before it left, or refused by an engine.
    ModerationFlagged {
        /// The scene.
        scene: &'a str,
        /// Who objected: `blocklist`, `competitor`, `service` or an engine.
        source: &'a str,
        /// What was done: `removed`, `stopped` or `refused`.
        action: &'a str,
        /// The words or category.
        detail: &'a str,
    },
    /// A refused prompt was put into other words.
    ModerationRephrased {
        /// The scene.
        scene: &'a str,
        /// The engine that refused.
        engine: &'a str,
        /// Which attempt this is.
        attempt: u32,
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
        "tts_provider_spoke",
        "tts_provider_left_out",
        "all_tts_providers_failed",
        "voice_processed",
        "voice_mapped",
        "alignment_provider_times",
        "alignment_done",
        "alignment_method_failed",
        "alignment_fallback_to_even_split",
        "transcript_done",
        "transcript_method_failed",
        "loudnorm",
        "engine_fallback",
        "engine_rotation_triggered",
        "engine_breaker_unavailable",
        "engine_invocation",
        "engine_submitted",
        "engine_resumed",
        "engine_call_unknown",
        "engine_cancelled",
        "engine_status_unknown",
        "engine_waiting",
        "ledger_unavailable",
        "health_check",
        "engine_config_reloaded",
        "engine_config_refused",
        "moderation_flagged",
        "moderation_rephrased",
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
            Self::TtsProviderSpoke { .. } => "tts_provider_spoke",
            Self::TtsProviderLeftOut { .. } => "tts_provider_left_out",
            Self::AllTtsProvidersFailed { .. } => "all_tts_providers_failed",
            Self::VoiceProcessed { .. } => "voice_processed",
            Self::VoiceMapped { .. } => "voice_mapped",
            Self::AlignmentProviderTimes { .. } => "alignment_provider_times",
            Self::AlignmentDone { .. } => "alignment_done",
            Self::AlignmentMethodFailed { .. } => "alignment_method_failed",
            Self::AlignmentFallbackToEvenSplit { .. } => "alignment_fallback_to_even_split",
            Self::TranscriptDone { .. } => "transcript_done",
            Self::TranscriptMethodFailed { .. } => "transcript_method_failed",
            Self::Loudnorm { .. } => "loudnorm",
            Self::EngineFallback { .. } => "engine_fallback",
            Self::EngineRotationTriggered { .. } => "engine_rotation_triggered",
            Self::EngineBreakerUnavailable { .. } => "engine_breaker_unavailable",
            Self::EngineInvocation { .. } => "engine_invocation",
            Self::EngineSubmitted { .. } => "engine_submitted",
            Self::EngineResumed { .. } => "engine_resumed",
            Self::EnginePurchaseWasted { .. } => "engine_purchase_wasted",
            Self::EngineCallUnknown { .. } => "engine_call_unknown",
            Self::EngineCancelled { .. } => "engine_cancelled",
            Self::EngineStatusUnknown { .. } => "engine_status_unknown",
            Self::EngineWaiting { .. } => "engine_waiting",
            Self::LedgerUnavailable { .. } => "ledger_unavailable",
            Self::HealthCheck { .. } => "health_check",
            Self::EngineConfigReloaded { .. } => "engine_config_reloaded",
            Self::EngineConfigRefused { .. } => "engine_config_refused",
            Self::ModerationFlagged { .. } => "moderation_flagged",
            Self::ModerationRephrased { .. } => "moderation_rephrased",
            Self::EncoderFallback { .. } => "encoder_fallback",
            Self::GlyphsMissing { .. } => "glyphs_missing",
            Self::SelfCheckFinding { .. } => "self_check_finding",
            Self::Warning { .. } => "warning",
            Self::ProcessFinished { .. } => "process_finished",
        }
    }
}
