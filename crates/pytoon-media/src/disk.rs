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

/// Writes a file that is there whole or not at all, piece by piece.
pub fn write_through<E: From<MediaError>>(
    path: &Path,
    write: impl FnOnce(&mut std::io::BufWriter<std::fs::File>) -> Result<(), E>,
) -> Result<(), E> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".part");
    let temporary = Path::new(&temporary);
    let failed = |error| E::from(MediaError::write(path, error));
    let written = std::fs::File::create(temporary)
        .map_err(failed)
        .and_then(|file| {
            let mut file = std::io::BufWriter::with_capacity(1 << 18, file);
            write(&mut file)?;
            std::io::Write::flush(&mut file).map_err(failed)
        })
        .and_then(|()| std::fs::rename(temporary, path).map_err(failed));
    if written.is_err() {
        // The half-written file must not stay; that it cannot be removed changes nothing.
        let _ = std::fs::remove_file(temporary);
    }
    written
}

/// Creates a folder and its parents.
pub fn create_folder(path: &Path) -> Result<(), MediaError> {
    std::fs::create_dir_all(path).map_err(|error| MediaError::write(path, error))
}
