//! Free disk space, and files that are complete or absent.

use crate::SystemError;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Returns the number of bytes that this user can write to the disk of a folder (or of its nearest existing parent);
/// `None` if it is unknown.
pub fn free_bytes(folder: &Path) -> Option<u64> {
    let existing = folder.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let existing = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
    let stat = rustix::fs::statvfs(existing).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Returns a temporary name beside a file for its incomplete content. The name is unique on this machine and on
/// others that share the disk, since two writers of the same name would overwrite each other.
pub fn part_of(path: &Path) -> PathBuf {
    static PROCESS: OnceLock<u64> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // The keys of a hash map are the only randomness in the standard library.
    let process = PROCESS.get_or_init(|| RandomState::new().build_hasher().finish());
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{process:016x}-{count}.part"));
    name.into()
}

/// Writes a file under a temporary name beside it, and then renames it. The file is complete or absent.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), SystemError> {
    let temporary = &part_of(path);
    let written = std::fs::write(temporary, bytes).and_then(|()| std::fs::rename(temporary, path));
    written.map_err(|error| {
        // The partial file must not stay; a failure to remove it changes nothing.
        let _ = std::fs::remove_file(temporary);
        SystemError::write(path, error)
    })
}

/// Adds a file at a second path, complete or absent: as a hard link if the disk supports it, and as a copy otherwise.
pub fn place_whole(from: &Path, to: &Path) -> Result<(), SystemError> {
    let temporary = &part_of(to);
    let placed = std::fs::hard_link(from, temporary)
        .or_else(|_| std::fs::copy(from, temporary).map(|_| ()))
        .and_then(|()| std::fs::rename(temporary, to));
    // A rename onto a hard link of the same file does nothing and leaves both names.
    let _ = std::fs::remove_file(temporary);
    placed.map_err(|error| SystemError::write(to, error))
}

/// Lets `write` write a file under a temporary name, and then renames it. The file is complete or absent.
pub fn write_through<E: From<SystemError>>(
    path: &Path,
    write: impl FnOnce(&mut std::io::BufWriter<std::fs::File>) -> Result<(), E>,
) -> Result<(), E> {
    let temporary = &part_of(path);
    let failed = |error| E::from(SystemError::write(path, error));
    let written = std::fs::File::create(temporary)
        .map_err(failed)
        .and_then(|file| {
            let mut file = std::io::BufWriter::with_capacity(1 << 18, file);
            write(&mut file)?;
            std::io::Write::flush(&mut file).map_err(failed)
        })
        .and_then(|()| std::fs::rename(temporary, path).map_err(failed));
    if written.is_err() {
        // The partial file must not stay; a failure to remove it changes nothing.
        let _ = std::fs::remove_file(temporary);
    }
    written
}

/// Lets the group of a file read it, as far as the process's umask allows.
///
/// Temporary files are private to their owner, but workers of the same group read files that an API stored.
pub fn open_to_group(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = 0o640 & !umask().bits();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// Returns the umask of the process. It can only be read by setting it, so that is done once.
fn umask() -> rustix::fs::Mode {
    static UMASK: OnceLock<rustix::fs::Mode> = OnceLock::new();
    *UMASK.get_or_init(|| {
        let own = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
        rustix::process::umask(own);
        own
    })
}

/// Limits the mode of new files to 0640 and of new folders to 0750, unless the umask is already stricter. Must be
/// called before other threads start.
pub fn keep_from_others() {
    let others = rustix::fs::Mode::from_raw_mode(0o027);
    let before = rustix::process::umask(others);
    rustix::process::umask(before | others);
}

/// Returns true if a path has the name of a partial file ([`part_of`]).
pub fn is_part(path: &Path) -> bool {
    path.extension() == Some(std::ffi::OsStr::new("part"))
}

/// Removes a file. A missing file is not an error.
pub fn remove_file(path: &Path) -> Result<(), SystemError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(SystemError::write(path, error))
        }
        _ => Ok(()),
    }
}

/// The identity of a file's content: path, size, modification time and inode.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileId {
    path: PathBuf,
    size: u64,
    changed: (i64, i64),
    inode: u64,
}

impl FileId {
    /// Returns the identity of a file; `None` if it cannot be read.
    pub fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = std::fs::metadata(path).ok()?;
        Some(Self {
            path: path.to_owned(),
            size: metadata.len(),
            changed: (metadata.mtime(), metadata.mtime_nsec()),
            inode: metadata.ino(),
        })
    }

    /// Returns the size of the file, in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}

/// Creates a folder and its parents.
pub fn create_folder(path: &Path) -> Result<(), SystemError> {
    std::fs::create_dir_all(path).map_err(|error| SystemError::write(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_put_in_another_place_whole_and_again() {
        let folder = tempfile::tempdir().expect("folder");
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for text in ["first", "second", "second"] {
            write_whole(&from, text.as_bytes()).expect("writes");
            place_whole(&from, &to).expect("places");
            place_whole(&from, &to).expect("places again");
            assert_eq!(std::fs::read_to_string(&to).expect("reads"), text);
        }
        write_whole(&from, b"third").expect("writes");
        assert_eq!(std::fs::read_to_string(&to).expect("reads"), "second", "not written through");
        assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 2, "no parts stay");
    }
}
