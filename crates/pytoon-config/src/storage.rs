//! The storage of films and its retention: `storage` in `defaults.yaml`.

use serde::{Deserialize, Serialize};

/// The storage of films and its retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StorageSettings {
    /// The object store, `s3://bucket/prefix`; empty for the folder `storage_dir`.
    pub url: String,
    /// The address of the object store for clients; empty if it is the same as for this machine.
    pub public_endpoint: String,
    /// The lifetime of links to the object store, in minutes.
    pub link_minutes: u32,
    /// The free disk below which no job is accepted or started, in MiB.
    pub min_free_mib: u64,
    /// The interval of garbage collection, in minutes.
    pub collect_minutes: u32,
    /// The retention times.
    pub retention: RetentionSettings,
}

/// Retention times in days; null for no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RetentionSettings {
    /// Films with their captions, covers and takes, after the end of their job. `timeline.json`, `mixed.wav` and the
    /// receipt stay as long as the job.
    pub films_days: Option<u32>,
    /// Work files needed to resume a job, after its end.
    pub work_days: Option<u32>,
    /// Uploaded files, after the last brief that named them.
    pub assets_days: Option<u32>,
    /// Bought clips, after they were kept.
    pub clips_days: Option<u32>,
    /// Bought voice takes and transcripts, after they were kept.
    pub takes_days: Option<u32>,
}
