//! The object store of a build without the feature `s3`: there is none, and settings that name one are an error.

use crate::{Entry, StorageError};
use pytoon_config::secrets::Secrets;
use pytoon_config::storage::StorageSettings;
use std::path::Path;
use std::time::Duration;

/// An object store. No value of this type exists.
#[derive(Debug)]
pub enum Bucket {}

#[expect(clippy::unused_async, reason = "the functions of the object store are async")]
impl Bucket {
    /// Returns an error if the settings or the environment name an object store.
    pub(crate) fn open(
        settings: &StorageSettings,
        secrets: &Secrets,
    ) -> Result<Option<Self>, StorageError> {
        let named = secrets.find(&["STORAGE_URL".to_owned()]);
        let field = match named {
            Ok(None) if settings.url.is_empty() => return Ok(None),
            Ok(None) => "storage.url",
            _ => "STORAGE_URL",
        };
        let reason = "this build of pytoon has no object store (feature `s3`): run `make build`";
        Err(StorageError::Setting { field, reason: reason.to_owned() })
    }

    /// Uploads a file.
    pub async fn upload(&self, _: &str, _: &Path) -> Result<Option<String>, StorageError> {
        match *self {}
    }

    /// Writes a small object.
    pub async fn write(&self, _: &str, _: Vec<u8>) -> Result<Option<String>, StorageError> {
        match *self {}
    }

    /// Downloads an object into a file.
    pub async fn download(&self, _: &str, _: &Path) -> Result<Option<u64>, StorageError> {
        match *self {}
    }

    /// Reads a small object completely.
    pub async fn read(&self, _: &str) -> Result<Option<Vec<u8>>, StorageError> {
        match *self {}
    }

    /// Returns the size of an object.
    pub async fn size(&self, _: &str) -> Result<Option<u64>, StorageError> {
        match *self {}
    }

    /// Returns the version of an object.
    pub async fn version(&self, _: &str) -> Result<Option<String>, StorageError> {
        match *self {}
    }

    /// Lists all objects below a name.
    pub async fn list(&self, _: &str) -> Result<Vec<Entry>, StorageError> {
        match *self {}
    }

    /// Removes an object.
    pub async fn delete(&self, _: &str) -> Result<(), StorageError> {
        match *self {}
    }

    /// Returns a link that lets its holder fetch or write an object.
    pub async fn link(&self, _: &str, _: bool, _: Duration) -> Result<String, StorageError> {
        match *self {}
    }

    /// Checks that the object store is writable.
    pub async fn check(&self) -> Result<(), StorageError> {
        match *self {}
    }
}
