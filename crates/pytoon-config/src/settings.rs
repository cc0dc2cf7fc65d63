//! The types of `defaults.yaml`.

use crate::engines::Backoff;
use crate::storage::StorageSettings;
use crate::tts::TtsSettings;
use pytoon_core::brief::{Denoise, Platform};
use pytoon_core::timeline::duck::DuckSettings;
use serde::{Deserialize, Serialize};

/// The content of `defaults.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The preset for briefs that name none.
    pub default_preset: String,
    /// The profile for briefs that name none.
    pub default_profile: String,
    /// The folder that contains jobs.
    pub storage_dir: String,
    /// The voice providers.
    pub tts: TtsSettings,
    /// The settings of recorded voices.
    pub voice: VoiceDefaults,
    /// The settings for aligning the words of recordings.
    pub alignment: AlignmentSettings,
    /// The settings for transcribing recordings without a script.
    pub transcription: TranscriptionSettings,
    /// Announced shutdowns of vendors' models.
    pub model_ends: Vec<crate::model_ends::ModelEnd>,
    /// The settings of captions.
    pub captions: CaptionDefaults,
    /// The settings of the mix.
    pub mix: MixSettings,
    /// Limits on files and external programs.
    pub limits: Limits,
    /// The settings of `brand_safe`.
    pub brand_safe: BrandSafe,
    /// The settings of fonts.
    pub fonts: FontSettings,
    /// The settings of the service.
    pub service: ServiceSettings,
    /// The storage of films and its retention.
    pub storage: StorageSettings,
    /// The files that requests may name.
    pub assets: AssetSettings,
    /// The settings of webhooks, which report the end of jobs.
    pub webhooks: WebhookSettings,
    /// The settings of the metrics page.
    pub metrics: MetricsSettings,
}

/// The settings of `pytoon serve`, `api` and `worker`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// The address to listen on.
    pub bind: String,
    /// The TCP port to listen on.
    pub port: u16,
    /// The host names, besides those of this machine, under which browsers reach the service. Requests with a session
    /// cookie, and requests without an API key, must name one of them.
    #[serde(default)]
    pub allowed_hosts: Vec<String>,
    /// The maximum number of concurrent tasks per worker.
    pub worker_tasks: u32,
    /// The lease of a task, in seconds. If the worker sends no heartbeat for this time, the task is requeued.
    pub lease_seconds: u64,
    /// The time to wait for a paid call whose worker stopped responding, in seconds, before the scene falls back to
    /// the next engine.
    pub unanswered_seconds: u32,
    /// The grace period of running tasks after a worker is asked to stop, in seconds.
    pub grace_seconds: u64,
    /// The maximum number of queued jobs. Further submissions are rejected until a queued job starts.
    pub most_queued: u32,
    /// The maximum number of requests per minute and API key, in each process; 0 for no limit.
    pub requests_per_minute: u32,
    /// The maximum number of job submissions per minute and API key, in each process; 0 for no limit.
    pub submissions_per_minute: u32,
    /// The time after its last write at which an incomplete file is removed, in seconds.
    pub parts_kept_seconds: u64,
    /// The number of workers that a task may lose before it fails with its job. Attempts that end with an error have
    /// a separate limit (`MAX_TRIES`).
    pub most_attempts: u32,
}

/// The settings of webhooks, which report the end of jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Hosts to which webhooks may be sent even if they are private, and without TLS.
    pub allow_hosts: Vec<String>,
    /// The timeout of a delivery, in milliseconds.
    pub timeout_ms: u64,
    /// The delays before the retries of a failed delivery, in seconds. After the last one, the delivery is abandoned.
    pub retry_seconds: Vec<u64>,
}

/// The files that requests may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AssetSettings {
    /// The folders of this machine from which requests may name files; empty for none.
    pub allowed_dirs: Vec<String>,
    /// The maximum size of an uploaded or fetched file, in MiB, 1 to 1048576.
    pub max_mib: u64,
    /// The timeout for fetching a file from an https URL, in seconds, 1 to 25.
    pub fetch_seconds: u64,
    /// True to allow URLs in private networks and plain http, for tests.
    pub allow_private_addresses: bool,
}

/// The settings of the metrics page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// The bearer token that `/metrics` requires; empty for none.
    pub token: String,
}

/// The settings of recorded voices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VoiceDefaults {
    /// The noise removal for briefs that do not set it.
    pub denoise: Denoise,
}

/// The settings for aligning the words of recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AlignmentSettings {
    /// The order in which methods are tried; `even_split` is always the last, named or not.
    pub order: Vec<AlignmentChoice>,
}

/// The settings for transcribing recordings without a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TranscriptionSettings {
    /// The order in which programs and services are tried.
    pub order: Vec<TranscriptionChoice>,
    /// The model file of whisper.cpp; empty for none.
    pub whisper_cpp_model: String,
    /// The settings of OpenAI's transcription service.
    pub openai: TranscriptionService,
}

/// A paid transcription service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TranscriptionService {
    /// The URL of the vendor's API.
    pub base_url: String,
    /// Hosts besides that of `base_url` that may be called even if they are private.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Environment variables that may contain the API key, in search order. `NAME_FILE` names a file that contains
    /// the key.
    pub key_env: Vec<String>,
    /// The timeout of a request, in milliseconds, 100 to 600000.
    pub request_timeout_ms: u64,
    /// The retry settings of calls that certainly cost nothing.
    #[serde(default)]
    pub backoff: Backoff,
    /// The name of the transcription model.
    pub model: String,
    /// The price per minute of audio, in US dollars, 0 to 100.
    pub price_per_minute_usd: f64,
}

/// A transcriber of recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TranscriptionChoice {
    /// The external program `whisperx`.
    Whisperx,
    /// The external program `stable-ts`.
    StableTs,
    /// The external program `whisper-cli` of whisper.cpp.
    WhisperCpp,
    /// OpenAI's paid service.
    Openai,
}

/// A method that times the words of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlignmentChoice {
    /// The external program `whisperx`, if it is installed.
    Whisperx,
    /// The external program `stable-ts`, if it is installed.
    StableTs,
    /// The built-in aligner.
    Builtin,
    /// A method that spreads the words over the speech by their syllables.
    EvenSplit,
}

/// The settings of captions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaptionDefaults {
    /// The time by which highlights precede their words, in milliseconds, 0 to 200.
    pub lead_ms: i64,
    /// The platform whose controls captions avoid.
    pub platform: Platform,
}

/// The settings of the mix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MixSettings {
    /// The target integrated loudness, in LUFS, -30 to -8.
    pub target_lufs: f64,
    /// The ceiling of the limiter, in dBTP, -9 to -0.5.
    pub true_peak_ceiling_dbtp: f64,
    /// The settings of ducking.
    pub duck: DuckSettings,
}

/// Limits on files and external programs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The maximum size of a picture, in megapixels, 1 to 400.
    pub max_picture_megapixels: u32,
    /// The maximum size of a file, in MiB.
    pub max_file_mib: u64,
    /// The free disk space below which no film is rendered, in MiB.
    pub min_free_disk_mib: u64,
    /// The time without output after which an external program is stopped, in seconds, 2 to 3600.
    pub process_stall_seconds: u64,
    /// The total time after which an external program is stopped, in seconds, 10 to 86400.
    pub process_seconds: u64,
    /// The memory limit of one external program, in MiB, 512 to 1048576.
    pub process_memory_mib: u64,
}

/// The settings of `brand_safe`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BrandSafe {
    /// Words that are masked in captions and muted in the audio.
    pub masked_words: Vec<String>,
}

/// The settings of fonts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FontSettings {
    /// Folders that are searched for fonts in addition to the system's.
    pub folders: Vec<String>,
}

impl Settings {
    /// Returns the field of the first invalid value, and the reason; `None` if these checks find none.
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        let range = |field: &'static str, value: f64, low: f64, high: f64| {
            (!(low..=high).contains(&value))
                .then(|| (field, format!("{value} is not between {low} and {high}")))
        };
        let ms = |value: i64| value as f64;
        let duck = &self.mix.duck;
        let service = &self.transcription.openai;
        let is_address =
            service.base_url.starts_with("http://") || service.base_url.starts_with("https://");
        if !is_address {
            let reason = format!("`{}` is not an http or https URL", service.base_url);
            return Some(("transcription.openai.base_url", reason));
        }
        if let Some(end) = self.model_ends.iter().find(|end| end.at_ms().is_none()) {
            let reason = format!(
                "the end of model `{}`, `{}`, is not a date such as 2027-01-06",
                end.model, end.on
            );
            return Some(("model_ends", reason));
        }
        range("captions.lead_ms", ms(self.captions.lead_ms), 0.0, 200.0)
            .or_else(|| {
                let timeout = service.request_timeout_ms as f64;
                range("transcription.openai.request_timeout_ms", timeout, 100.0, 600_000.0)
            })
            .or_else(|| {
                let price = service.price_per_minute_usd;
                range("transcription.openai.price_per_minute_usd", price, 0.0, 100.0)
            })
            .or_else(|| range("mix.target_lufs", self.mix.target_lufs, -30.0, -8.0))
            .or_else(|| {
                range("mix.true_peak_ceiling_dbtp", self.mix.true_peak_ceiling_dbtp, -9.0, -0.5)
            })
            .or_else(|| {
                let minutes = f64::from(self.storage.link_minutes);
                // S3 limits signed links to a week.
                range("storage.link_minutes", minutes, 1.0, 10_080.0)
            })
            .or_else(|| {
                let minutes = f64::from(self.storage.collect_minutes);
                range("storage.collect_minutes", minutes, 1.0, 10_080.0)
            })
            .or_else(|| range("assets.max_mib", self.assets.max_mib as f64, 1.0, 1_048_576.0))
            .or_else(|| {
                let seconds = self.assets.fetch_seconds as f64;
                // A longer request would time out.
                range("assets.fetch_seconds", seconds, 1.0, 25.0)
            })
            .or_else(|| range("mix.duck.gain_db", duck.gain_db, -40.0, 0.0))
            .or_else(|| range("mix.duck.ramp_down_ms", ms(duck.ramp_down_ms), 20.0, 2000.0))
            .or_else(|| range("mix.duck.hold_ms", ms(duck.hold_ms), 0.0, 3000.0))
            .or_else(|| range("mix.duck.ramp_up_ms", ms(duck.ramp_up_ms), 20.0, 5000.0))
            .or_else(|| range("mix.duck.stay_down_ms", ms(duck.stay_down_ms), 0.0, 10_000.0))
            .or_else(|| {
                range(
                    "limits.max_picture_megapixels",
                    f64::from(self.limits.max_picture_megapixels),
                    1.0,
                    400.0,
                )
            })
            .or_else(|| {
                range(
                    "limits.process_stall_seconds",
                    self.limits.process_stall_seconds as f64,
                    2.0,
                    3600.0,
                )
            })
            .or_else(|| {
                let seconds = self.limits.process_seconds as f64;
                range("limits.process_seconds", seconds, 10.0, 86_400.0)
            })
            .or_else(|| {
                let mib = self.limits.process_memory_mib as f64;
                range("limits.process_memory_mib", mib, 512.0, 1_048_576.0)
            })
    }
}
