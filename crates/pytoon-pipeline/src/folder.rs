//! A job's folder: work in progress, finished artifacts, and the results of earlier runs.
//!
//! Stages write into `.work`; the last one publishes the artifacts, each file completely or not at all.
//! `.work/steps` contains a note for each finished stage: the hash of its input and the stamps (size and
//! content hash) of its artifacts. Any number of processes may work in a folder, each on its own stage. Every
//! attempt writes to a unique name and renames the file at the end.
//!
//! Guarantees: hashes and stamps are the same on every machine. Files are hashed by content, and paths in the storage
//! folder relative to that folder.
//!
//! This module does not assign stages or keep other processes out ([`crate::owned_folder`]).

use crate::places::{self, Places};
use crate::{PipelineError, Result};
use pytoon_core::artifact;
use pytoon_process::{SystemError, disk};
use pytoon_vocabulary::JobId;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// The identity of a job in its folder, the ledger and the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobIdentity {
    /// The id of the job, under which its paid calls are recorded.
    pub id: JobId,
    /// The time at which the job began, in milliseconds since 1970. Deadlines count from it.
    #[serde(rename = "started_at")]
    pub started_at_ms: i64,
}

impl JobIdentity {
    /// Reads the identity of the job that owns a work folder; `None` if it is absent or unreadable.
    pub(crate) fn read(work: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(work.join(artifact::JOB)).ok()?).ok()
    }
}

/// A job's folder.
#[derive(Debug)]
pub(crate) struct JobFolder {
    root: PathBuf,
    job: JobIdentity,
    /// The storage folder of this machine, for portable paths.
    places: Places,
}

impl JobFolder {
    /// Opens the folder of a job, creates it if it does not exist, and records the job's identity in it.
    /// `storage` is this machine's storage folder; another machine may have the same files elsewhere.
    pub(crate) fn open(root: &Path, storage: &Path, job: JobIdentity) -> Result<Self, SystemError> {
        let work = root.join(artifact::WORK_DIR);
        disk::create_folder(&work)?;
        if JobIdentity::read(&work).as_ref() != Some(&job) {
            let bytes = serde_json::to_vec(&job).unwrap_or_default();
            disk::write_whole(&work.join(artifact::JOB), &bytes)?;
        }
        Ok(Self { root: root.to_owned(), job, places: Places::new(storage) })
    }

    /// Returns the job's id.
    pub(crate) fn job_id(&self) -> &JobId {
        &self.job.id
    }

    /// Returns the time at which the job began, in milliseconds since 1970.
    pub(crate) fn started_at(&self) -> i64 {
        self.job.started_at_ms
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the path of a published artifact.
    pub(crate) fn published_path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Returns the path of an unpublished artifact in the work folder.
    pub(crate) fn work_path(&self, name: &str) -> PathBuf {
        self.root.join(artifact::WORK_DIR).join(name)
    }

    /// Returns the path of an artifact in the work folder and creates its parent folder.
    pub(crate) fn new_work(&self, name: &str) -> Result<PathBuf, SystemError> {
        let path = self.work_path(name);
        if let Some(parent) = path.parent() {
            disk::create_folder(parent)?;
        }
        Ok(path)
    }

    /// Writes an artifact into the work folder.
    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> Result<(), SystemError> {
        disk::write_whole(&self.new_work(name)?, bytes)
    }

    /// Returns the hash of a stage's input and of Pytoon's version.
    pub(crate) fn hash(&self, input: &impl Serialize) -> String {
        let mut hasher = Sha256::new();
        hasher.update(env!("CARGO_PKG_VERSION"));
        hasher.update(self.portable(input).unwrap_or_default());
        pytoon_vocabulary::hex(&hasher.finalize())
    }

    /// Serializes a value with paths that are valid on every machine.
    fn portable(&self, value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
        self.places.to_bytes(value)
    }

    /// Writes a value as JSON into the work folder, with paths that every machine can read.
    pub(crate) fn keep(&self, name: &str, value: &impl Serialize) -> Result<()> {
        let bytes = self.portable(value).map_err(|e| PipelineError::Internal(e.to_string()))?;
        Ok(self.write(name, &bytes)?)
    }

    /// Reads a value that [`Self::keep`] wrote; `None` if it is absent or unreadable.
    pub(crate) fn read_kept<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        self.places.read_bytes(&std::fs::read(self.work_path(name)).ok()?).ok()
    }

    /// Returns true if the stage has finished for this input hash and its artifacts are unchanged.
    pub(crate) fn is_done(&self, stage: &str, input: &str) -> bool {
        // An unreadable note only costs a repetition of the work.
        let Ok(note) = std::fs::read_to_string(self.note(stage)) else { return false };
        let mut lines = note.lines();
        let is_own = |line: &str| {
            line.split_once(' ').is_some_and(|(stamp, name)| self.artifact_stamp(name) == stamp)
        };
        lines.next() == Some(input) && lines.all(is_own)
    }

    /// Marks a stage as done, and records the size and hash of its artifacts. Each stage has its own note, since
    /// several may end at the same moment. The hashes reveal artifacts that a worker overwrote after it was suspended
    /// past its lease.
    pub(crate) fn mark_done<'a>(
        &self,
        stage: &str,
        input: &str,
        artifacts: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), SystemError> {
        let mut note = input.to_owned();
        for name in artifacts {
            note.push_str(&format!("\n{} {name}", self.artifact_stamp(name)));
        }
        self.write(&format!("{}/{stage}", artifact::STEPS_DIR), note.as_bytes())
    }

    /// Returns the size and content hash of an artifact, independent of the folder's path; `absent` if there is no
    /// such file.
    fn artifact_stamp(&self, name: &str) -> String {
        let path = self.work_path(name);
        if path.is_file() { places::content_hash_of(&path) } else { "absent".to_owned() }
    }

    /// Removes the record of a finished stage, so that the stage runs again.
    pub(crate) fn invalidate(&self, stage: &str) -> Result<(), SystemError> {
        disk::remove_file(&self.note(stage))
    }

    /// Removes an artifact from the work folder.
    pub(crate) fn remove_work(&self, name: &str) -> Result<(), SystemError> {
        disk::remove_file(&self.work_path(name))
    }

    fn note(&self, stage: &str) -> PathBuf {
        self.work_path(artifact::STEPS_DIR).join(stage)
    }

    /// Returns a temporary path beside the artifact, unique to this attempt, and creates the parent folder.
    pub(crate) fn temp_path(&self, name: &str) -> Result<PathBuf, SystemError> {
        Ok(disk::part_of(&self.new_work(name)?))
    }

    /// Renames a finished temporary file to its artifact.
    pub(crate) fn finish_temp(&self, temp: &Path, name: &str) -> Result<(), SystemError> {
        let artifact = self.work_path(name);
        std::fs::rename(temp, &artifact).map_err(|e| SystemError::write(&artifact, e))
    }

    /// Calls `make` with a temporary path and renames the file to the artifact `name`. Removes the temporary file on
    /// failure.
    pub(crate) fn make<T>(&self, name: &str, make: impl FnOnce(&Path) -> Result<T>) -> Result<T> {
        let temp = self.temp_path(name)?;
        let made = make(&temp).inspect_err(|_| {
            // The failure being reported matters more than a failed cleanup.
            let _ = std::fs::remove_file(&temp);
        })?;
        self.finish_temp(&temp, name)?;
        Ok(made)
    }

    /// Publishes artifacts in the order of `names`, each completely or not at all. The copies in the work folder
    /// remain.
    pub(crate) fn place_all<S: AsRef<str>>(&self, names: &[S]) -> Result<(), SystemError> {
        for name in names.iter().map(AsRef::as_ref) {
            let to = self.published_path(name);
            if let Some(parent) = to.parent() {
                disk::create_folder(parent)?;
            }
            disk::place_whole(&self.work_path(name), &to)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(root: &Path) -> JobFolder {
        let job = JobIdentity { id: "job-7".into(), started_at_ms: 5 };
        JobFolder::open(root, root, job).expect("opens")
    }

    #[test]
    fn stages_that_end_at_one_moment_are_all_noted() {
        let root = tempfile::tempdir().expect("folder");
        let folder = &open(&root.path().join("job"));
        for round in 0..300 {
            std::thread::scope(|scope| {
                let ends: Vec<_> = ["mix", "publish"]
                    .map(|stage| {
                        scope.spawn(move || folder.mark_done(stage, &round.to_string(), []))
                    })
                    .into_iter()
                    .collect();
                for end in ends {
                    end.join().expect("runs").expect("is noted");
                }
            });
            let both = ["mix", "publish"].map(|stage| folder.is_done(stage, &round.to_string()));
            assert_eq!(both, [true, true]);
        }
    }

    #[test]
    fn a_note_holds_for_the_artifacts_that_its_stage_made() {
        let root = tempfile::tempdir().expect("folder");
        let root = root.path().join("job");
        let (one, other) = (open(&root), open(&root));
        assert_eq!((other.job_id().as_str(), other.started_at()), ("job-7", 5));
        one.write("mix.wav", b"sound").expect("writes");
        one.mark_done("mix", "input", ["mix.wav"]).expect("is noted");
        assert!(other.is_done("mix", "input"));
        assert!(!other.is_done("mix", "other input"));
        other.write("mix.wav", b"of another brief").expect("writes");
        assert!(!one.is_done("mix", "input"));
        other.write("mix.wav", b"sound").expect("writes");
        assert!(one.is_done("mix", "input"));
        one.remove_work("mix.wav").expect("goes");
        assert!(!one.is_done("mix", "input"));
        assert_ne!(
            one.temp_path("a").expect("a name"),
            other.temp_path("a").expect("a name"),
            "no two attempts write one file"
        );
        other.invalidate("mix").expect("is removed");
        other.invalidate("mix").expect("is removed already");
    }

    #[test]
    fn a_moved_folder_keeps_its_notes() {
        let root = tempfile::tempdir().expect("folder");
        let (here, there) = (root.path().join("here"), root.path().join("there"));
        let folder = open(&here);
        folder.write("mix.wav", b"sound").expect("writes");
        folder.mark_done("mix", "input", ["mix.wav"]).expect("is noted");
        std::fs::rename(&here, &there).expect("moves");
        assert!(open(&there).is_done("mix", "input"));
    }
}
