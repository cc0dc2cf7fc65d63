//! The catalogue of events.
//!
//! The names are part of the operator's contract and appear literally in the log. A new event
//! gets a variant here and a line in `docs/specs/events.md`.

/// An event of interest to an operator.
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
        /// The duration of the render, in milliseconds.
        wall_ms: u64,
        /// The number of findings of the self-check.
        findings: usize,
    },
    /// A render ended without a film.
    JobFailed {
        /// The stage that failed.
        stage: &'a str,
        /// The reason.
        reason: &'a str,
    },
    /// A stage ended.
    StageFinished {
        /// The stage.
        stage: &'a str,
        /// The duration, in milliseconds.
        duration_ms: u64,
        /// True if an earlier run's result was used.
        reused: bool,
    },
    /// A voice provider did not deliver.
    TtsProviderFailed {
        /// The provider.
        provider: &'a str,
        /// The kind of failure.
        kind: &'a str,
        /// The error message.
        reason: &'a str,
        /// The duration, in milliseconds.
        duration_ms: u64,
    },
    /// A voice provider spoke the whole script.
    TtsProviderSpoke {
        /// The provider.
        provider: &'a str,
        /// The number of sentences.
        sentences: usize,
        /// The duration, in milliseconds.
        duration_ms: u64,
    },
    /// A voice provider is not asked: it has no key, is not installed, or is switched off.
    TtsProviderLeftOut {
        /// The provider.
        provider: &'a str,
        /// The reason, and a remedy.
        reason: &'a str,
    },
    /// No voice provider delivered; the film is silent and captioned.
    AllTtsProvidersFailed {
        /// The number of providers tried.
        tried: usize,
    },
    /// A voice was made or read.
    VoiceProcessed {
        /// The source.
        source: &'a str,
        /// Its length before trimming, in milliseconds.
        raw_ms: i64,
        /// Its length as used, in milliseconds.
        used_ms: i64,
        /// Its noise floor in dBFS.
        noise_floor_db: f64,
        /// Its speech rate in words per minute.
        words_per_minute: f64,
        /// True if it was denoised.
        denoised: bool,
    },
    /// Utterances were given to scenes.
    VoiceMapped {
        /// The number of scenes with voice.
        scenes: usize,
        /// The number of utterances.
        utterances: usize,
        /// The total length of speech, in milliseconds.
        speech_ms: i64,
    },
    /// Words got their times from the synthesiser.
    AlignmentProviderTimes {
        /// The provider.
        provider: &'a str,
        /// The number of words.
        words: usize,
    },
    /// Words of a recording were timed.
    AlignmentDone {
        /// The method: `whisperx`, `stable_ts`, `builtin` or `even_split`.
        method: &'a str,
        /// The confidence, from 0 to 1.
        confidence: f64,
        /// The number of words.
        words: usize,
        /// The estimated error of a word's start, in milliseconds; negative if unknown.
        estimated_error_ms: f64,
        /// The version of the program, if the method is one.
        version: &'a str,
    },
    /// A method of alignment failed or its result is not reliable; the next one is tried.
    AlignmentMethodFailed {
        /// The method.
        method: &'a str,
        /// `not_installed`, `failed` or `low_confidence`.
        kind: &'a str,
        /// The confidence reached, from 0 to 1; 0 if it did not run.
        confidence: f64,
        /// The reason, and a remedy.
        reason: &'a str,
    },
    /// A recording without a script was transcribed.
    TranscriptDone {
        /// The method.
        method: &'a str,
        /// Length of the text in characters.
        chars: usize,
        /// Its language; empty if unknown.
        language: &'a str,
    },
    /// A program could not transcribe a recording; the next one is tried.
    TranscriptMethodFailed {
        /// The method.
        method: &'a str,
        /// The reason, and a remedy.
        reason: &'a str,
    },
    /// Words were spread over the speech by their syllables.
    AlignmentFallbackToEvenSplit {
        /// The reason for the fallback.
        reason: &'a str,
        /// The number of words.
        words: usize,
    },
    /// The mix was normalised to its target loudness.
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
    /// A scene fell back to another engine.
    EngineFallback {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine that failed.
        from: &'a str,
        /// The engine that took over.
        to: &'a str,
        /// The kind of failure.
        kind: &'a str,
        /// The time spent on the failed engine, in milliseconds.
        latency_ms: u64,
        /// The error message.
        reason: &'a str,
    },
    /// The breaker of an engine or a voice opened.
    EngineRotationTriggered {
        /// The engine.
        engine: &'a str,
        /// The kind of the failure that opened it.
        kind: &'a str,
        /// Consecutive failures.
        failures: u32,
        /// The pause, in seconds.
        cooldown_s: u64,
        /// Advice for the operator; empty if there is none.
        advice: &'a str,
    },
    /// The breaker of an engine or a voice could not be read or written; the render continues without it.
    EngineBreakerUnavailable {
        /// The engine.
        engine: &'a str,
        /// `read` or `write`.
        operation: &'a str,
        /// The error message of the store.
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
        /// The duration, in milliseconds.
        latency_ms: u64,
        /// The charge, in US dollars.
        charged_usd: f64,
    },
    /// A vendor accepted a paid call.
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
        /// The expected cost, in US dollars.
        estimated_usd: f64,
    },
    /// A paid call that an earlier process left is resumed.
    EngineResumed {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine.
        engine: &'a str,
        /// The ledger's row.
        call: &'a str,
        /// Its state.
        state: &'a str,
    },
    /// A purchase was charged and bought nothing that the film can use.
    EnginePurchaseWasted {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine.
        engine: &'a str,
        /// The reason, as the kind of failure.
        kind: &'a str,
        /// The cost, in US dollars.
        charged_usd: f64,
        /// The error message.
        reason: &'a str,
    },
    /// The answer to a paid call never came: a person or a lookup decides its outcome.
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
    /// A vendor was told to cancel.
    EngineCancelled {
        /// The engine.
        engine: &'a str,
        /// The ledger's row.
        call: &'a str,
        /// The vendor's answer.
        outcome: &'a str,
    },
    /// A vendor used an undocumented status.
    EngineStatusUnknown {
        /// The engine.
        engine: &'a str,
        /// The ledger's row.
        call: &'a str,
        /// The status.
        status: &'a str,
    },
    /// A scene waits, since its engines only cool down and its deadline allows it.
    EngineWaiting {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine that will be free first.
        engine: &'a str,
        /// The time until that engine's cooldown ends, in milliseconds.
        wait_ms: u64,
    },
    /// The ledger cannot be read or written: a scene waits, and nothing is bought.
    LedgerUnavailable {
        /// The job.
        job: &'a str,
        /// The scene.
        scene: &'a str,
        /// The engine whose turn it is.
        engine: &'a str,
        /// The operation.
        operation: &'a str,
        /// The pause before the next attempt, in milliseconds.
        retry_in_ms: u64,
        /// The error message.
        reason: &'a str,
    },
    /// An engine's health was checked.
    HealthCheck {
        /// The engine.
        engine: &'a str,
        /// True if it can be used.
        healthy: bool,
        /// True if there is a key, or none is needed.
        key_present: bool,
        /// The kind of failure; empty when healthy.
        kind: &'a str,
        /// The duration, in milliseconds.
        latency_ms: u64,
        /// The error message or details.
        detail: &'a str,
    },
    /// `engine.yaml` was reloaded.
    EngineConfigReloaded {
        /// Engines in it.
        engines: usize,
    },
    /// An edit of `engine.yaml` was rejected; the previous one stays in force.
    EngineConfigRefused {
        /// The reason, with file and line.
        reason: &'a str,
    },
    /// A prompt was blocked or changed before it was sent, or rejected by an engine.
    ModerationFlagged {
        /// The scene.
        scene: &'a str,
        /// The source: `blocklist`, `competitor`, `service` or an engine.
        source: &'a str,
        /// The action: `removed`, `stopped` or `refused`.
        action: &'a str,
        /// The words or category.
        detail: &'a str,
    },
    /// A rejected prompt was rephrased.
    ModerationRephrased {
        /// The scene.
        scene: &'a str,
        /// The engine that rejected it.
        engine: &'a str,
        /// The number of the attempt.
        attempt: u32,
    },
    /// A hardware encoder failed and software took over.
    EncoderFallback {
        /// The requested encoder.
        from: &'a str,
        /// The encoder used.
        to: &'a str,
        /// The reason.
        reason: &'a str,
    },
    /// Characters are missing from every font of the chain.
    GlyphsMissing {
        /// The characters.
        characters: &'a str,
    },
    /// The self-check reported a finding.
    SelfCheckFinding {
        /// The check.
        check: &'a str,
        /// The finding.
        detail: &'a str,
    },
    /// The film differs from the request in a detail.
    Warning {
        /// The details.
        detail: &'a str,
    },
    /// An external program ran.
    ProcessFinished {
        /// The program.
        program: &'a str,
        /// The purpose.
        purpose: &'a str,
        /// The duration, in milliseconds.
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

    /// Returns the name in the log.
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
