//! Removes the partial files of killed workers.
//!
//! A file that is being written has a name that ends with `.part` ([`pytoon_process::disk`]). A killed worker
//! may leave such a file behind. Partial files are removed when their job's film is published, and otherwise
//! by age.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The name of a file that is written to read the disk's clock, which may differ from this machine's.
const PROBE: &str = ".clock";

/// Removes all partial files below a folder that is no longer in use, and returns their number.
pub(crate) fn remove_all(folder: &Path) -> usize {
    parts(folder).iter().filter(|(path, _)| std::fs::remove_file(path).is_ok()).count()
}

/// Removes the partial files that have not been written for the duration `age`, and returns their number.
pub(crate) fn remove_old(folder: &Path, age: Duration) -> usize {
    let Some(now) = disks_now(folder) else { return 0 };
    let is_old = |written: &SystemTime| now.duration_since(*written).is_ok_and(|since| since > age);
    let parts = parts(folder);
    let old = parts.iter().filter(|(_, written)| is_old(written));
    // A file that is gone meanwhile was removed by another process.
    old.filter(|(path, _)| std::fs::remove_file(path).is_ok()).count()
}

fn disks_now(folder: &Path) -> Option<SystemTime> {
    let probe = folder.join(PROBE);
    pytoon_process::disk::write_whole(&probe, b"").ok()?;
    std::fs::metadata(&probe).ok()?.modified().ok()
}

/// Returns every partial file below a folder, with the time at which it was last written.
fn parts(folder: &Path) -> Vec<(PathBuf, SystemTime)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        // A folder that is unreadable or gone contains nothing that could be removed.
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            // Links are not followed: their targets are not ours.
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file()
                && pytoon_process::disk::is_part(&path)
                && let Ok(written) = entry.metadata().and_then(|it| it.modified())
            {
                found.push((path, written));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(path: &Path, age: Duration) {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("folders");
        let file = std::fs::File::create(path).expect("a file");
        let now = file.metadata().and_then(|it| it.modified()).expect("a time");
        file.set_modified(now - age).expect("is set");
    }

    #[test]
    fn what_is_old_goes_and_what_is_new_or_whole_stays() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        let (old, new) = (Duration::from_secs(100), Duration::from_secs(5));
        put(&at("clips/a.mp4.part"), old);
        put(&at("jobs/1/.work/chunks/0.mp4.0011223344556677-3.part"), old);
        put(&at("jobs/2/.work/sound.m4a.0011223344556677-4.part"), new);
        put(&at("jobs/2/output.mp4"), old);
        assert_eq!(remove_old(folder.path(), Duration::from_secs(60)), 2);
        assert!(!at("clips/a.mp4.part").exists());
        assert!(at("jobs/2/output.mp4").exists());
        assert!(at("jobs/2/.work/sound.m4a.0011223344556677-4.part").exists());
        assert_eq!(remove_all(&at("jobs/2")), 1);
        assert_eq!(remove_all(&at("jobs/nobody")), 0);
        assert!(at("jobs/2/output.mp4").exists());
    }
}
