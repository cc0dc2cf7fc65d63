//! The catalogue of metrics, in Prometheus' text format.
//!
//! Guarantees: names and labels are those in the runbooks; the counters of configured engines, voices and
//! stages start at 0, so that a first failure changes an existing series instead of creating one; emitting an
//! event writes its log line and updates its metrics.
//!
//! This module does not serve HTTP: [`MetricsHandle::render`] returns the text.

use crate::{Event, ServiceEvent};
use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

const INVOCATIONS: &str = "pytoon_v2_engine_invocations_total";
const FALLBACKS: &str = "pytoon_v2_engine_fallbacks_total";
const SCENE_SECONDS: &str = "pytoon_v2_scene_render_seconds";
const STEP_SECONDS: &str = "pytoon_v2_engine_step_seconds";
const FLAGS: &str = "pytoon_v2_moderation_flags_total";
const REPHRASES: &str = "pytoon_v2_moderation_rephrases_total";
const BREAKER: &str = "pytoon_v2_engine_breaker_state";
const SPEND: &str = "pytoon_v2_engine_spend_usd";
const UNKNOWN: &str = "pytoon_v2_engine_calls_unknown_total";
const WASTED: &str = "pytoon_v2_engine_purchases_wasted_total";
const CONFIG_REFUSED: &str = "pytoon_v2_engine_config_refused_total";
const DAY_BUDGET: &str = "pytoon_v2_engine_budget_per_day_usd";
const EVEN_SPLITS: &str = "pytoon_v2_alignment_even_splits_total";
const ALIGNMENT_MS: &str = "pytoon_v2_caption_alignment_ms";

const TASKS: &str = "pytoon_v2_tasks_total";
const TASK_SECONDS: &str = "pytoon_v2_task_seconds";
const LEASES_LOST: &str = "pytoon_v2_leases_lost_total";
const WEBHOOKS: &str = "pytoon_v2_webhooks_total";
const REQUESTS: &str = "pytoon_v2_http_requests_total";
const STORE_FAILURES: &str = "pytoon_v2_store_failures_total";

const COLLECTED_FILES: &str = "pytoon_storage_collected_files_total";
const COLLECTED_BYTES: &str = "pytoon_storage_collected_bytes_total";
const COLLECT_FAILURES: &str = "pytoon_storage_collect_failures_total";
const STORAGE_LOW: &str = "pytoon_storage_low_total";
const STORAGE_FULL: &str = "pytoon_storage_full_total";

const TTS_FAILURES: &str = "pytoon_v2_tts_failure_total";
const TTS_SUCCESSES: &str = "pytoon_v2_tts_success_total";
const TTS_SECONDS: &str = "pytoon_v2_tts_duration_seconds";
const MODEL_END: &str = "pytoon_v2_model_end_timestamp_seconds";
const TTS_BREAKER: &str = "pytoon_v2_tts_breaker_state";

/// The names of the alignment methods.
const ALIGNMENT_METHODS: [&str; 4] = ["whisperx", "stable_ts", "builtin", "even_split"];
/// The histogram buckets of an estimated error, in milliseconds.
const ERROR_MS: [f64; 9] = [5.0, 10.0, 20.0, 30.0, 50.0, 100.0, 200.0, 500.0, 1000.0];
/// The results of an engine invocation.
const RESULTS: [&str; 4] = ["success", "failure", "moderation", "timeout"];
/// The steps of a vendor call.
const STEPS: [&str; 7] = ["health_check", "prepare", "submit", "poll", "fetch", "cancel", "lookup"];
/// The sources of moderation flags.
const FLAG_SOURCES: [&str; 4] = ["blocklist", "competitor", "service", "engine"];
/// The histogram buckets of a scene's duration, in seconds. A local scene takes milliseconds, a vendor's minutes.
const SECONDS: [f64; 11] = [0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0];

/// The state of a circuit breaker, as the gauge's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// Calls may pass.
    Closed,
    /// One call may probe.
    HalfOpen,
    /// Calls are rejected.
    Open,
}

impl Breaker {
    const fn value(self) -> f64 {
        match self {
            Self::Closed => 0.0,
            Self::HalfOpen => 1.0,
            Self::Open => 2.0,
        }
    }
}

/// The metrics of this process.
#[derive(Debug, Clone, Copy)]
pub struct Metrics;

/// A handle that renders the text of all metrics.
#[derive(Clone)]
pub struct MetricsHandle(PrometheusHandle);

impl std::fmt::Debug for MetricsHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MetricsHandle")
    }
}

impl MetricsHandle {
    /// Returns all metrics in Prometheus' text format.
    pub fn render(&self) -> String {
        self.0.render()
    }
}

impl Metrics {
    /// Starts to collect metrics, and returns the handle that renders them. Only the first start in a process takes
    /// effect; the handles of later ones stay empty.
    pub fn start() -> MetricsHandle {
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .and_then(|builder| {
                let matcher = Matcher::Full(ALIGNMENT_MS.to_owned());
                builder.set_buckets_for_metric(matcher, &ERROR_MS)
            });
        // The buckets are a constant and not empty.
        let recorder = builder.unwrap_or_else(|_| PrometheusBuilder::new()).build_recorder();
        let handle = MetricsHandle(recorder.handle());
        let _ = metrics::set_global_recorder(recorder);
        describe();
        for method in ALIGNMENT_METHODS {
            // Registered without a value: its buckets start at 0.
            let _ = histogram!(ALIGNMENT_MS, "method" => method);
        }
        handle
    }

    /// Initializes the metrics of these engines, and those of moderation, alignment and configuration, so that their
    /// series start at 0. Existing counts stay.
    pub fn expect_engines<'a>(engines: impl IntoIterator<Item = &'a str>) {
        let engines: Vec<String> = engines.into_iter().map(str::to_owned).collect();
        for engine in &engines {
            for result in RESULTS {
                counter!(INVOCATIONS, "engine" => engine.clone(), "result" => result).increment(0);
            }
            for to in engines.iter().filter(|to| *to != engine) {
                counter!(FALLBACKS, "from_engine" => engine.clone(), "to_engine" => to.clone())
                    .increment(0);
            }
            // Registered without a value: its buckets start at 0.
            let _ = histogram!(SCENE_SECONDS, "engine" => engine.clone());
            for step in STEPS {
                let engine = engine.clone();
                let _ =
                    histogram!(STEP_SECONDS, "engine" => engine, "step" => step, "failed" => "");
            }
            gauge!(BREAKER, "engine" => engine.clone()).increment(0.0);
            gauge!(SPEND, "engine" => engine.clone()).increment(0.0);
            counter!(UNKNOWN, "engine" => engine.clone()).increment(0);
            counter!(WASTED, "engine" => engine.clone()).increment(0);
        }
        for source in FLAG_SOURCES {
            counter!(FLAGS, "source" => source).increment(0);
        }
        counter!(REPHRASES).increment(0);
        counter!(CONFIG_REFUSED).increment(0);
        counter!(EVEN_SPLITS).increment(0);
        gauge!(DAY_BUDGET).increment(0.0);
    }

    /// Initializes every metric of these voice providers, so that its series start at 0. Existing counts stay.
    pub fn expect_voices<'a>(providers: impl IntoIterator<Item = &'a str>) {
        for provider in providers {
            counter!(TTS_FAILURES, "provider" => provider.to_owned()).increment(0);
            counter!(TTS_SUCCESSES, "provider" => provider.to_owned()).increment(0);
            let _ = histogram!(TTS_SECONDS, "provider" => provider.to_owned());
            gauge!(TTS_BREAKER, "provider" => provider.to_owned()).increment(0.0);
            counter!(WASTED, "engine" => provider.to_owned()).increment(0);
        }
    }

    /// Initializes every metric of the service and of these stages, so that its series start at 0. Existing counts
    /// stay.
    pub fn expect_service<'a>(stages: impl IntoIterator<Item = &'a str>) {
        for stage in stages {
            for result in ["done", "retried", "failed"] {
                counter!(TASKS, "stage" => stage.to_owned(), "result" => result).increment(0);
            }
            let _ = histogram!(TASK_SECONDS, "stage" => stage.to_owned());
        }
        for class in STATUS_CLASSES {
            counter!(REQUESTS, "status" => class).increment(0);
        }
        counter!(LEASES_LOST).increment(0);
        for result in ["delivered", "retried", "dead"] {
            counter!(WEBHOOKS, "result" => result).increment(0);
        }
        counter!(STORE_FAILURES).increment(0);
        for kind in COLLECTED_KINDS {
            counter!(COLLECTED_FILES, "kind" => kind).increment(0);
            counter!(COLLECTED_BYTES, "kind" => kind).increment(0);
        }
        counter!(COLLECT_FAILURES).increment(0);
        counter!(STORAGE_LOW).increment(0);
        counter!(STORAGE_FULL).increment(0);
    }

    /// Records the time until a scene had a clip or was left to the engine `local`, in seconds.
    pub fn scene_rendered(engine: &str, seconds: f64) {
        histogram!(SCENE_SECONDS, "engine" => engine.to_owned()).record(seconds);
    }

    /// Records the duration of a vendor's step. `failed` is the kind of failure; empty on success.
    pub fn engine_step(engine: &str, step: &'static str, failed: &'static str, seconds: f64) {
        histogram!(STEP_SECONDS, "engine" => engine.to_owned(), "step" => step, "failed" => failed)
            .record(seconds);
    }

    /// Sets the state of an engine's breaker.
    pub fn breaker(engine: &str, state: Breaker) {
        gauge!(BREAKER, "engine" => engine.to_owned()).set(state.value());
    }

    /// Sets the state of a voice provider's breaker.
    pub fn voice_breaker(provider: &str, state: Breaker) {
        gauge!(TTS_BREAKER, "provider" => provider.to_owned()).set(state.value());
    }

    /// Sets the time at which a vendor will shut down a configured model, in seconds since 1970.
    pub fn model_end(provider: &str, model: &str, seconds: i64) {
        gauge!(MODEL_END, "provider" => provider.to_owned(), "model" => model.to_owned())
            .set(seconds as f64);
    }

    /// Sets the daily budget of engines and voices, in US dollars; 0 for no limit.
    pub fn day_budget(usd: Option<f64>) {
        gauge!(DAY_BUDGET).set(usd.unwrap_or_default());
    }

    /// Sets the amount that an engine has charged today (UTC), in US dollars.
    pub fn spend(engine: &str, usd: f64) {
        gauge!(SPEND, "engine" => engine.to_owned()).set(usd);
    }
}

fn describe() {
    describe_counter!(INVOCATIONS, "Engine attempts, by result.");
    describe_counter!(FALLBACKS, "Fallbacks from one engine to the next.");
    describe_histogram!(
        SCENE_SECONDS,
        Unit::Seconds,
        "Time until a scene had a clip, or was left to the engine `local`."
    );
    describe_histogram!(STEP_SECONDS, Unit::Seconds, "Duration of one step at a vendor.");
    describe_counter!(FLAGS, "Prompts that were blocked, changed or rejected, by moderator.");
    describe_counter!(REPHRASES, "Refused prompts that were rephrased.");
    describe_gauge!(
        BREAKER,
        "State of an engine's circuit breaker: 0 closed, 1 half open, 2 open."
    );
    describe_gauge!(SPEND, "US dollars charged today (UTC), according to the ledger.");
    describe_gauge!(
        TTS_BREAKER,
        "State of a voice provider's circuit breaker: 0 closed, 1 half open, 2 open."
    );
    describe_gauge!(
        MODEL_END,
        "Time at which the vendor shuts down a configured model, in Unix seconds."
    );
    describe_counter!(TTS_FAILURES, "Scripts that a voice provider failed to speak.");
    describe_counter!(TTS_SUCCESSES, "Scripts that a voice provider spoke.");
    describe_histogram!(
        TTS_SECONDS,
        Unit::Seconds,
        "Duration of a voice provider's attempt at a script."
    );
    describe_histogram!(
        ALIGNMENT_MS,
        Unit::Milliseconds,
        "Estimated error of a recording's word starts, one value a recording: how far the built-in \
         aligner's voices disagree at the median. Other methods give no estimate and record nothing."
    );
    describe_counter!(UNKNOWN, "Paid calls without a response.");
    describe_counter!(WASTED, "Purchases that were charged and could not be used.");
    describe_counter!(EVEN_SPLITS, "Recordings whose words were spread evenly.");
    describe_counter!(CONFIG_REFUSED, "Invalid edits of engine.yaml.");
    describe_gauge!(
        DAY_BUDGET,
        "Daily budget of engines and voices in US dollars (v2.budget.per_day_usd); 0 means no limit."
    );
    describe_counter!(TASKS, "Tasks that ended, by stage and result.");
    describe_histogram!(TASK_SECONDS, Unit::Seconds, "Duration of finished tasks.");
    describe_counter!(WEBHOOKS, "Webhook delivery attempts, by result.");
    describe_counter!(LEASES_LOST, "Leases that were lost while a worker ran the task.");
    describe_counter!(REQUESTS, "Handled requests, by status class.");
    describe_counter!(STORE_FAILURES, "Failed database requests.");
    describe_counter!(COLLECTED_FILES, "Expired files removed, by kind.");
    describe_counter!(COLLECTED_BYTES, Unit::Bytes, "Bytes of expired files removed, by kind.");
    describe_counter!(COLLECT_FAILURES, "Failed removals of expired files.");
    describe_counter!(STORAGE_FULL, "Times that work waited for free disk space.");
    describe_counter!(
        STORAGE_LOW,
        "Times that a worker stopped starting films because of low disk space."
    );
}

/// The kinds of expired files.
const COLLECTED_KINDS: [&str; 8] =
    ["films", "work", "assets", "clips", "takes", "uploads", "orphans", "copies"];
/// The classes of HTTP statuses.
const STATUS_CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Updates the metrics of a service event.
pub(crate) fn count_service(event: &ServiceEvent<'_>) {
    match *event {
        ServiceEvent::TaskFinished { stage, duration_ms, .. } => {
            counter!(TASKS, "stage" => stage.to_owned(), "result" => "done").increment(1);
            histogram!(TASK_SECONDS, "stage" => stage.to_owned())
                .record(duration_ms as f64 / 1000.0);
        }
        ServiceEvent::TaskFailed { stage, retry_in_ms, .. } => {
            let result = if retry_in_ms >= 0 { "retried" } else { "failed" };
            counter!(TASKS, "stage" => stage.to_owned(), "result" => result).increment(1);
        }
        ServiceEvent::LeaseLost { .. } => counter!(LEASES_LOST).increment(1),
        ServiceEvent::StorageCollected { kind, files, bytes } => {
            counter!(COLLECTED_FILES, "kind" => kind.to_owned()).increment(files);
            counter!(COLLECTED_BYTES, "kind" => kind.to_owned()).increment(bytes);
        }
        ServiceEvent::StorageCollectFailed { .. } => counter!(COLLECT_FAILURES).increment(1),
        ServiceEvent::StorageLow { .. } => counter!(STORAGE_LOW).increment(1),
        ServiceEvent::DiskFull { .. } => counter!(STORAGE_FULL).increment(1),
        ServiceEvent::StoreUnavailable { .. } => counter!(STORE_FAILURES).increment(1),
        ServiceEvent::WebhookDelivered { .. } => {
            counter!(WEBHOOKS, "result" => "delivered").increment(1);
        }
        ServiceEvent::WebhookFailed { retry_in_ms, .. } => {
            let result = if retry_in_ms >= 0 { "retried" } else { "dead" };
            counter!(WEBHOOKS, "result" => result).increment(1);
        }
        ServiceEvent::Request { status, .. } => {
            let class = STATUS_CLASSES[usize::from(status / 100).clamp(1, 5) - 1];
            counter!(REQUESTS, "status" => class).increment(1);
        }
        _ => {}
    }
}

/// Updates the metrics of an event.
pub(crate) fn count(event: &Event<'_>) {
    match *event {
        Event::EngineInvocation { engine, result, .. } => {
            counter!(INVOCATIONS, "engine" => engine.to_owned(), "result" => result.to_owned())
                .increment(1);
        }
        Event::EngineFallback { from, to, .. } => {
            counter!(FALLBACKS, "from_engine" => from.to_owned(), "to_engine" => to.to_owned())
                .increment(1);
        }
        Event::EnginePurchaseWasted { engine, .. } => {
            counter!(WASTED, "engine" => engine.to_owned()).increment(1);
        }
        Event::EngineCallUnknown { engine, .. } => {
            counter!(UNKNOWN, "engine" => engine.to_owned()).increment(1);
        }
        Event::AlignmentFallbackToEvenSplit { .. } => counter!(EVEN_SPLITS).increment(1),
        Event::EngineConfigRefused { .. } => counter!(CONFIG_REFUSED).increment(1),
        Event::TtsProviderFailed { provider, duration_ms, .. } => {
            counter!(TTS_FAILURES, "provider" => provider.to_owned()).increment(1);
            tts_took(provider, duration_ms);
        }
        Event::TtsProviderSpoke { provider, duration_ms, .. } => {
            counter!(TTS_SUCCESSES, "provider" => provider.to_owned()).increment(1);
            tts_took(provider, duration_ms);
        }
        Event::ModerationFlagged { source, .. } => {
            let source = FLAG_SOURCES.into_iter().find(|s| *s == source).unwrap_or("engine");
            counter!(FLAGS, "source" => source).increment(1);
        }
        Event::AlignmentDone { method, estimated_error_ms, .. } if estimated_error_ms >= 0.0 => {
            let known = ALIGNMENT_METHODS.into_iter().find(|known| *known == method);
            histogram!(ALIGNMENT_MS, "method" => known.unwrap_or("builtin"))
                .record(estimated_error_ms);
        }
        Event::ModerationRephrased { .. } => counter!(REPHRASES).increment(1),
        _ => {}
    }
}

fn tts_took(provider: &str, duration_ms: u64) {
    histogram!(TTS_SECONDS, "provider" => provider.to_owned()).record(duration_ms as f64 / 1000.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_set_stands_at_zero_and_events_count() {
        let handle = Metrics::start();
        Metrics::expect_engines(["runway", "local"]);
        Metrics::expect_voices(["openai"]);
        let text = handle.render();
        for line in [
            "pytoon_v2_tts_failure_total{provider=\"openai\"} 0",
            "pytoon_v2_tts_success_total{provider=\"openai\"} 0",
            "pytoon_v2_tts_duration_seconds_count{provider=\"openai\"} 0",
            "pytoon_v2_engine_invocations_total{engine=\"runway\",result=\"failure\"} 0",
            "pytoon_v2_engine_fallbacks_total{from_engine=\"runway\",to_engine=\"local\"} 0",
            "pytoon_v2_moderation_rephrases_total 0",
            "pytoon_v2_scene_render_seconds_count{engine=\"local\"} 0",
            "pytoon_v2_engine_breaker_state{engine=\"runway\"} 0",
            "pytoon_v2_caption_alignment_ms_count{method=\"builtin\"} 0",
        ] {
            assert!(text.contains(line), "{line} is missing in\n{text}");
        }
        Event::EngineFallback {
            job: "j",
            scene: "scene_01",
            from: "runway",
            to: "local",
            kind: "server",
            latency_ms: 5,
            reason: "x",
        }
        .emit();
        Metrics::breaker("runway", Breaker::Open);
        Metrics::expect_engines(["runway", "local"]);
        let text = handle.render();
        assert!(text.contains("from_engine=\"runway\",to_engine=\"local\"} 1"), "{text}");
        assert!(text.contains("pytoon_v2_engine_breaker_state{engine=\"runway\"} 2"), "{text}");
    }
}
