//! Synchronizes a job's folder when the job's tasks run on machines that share no disk.
//!
//! Each machine has a working copy of the folder. Before a task, the copy is synchronized with the object store
//! ([`JobCopy::fetch`]). After a task, new and changed files are uploaded ([`JobCopy::send`]), and only then is the
//! task's result written. A worker that claims a following task therefore has all files that it needs. Without an
//! object store, both do nothing.
//!
//! The reasons why that is safe:
//!
//! - A stage's artifacts are used only with its note (`.work/steps/…`), which contains the hash of all their
//!   inputs. In the store a note is removed before and written after its artifacts; a copy gets notes before
//!   artifacts. A worker that dies at any moment leaves notes that are correct, or none.
//! - A worker that lost its lease does no harm. The caller checks the lease with the database right before the
//!   upload, and checks `stop` before every object. A worker that is suspended during the upload and continues
//!   after its lease may still write an object. Usually it is the same one that its successor writes, since the
//!   stage's input determines the content of a name. If the brief was changed in the meantime, the object belongs
//!   to the earlier brief; a note contains the stamps of its artifacts, so the object is then created again. Such a
//!   worker cannot write the result of its task.
//! - Two tasks of the same job in one process share the copy. The copy is reset to the store's content only if no
//!   task is running. Otherwise only new objects of the store are added, since the unfinished stage of the other
//!   task must not be modified.
//! - Temporary names are never uploaded.
//!
//! The state that the copy and the store have in common is in `.store.json` beside the files. Without it, everything
//! is fetched again.

use crate::{Bucket, Entry, Storage, StorageError, block_on, entries};
use futures_util::{StreamExt, TryStreamExt, stream};
use pytoon_core::artifact;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The name of the file that records which files are equal in the copy and in the object store.
const COMMON: &str = ".store.json";
/// The number of objects that are transferred concurrently.
const AT_ONCE: usize = 4;

/// The working copies that tasks of this process use, by job.
#[derive(Debug, Default)]
pub(crate) struct Busy(Mutex<HashMap<String, Arc<Shared>>>);

/// The working copy of a job that several tasks of this process share.
#[derive(Debug, Default)]
struct Shared {
    /// The number of running tasks that use the copy.
    at_work: AtomicUsize,
    /// The lock that lets one task at a time transfer files.
    turn: tokio::sync::Mutex<()>,
}

/// Returns the storage name of a job's folder.
pub fn folder_of(job: &str) -> String {
    format!("jobs/{job}")
}

/// A task's use of a job's working copy.
#[derive(Debug)]
pub struct JobCopy {
    storage: Storage,
    job: String,
    shared: Arc<Shared>,
    is_at_work: bool,
}

/// The state of a file that is equal in the working copy and in the object store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Same {
    /// The version of the object.
    version: String,
    /// The size, inode and modification time of the local file.
    stamp: String,
}

/// The equal files, by name in the job's folder.
type Common = BTreeMap<String, Same>;

impl Storage {
    /// Returns a handle to a job's working copy for one task. The copy is in use until the handle is dropped.
    pub fn job(&self, job: &str) -> JobCopy {
        let mut busy = self.jobs.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = busy.entry(job.to_owned()).or_default().clone();
        JobCopy { storage: self.clone(), job: job.to_owned(), shared, is_at_work: false }
    }
}

impl JobCopy {
    /// Updates the working copy from the object store. Returns [`StorageError::Stopped`] as soon as `stop` returns
    /// true. Blocks the thread; must not be called from an async task.
    pub fn fetch(&mut self, stop: &(dyn Fn() -> bool + Sync)) -> Result<(), StorageError> {
        let Some(bucket) = self.storage.bucket.clone() else { return Ok(()) };
        block_on(async {
            let shared = self.shared.clone();
            let _turn = shared.turn.lock().await;
            let alone = shared.at_work.load(Ordering::Acquire) == 0;
            self.take_over(&bucket, alone, stop).await?;
            shared.at_work.fetch_add(1, Ordering::AcqRel);
            self.is_at_work = true;
            Ok(())
        })
    }

    /// Uploads the new and changed files of the working copy, and deletes the objects of its removed files. Returns
    /// [`StorageError::Stopped`] as soon as `stop` returns true. Blocks the thread; must not be called from an async
    /// task.
    pub fn send(&self, stop: &(dyn Fn() -> bool + Sync)) -> Result<(), StorageError> {
        let Some(bucket) = self.storage.bucket.clone() else { return Ok(()) };
        block_on(async {
            let _turn = self.shared.turn.lock().await;
            self.hand_over(&bucket, stop).await
        })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.storage.path(&self.object(name))
    }

    fn object(&self, name: &str) -> String {
        format!("{}/{name}", folder_of(&self.job))
    }

    /// Converts storage names to names in the job's folder. Omits temporary files.
    fn own(&self, entries: Vec<Entry>) -> BTreeMap<String, Entry> {
        let before = self.object("");
        let own = entries.into_iter().filter_map(|entry| {
            let name = entry.name.strip_prefix(&before)?.to_owned();
            (!is_temporary(&name)).then_some((name, entry))
        });
        own.collect()
    }

    async fn in_store(&self, bucket: &Bucket) -> Result<BTreeMap<String, Entry>, StorageError> {
        Ok(self.own(bucket.list(&folder_of(&self.job)).await?))
    }

    fn here(&self) -> Result<BTreeMap<String, Entry>, StorageError> {
        Ok(self.own(entries::of_folder(&self.storage.folder, &folder_of(&self.job))?))
    }

    async fn take_over(
        &self,
        bucket: &Bucket,
        alone: bool,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), StorageError> {
        let (there, here, mut common) = (self.in_store(bucket).await?, self.here()?, self.common());
        let is_same = |name: &str, entry: &Entry| {
            let Some(same) = common.get(name) else { return false };
            let untouched = here.get(name).is_some_and(|here| here.version == same.stamp);
            same.version == entry.version && (untouched || !alone)
        };
        let missing = there.iter().filter(|(name, entry)| !is_same(name, entry));
        let (notes, rest): (Vec<_>, Vec<_>) = missing.partition(|(name, _)| is_note(name));
        let mut fetched = Vec::new();
        for wanted in [notes, rest] {
            let fetching = stream::iter(wanted).map(|(name, entry)| async move {
                if stop() {
                    return Err(StorageError::Stopped);
                }
                let path = self.path(name);
                // An object that is gone meanwhile was removed by a task of another brief.
                let is_there = bucket.download(&entry.name, &path).await?.is_some();
                let stamp = std::fs::metadata(&path).ok().filter(|_| is_there);
                let stamp = stamp.map(|metadata| entries::stamp(&metadata));
                Ok(stamp
                    .map(|stamp| (name.clone(), Same { version: entry.version.clone(), stamp })))
            });
            let some: Vec<Option<(String, Same)>> =
                fetching.buffer_unordered(AT_ONCE).try_collect().await?;
            fetched.extend(some.into_iter().flatten());
        }
        if alone {
            let gone: Vec<String> =
                common.keys().filter(|name| !there.contains_key(*name)).cloned().collect();
            for name in gone {
                self.storage.remove_here(&self.object(&name)).await?;
                common.remove(&name);
            }
        }
        if !fetched.is_empty() {
            common.extend(fetched);
        }
        self.keep_common(&common)
    }

    async fn hand_over(
        &self,
        bucket: &Bucket,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<(), StorageError> {
        let mut common = self.common();
        // Notes are read before artifacts are listed: their artifacts exist by then.
        let mut notes = Vec::new();
        let steps = self.object(&format!("{}/{}", artifact::WORK_DIR, artifact::STEPS_DIR));
        for (name, entry) in self.own(entries::of_folder(&self.storage.folder, &steps)?) {
            let is_new = common.get(&name).is_none_or(|same| same.stamp != entry.version);
            if is_new && let Ok(bytes) = std::fs::read(self.path(&name)) {
                notes.push((name, entry.version, bytes));
            }
        }
        let here = self.here()?;
        let mut gone: Vec<String> =
            common.keys().filter(|name| !here.contains_key(*name)).cloned().collect();
        gone.sort_by_key(|name| !is_note(name));
        for name in gone {
            if stop() {
                return Err(StorageError::Stopped);
            }
            bucket.delete(&self.object(&name)).await?;
            common.remove(&name);
        }
        // A note that is about to change must not be valid meanwhile.
        for (name, _, _) in notes.iter().filter(|(name, ..)| common.contains_key(name)) {
            bucket.delete(&self.object(name)).await?;
        }
        let changed = here.iter().filter(|(name, entry)| {
            let is_new = common.get(*name).is_none_or(|same| same.stamp != entry.version);
            is_new && !is_note(name)
        });
        // The film comes last, so it never appears before its receipt and captions.
        let (films, rest): (Vec<_>, Vec<_>) =
            changed.partition(|(name, _)| name.as_str() == artifact::OUTPUT);
        let mut sent: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
        for wanted in [rest, films] {
            let sending = stream::iter(wanted).map(|(name, entry)| async move {
                if stop() {
                    return Err(StorageError::Stopped);
                }
                match bucket.upload(&entry.name, &self.path(name)).await {
                    Ok(version) => Ok(Some((name.clone(), (entry.version.clone(), version)))),
                    // Another task of this process has removed it meanwhile.
                    Err(StorageError::File { source, .. }) if crate::is_absent(&source) => Ok(None),
                    Err(error) => Err(error),
                }
            });
            let some: Vec<Option<_>> = sending.buffer_unordered(AT_ONCE).try_collect().await?;
            sent.extend(some.into_iter().flatten());
        }
        for (name, stamp, bytes) in notes {
            if stop() {
                return Err(StorageError::Stopped);
            }
            let version = bucket.write(&self.object(&name), bytes).await?;
            sent.insert(name, (stamp, version));
        }
        if sent.is_empty() {
            return self.keep_common(&common);
        }
        // Versions as lists report them, since they are compared with lists.
        let there = self.in_store(bucket).await?;
        for (name, (stamp, version)) in sent {
            let Some(entry) = there.get(&name) else { continue };
            let is_ours = version
                .is_none_or(|version| entry.version == version || entry.version.contains('@'));
            if is_ours {
                common.insert(name, Same { version: entry.version.clone(), stamp });
            }
        }
        self.keep_common(&common)
    }

    /// Returns the files that are equal in the working copy and in the object store, as last recorded. Other files
    /// are fetched again.
    fn common(&self) -> Common {
        let bytes = std::fs::read(self.path(COMMON)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    fn keep_common(&self, common: &Common) -> Result<(), StorageError> {
        let path = self.path(COMMON);
        let written = || {
            let bytes = serde_json::to_vec(common)?;
            std::fs::create_dir_all(path.parent().unwrap_or(&path))?;
            let part = path.with_extension("json.part");
            std::fs::write(&part, bytes)?;
            std::fs::rename(&part, &path)
        };
        written().map_err(|error| StorageError::file("write", &path, error))
    }
}

impl Drop for JobCopy {
    fn drop(&mut self) {
        if self.is_at_work {
            self.shared.at_work.fetch_sub(1, Ordering::AcqRel);
        }
        let mut busy = self.storage.jobs.0.lock().unwrap_or_else(PoisonError::into_inner);
        // This one and the map: no other task uses it.
        if Arc::strong_count(&self.shared) == 2 {
            busy.remove(&self.job);
        }
    }
}

impl Storage {
    /// Returns true if tasks of this process use the job's working copy.
    pub fn is_busy(&self, job: &str) -> bool {
        self.jobs.0.lock().unwrap_or_else(PoisonError::into_inner).contains_key(job)
    }
}

fn is_note(name: &str) -> bool {
    let rest = name.strip_prefix(artifact::WORK_DIR).and_then(|rest| rest.strip_prefix('/'));
    rest.and_then(|rest| rest.strip_prefix(artifact::STEPS_DIR)).is_some_and(|r| r.starts_with('/'))
}

/// Returns true for a file that is incomplete or that only this machine needs.
fn is_temporary(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.ends_with(".part")
        || file.contains(".part.")
        || file.ends_with(".silent.mp4")
        || file == "lock"
        || file == COMMON
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_files_are_recognized_by_their_names() {
        for name in
            ["a.part", ".work/chunks/000.mp4.01-2.part", ".work/video.part.mp4", ".work/lock"]
        {
            assert!(is_temporary(name), "{name}");
        }
        for name in
            ["output.mp4", ".work/steps/plan", "voice/take_001.wav", ".work/particular.json"]
        {
            assert!(!is_temporary(name), "{name}");
        }
        assert!(is_note(".work/steps/plan") && !is_note(".work/plan.json") && !is_note("steps/x"));
    }
}
