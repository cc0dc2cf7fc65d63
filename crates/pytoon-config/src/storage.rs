//! The storage of films and its retention: `storage` in `defaults.yaml`.

use serde::{Deserialize, Serialize};

/// The storage of films and its retention.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StorageSettings {
    /// The object store, `s3://bucket/prefix`; empty to use the folder `storage_dir`.
    pub url: String,
    /// The URL at which clients reach the object store; empty if it is the same as for this machine.
    pub public_endpoint: String,
    /// The lifetime of links to the object store, in minutes, 1 to 10080 (a week).
    pub link_minutes: u32,
    /// The free disk space below which no job is accepted or started, in MiB.
    pub min_free_mib: u64,
    /// The interval between garbage collections, in minutes, 1 to 10080.
    pub collect_minutes: u32,
    /// The retention times.
    pub retention: RetentionSettings,
}

/// Retention times in days; null for no limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RetentionSettings {
    /// The retention of films with their captions, covers and takes, in days after the end of their job.
    /// `timeline.json`, `mixed.wav` and the receipt are stored as long as the job.
    pub films_days: Option<u32>,
    /// The retention of work files that are needed to resume a job, in days after its end.
    pub work_days: Option<u32>,
    /// The retention of uploaded files, in days after a brief last named them.
    pub assets_days: Option<u32>,
    /// The retention of purchased clips, in days after they were stored.
    pub clips_days: Option<u32>,
    /// The retention of purchased voice takes and transcripts, in days after they were stored.
    pub takes_days: Option<u32>,
}
