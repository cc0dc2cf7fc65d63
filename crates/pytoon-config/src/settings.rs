//! The types of `defaults.yaml`.

use crate::engines::Backoff;
use crate::storage::StorageSettings;
use crate::tts::TtsSettings;
use pytoon_core::brief::{Denoise, Platform};
use pytoon_core::timeline::duck::DuckSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// `defaults.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The preset of briefs that name none.
    pub default_preset: String,
    /// The profile of briefs that name none.
    pub default_profile: String,
    /// Where jobs are kept.
    pub storage_dir: String,
    /// Voice providers.
    pub tts: TtsSettings,
    /// Recorded voices.
    pub voice: VoiceDefaults,
    /// How words of recordings are timed.
    pub alignment: AlignmentSettings,
    /// Who writes recordings down that come without a script.
    pub transcription: TranscriptionSettings,
    /// Models whose vendors announced an end.
    pub model_ends: Vec<crate::model_ends::ModelEnd>,
    /// Captions.
    pub captions: CaptionDefaults,
    /// The mix.
    pub mix: MixSettings,
    /// Limits on what is read and run.
    pub limits: Limits,
    /// What `brand_safe` does.
    pub brand_safe: BrandSafe,
    /// Fonts.
    pub fonts: FontSettings,
    /// The service.
    pub service: ServiceSettings,
    /// Where films are kept, and for how long.
    pub storage: StorageSettings,
    /// Files that requests may name.
    pub assets: AssetSettings,
    /// Telling submitters how their jobs ended.
    pub webhooks: WebhookSettings,
    /// The page of metrics.
    pub metrics: MetricsSettings,
}

/// The service: `pytoon serve`, `api` and `worker`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServiceSettings {
    /// The address that is listened on.
    pub bind: String,
    /// The port.
    pub port: u16,
    /// Tasks that one worker runs at once.
    pub worker_tasks: u32,
    /// A task whose worker is not heard of for so long is taken over by another, in seconds.
    pub lease_seconds: u64,
    /// A paid call whose worker is not heard of, and whose answer nobody has, is waited for so long, in
    /// seconds, before its scene goes on to the next engine.
    pub unanswered_seconds: u32,
    /// What runs may finish for so long after a worker is asked to end, in seconds.
    pub grace_seconds: u64,
    /// So many queued jobs are taken; further ones are refused until some have begun.
    pub most_queued: u32,
    /// Requests that one API key may make within a minute, in each process; 0 for no limit.
    pub requests_per_minute: u32,
    /// Jobs that one API key may submit within a minute, in each process; 0 for no limit.
    pub submissions_per_minute: u32,
    /// Half-written files that nobody has written to for so long are removed, in seconds.
    pub parts_kept_seconds: u64,
    /// A task whose worker was lost so often fails, with its job. Attempts that end with an error have a
    /// limit of their own (`MAX_TRIES`).
    pub most_attempts: u32,
}

/// Telling submitters how their jobs ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Receivers that may be spoken to even where they are private, and without TLS.
    pub allow_hosts: Vec<String>,
    /// Longest wait for a receiver's answer, in milliseconds.
    pub timeout_ms: u64,
    /// The pauses before a message that was not heard is told again, in seconds; after the last it
    /// is given up.
    pub retry_seconds: Vec<u64>,
}

/// Files that requests may name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssetSettings {
    /// Folders of this machine from which requests may name files; none where empty.
    pub allowed_dirs: Vec<String>,
    /// The largest file that is uploaded or fetched, in MiB.
    pub max_mib: u64,
    /// Files at https addresses are fetched within so many seconds, or refused.
    pub fetch_seconds: u64,
    /// Whether addresses of private networks are fetched, too, and over plain http. For tests.
    pub allow_private_addresses: bool,
}

/// The page of metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// What `/metrics` demands as a bearer token; nothing where empty.
    pub token: String,
}

/// Recorded voices.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceDefaults {
    /// Denoise when the brief does not say.
    pub denoise: Denoise,
}

/// How words of recordings are timed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlignmentSettings {
    /// Methods in the order they are tried; `even_split` ends every order, named or not.
    pub order: Vec<AlignmentChoice>,
}

/// Who writes recordings down that come without a script.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TranscriptionSettings {
    /// Programs and services in the order they are tried.
    pub order: Vec<TranscriptionChoice>,
    /// The model file of whisper.cpp; empty where there is none.
    pub whisper_cpp_model: String,
    /// OpenAI.
    pub openai: TranscriptionService,
}

/// A service that writes recordings down and costs money.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TranscriptionService {
    /// The vendor's address.
    pub base_url: String,
    /// Hosts beside `base_url`'s that may be spoken to even where they are private.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Environment variables that may hold its key, in order. `NAME_FILE` holds the path of a
    /// file with the key.
    pub key_env: Vec<String>,
    /// Longest wait for an answer, in milliseconds.
    pub request_timeout_ms: u64,
    /// How calls that surely bought nothing are repeated.
    #[serde(default)]
    pub backoff: Backoff,
    /// The model.
    pub model: String,
    /// US dollars for a minute of sound.
    pub price_per_minute_usd: f64,
}

/// Who writes a recording down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlignmentChoice {
    /// The program `whisperx`, where it is installed.
    Whisperx,
    /// The program `stable-ts`, where it is installed.
    StableTs,
    /// Our own aligner.
    Builtin,
    /// Words spread over the speech by their syllables.
    EvenSplit,
}

/// Captions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptionDefaults {
    /// Highlight lead in milliseconds.
    pub lead_ms: i64,
    /// Whose buttons captions keep clear of.
    pub platform: Platform,
}

/// The mix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// The largest picture in megapixels.
    pub max_picture_megapixels: u32,
    /// The largest file in MiB.
    pub max_file_mib: u64,
    /// Free disk needed in MiB.
    pub min_free_disk_mib: u64,
    /// A silent program is ended after this many seconds.
    pub process_stall_seconds: u64,
    /// A program is ended after this many seconds, however busy it is.
    pub process_seconds: u64,
    /// Memory that one program may have, in MiB.
    pub process_memory_mib: u64,
}

/// What `brand_safe` does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BrandSafe {
    /// Words that are masked and muted.
    pub masked_words: Vec<String>,
}

/// Fonts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FontSettings {
    /// Folders searched besides the system's.
    pub folders: Vec<String>,
}

impl Settings {
    /// The first value that cannot be right, as (field, reason).
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
                // Signed links of S3 hold for a week at most.
                range("storage.link_minutes", minutes, 1.0, 10_080.0)
            })
            .or_else(|| {
                let minutes = f64::from(self.storage.collect_minutes);
                range("storage.collect_minutes", minutes, 1.0, 10_080.0)
            })
            .or_else(|| range("assets.max_mib", self.assets.max_mib as f64, 1.0, 1_048_576.0))
            .or_else(|| {
                let seconds = self.assets.fetch_seconds as f64;
                // A request that takes longer is ended.
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
