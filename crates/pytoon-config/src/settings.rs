//! The types of `defaults.yaml`.

use crate::engines::Backoff;
use crate::storage::StorageSettings;
use crate::tts::TtsSettings;
use pytoon_core::brief::{Denoise, Platform};
use pytoon_core::timeline::duck::DuckSettings;
use serde::{Deserialize, Serialize};

/// `defaults.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The preset of briefs that name none.
    pub default_preset: String,
    /// The profile of briefs that name none.
    pub default_profile: String,
    /// The folder of jobs.
    pub storage_dir: String,
    /// Voice providers.
    pub tts: TtsSettings,
    /// Recorded voices.
    pub voice: VoiceDefaults,
    /// The word alignment of recordings.
    pub alignment: AlignmentSettings,
    /// The transcription of recordings without a script.
    pub transcription: TranscriptionSettings,
    /// Announced shutdowns of vendors' models.
    pub model_ends: Vec<crate::model_ends::ModelEnd>,
    /// Captions.
    pub captions: CaptionDefaults,
    /// The mix.
    pub mix: MixSettings,
    /// Limits on files and programs.
    pub limits: Limits,
    /// The settings of `brand_safe`.
    pub brand_safe: BrandSafe,
    /// Fonts.
    pub fonts: FontSettings,
    /// The service.
    pub service: ServiceSettings,
    /// The storage of films and its retention.
    pub storage: StorageSettings,
    /// Files that requests may name.
    pub assets: AssetSettings,
    /// Webhooks that report the end of jobs.
    pub webhooks: WebhookSettings,
    /// The metrics page.
    pub metrics: MetricsSettings,
}

/// The service: `pytoon serve`, `api` and `worker`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// The address to listen on.
    pub bind: String,
    /// The port.
    pub port: u16,
    /// The most concurrent tasks of one worker.
    pub worker_tasks: u32,
    /// The lease of a task, in seconds: a task of a silent worker is requeued after this time.
    pub lease_seconds: u64,
    /// The time to wait for a paid call whose worker went silent, in seconds, before its scene falls back to the next
    /// engine.
    pub unanswered_seconds: u32,
    /// The grace period of running tasks after a worker is asked to stop, in seconds.
    pub grace_seconds: u64,
    /// The most queued jobs; further submissions are rejected until a queued job starts.
    pub most_queued: u32,
    /// The most requests per minute of one API key, in each process; 0 for no limit.
    pub requests_per_minute: u32,
    /// The most job submissions per minute of one API key, in each process; 0 for no limit.
    pub submissions_per_minute: u32,
    /// The time after the last write at which an incomplete file is removed, in seconds.
    pub parts_kept_seconds: u64,
    /// The most lost workers of a task before it fails with its job. Attempts that end with an error have a limit of
    /// their own (`MAX_TRIES`).
    pub most_attempts: u32,
}

/// Webhooks that report the end of jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Receivers that may be called even if they are private, and without TLS.
    pub allow_hosts: Vec<String>,
    /// The timeout of a delivery, in milliseconds.
    pub timeout_ms: u64,
    /// The delays before the retries of a failed delivery, in seconds; after the last one it is given up.
    pub retry_seconds: Vec<u64>,
}

/// Files that requests may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AssetSettings {
    /// The folders of this machine from which requests may name files; empty for none.
    pub allowed_dirs: Vec<String>,
    /// The largest uploaded or fetched file, in MiB.
    pub max_mib: u64,
    /// The timeout for fetching a file from an https address, in seconds.
    pub fetch_seconds: u64,
    /// True to allow addresses of private networks and plain http, for tests.
    pub allow_private_addresses: bool,
}

/// The metrics page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// The bearer token that `/metrics` requires; empty for none.
    pub token: String,
}

/// Recorded voices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VoiceDefaults {
    /// Noise removal, if the brief does not set it.
    pub denoise: Denoise,
}

/// The word alignment of recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AlignmentSettings {
    /// The order of methods; `even_split` is always the last, named or not.
    pub order: Vec<AlignmentChoice>,
}

/// The transcription of recordings without a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TranscriptionSettings {
    /// The order of programs and services.
    pub order: Vec<TranscriptionChoice>,
    /// The model file of whisper.cpp; empty for none.
    pub whisper_cpp_model: String,
    /// OpenAI.
    pub openai: TranscriptionService,
}

/// A paid transcription service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TranscriptionService {
    /// The vendor's address.
    pub base_url: String,
    /// Hosts beside `base_url`'s that may be called even if they are private.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Environment variables of its key, in search order. `NAME_FILE` names a file with the key.
    pub key_env: Vec<String>,
    /// The timeout of a request, in milliseconds.
    pub request_timeout_ms: u64,
    /// The retries of calls that certainly bought nothing.
    #[serde(default)]
    pub backoff: Backoff,
    /// The model.
    pub model: String,
    /// The price per minute of sound, in US dollars.
    pub price_per_minute_usd: f64,
}

/// A transcriber of recordings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TranscriptionChoice {
    /// The program `whisperx`.
    Whisperx,
    /// The program `stable-ts`.
    StableTs,
    /// The program `whisper-cli` of whisper.cpp.
    WhisperCpp,
    /// OpenAI, a service.
    Openai,
}

/// A method that times the words of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlignmentChoice {
    /// The program `whisperx`, if it is installed.
    Whisperx,
    /// The program `stable-ts`, if it is installed.
    StableTs,
    /// The built-in aligner.
    Builtin,
    /// Words spread over the speech by their syllables.
    EvenSplit,
}

/// Captions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaptionDefaults {
    /// Highlight lead in milliseconds.
    pub lead_ms: i64,
    /// The platform whose buttons captions keep clear of.
    pub platform: Platform,
}

/// The mix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MixSettings {
    /// Integrated loudness in LUFS.
    pub target_lufs: f64,
    /// The limiter's ceiling in dBTP.
    pub true_peak_ceiling_dbtp: f64,
    /// Ducking.
    pub duck: DuckSettings,
}

/// Limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The largest picture in megapixels.
    pub max_picture_megapixels: u32,
    /// The largest file in MiB.
    pub max_file_mib: u64,
    /// The least free disk, in MiB.
    pub min_free_disk_mib: u64,
    /// The time without output after which a program is ended, in seconds.
    pub process_stall_seconds: u64,
    /// The total time after which a program is ended, in seconds.
    pub process_seconds: u64,
    /// The memory limit of one program, in MiB.
    pub process_memory_mib: u64,
}

/// The settings of `brand_safe`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BrandSafe {
    /// Words that are masked and muted.
    pub masked_words: Vec<String>,
}

/// Fonts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FontSettings {
    /// Folders searched besides the system's.
    pub folders: Vec<String>,
}

impl Settings {
    /// Returns the first invalid value, as (field, reason).
    pub(crate) fn problem(&self) -> Option<(&'static str, String)> {
        let range = |field: &'static str, value: f64, low: f64, high: f64| {
            (!(low..=high).contains(&value))
                .then(|| (field, format!("{value} is not within {low} to {high}")))
        };
        let ms = |value: i64| value as f64;
        let duck = &self.mix.duck;
        let service = &self.transcription.openai;
        let is_address =
            service.base_url.starts_with("http://") || service.base_url.starts_with("https://");
        if !is_address {
            let reason = format!("`{}` is not an http(s) address", service.base_url);
            return Some(("transcription.openai.base_url", reason));
        }
        if let Some(end) = self.model_ends.iter().find(|end| end.at_ms().is_none()) {
            return Some(("model_ends", format!("`{}` is not a date such as 2027-01-06", end.on)));
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
