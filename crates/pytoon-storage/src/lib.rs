//! The storage of files: a folder on this machine, and behind it an object store, if one is configured.
//!
//! Every file has a name, such as `jobs/{id}/output.mp4` or `clips/{call}.mp4`, which is also its path in the folder,
//! since FFmpeg and people need files. With an object store, the folder is only a working copy: the object of the
//! same name is authoritative, and any machine can continue the work of another.
//!
//! Guarantees: a file or an object is complete or absent; a name that is stored once ([clips, takes,
//! assets](Storage::keep)) always has the same content; the store's credentials are in no message.
//!
//! This crate does not know the purpose of files, or who may see them. The handling of a job's whole folder
//! is in [`job_files`].
//!
//! Start with [`Storage`].

#[cfg(feature = "s3")]
mod bucket;
#[cfg(not(feature = "s3"))]
#[path = "no_bucket.rs"]
mod bucket;
mod entries;
pub mod job_files;

pub use bucket::Bucket;
pub use entries::Entry;

use pytoon_config::secrets::Secrets;
use pytoon_config::storage::StorageSettings;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// An error of the storage.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A setting is invalid; nothing can be stored until it is fixed.
    #[error("{field}: {reason}")]
    Setting {
        /// The name of the setting or variable.
        field: &'static str,
        /// The reason for the rejection.
        reason: String,
    },
    /// An operation on the object store failed. A retry may succeed.
    #[error("{operation} {name} in the object store: {reason}")]
    Store {
        /// The operation, as a phrase that completes "failed to …".
        operation: &'static str,
        /// The name of the object.
        name: String,
        /// The store's message.
        reason: String,
    },
    /// An operation on a file of this machine failed.
    #[error("{operation} {}: {source}", path.display())]
    File {
        /// The operation, as a phrase that completes "failed to …".
        operation: &'static str,
        /// The path of the file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The caller stopped the work.
    #[error("continue: cancelled")]
    Stopped,
}

impl StorageError {
    pub(crate) fn file(operation: &'static str, path: &Path, source: std::io::Error) -> Self {
        Self::File { operation, path: path.to_owned(), source }
    }
}

/// The storage of files: a folder and an optional object store.
#[derive(Debug, Clone)]
pub struct Storage {
    folder: Arc<Path>,
    bucket: Option<Arc<Bucket>>,
    jobs: Arc<job_files::Busy>,
}

impl From<PathBuf> for Storage {
    fn from(folder: PathBuf) -> Self {
        Self { folder: folder.into(), bucket: None, jobs: Arc::default() }
    }
}

impl Storage {
    /// Opens the storage of a configuration: the folder, with the object store of `storage.url` or `STORAGE_URL`
    /// behind it.
    pub fn open(
        folder: PathBuf,
        settings: &StorageSettings,
        secrets: &Secrets,
    ) -> Result<Self, StorageError> {
        let bucket = Bucket::open(settings, secrets)?.map(Arc::new);
        Ok(Self { bucket, ..Self::from(folder) })
    }

    /// Returns the storage folder of this machine.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the path that a file has on this machine, whether it exists or not.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns the object store; `None` if none is configured.
    pub fn bucket(&self) -> Option<&Bucket> {
        self.bucket.as_deref()
    }

    /// Returns the storage name of a path in the folder; `None` if the path is elsewhere.
    pub fn name_of(&self, path: &Path) -> Option<String> {
        let name = path.strip_prefix(&self.folder).ok()?.to_str()?;
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// Uploads a file of the storage folder to the object store, if there is one. A purchase is uploaded before its
    /// row is updated, because other machines rely on the row.
    pub async fn keep(&self, name: &str) -> Result<(), StorageError> {
        match &self.bucket {
            Some(bucket) => bucket.upload(name, &self.path(name)).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// Makes a stored file available in the storage folder, from the object store if necessary. Returns false if it
    /// does not exist.
    pub async fn have(&self, name: &str) -> Result<bool, StorageError> {
        let path = self.path(name);
        match tokio::fs::metadata(&path).await {
            Ok(found) if found.is_file() => return Ok(true),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StorageError::file("find", &path, error));
            }
            _ => {}
        }
        match &self.bucket {
            Some(bucket) => Ok(bucket.download(name, &path).await?.is_some()),
            None => Ok(false),
        }
    }

    /// Makes a stored file available as [`Self::have`] does, for synchronous callers. Must not be called from an
    /// async task.
    pub fn have_now(&self, name: &str) -> Result<bool, StorageError> {
        if self.bucket.is_none() {
            return Ok(self.path(name).is_file());
        }
        block_on(self.have(name))
    }

    /// Returns the current content of a small file; `None` if it does not exist.
    pub async fn read(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        if let Some(bucket) = &self.bucket {
            return Ok(bucket.read(name).await?.map(|bytes| bytes.to_vec()));
        }
        let path = self.path(name);
        match tokio::fs::read(&path).await {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(StorageError::file("read", &path, error)),
        }
    }

    /// Lists all stored files below a name, such as `clips` or `jobs/{id}`.
    pub async fn list(&self, below: &str) -> Result<Vec<Entry>, StorageError> {
        match &self.bucket {
            Some(bucket) => bucket.list(below).await,
            None => self.list_folder(below).await,
        }
    }

    /// Lists the files below a name in the folder of this machine.
    pub async fn list_folder(&self, below: &str) -> Result<Vec<Entry>, StorageError> {
        let (folder, below) = (self.folder.clone(), below.to_owned());
        let found = tokio::task::spawn_blocking(move || entries::of_folder(&folder, &below));
        found.await.map_err(|_| StorageError::Stopped)?
    }

    /// Removes a file on this machine and in the object store. A missing file is not an error.
    pub async fn remove(&self, name: &str) -> Result<(), StorageError> {
        if let Some(bucket) = &self.bucket {
            bucket.delete(name).await?;
        }
        self.remove_here(name).await
    }

    /// Removes this machine's copy of a file, and the folder of an uploaded file.
    pub async fn remove_here(&self, name: &str) -> Result<(), StorageError> {
        let path = self.path(name);
        match tokio::fs::remove_file(&path).await {
            Err(error) if !is_absent(&error) => {
                return Err(StorageError::file("remove", &path, error));
            }
            _ => {}
        }
        if let Some((folder, _)) = name.strip_prefix("assets/").and_then(|n| n.split_once('/')) {
            // Fails if it is not empty or was removed before.
            let _ = tokio::fs::remove_dir(self.path("assets").join(folder)).await;
        }
        Ok(())
    }

    /// Removes all files of a job, on this machine and in the object store.
    pub async fn remove_job(&self, id: &str) -> Result<(), StorageError> {
        let below = job_files::folder_of(id);
        if let Some(bucket) = &self.bucket {
            for entry in bucket.list(&below).await? {
                bucket.delete(&entry.name).await?;
            }
        }
        self.remove_job_here(id).await
    }

    /// Removes this machine's copy of a job's folder.
    pub async fn remove_job_here(&self, id: &str) -> Result<(), StorageError> {
        let path = self.path(&job_files::folder_of(id));
        match tokio::fs::remove_dir_all(&path).await {
            Err(error) if !is_absent(&error) => Err(StorageError::file("remove", &path, error)),
            _ => Ok(()),
        }
    }

    /// Signs a link with which its holder can fetch an object for the duration `holds`; `None` without an object
    /// store.
    pub async fn link(&self, name: &str, holds: Duration) -> Option<Result<String, StorageError>> {
        match &self.bucket {
            Some(bucket) => Some(bucket.link(name, false, holds).await),
            None => None,
        }
    }

    /// Checks that the storage is writable. Returns a description of what was checked.
    pub async fn check(&self) -> Result<String, StorageError> {
        if let Some(bucket) = &self.bucket {
            bucket.check().await?;
            return Ok("an object was written".to_owned());
        }
        let probe = self.path(".ready");
        let written = async {
            tokio::fs::create_dir_all(&self.folder).await?;
            tokio::fs::write(&probe, b"ready").await
        };
        written.await.map_err(|error| StorageError::file("write", &probe, error))?;
        Ok("a file was written".to_owned())
    }
}

fn is_absent(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// Blocks the thread until a future completes, on the current runtime if there is one and otherwise on a temporary
/// one.
pub(crate) fn block_on<T>(
    work: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        return runtime.block_on(work);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let failed = |source| StorageError::file("wait for", Path::new("the object store"), source);
    runtime.map_err(failed)?.block_on(work)
}
