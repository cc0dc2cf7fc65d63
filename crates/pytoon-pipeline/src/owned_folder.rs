//! A job folder that one process owns, from the first stage to the finished film.
//!
//! Guarantees: if the file system supports locks, two processes never work in the same folder; a failure in a
//! new folder leaves no file behind; a cancel retains finished stages and leaves no partial file; the
//! intermediate files of a finished film are retained in `.cache`, so that a changed brief redraws only the
//! changed parts.
//!
//! `.work` exists only while a film is unfinished. Opening a finished folder renames `.cache` to `.work`; finishing
//! renames it back.

use crate::folder::JobIdentity;
use pytoon_core::artifact;
use pytoon_engines::world::{RealWorld, World};
use pytoon_process::{SystemError, disk};
use std::fs::{File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Maximum time to wait for a folder that another process has locked.
const LOCK_PATIENCE: Duration = Duration::from_secs(3);
/// The interval between attempts to lock the folder.
const LOCK_RETRY: Duration = Duration::from_millis(25);

/// The state of a folder at the time when it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// The folder contains no work files.
    Nothing,
    /// The folder contains the work files of an unfinished job.
    Unfinished,
    /// The folder contains the intermediate files of a finished film.
    Finished,
}

/// A job folder that this process has locked.
#[derive(Debug)]
pub(crate) struct OwnedFolder {
    root: PathBuf,
    found: Found,
    /// The folders that `open` created, innermost first.
    created: Vec<PathBuf>,
    /// The lock on the folder, held until this value is dropped or the process ends.
    _lock: File,
}

impl OwnedFolder {
    /// Locks a folder, and creates it if it does not exist. Moves the files of a finished film from `.cache` to
    /// `.work` and removes partial files.
    ///
    /// # Errors
    /// Returns an error if another process owns the folder.
    pub(crate) fn open(root: &Path) -> Result<Self, SystemError> {
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let created = root.ancestors().take_while(is_missing).map(Path::to_owned).collect();
        let (work, cache) = (root.join(artifact::WORK_DIR), root.join(artifact::CACHE_DIR));
        loop {
            let found = match (work.is_dir(), cache.is_dir()) {
                (true, _) => Found::Unfinished,
                (false, true) => {
                    // Another process may be faster; the lock decides.
                    let _ = std::fs::rename(&cache, &work);
                    Found::Finished
                }
                (false, false) => Found::Nothing,
            };
            disk::create_folder(&work)?;
            let lock = lock(&work)?;
            // The previous holder of the lock may have moved the folder when it finished.
            if is_at(&lock, &work.join("lock")) {
                remove_temp_files(&work);
                return Ok(Self { root: root.to_owned(), found, created, _lock: lock });
            }
        }
    }

    /// Returns the unfinished job of this folder, or a new job if there is none.
    pub(crate) fn job(&self) -> JobIdentity {
        JobIdentity::read(&self.work_dir()).unwrap_or_else(new_job)
    }

    fn work_dir(&self) -> PathBuf {
        self.root.join(artifact::WORK_DIR)
    }

    /// Moves the intermediate files of the finished film to `.cache`, in place of an earlier film's, and ends the
    /// job; the next render is a new job.
    pub(crate) fn finish(self) -> Result<(), SystemError> {
        let (work, cache) = (self.work_dir(), self.root.join(artifact::CACHE_DIR));
        disk::remove_file(&work.join(artifact::JOB))?;
        remove_temp_files(&work);
        if cache.exists() {
            std::fs::remove_dir_all(&cache).map_err(|e| SystemError::write(&cache, e))?;
        }
        std::fs::rename(&work, &cache).map_err(|e| SystemError::write(&cache, e))
    }

    /// Retains the finished stages for the next run after a cancel. If the folder was new and no stage has finished,
    /// removes its work files.
    pub(crate) fn pause(self) {
        let notes = std::fs::read_dir(self.work_dir().join(artifact::STEPS_DIR));
        if self.found == Found::Nothing && !notes.is_ok_and(|mut notes| notes.next().is_some()) {
            return self.abandon();
        }
        remove_temp_files(&self.work_dir());
    }

    /// Cleans up after a failure: removes the work files of a new job, retains those of an unfinished job, and moves
    /// those of a finished film back to `.cache`.
    pub(crate) fn abandon(self) {
        // The failure being reported matters more than a failed cleanup.
        match self.found {
            Found::Nothing => {
                let _ = std::fs::remove_dir_all(self.work_dir());
                for folder in &self.created {
                    let _ = std::fs::remove_dir(folder);
                }
            }
            Found::Unfinished => remove_temp_files(&self.work_dir()),
            Found::Finished => drop(self.finish()),
        }
    }
}

/// Removes partial files from a work folder, in which no other process writes.
fn remove_temp_files(work: &Path) {
    for entry in std::fs::read_dir(work).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            remove_temp_files(&path);
        } else if disk::is_part(&path) {
            // A leftover takes some space and does no harm.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn is_at(file: &File, path: &Path) -> bool {
    let id = |metadata: std::fs::Metadata| (metadata.dev(), metadata.ino());
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(file), Ok(there)) => id(file) == id(there),
        _ => false,
    }
}

fn lock(work: &Path) -> Result<File, SystemError> {
    let path = work.join("lock");
    let file = File::create(&path).map_err(|e| SystemError::write(&path, e))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            // A process that was killed while it spawned a program leaves its lock to that program for a moment.
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(LOCK_RETRY);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(SystemError::unusable(
                    work.parent().unwrap_or(work),
                    "another pytoon is working on this job; wait for it, or choose another folder",
                ));
            }
            // File systems without locks have a single user, or careful ones.
            Err(TryLockError::Error(_)) => return Ok(file),
        }
    }
}

/// Returns a job with a new id that begins now.
pub(crate) fn new_job() -> JobIdentity {
    JobIdentity { id: RealWorld.new_id().into(), started_at_ms: RealWorld.now() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finished_folder_is_opened_again_with_its_pieces_as_another_job() {
        let root = tempfile::tempdir().expect("folder");
        let root = root.path().join("deep/job");
        let at = |name: &str| root.join(name);
        let owned = OwnedFolder::open(&root).expect("opens");
        let first = owned.job();
        std::fs::write(at(".work/job.json"), serde_json::to_vec(&first).expect("json")).expect("w");
        std::fs::write(at(".work/piece"), b"x").expect("writes");
        std::fs::write(at(".work/half.01-2.part"), b"x").expect("writes");
        assert_eq!(owned.job(), first);
        owned.finish().expect("finishes");
        assert!(at(".cache/piece").is_file() && !at(".work").exists());
        assert!(!at(".cache/half.01-2.part").exists());
        let owned = OwnedFolder::open(&root).expect("opens");
        assert!(at(".work/piece").is_file() && !at(".cache").exists());
        assert_ne!(owned.job(), first);
        // A failure leaves the finished film unchanged.
        owned.abandon();
        assert!(at(".cache/piece").is_file() && !at(".work").exists());
    }

    #[test]
    fn a_failure_leaves_nothing_and_a_cancel_leaves_what_is_done() {
        let outer = tempfile::tempdir().expect("folder");
        let root = outer.path().join("deep/job");
        OwnedFolder::open(&root).expect("opens").abandon();
        assert!(!outer.path().join("deep").exists());
        OwnedFolder::open(&root).expect("opens").pause();
        assert!(!outer.path().join("deep").exists());
        let owned = OwnedFolder::open(&root).expect("opens");
        std::fs::create_dir(root.join(".work/steps")).expect("a folder");
        std::fs::write(root.join(".work/steps/plan"), b"x").expect("writes");
        owned.pause();
        assert!(root.join(".work/steps/plan").is_file());
        OwnedFolder::open(&root).expect("opens").abandon();
        assert!(root.join(".work/steps/plan").is_file(), "what a cancel kept stays");
    }

    #[test]
    fn a_second_process_is_kept_out() {
        let root = tempfile::tempdir().expect("folder");
        let _owned = OwnedFolder::open(root.path()).expect("opens");
        let error = OwnedFolder::open(root.path()).expect_err("is kept out").to_string();
        assert!(error.contains("another pytoon is working"), "{error}");
    }
}
