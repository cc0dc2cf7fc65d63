//! Emits an event: writes its log line and updates its metrics.

use crate::event::Event;
use crate::metric::{count, count_service};
use crate::service_event::ServiceEvent;
use tracing::{debug, info, warn};

impl Event<'_> {
    /// Writes the event's log line, and updates its metrics.
    pub fn emit(&self) {
        count(self);
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
            Self::TtsProviderFailed { provider, kind, reason, duration_ms } => {
                warn!(event, provider, kind, reason, duration_ms, "a TTS provider failed");
            }
            Self::TtsProviderSpoke { provider, sentences, duration_ms } => {
                info!(event, provider, sentences, duration_ms, "a TTS provider spoke the script");
            }
            Self::TtsProviderLeftOut { provider, reason } => {
                info!(event, provider, reason, "a TTS provider was skipped");
            }
            Self::AllTtsProvidersFailed { tried } => {
                warn!(event, tried, "All TTS providers failed: the film has no voice");
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
            Self::AlignmentDone { method, confidence, words, estimated_error_ms, version } => {
                info!(event, method, confidence, words, estimated_error_ms, version, "words timed");
            }
            Self::AlignmentMethodFailed { method, kind, confidence, reason } => {
                warn!(
                    event,
                    method,
                    kind,
                    confidence,
                    reason,
                    "an alignment method failed; the next one is tried"
                );
            }
            Self::TranscriptDone { method, chars, language } => {
                info!(event, method, chars, language, "a recording was transcribed");
            }
            Self::TranscriptMethodFailed { method, reason } => {
                warn!(event, method, reason, "a transcription method failed");
            }
            Self::AlignmentFallbackToEvenSplit { reason, words } => {
                warn!(event, method = "even_split", reason, words, "words spread by syllables");
            }
            Self::Loudnorm { input_lufs, output_lufs, true_peak_dbtp, gain_db } => {
                info!(event, input_lufs, output_lufs, true_peak_dbtp, gain_db, "loudness set");
            }
            Self::EngineFallback { job, scene, from, to, kind, latency_ms, reason } => {
                warn!(
                    event,
                    job,
                    scene,
                    from,
                    to,
                    kind,
                    latency_ms,
                    reason,
                    "a scene falls back to the next engine"
                );
            }
            Self::EngineRotationTriggered { engine, kind, failures, cooldown_s, advice } => {
                warn!(
                    event,
                    engine, kind, failures, cooldown_s, advice, "a circuit breaker opened"
                );
            }
            Self::EngineBreakerUnavailable { engine, operation, reason } => {
                warn!(
                    event,
                    engine, operation, reason, "a circuit breaker cannot be read or written"
                );
            }
            Self::EngineInvocation {
                job,
                scene,
                engine,
                result,
                kind,
                latency_ms,
                charged_usd,
            } => {
                info!(
                    event,
                    job,
                    scene,
                    engine,
                    result,
                    kind,
                    latency_ms,
                    charged_usd,
                    "an attempt at an engine ended"
                );
            }
            Self::EngineSubmitted { job, scene, engine, call, task, estimated_usd } => {
                info!(event, job, scene, engine, call, task, estimated_usd, "paid work started");
            }
            Self::EngineResumed { job, scene, engine, call, state } => {
                info!(event, job, scene, engine, call, state, "paid work resumed");
            }
            Self::EnginePurchaseWasted { job, scene, engine, kind, charged_usd, reason } => {
                let said = "a purchase was paid for and cannot be used";
                warn!(event, job, scene, engine, kind, charged_usd, reason, "{said}");
            }
            Self::EngineCallUnknown { job, scene, engine, call } => {
                warn!(
                    event,
                    job,
                    scene,
                    engine,
                    call,
                    "a paid call has no response: resolve it with `pytoon ledger resolve`"
                );
            }
            Self::EngineCancelled { engine, call, outcome } => {
                info!(event, engine, call, outcome, "a vendor was asked to cancel a task");
            }
            Self::EngineStatusUnknown { engine, call, status } => {
                warn!(
                    event,
                    engine, call, status, "a vendor reported an undocumented status of a task"
                );
            }
            Self::EngineWaiting { job, scene, engine, wait_ms } => {
                info!(
                    event,
                    job, scene, engine, wait_ms, "a scene waits for its engine's circuit breaker"
                );
            }
            Self::LedgerUnavailable { job, scene, engine, operation, retry_in_ms, reason } => {
                warn!(
                    event,
                    job,
                    scene,
                    engine,
                    operation,
                    retry_in_ms,
                    reason,
                    "a scene waits for the ledger, and nothing is bought"
                );
            }
            Self::HealthCheck { engine, healthy, key_present, kind, latency_ms, detail } => {
                // An engine that is switched off, or has no key, is not a failure.
                if healthy || !key_present || kind == "disabled" {
                    info!(event, engine, healthy, key_present, kind, latency_ms, detail, "health");
                } else {
                    warn!(event, engine, healthy, key_present, kind, latency_ms, detail, "health");
                }
            }
            Self::EngineConfigReloaded { engines } => {
                info!(event, engines, "engine.yaml reloaded");
            }
            Self::EngineConfigRefused { reason } => {
                warn!(event, reason, "an edit of engine.yaml is invalid; the old settings stay");
            }
            Self::ModerationFlagged { scene, source, action, detail } => {
                warn!(event, scene, source, action, detail, "a prompt was flagged");
            }
            Self::ModerationRephrased { scene, engine, attempt } => {
                info!(event, scene, engine, attempt, "a refused prompt is rephrased");
            }
            Self::EncoderFallback { from, to, reason } => {
                warn!(
                    event,
                    from, to, reason, "the hardware encoder failed; the software encoder is used"
                );
            }
            Self::GlyphsMissing { characters } => {
                warn!(event, characters, "no installed font has these characters");
            }
            Self::SelfCheckFinding { check, detail } => {
                warn!(event, check, detail, "the self-check reports a problem with the film");
            }
            Self::Warning { detail } => warn!(event, detail, "a warning"),
            Self::ProcessFinished { program, purpose, duration_ms } => {
                debug!(event, program, purpose, duration_ms, "a program ran");
            }
        }
    }
}

impl ServiceEvent<'_> {
    /// Writes the service event's log line, and updates its metrics.
    pub fn emit(&self) {
        count_service(self);
        match *self {
            Self::ServiceStarted { role, address, database, version } => {
                let event = "service_started";
                info!(event, role, address, database, version, "the service is up");
            }
            Self::ServiceStopped { role, handed_back } => {
                info!(
                    event = "service_stopped",
                    role, handed_back, "the service shut down cleanly"
                );
            }
            Self::TaskClaimed { job, task, attempt, waited_ms } => {
                debug!(event = "task_claimed", job, task, attempt, waited_ms, "task started");
            }
            Self::LeaseTakenOver { job, task, attempt, token } => {
                let event = "lease_taken_over";
                warn!(
                    event,
                    job, task, attempt, token, "a task with an expired lease is taken over"
                );
            }
            Self::LeaseLost { job, task, token, why } => {
                let event = "lease_lost";
                warn!(
                    event,
                    job, task, token, why, "the lease of a task was lost: its result is discarded"
                );
            }
            Self::TaskFinished { job, task, stage, duration_ms } => {
                info!(event = "task_finished", job, task, stage, duration_ms, "task finished");
            }
            Self::TaskFailed { job, task, stage, attempt, code, reason, retry_in_ms } => {
                let event = "task_failed";
                if retry_in_ms >= 0 {
                    warn!(
                        event,
                        job,
                        task,
                        stage,
                        attempt,
                        code,
                        reason,
                        retry_in_ms,
                        "a task failed; it is retried"
                    );
                } else {
                    tracing::error!(
                        event,
                        job,
                        task,
                        stage,
                        attempt,
                        code,
                        reason,
                        retry_in_ms,
                        "a task failed"
                    );
                }
            }
            Self::DiskFull { reason, retry_in_ms } => {
                let event = "disk_full";
                warn!(
                    event,
                    reason, retry_in_ms, "the disk is full; work waits for free disk space"
                );
            }
            Self::ResourceExhausted { reason, retry_in_ms } => {
                let event = "resource_exhausted";
                warn!(event, reason, retry_in_ms, "a resource is exhausted; the task waits");
            }
            Self::PartsRemoved { files } => {
                info!(event = "parts_removed", files, "files of killed workers were removed");
            }
            Self::StoreUnavailable { operation, reason } => {
                let event = "store_unavailable";
                warn!(event, operation, reason, "the database is not available; retrying");
            }
            Self::WebhookDelivered { job, webhook, attempt } => {
                let event = "webhook_delivered";
                info!(event, job, webhook, attempt, "webhook delivered");
            }
            Self::WebhookFailed { job, webhook, attempt, reason, retry_in_ms } => {
                let event = "webhook_failed";
                warn!(event, job, webhook, attempt, reason, retry_in_ms, "webhook not delivered");
            }
            Self::StorageLow { free_mib, needed_mib } => {
                let event = "storage_low";
                warn!(event, free_mib, needed_mib, "too little disk space: no new film is started");
            }
            Self::StorageCollected { kind, files, bytes } => {
                info!(event = "storage_collected", kind, files, bytes, "expired files removed");
            }
            Self::StorageCollectFailed { reason } => {
                let event = "storage_collect_failed";
                warn!(event, reason, "expired files could not be removed; the removal is retried");
            }
            Self::EngineSwitched { engine, enabled, key, reason } => {
                let event = "engine_switched";
                warn!(event, engine, enabled, key, reason, "an operator switched an engine");
            }
            Self::VoiceSwitched { provider, enabled, key, reason } => {
                let event = "voice_switched";
                warn!(
                    event,
                    provider, enabled, key, reason, "an operator switched a voice provider"
                );
            }
            Self::EngineEnabledWritten { engine, enabled, key } => {
                let event = "engine_enabled_written";
                warn!(event, engine, enabled, key, "an operator changed `enabled` in engine.yaml");
            }
            Self::CallDecided { call, decision, key } => {
                let event = "call_decided";
                warn!(event, call, decision, key, "an operator decided the outcome of a paid call");
            }
            Self::Request { method, route, status, duration_ms } => {
                // A separate target: requests have their own log.
                info!(
                    target: "pytoon_request",
                    event = "request",
                    method,
                    route,
                    status,
                    duration_ms,
                    "a request was handled"
                );
            }
        }
    }
}
