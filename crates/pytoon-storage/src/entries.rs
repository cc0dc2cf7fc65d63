//! Lists the files of the storage folder.

use crate::{StorageError, is_absent};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// A stored file or object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The name of the file, such as `clips/1f.mp4`.
    pub name: String,
    /// The size of the file, in bytes.
    pub size_bytes: u64,
    /// The time of the last write, in milliseconds since 1970.
    pub modified_ms: i64,
    /// A value that changes whenever the content does.
    pub(crate) version: String,
}

/// Lists the files in the folder `below` of the storage folder and in its subfolders, by name; none if that folder
/// does not exist.
pub(crate) fn of_folder(root: &Path, below: &str) -> Result<Vec<Entry>, StorageError> {
    let mut found = Vec::new();
    collect(&root.join(below), below, &mut found)?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn collect(folder: &Path, name: &str, found: &mut Vec<Entry>) -> Result<(), StorageError> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absent(&error) => return Ok(()),
        Err(error) => return Err(StorageError::file("list", folder, error)),
    };
    for entry in entries.flatten() {
        let own = entry.file_name();
        // Our names are plain text; other files are not ours.
        let Some(own) = own.to_str() else { continue };
        let name = if name.is_empty() { own.to_owned() } else { format!("{name}/{own}") };
        // A file that is removed meanwhile does not count.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_dir() {
            collect(&entry.path(), &name, found)?;
        } else if metadata.is_file() {
            found.push(Entry {
                name,
                size_bytes: metadata.len(),
                modified_ms: modified_ms(&metadata),
                version: stamp(&metadata),
            });
        }
    }
    Ok(())
}

fn modified_ms(metadata: &std::fs::Metadata) -> i64 {
    let since = metadata.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// Returns the size, inode and modification time of a file on this machine. Every stored file gets its name by a
/// rename, so new content is always a new file.
pub(crate) fn stamp(metadata: &std::fs::Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    let (seconds, nanos) = (metadata.mtime(), metadata.mtime_nsec());
    format!("{}:{}:{seconds}.{nanos:09}", metadata.len(), metadata.ino())
}
