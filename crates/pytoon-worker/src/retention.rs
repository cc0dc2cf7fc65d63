//! Removes expired files: films and work files of ended jobs, uploads, purchases.
//!
//! Guarantees: files that an unfinished job needs are never removed. Its folder is skipped, and files that its brief
//! or its scenes name stay regardless of their age. The record of a purchase is removed first and its file in a later
//! round, so that a process that looked it up before has recorded its use by then. `timeline.json`, `mixed.wav`, the
//! receipt and the plan stay as long as the job; only a person deletes the job's rows.
//!
//! One process at a time collects shared files; each machine collects its own copies of files in an object store.
//!
//! Start with [`Collector::collect`].

use pytoon_config::storage::RetentionSettings;
use pytoon_core::artifact;
use pytoon_core::layout::Format;
use pytoon_process::CancelToken;
use pytoon_records::job::JobStatus;
use pytoon_records::job::files::{ASSET_MARK, FileStore};
use pytoon_records::job::store::{JobFilter, JobRow, JobStore};
use pytoon_records::ledger::StoreError;
use pytoon_storage::job_files::folder_of;
use pytoon_storage::{Entry, Storage, StorageError};
use pytoon_telemetry::ServiceEvent;
use pytoon_vendor::world::{RealWorld, World};
use pytoon_vocabulary::{DAY_MS, JobId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// The name of the claim under which one process at a time collects files.
const TURN: &str = "collect";
/// The duration of the claim on a collection.
const TURN_HOLDS: Duration = Duration::from_secs(1800);
/// The time for which files without a record stay, since they may be about to be recorded.
const ORPHAN_MS: i64 = DAY_MS;
/// The time for which a machine keeps its copy of an ended job's files.
const COPY_MS: i64 = 3_600_000;
/// The interval between checks for a shutdown.
const LOOK: Duration = Duration::from_millis(200);
/// Files that are stored as long as their job.
const LASTING: [&str; 5] = [
    artifact::TIMELINE,
    artifact::MIXED,
    artifact::METADATA,
    artifact::SCENE_GRAPH,
    artifact::BRIEF,
];

/// An error that ended a collection.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// An operation on the database failed.
    #[error(transparent)]
    Rows(#[from] StoreError),
    /// Stored files could not be listed or removed.
    #[error("failed to {0}")]
    Files(#[from] StorageError),
}

/// The result of a collection.
pub type Result<T, E = CollectError> = std::result::Result<T, E>;

/// An expired file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The kind of the file: `films`, `work`, `assets`, `clips`, `takes`, `uploads`, `orphans` or `copies`.
    pub kind: &'static str,
    /// The name of the file in the storage.
    pub name: String,
    /// The size of the file, in bytes.
    pub size_bytes: u64,
}

/// The collector of expired files.
#[derive(Debug, Clone)]
pub struct Collector {
    /// The storage of files.
    pub storage: Storage,
    /// The store of jobs.
    pub jobs: Arc<dyn JobStore>,
    /// The store of records of uploads and purchases.
    pub files: Arc<dyn FileStore>,
    /// The retention periods.
    pub retention: RetentionSettings,
    /// The name under which this process claims a collection.
    pub name: String,
    /// True to report expired files without removing them.
    pub is_rehearsal: bool,
}

/// The files that unfinished jobs need.
#[derive(Debug, Default)]
struct Needs {
    /// The ids of the uploads that the jobs name.
    assets: BTreeSet<String>,
    /// The results of the jobs' scenes as text, in which the names of clips are searched.
    scenes: String,
}

impl Needs {
    fn names(&self, file: &str) -> bool {
        self.scenes.contains(file)
    }
}

impl Collector {
    /// Collects expired files periodically until shutdown.
    pub async fn run(self, every: Duration, drain: CancelToken) {
        let mut waited = every;
        while !drain.is_cancelled() {
            if waited < every {
                tokio::time::sleep(LOOK).await;
                waited += LOOK;
                continue;
            }
            waited = Duration::ZERO;
            if let Err(error) = self.collect().await {
                let reason = error.to_string();
                ServiceEvent::StorageCollectFailed { reason: &reason }.emit();
            }
        }
    }

    /// Removes the expired files and returns them; a rehearsal only returns them. While another process collects,
    /// only this machine's copies of files in an object store are removed.
    pub async fn collect(&self) -> Result<Vec<Removal>> {
        let needs = self.needs().await?;
        let mut removed = Vec::new();
        if self.is_rehearsal || self.files.turn_take(TURN, &self.name, TURN_HOLDS).await? {
            self.of_jobs(&mut removed).await?;
            self.of_assets(&needs, &mut removed).await?;
            self.of_bought("clips", "clips", self.retention.clips_days, &needs, &mut removed)
                .await?;
            for folder in ["takes", "transcripts"] {
                let days = self.retention.takes_days;
                self.of_bought("takes", folder, days, &needs, &mut removed).await?;
            }
            self.of_uploads(&mut removed).await?;
            if !self.is_rehearsal {
                // Another process may collect in the next round.
                self.files.turn_take(TURN, &self.name, Duration::ZERO).await?;
            }
        }
        if self.storage.bucket().is_some() {
            self.of_copies(&needs, &mut removed).await?;
        }
        if !self.is_rehearsal {
            log_removed(&removed);
        }
        Ok(removed)
    }

    /// Returns the files that unfinished jobs need, including held jobs, which may be resumed later.
    async fn needs(&self) -> Result<Needs> {
        let mut needs = Needs::default();
        let is_live = |status: &JobStatus| !status.is_terminal() || *status == JobStatus::Held;
        for status in JobStatus::ALL.into_iter().filter(is_live) {
            let mut after = None;
            loop {
                let filter = JobFilter {
                    status: Some(status),
                    after,
                    limit: 200,
                    with_briefs: true,
                    ..JobFilter::default()
                };
                let rows = self.jobs.job_list(filter).await?;
                for row in &rows {
                    assets_in(&row.brief, &mut needs.assets);
                    let scenes =
                        format!("{}/{}/scenes", folder_of(row.id.as_str()), artifact::WORK_DIR);
                    for entry in self.storage.list(&scenes).await? {
                        let bytes = self.storage.read(&entry.name).await?.unwrap_or_default();
                        needs.scenes.push_str(&String::from_utf8_lossy(&bytes));
                    }
                }
                match rows.last() {
                    Some(last) if rows.len() == 200 => {
                        after = Some((last.created_at, last.id.clone()));
                    }
                    _ => break,
                }
            }
        }
        Ok(needs)
    }

    async fn of_jobs(&self, removed: &mut Vec<Removal>) -> Result<()> {
        let now = RealWorld.now();
        for (job, mut entries) in by_job(self.storage.list("jobs").await?) {
            let row = self.jobs.job_fetch(&job).await?;
            let Some(row) = row else {
                // The files of a deleted job, or of one that a worker without a lease kept writing.
                if entries.iter().all(|entry| now - entry.modified_ms > ORPHAN_MS) {
                    self.remove("orphans", entries, removed).await?;
                }
                continue;
            };
            let Some(ended) = ended_at(&row) else { continue };
            let is_past = |days: Option<u32>| {
                days.is_some_and(|days| now - ended >= i64::from(days) * DAY_MS)
            };
            // Notes are removed first: artifacts without a note are not used.
            let notes = format!("{}/", artifact::STEPS_DIR);
            entries.sort_by_key(|entry| !entry.name.contains(&notes));
            let folder = folder_of(job.as_str());
            let work = format!("{folder}/{}/", artifact::WORK_DIR);
            let (work, films): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|entry| entry.name.starts_with(&work));
            if is_past(self.retention.work_days) {
                self.remove("work", work, removed).await?;
            }
            if is_past(self.retention.films_days) {
                let further = Format::ALL.into_iter().flat_map(|format| {
                    let names = [artifact::TIMELINE, artifact::METADATA];
                    names.map(|name| artifact::in_format(name, format))
                });
                let lasting = LASTING.into_iter().map(str::to_owned).chain(further);
                let lasting: Vec<String> = lasting.map(|name| format!("{folder}/{name}")).collect();
                let films = films.into_iter().filter(|entry| !lasting.contains(&entry.name));
                self.remove("films", films.collect(), removed).await?;
            }
        }
        Ok(())
    }

    async fn of_assets(&self, needs: &Needs, removed: &mut Vec<Removal>) -> Result<()> {
        let Some(days) = self.retention.assets_days else { return Ok(()) };
        let unused_for = Duration::from_secs(u64::from(days) * 86_400);
        for row in self.files.asset_list_unused(unused_for).await? {
            if needs.assets.contains(&row.id) {
                continue;
            }
            // The row is removed first: a brief that names it at this moment keeps it.
            if self.is_rehearsal || self.files.asset_remove(&row.id, unused_for).await? {
                let size_bytes = row.size_bytes.unsigned_abs();
                if !self.is_rehearsal {
                    self.storage.remove(&row.file).await?;
                }
                removed.push(Removal { kind: "assets", name: row.file, size_bytes });
            }
        }
        Ok(())
    }

    async fn of_bought(
        &self,
        kind: &'static str,
        folder: &str,
        days: Option<u32>,
        needs: &Needs,
        removed: &mut Vec<Removal>,
    ) -> Result<()> {
        let Some(days) = days else { return Ok(()) };
        let now = RealWorld.now();
        let before = format!("{folder}/");
        let kept = self.files.kept_file_list().await?;
        let known: BTreeSet<&str> = kept.iter().map(|kept| kept.file.as_str()).collect();
        let entries = self.storage.list(folder).await?;
        // Files that an earlier round forgot, and that have no record since.
        let forgotten = entries.iter().filter(|entry| {
            !known.contains(entry.name.as_str())
                && !needs.names(&entry.name)
                && now - entry.modified_ms > ORPHAN_MS
        });
        self.remove(kind, forgotten.cloned().collect(), removed).await?;
        for old in &kept {
            let is_past = old.age_ms >= i64::from(days) * DAY_MS;
            if !old.file.starts_with(&before) || !is_past || needs.names(&old.file) {
                continue;
            }
            if self.is_rehearsal {
                let size = entries.iter().find(|entry| entry.name == old.file);
                let size_bytes = size.map_or(0, |entry| entry.size_bytes);
                removed.push(Removal { kind, name: old.file.clone(), size_bytes });
            } else {
                self.files.kept_file_forget(&old.file).await?;
            }
        }
        Ok(())
    }

    /// Removes uploads that were begun more than a day ago and not completed or confirmed.
    async fn of_uploads(&self, removed: &mut Vec<Removal>) -> Result<()> {
        let now = RealWorld.now();
        let mut old = self.storage.list_folder("incoming").await?;
        if self.storage.bucket().is_some() {
            old.extend(self.storage.list("uploads").await?);
        }
        old.retain(|entry| now - entry.modified_ms > ORPHAN_MS);
        self.remove("uploads", old, removed).await
    }

    /// Removes this machine's unused copies of files in the object store.
    async fn of_copies(&self, needs: &Needs, removed: &mut Vec<Removal>) -> Result<()> {
        let now = RealWorld.now();
        for (job, entries) in by_job(self.storage.list_folder("jobs").await?) {
            let row = self.jobs.job_fetch(&job).await?;
            let is_over = row.as_ref().is_none_or(|row| ended_at(row).is_some());
            let is_old = entries.iter().all(|entry| now - entry.modified_ms > COPY_MS);
            if !is_over || !is_old || self.storage.is_busy(job.as_str()) {
                continue;
            }
            removed.extend(entries.into_iter().map(|entry| of("copies", entry)));
            if !self.is_rehearsal {
                self.storage.remove_job_here(job.as_str()).await?;
            }
        }
        for folder in ["clips", "takes", "transcripts", "assets"] {
            for entry in self.storage.list_folder(folder).await? {
                let is_needed = needs.names(&entry.name)
                    || needs.assets.iter().any(|id| entry.name.contains(id.as_str()));
                if is_needed || now - entry.modified_ms <= DAY_MS {
                    continue;
                }
                if !self.is_rehearsal {
                    self.storage.remove_here(&entry.name).await?;
                }
                removed.push(of("copies", entry));
            }
        }
        Ok(())
    }

    async fn remove(
        &self,
        kind: &'static str,
        entries: Vec<Entry>,
        removed: &mut Vec<Removal>,
    ) -> Result<()> {
        for entry in entries {
            if !self.is_rehearsal {
                self.storage.remove(&entry.name).await?;
            }
            removed.push(of(kind, entry));
        }
        Ok(())
    }
}

fn of(kind: &'static str, entry: Entry) -> Removal {
    Removal { kind, name: entry.name, size_bytes: entry.size_bytes }
}

/// Groups the files of the service's jobs by job. Skips the films of `pytoon render`, which are in the same folder
/// under other names and belong to their user.
fn by_job(entries: Vec<Entry>) -> BTreeMap<JobId, Vec<Entry>> {
    let mut jobs: BTreeMap<JobId, Vec<Entry>> = BTreeMap::new();
    for entry in entries {
        let job = entry.name.strip_prefix("jobs/").and_then(|rest| rest.split('/').next());
        let job = job.filter(|job| job.len() == 36 && uuid::Uuid::parse_str(job).is_ok());
        if let Some(job) = job.map(JobId::from) {
            jobs.entry(job).or_default().push(entry);
        }
    }
    jobs
}

/// Returns the time at which a job ended; `None` if it is unfinished or held.
fn ended_at(row: &JobRow) -> Option<i64> {
    let is_over = row.status.is_terminal() && row.status != JobStatus::Held;
    is_over.then(|| row.finished_at.unwrap_or(row.updated_at))
}

/// Adds the ids of the uploads that a brief names to `found`.
fn assets_in(value: &serde_json::Value, found: &mut BTreeSet<String>) {
    match value {
        serde_json::Value::String(text) => {
            found.extend(text.strip_prefix(ASSET_MARK).map(str::to_owned));
        }
        serde_json::Value::Array(all) => all.iter().for_each(|one| assets_in(one, found)),
        serde_json::Value::Object(map) => map.values().for_each(|one| assets_in(one, found)),
        _ => {}
    }
}

/// Counts and logs the removed files, by kind.
fn log_removed(removed: &[Removal]) {
    let mut kinds: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
    for one in removed {
        let sums = kinds.entry(one.kind).or_default();
        sums.0 += 1;
        sums.1 += one.size_bytes;
    }
    for (kind, (files, bytes)) in kinds {
        ServiceEvent::StorageCollected { kind, files, bytes }.emit();
    }
}
