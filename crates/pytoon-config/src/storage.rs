//! Where films are kept, and for how long: `storage` in `defaults.yaml`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where films are kept, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StorageSettings {
    /// The object store, `s3://bucket/prefix`; empty for the folder `storage_dir`.
    pub url: String,
    /// Where clients reach the object store, where that is another address than this machine's.
    pub public_endpoint: String,
    /// How long links to the object store hold, in minutes.
    pub link_minutes: u32,
    /// Free disk below which no new job is taken or begun, in MiB.
    pub min_free_mib: u64,
    /// How often what is out of date is looked for, in minutes.
    pub collect_minutes: u32,
    /// How long things are kept.
    pub retention: RetentionSettings,
}

/// How long things are kept, in days; for ever where null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionSettings {
    /// Films with their captions, covers and takes, after their job has ended. `timeline.json`,
    /// `mixed.wav` and the receipt stay as long as the job.
    pub films_days: Option<u32>,
    /// What a job that has ended would be gone on with.
    pub work_days: Option<u32>,
    /// Uploaded files, after they were last named in a brief.
    pub assets_days: Option<u32>,
    /// Clips that were bought, after they were kept.
    pub clips_days: Option<u32>,
    /// Voice takes and transcripts that were bought, after they were kept.
    pub takes_days: Option<u32>,
}
