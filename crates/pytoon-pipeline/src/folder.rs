//! A job's folder: work under way, finished artifacts, and what earlier runs left.
//!
//! Everything is made in `.work` and put into place at the end, so a film that exists is never
//! half replaced. `.work/steps` holds a file for each finished step with the hash of its input; a
//! later run takes over what still fits.
//!
//! A folder is opened in one of two ways: by one process that keeps all others out
//! ([`JobFolder::open`]), or by many at once, each at a step of its own, where something else
//! says who works at what ([`JobFolder::open_shared`]).

use crate::places::{self, Places};
use pytoon_core::layout;
use pytoon_engines::world::{RealWorld, World};
use pytoon_media::{MediaError, disk};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// A job's folder.
#[derive(Debug)]
pub(crate) struct JobFolder {
    root: PathBuf,
    /// Folders that did not exist before, outermost first.
    made: Vec<PathBuf>,
    job: Job,
    /// Held as long as this job's folder has an owner; the system lets it go with the process.
    /// Absent where the folder is shared.
    lock: Option<std::fs::File>,
    /// Where the storage folder is, for a job that other machines work on too.
    places: Option<Places>,
}

impl JobFolder {
    /// Opens a folder, making it when it is not there.
    pub(crate) fn open(root: &Path) -> Result<Self, MediaError> {
        let made = missing_folders(root);
        disk::create_folder(&root.join(layout::WORK_DIR))?;
        let lock = lock(&root.join(layout::WORK_DIR))?;
        let job = Job::open(&root.join(layout::WORK_DIR))?;
        Ok(Self { root: root.to_owned(), made, job, lock: Some(lock), places: None })
    }

    /// Opens a folder that other processes work in too, for a job that is known elsewhere.
    /// `storage` is this machine's storage folder; on another the same files may lie elsewhere.
    pub(crate) fn open_shared(
        root: &Path,
        storage: &Path,
        id: &str,
        started_at: i64,
    ) -> Result<Self, MediaError> {
        let work = root.join(layout::WORK_DIR);
        disk::create_folder(&work)?;
        let job = Job { id: id.to_owned(), started_at };
        if Job::read(&work).as_ref() != Some(&job) {
            job.write(&work)?;
        }
        let (made, places) = (Vec::new(), Some(Places::new(storage)));
        Ok(Self { root: root.to_owned(), made, job, lock: None, places })
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

    /// The hash of a step's input. In a shared folder it is the same on every machine.
    pub(crate) fn hash(&self, input: &impl Serialize) -> String {
        hash_of(&self.portable(input).unwrap_or_default())
    }

    /// What identifies a file: in a shared folder its content, since its time differs from machine
    /// to machine; else its size and time of change, which cost no reading.
    pub(crate) fn stamp(&self, path: &Path) -> String {
        if self.places.is_some() { places::content_stamp(path) } else { file_stamp(path) }
    }

    /// A value as it is kept in this folder.
    pub(crate) fn portable(&self, value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
        match &self.places {
            Some(places) => places.to_bytes(value),
            None => serde_json::to_vec(value),
        }
    }

    /// A value that was kept in this folder; none where it is not there or cannot be read.
    pub(crate) fn kept<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let bytes = std::fs::read(self.work(name)).ok()?;
        match &self.places {
            Some(places) => places.read_bytes(&bytes).ok(),
            None => serde_json::from_slice(&bytes).ok(),
        }
    }

    /// Whether a step was done with this input, these artifacts are there, and those that its note
    /// speaks of are the ones that it made.
    pub(crate) fn is_done(&self, step: &str, input: &str, artifacts: &[&str]) -> bool {
        // A note that cannot be read only costs doing the work again.
        let Ok(note) = std::fs::read_to_string(self.note(step)) else { return false };
        let mut lines = note.lines();
        let is_own = |line: &str| {
            line.split_once(' ').is_some_and(|(stamp, name)| self.artifact_stamp(name) == stamp)
        };
        lines.next() == Some(input)
            && artifacts.iter().all(|name| self.work(name).is_file())
            && lines.all(is_own)
    }

    /// Notes that a step is done, and in a shared folder what its artifacts are: a worker that
    /// slept while it put one of another film there, and woke up after its lease, is seen by it.
    /// Each step has a file of its own: writers of one file for all would take it from each other.
    pub(crate) fn done(
        &self,
        step: &str,
        input: &str,
        artifacts: &[&str],
    ) -> Result<(), MediaError> {
        let mut note = input.to_owned();
        for name in artifacts.iter().filter(|_| self.places.is_some()) {
            note.push_str(&format!("\n{} {name}", self.artifact_stamp(name)));
        }
        self.write(&format!("{}/{step}", layout::STEPS_DIR), note.as_bytes())
    }

    fn artifact_stamp(&self, name: &str) -> String {
        self.hash(&self.stamp(&self.work(name)))
    }

    /// Forgets that a step is done, where it is.
    pub(crate) fn undone(&self, step: &str) -> Result<(), MediaError> {
        remove(&self.note(step))
    }

    /// Removes an artifact of work, where it is there.
    pub(crate) fn forget(&self, name: &str) -> Result<(), MediaError> {
        remove(&self.work(name))
    }

    fn note(&self, step: &str) -> PathBuf {
        self.work(layout::STEPS_DIR).join(step)
    }

    /// Where a step writes what becomes an artifact when it is whole. A folder with one owner has
    /// one name for it, `fixed`, which a later run finds and removes; in a shared one each attempt
    /// has a name of its own.
    pub(crate) fn part(&self, name: &str, fixed: &str) -> Result<PathBuf, MediaError> {
        if self.lock.is_some() { self.new_work(fixed) } else { self.own_part(name) }
    }

    /// A name of this attempt's own, beside the artifact that is made.
    pub(crate) fn own_part(&self, name: &str) -> Result<PathBuf, MediaError> {
        Ok(disk::part_of(&self.new_work(name)?))
    }

    /// Puts a finished part in its artifact's place.
    pub(crate) fn finish_part(&self, part: &Path, name: &str) -> Result<(), MediaError> {
        let artifact = self.work(name);
        std::fs::rename(part, &artifact).map_err(|e| MediaError::write(&artifact, e))
    }

    /// Puts artifacts into place and keeps them in the work folder, each whole or not at all; the
    /// film comes last in `names`.
    pub(crate) fn place_all<S: AsRef<str>>(&self, names: &[S]) -> Result<(), MediaError> {
        for name in names.iter().map(AsRef::as_ref) {
            let to = self.place(name);
            if let Some(parent) = to.parent() {
                disk::create_folder(parent)?;
            }
            disk::place_whole(&self.work(name), &to)?;
        }
        Ok(())
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
        let has_steps = std::fs::read_dir(self.work(layout::STEPS_DIR))
            .is_ok_and(|mut notes| notes.next().is_some());
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

/// Removes a file that need not be there.
pub(crate) fn remove(path: &Path) -> Result<(), MediaError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(MediaError::write(path, error))
        }
        _ => Ok(()),
    }
}

/// What a job is known by.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
struct Job {
    id: String,
    started_at: i64,
}

impl Job {
    fn open(work: &Path) -> Result<Self, MediaError> {
        if let Some(job) = Self::read(work) {
            return Ok(job);
        }
        let job = Self { id: RealWorld.new_id(), started_at: RealWorld.now() };
        job.write(work)?;
        Ok(job)
    }

    fn read(work: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(work.join(layout::JOB)).ok()?).ok()
    }

    fn write(&self, work: &Path) -> Result<(), MediaError> {
        disk::write_whole(&work.join(layout::JOB), &serde_json::to_vec(self).unwrap_or_default())
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

fn hash_of(bytes: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(env!("CARGO_PKG_VERSION"));
    hasher.update(bytes);
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What identifies a file without reading it: size and time of change.
fn file_stamp(path: &Path) -> String {
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
                    .map(|step| scope.spawn(move || folder.done(step, &round.to_string(), &[])))
                    .into_iter()
                    .collect();
                for end in ends {
                    end.join().expect("runs").expect("is noted");
                }
            });
            let both =
                ["sound", "picture"].map(|step| folder.is_done(step, &round.to_string(), &[]));
            assert_eq!(both, [true, true]);
        }
    }

    #[test]
    fn a_shared_folder_keeps_nobody_out_and_knows_its_job() {
        let root = tempfile::tempdir().expect("folder");
        let root = root.path().join("job");
        let one = JobFolder::open_shared(&root, &root, "job-7", 5).expect("opens");
        let other =
            JobFolder::open_shared(&root, &root, "job-7", 5).expect("opens at the same time");
        assert_eq!((other.job_id(), other.started_at()), ("job-7", 5));
        one.write("mix.wav", b"sound").expect("writes");
        one.done("mix", "input", &["mix.wav"]).expect("is noted");
        assert!(other.is_done("mix", "input", &[]));
        assert!(!other.is_done("mix", "other input", &[]));
        other.write("mix.wav", b"of another brief").expect("writes");
        assert!(!one.is_done("mix", "input", &["mix.wav"]));
        other.write("mix.wav", b"sound").expect("writes");
        assert!(one.is_done("mix", "input", &["mix.wav"]));
        assert_ne!(
            one.own_part("a").expect("a name"),
            other.own_part("a").expect("a name"),
            "no two attempts write one file"
        );
        other.undone("mix").expect("is forgotten");
        other.undone("mix").expect("is forgotten already");
        assert!(!one.is_done("mix", "input", &[]));
    }
}
