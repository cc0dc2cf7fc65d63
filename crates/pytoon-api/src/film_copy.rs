//! Makes files of jobs available on this machine, for programs that measure them.
//!
//! Without an object store, these are the job's own files. With one, they are temporary copies. A job's folder in the
//! storage folder stays untouched, since a worker on this machine may use it.
//!
//! Guarantees: a new version of a file gets a new copy; the number of copies is bounded, and a copy that is in use stays.

use crate::Api;
use crate::entity_tag::tag_of_key;
use crate::jobs::storage_name;
use crate::problem::Problem;
use axum::http::StatusCode;
use pytoon_storage::job_files::folder_of;
use pytoon_vocabulary::JobId;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;
use tempfile::TempDir;

/// The maximum number of copies. The largest, a film with its sound, has about 100 MB.
const MAX_COPIES: usize = 8;

/// The temporary copies of films from the object store.
#[derive(Debug, Default)]
pub struct FilmCopies(Mutex<VecDeque<(String, Arc<TempDir>)>>);

/// A folder on this machine with files of a job.
#[derive(Debug)]
pub(crate) struct FilmFolder {
    root: PathBuf,
    /// The temporary copy, which is removed after its last use.
    _copy: Option<Arc<TempDir>>,
}

impl FilmFolder {
    /// Returns the folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }
}

/// Returns a value that changes whenever a job's file does; `None` if the file does not exist.
pub(crate) async fn version(api: &Api, id: &JobId, name: &str) -> Result<Option<String>, Problem> {
    let name = storage_name(id, name);
    if let Some(bucket) = api.storage.bucket() {
        return Ok(bucket.version(&name).await?);
    }
    let metadata = tokio::fs::metadata(api.storage.path(&name)).await;
    Ok(metadata.ok().filter(std::fs::Metadata::is_file).map(|found| file_version(&found)))
}

/// Returns a value from the time of a file's last change and its size.
pub(crate) fn file_version(metadata: &std::fs::Metadata) -> String {
    let changed = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    format!("{:x}-{:x}", changed.unwrap_or_default().as_nanos(), metadata.len())
}

/// Returns a folder with these files of a job, as far as they exist. Files of one `version` share a copy.
pub(crate) async fn folder(
    api: &Api,
    id: &JobId,
    version: &str,
    names: &[String],
) -> Result<FilmFolder, Problem> {
    let Some(bucket) = api.storage.bucket() else {
        return Ok(FilmFolder { root: api.storage.path(&folder_of(id.as_str())), _copy: None });
    };
    let copy = api.copies.find_or_create(tag_of_key(&format!("{id} {version}")))?;
    for name in names {
        let path = copy.path().join(name);
        let is_there = tokio::fs::try_exists(&path).await.unwrap_or(false);
        if !is_there && is_inside(name) {
            bucket.download(&storage_name(id, name), &path).await?;
        }
    }
    Ok(FilmFolder { root: copy.path().to_owned(), _copy: Some(copy) })
}

/// Returns true if a name cannot lead out of the folder.
fn is_inside(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, std::path::Component::Normal(_)))
}

impl FilmCopies {
    /// Returns the copy with a key, and creates an empty one if there is none. The least recently used copy is given up
    /// for it.
    fn find_or_create(&self, key: String) -> Result<Arc<TempDir>, Problem> {
        let mut copies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = copies.iter().position(|(known, _)| *known == key);
        let copy = match at.and_then(|at| copies.remove(at)) {
            Some((_, copy)) => copy,
            None => Arc::new(tempfile::tempdir().map_err(|error| no_folder(&error))?),
        };
        copies.push_back((key, copy.clone()));
        if copies.len() > MAX_COPIES {
            copies.pop_front();
        }
        Ok(copy)
    }
}

fn no_folder(error: &std::io::Error) -> Problem {
    tracing::error!(reason = %error, "a temporary folder could not be created");
    let detail = "the server could not copy the film: repeat the request later";
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_bounded_and_a_used_one_stays() {
        let copies = FilmCopies::default();
        let get = |key: &str| copies.find_or_create(key.to_owned()).expect("a folder");
        let used = get("0");
        assert_eq!(get("0").path(), used.path());
        let unused = get("1").path().to_owned();
        for key in 2..=MAX_COPIES + 1 {
            get(&key.to_string());
        }
        assert!(used.path().is_dir() && !unused.exists());
        assert_ne!(get("0").path(), used.path());
        let path = used.path().to_owned();
        drop(used);
        assert!(!path.exists());
    }

    #[test]
    fn a_name_that_leads_out_of_the_folder_is_not_copied() {
        assert!(is_inside("assembly/audio/voice.wav"));
        for name in ["/etc/passwd", "../a.wav", "voice/../../a.wav"] {
            assert!(!is_inside(name), "{name}");
        }
    }
}
