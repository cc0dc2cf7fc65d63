//! A small file system, to test a disk that fills up quickly.

use pytoon_testkit::is_root;
use pytoon_testkit::program::{tool, tool_succeeds};
use std::path::Path;

/// A disk of 1 MiB, which is unmounted when dropped.
pub(crate) struct SmallDisk<'a>(&'a Path);

impl SmallDisk<'_> {
    /// Mounts a small disk at a new folder; `None` if that is not permitted: only root may mount, and not in every
    /// container.
    pub(crate) fn mount(folder: &Path) -> Option<SmallDisk<'_>> {
        std::fs::create_dir(folder).expect("a folder");
        let folder_name = folder.display().to_string();
        let args = ["-t", "tmpfs", "-o", "size=1m", "tmpfs", &folder_name];
        (is_root() && tool_succeeds("mount", args)).then_some(SmallDisk(folder))
    }

    /// Mounts a small disk and fills it completely; `None` if mounting is not permitted.
    pub(crate) fn mount_full(folder: &Path) -> Option<SmallDisk<'_>> {
        let disk = Self::mount(folder)?;
        // The write ends when the disk is full.
        let filled = std::fs::write(folder.join("filler"), vec![0; 2 << 20]);
        assert!(filled.is_err(), "the disk is larger");
        Some(disk)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        tool("umount", [self.0]);
    }
}
