//! The storage folder of a drill, on a separate small disk if root runs the drill.

use crate::note;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The disk of a drill, small enough to fill; a plain folder if it cannot be mounted.
pub(crate) struct Disk {
    folder: PathBuf,
    is_mounted: bool,
    keep: bool,
}

impl Disk {
    /// Mounts a disk of `mib` MiB at a folder. If mounting is not permitted, uses a plain folder.
    pub(crate) fn mount(folder: &Path, mib: u64) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let is_mounted = is_root()
            && mount(&["-t", "tmpfs", "-o", &format!("size={mib}m"), "pytoon-drill"], folder);
        if !is_mounted {
            note("the disk is not filled: mounting a small one needs root");
        }
        Ok(Self { folder: folder.to_owned(), is_mounted, keep: false })
    }

    pub(crate) fn is_small(&self) -> bool {
        self.is_mounted
    }

    /// Keeps the disk mounted after the drill.
    pub(crate) fn keep(&mut self) {
        self.keep = true;
    }

    /// Fills the disk completely. Returns the path of the file that does so, if there is a separate disk.
    pub(crate) fn fill(&self) -> anyhow::Result<Option<PathBuf>> {
        if !self.is_mounted {
            return Ok(None);
        }
        let path = self.folder.join("filler");
        let mut file = std::fs::File::create(&path)?;
        for size in [1 << 20, 4096, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
        Ok(Some(path))
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted && !self.keep {
            #[expect(clippy::disallowed_methods, reason = "a drill's own disk")]
            let gone = Command::new("umount").arg("-l").arg(&self.folder).status();
            if !gone.is_ok_and(|status| status.success()) {
                note(&format!("{} stays mounted", self.folder.display()));
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a drill's own disk")]
fn mount(args: &[&str], folder: &Path) -> bool {
    Command::new("mount").args(args).arg(folder).status().is_ok_and(|status| status.success())
}

/// Returns true if root runs the drill.
pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Returns the files below a folder that have the name of a partial or temporary file.
pub(crate) fn parts(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if name.contains(".part") || name.contains(".tmp") || name.starts_with("tmp") {
                found.push(path);
            }
        }
    }
    found
}
