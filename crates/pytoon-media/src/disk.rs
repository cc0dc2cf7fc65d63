//! Free disk, and files that appear whole or not at all.

use crate::MediaError;
use std::path::Path;

/// Free bytes for this user on the disk that holds a folder (or its nearest parent that exists).
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    let stat = rustix::fs::statvfs(existing).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Writes a file under a temporary name beside it, then renames it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), MediaError> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    let temporary = Path::new(&temporary);
    let written = std::fs::write(temporary, bytes).and_then(|()| std::fs::rename(temporary, path));
    written.map_err(|error| {
        // The half-written file must not stay; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(temporary);
        MediaError::write(path, error)
    })
}

/// Creates a folder and its parents.
pub fn create_folder(path: &Path) -> Result<(), MediaError> {
    std::fs::create_dir_all(path).map_err(|error| MediaError::write(path, error))
}
