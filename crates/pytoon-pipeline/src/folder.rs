//! A job's folder: work under way, finished artifacts, and what earlier runs left.
//!
//! Everything is made in `.work` and moved into place at the end, so a film that exists is never
//! half replaced. `.work/checkpoint.json` names the finished steps with the hash of their input;
//! a later run takes over what still fits.

use pytoon_core::layout;
use pytoon_engines::world::{RealWorld, World};
use pytoon_media::{MediaError, disk};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A job's folder.
#[derive(Debug)]
pub(crate) struct JobFolder {
    root: PathBuf,
    /// Folders that did not exist before, outermost first.
    made: Vec<PathBuf>,
    job: Job,
    /// Held as long as this job's folder has an owner; the system lets it go with the process.
    _lock: std::fs::File,
    steps: std::sync::Mutex<BTreeMap<String, String>>,
}

impl JobFolder {
    /// Opens a folder, making it when it is not there.
    pub(crate) fn open(root: &Path) -> Result<Self, MediaError> {
        let made = missing_folders(root);
        disk::create_folder(&root.join(layout::WORK_DIR))?;
        let lock = lock(&root.join(layout::WORK_DIR))?;
        let job = Job::open(&root.join(layout::WORK_DIR))?;
        let checkpoint = root.join(layout::WORK_DIR).join(layout::CHECKPOINT);
        // A checkpoint that cannot be read only costs doing the work again.
        let steps = std::fs::read(&checkpoint)
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let steps = std::sync::Mutex::new(steps);
        Ok(Self { root: root.to_owned(), made, job, _lock: lock, steps })
    }

    /// The job's id: the same through every restart, until it is finished.
    pub(crate) fn job_id(&self) -> &str {
        &self.job.id
    }

    /// When the job was first begun, in milliseconds since 1970.
    pub(crate) fn started_at(&self) -> i64 {
        self.job.started_at
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A finished artifact's place.
    pub(crate) fn place(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Where an artifact is made.
    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.root.join(layout::WORK_DIR).join(name)
    }

    /// The same, with its folder made.
    pub(crate) fn new_work(&self, name: &str) -> Result<PathBuf, MediaError> {
        let path = self.work(name);
        if let Some(parent) = path.parent() {
            disk::create_folder(parent)?;
        }
        Ok(path)
    }

    /// Writes an artifact of work.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), MediaError> {
        disk::write_whole(&self.new_work(name)?, bytes)
    }

    /// Whether a step was done with this input, and its artifacts are still there.
    pub(crate) fn is_done(&self, step: &str, input: &str, artifacts: &[&str]) -> bool {
        let steps = self.steps.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        steps.get(step).is_some_and(|done| done == input)
            && artifacts.iter().all(|name| self.work(name).is_file())
    }

    /// Notes that a step is done. Steps that end at one moment, as sound and picture may, are
    /// written one after the other: two writers of one file would take it from each other.
    pub(crate) fn done(&self, step: &str, input: &str) -> Result<(), MediaError> {
        let mut steps = self.steps.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        steps.insert(step.to_owned(), input.to_owned());
        let bytes = serde_json::to_vec(&*steps).unwrap_or_default();
        self.write(layout::CHECKPOINT, &bytes)
    }

    /// Moves artifacts into place; the film itself comes last, so that it is never newer than
    /// what describes it is old.
    pub(crate) fn publish(&self, names: &[&str]) -> Result<(), MediaError> {
        for name in names {
            let (from, to) = (self.work(name), self.place(name));
            if let Some(parent) = to.parent() {
                disk::create_folder(parent)?;
            }
            // A folder of takes replaces the old one whole.
            if from.is_dir() && to.is_dir() {
                std::fs::remove_dir_all(&to).map_err(|e| MediaError::write(&to, e))?;
            }
            std::fs::rename(&from, &to).map_err(|e| MediaError::write(&to, e))?;
        }
        let work = self.root.join(layout::WORK_DIR);
        std::fs::remove_dir_all(&work).map_err(|e| MediaError::write(&work, e))
    }

    /// After a failure: nothing stays that was not there before.
    pub(crate) fn abandon(&self) {
        // What cannot be removed changes nothing about the failure that is being reported.
        let _ = std::fs::remove_dir_all(self.root.join(layout::WORK_DIR));
        for folder in self.made.iter().rev() {
            let _ = std::fs::remove_dir(folder);
        }
    }

    /// After a cancel: finished steps stay for the next run, half files go.
    pub(crate) fn pause(&self) {
        let has_steps =
            !self.steps.lock().unwrap_or_else(std::sync::PoisonError::into_inner).is_empty();
        if !has_steps {
            self.abandon();
            return;
        }
        for name in HALF_FILES {
            // Most of them do not exist.
            let _ = std::fs::remove_file(self.work(name));
        }
    }
}

/// What a job is known by.
#[derive(Debug, Clone, Serialize, serde::Deserialize)]
struct Job {
    id: String,
    started_at: i64,
}

impl Job {
    fn open(work: &Path) -> Result<Self, MediaError> {
        let path = work.join(layout::JOB);
        let known = std::fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        if let Some(job) = known {
            return Ok(job);
        }
        let job = Self { id: RealWorld.new_id(), started_at: RealWorld.now() };
        disk::write_whole(&path, &serde_json::to_vec(&job).unwrap_or_default())?;
        Ok(job)
    }
}

/// One process at a time works in a job's folder.
fn lock(work: &Path) -> Result<std::fs::File, MediaError> {
    let path = work.join("lock");
    let file = std::fs::File::create(&path).map_err(|e| MediaError::write(&path, e))?;
    let begun = std::time::Instant::now();
    loop {
        let taken = rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive);
        match taken {
            Ok(()) => return Ok(file),
            // A process killed while it started a program leaves its lock to that program's first
            // moments.
            Err(rustix::io::Errno::WOULDBLOCK) if begun.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(std::time::Duration::from_millis(25));
            }
            Err(rustix::io::Errno::WOULDBLOCK) => {
                return Err(MediaError::unusable(
                    work.parent().unwrap_or(work),
                    "another pytoon is at work on this job; wait for it, or choose another folder",
                ));
            }
            // File systems without locks have one user, or careful ones.
            Err(_) => return Ok(file),
        }
    }
}

/// How long a folder's lock is waited for.
const LOCK_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);

/// Files that a step writes to before it is done.
pub(crate) const VIDEO_PART: &str = "video.part.mp4";
pub(crate) const AUDIO_PART: &str = "audio.part.m4a";
const OUTPUT_PART: &str = layout::OUTPUT;
const HALF_FILES: &[&str] = &[VIDEO_PART, AUDIO_PART, OUTPUT_PART];

fn missing_folders(root: &Path) -> Vec<PathBuf> {
    let mut missing: Vec<PathBuf> = root
        .ancestors()
        .take_while(|p| !p.as_os_str().is_empty() && !p.exists())
        .map(Path::to_owned)
        .collect();
    missing.reverse();
    missing
}

/// The hash of a step's input.
pub(crate) fn input_hash(input: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(input).unwrap_or_default();
    let mut hasher = Sha256::new();
    hasher.update(env!("CARGO_PKG_VERSION"));
    hasher.update(&bytes);
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What identifies a file without reading it: size and time of change.
pub(crate) fn file_stamp(path: &Path) -> String {
    let metadata = std::fs::metadata(path).ok();
    let size = metadata.as_ref().map_or(0, std::fs::Metadata::len);
    let changed = metadata
        .and_then(|m| m.modified().ok())
        .and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok())
        .map_or(0, |d| d.as_nanos());
    format!("{}:{size}:{changed}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_end_at_one_moment_are_all_noted() {
        let root = tempfile::tempdir().expect("folder");
        let folder = &JobFolder::open(&root.path().join("job")).expect("opens");
        for round in 0..300 {
            std::thread::scope(|scope| {
                let ends: Vec<_> = ["sound", "picture"]
                    .map(|step| scope.spawn(move || folder.done(step, &round.to_string())))
                    .into_iter()
                    .collect();
                for end in ends {
                    end.join().expect("runs").expect("is noted");
                }
            });
            let text = std::fs::read_to_string(folder.work(layout::CHECKPOINT)).expect("a file");
            let steps: BTreeMap<String, String> = serde_json::from_str(&text).expect("whole");
            let both = ["sound", "picture"].map(|step| steps.get(step).cloned());
            assert_eq!(both, [Some(round.to_string()), Some(round.to_string())]);
        }
    }
}
