//! The catalogue of events for operators.
//!
//! The names are part of the operator's contract and appear literally in the log. A new event needs a variant here
//! and a line in `docs/specs/events.md`.

/// An event of interest to an operator.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// A render began.
    JobStarted {
        /// The path of the job's folder.
        folder: &'a str,
        /// The id of the preset.
        preset: &'a str,
        /// The seed of the film's random choices.
        seed: u64,
    },
    /// A render ended with a film.
    JobFinished {
        /// The path of the film.
        output: &'a str,
        /// The length of the film, in milliseconds.
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
        /// The reason for the failure.
        reason: &'a str,
    },
    /// A stage of a render ended.
    StageFinished {
        /// The name of the stage.
        stage: &'a str,
        /// The duration of the stage, in milliseconds.
        duration_ms: u64,
        /// True if the result of an earlier run was used.
        reused: bool,
    },
    /// A voice provider failed to deliver.
    TtsProviderFailed {
        /// The name of the voice provider.
        provider: &'a str,
        /// The kind of failure.
        kind: &'a str,
        /// The error message.
        reason: &'a str,
        /// The duration of the attempt, in milliseconds.
        duration_ms: u64,
    },
    /// A voice provider spoke the whole script.
    TtsProviderSpoke {
        /// The name of the voice provider.
        provider: &'a str,
        /// The number of spoken sentences.
        sentences: usize,
        /// The duration of the synthesis, in milliseconds.
        duration_ms: u64,
    },
    /// A voice provider was skipped, for example because it has no API key or no voice for the language.
    TtsProviderLeftOut {
        /// The name of the voice provider.
        provider: &'a str,
        /// The reason, with a remedy.
        reason: &'a str,
    },
    /// Every voice provider failed; the film has no voice.
    AllTtsProvidersFailed {
        /// The number of providers tried.
        tried: usize,
    },
    /// A voice was synthesized or a recording was read, and then processed.
    VoiceProcessed {
        /// The source of the voice.
        source: &'a str,
        /// The length of the voice before trimming, in milliseconds.
        raw_ms: i64,
        /// The length of the voice after trimming, in milliseconds.
        used_ms: i64,
        /// The noise floor of the voice, in dBFS.
        noise_floor_db: f64,
        /// The speech rate, in words per minute.
        words_per_minute: f64,
        /// True if noise was removed from the voice.
        denoised: bool,
    },
    /// Utterances were assigned to scenes.
    VoiceMapped {
        /// The number of scenes with voice.
        scenes: usize,
        /// The number of utterances.
        utterances: usize,
        /// The total length of speech, in milliseconds.
        speech_ms: i64,
    },
    /// The voice provider returned the times of words.
    AlignmentProviderTimes {
        /// The name of the voice provider.
        provider: &'a str,
        /// The number of timed words.
        words: usize,
    },
    /// The words of a recording or of synthesized speech were timed.
    AlignmentDone {
        /// The method: `whisperx`, `stable_ts`, `builtin` or `even_split`.
        method: &'a str,
        /// The confidence, from 0 to 1.
        confidence: f64,
        /// The number of timed words.
        words: usize,
        /// The estimated error of a word's start, in milliseconds; negative if unknown.
        estimated_error_ms: f64,
        /// The version of the external program, if the method is one.
        version: &'a str,
    },
    /// An alignment method failed or returned an unreliable result; the next method is tried.
    AlignmentMethodFailed {
        /// The name of the method.
        method: &'a str,
        /// The kind of failure: `not_installed`, `failed` or `low_confidence`.
        kind: &'a str,
        /// The confidence of the result, from 0 to 1; 0 if the method did not run.
        confidence: f64,
        /// The reason, with a remedy.
        reason: &'a str,
    },
    /// A recording without a script was transcribed.
    TranscriptDone {
        /// The name of the method.
        method: &'a str,
        /// The length of the transcript, in characters.
        chars: usize,
        /// The language of the transcript; empty if unknown.
        language: &'a str,
    },
    /// A transcription method failed for a recording; the next one is tried.
    TranscriptMethodFailed {
        /// The name of the method.
        method: &'a str,
        /// The reason, with a remedy.
        reason: &'a str,
    },
    /// Words were spread evenly over the speech by their syllables.
    AlignmentFallbackToEvenSplit {
        /// The reason why no better method was used.
        reason: &'a str,
        /// The number of timed words.
        words: usize,
    },
    /// The mix was normalized to its target loudness.
    Loudnorm {
        /// The integrated loudness before, in LUFS.
        input_lufs: f64,
        /// The integrated loudness after, in LUFS.
        output_lufs: f64,
        /// The true peak after, in dBTP.
        true_peak_dbtp: f64,
        /// The gain applied, in dB.
        gain_db: f64,
    },
    /// A scene fell back to another engine.
    EngineFallback {
        /// The id of the job.
        job: &'a str,
        /// The id of the scene.
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
        /// The name of the engine.
        engine: &'a str,
        /// The kind of the failure that opened the breaker.
        kind: &'a str,
        /// The number of consecutive failures.
        failures: u32,
        /// The cooldown, in seconds.
        cooldown_s: u64,
        /// Advice for the operator; empty if there is none.
        advice: &'a str,
    },
    /// The breaker of an engine or a voice could not be read or written; the render continues without the breaker.
    EngineBreakerUnavailable {
        /// The name of the engine.
        engine: &'a str,
        /// The operation that failed: `read` or `write`.
        operation: &'a str,
        /// The error message of the store.
        reason: &'a str,
    },
    /// An attempt at an engine ended.
    EngineInvocation {
        /// The id of the job.
        job: &'a str,
        /// The id of the scene.
        scene: &'a str,
        /// The name of the engine.
        engine: &'a str,
        /// The result of the attempt: `success`, `failure`, `moderation` or `timeout`.
        result: &'a str,
        /// The kind of failure; empty on success.
        kind: &'a str,
        /// The duration of the attempt, in milliseconds.
        latency_ms: u64,
        /// The amount charged, in US dollars.
        charged_usd: f64,
    },
    /// A vendor accepted a paid call.
    EngineSubmitted {
        /// The id of the job.
        job: &'a str,
        /// The id of the scene.
        scene: &'a str,
        /// The name of the engine.
        engine: &'a str,
        /// The id of the call in the ledger.
        call: &'a str,
        /// The vendor's id of the task.
        task: &'a str,
        /// The expected cost, in US dollars.
        estimated_usd: f64,
    },
    /// A paid call that was made before was resumed.
    EngineResumed {
        /// The id of the job.
        job: &'a str,
        /// The id of the scene.
        scene: &'a str,
        /// The name of the engine.
        engine: &'a str,
        /// The id of the call in the ledger.
        call: &'a str,
        /// The state of the call.
        state: &'a str,
    },
    /// A purchase was charged but delivered nothing that the film can use.
    EnginePurchaseWasted {
        /// The id of the job.
        job: &'a str,
        /// The id of the scene.
        scene: &'a str,
        /// The name of the engine.
        engine: &'a str,
        /// The kind of failure.
        kind: &'a str,
        /// The amount charged, in US dollars.
        charged_usd: f64,
        /// The error message.
        reason: &'a str,
    },
    /// The response to a paid call never arrived; a person or a lookup resolves the call.
    EngineCallUnknown {
        /// The id of the job.
        job: &'a str,
        /// The id of the scene.
        scene: &'a str,
        /// The name of the engine.
        engine: &'a str,
        /// The id of the call in the ledger.
        call: &'a str,
    },
    /// A vendor was asked to cancel a task.
    EngineCancelled {
        /// The name of the engine.
        engine: &'a str,
        /// The id of the call in the ledger.
        call: &'a str,
        /// The vendor's response to the cancel request.
        outcome: &'a str,
    },
    /// A vendor returned an undocumented status.
    EngineStatusUnknown {
        /// The name of the engine.
        engine: &'a str,
        /// The id of the call in the ledger.
        call: &'a str,
        /// The status that the vendor returned.
        status: &'a str,
    },
    /// A scene waits because all of its engines are only cooling down and its deadline allows the wait.
    EngineWaiting {
        /// The id of the job.
        job: &'a str,
        /// The id of the scene.
        scene: &'a str,
        /// The engine whose cooldown ends first.
        engine: &'a str,
        /// The time until that engine's cooldown ends, in milliseconds.
        wait_ms: u64,
    },
    /// The ledger cannot be read or written; a scene waits, and nothing is purchased.
    LedgerUnavailable {
        /// The id of the job.
        job: &'a str,
        /// The id of the scene.
        scene: &'a str,
        /// The engine that the operation concerned.
        engine: &'a str,
        /// The operation that failed.
        operation: &'a str,
        /// The backoff before the next attempt, in milliseconds.
        retry_in_ms: u64,
        /// The error message.
        reason: &'a str,
    },
    /// The health of an engine or a voice was checked, or the check was skipped.
    HealthCheck {
        /// The name of the engine.
        engine: &'a str,
        /// True if the engine can be used.
        healthy: bool,
        /// True if the engine has an API key or needs none.
        key_present: bool,
        /// The kind of failure; empty if healthy.
        kind: &'a str,
        /// The duration of the check, in milliseconds.
        latency_ms: u64,
        /// The error message or details.
        detail: &'a str,
    },
    /// `engine.yaml` was reloaded.
    EngineConfigReloaded {
        /// The number of engines in the new configuration.
        engines: usize,
    },
    /// An edit of `engine.yaml` was rejected; the previous configuration stays in force.
    EngineConfigRefused {
        /// The reason for the rejection, with file and line.
        reason: &'a str,
    },
    /// A prompt was blocked or changed before it was sent, or rejected by an engine.
    ModerationFlagged {
        /// The id of the scene.
        scene: &'a str,
        /// The source: `blocklist`, `competitor`, `service` or an engine.
        source: &'a str,
        /// The action: `removed`, `stopped` or `refused`.
        action: &'a str,
        /// The matched word, the categories, or the engine's message.
        detail: &'a str,
    },
    /// A rejected prompt was rephrased.
    ModerationRephrased {
        /// The id of the scene.
        scene: &'a str,
        /// The engine that rejected the prompt.
        engine: &'a str,
        /// The attempt number, from 1.
        attempt: u32,
    },
    /// A hardware encoder failed, and the software encoder is used instead.
    EncoderFallback {
        /// The requested encoder.
        from: &'a str,
        /// The encoder used.
        to: &'a str,
        /// The reason for the failure.
        reason: &'a str,
    },
    /// Characters are missing from every font of the chain.
    GlyphsMissing {
        /// The missing characters.
        characters: &'a str,
    },
    /// The self-check detected a problem.
    SelfCheckFinding {
        /// The name of the check.
        check: &'a str,
        /// The description of the problem.
        detail: &'a str,
    },
    /// A warning that has no event of its own.
    Warning {
        /// The text of the warning.
        detail: &'a str,
    },
    /// An external program ran.
    ProcessFinished {
        /// The name of the program.
        program: &'a str,
        /// The purpose for which the program ran.
        purpose: &'a str,
        /// The duration of the run, in milliseconds.
        duration_ms: u64,
    },
}

impl Event<'_> {
    /// Returns the event's name in the log.
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
