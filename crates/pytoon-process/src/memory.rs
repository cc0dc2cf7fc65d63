//! Memory that this process shares with an external program.

use memmap2::{MmapOptions, MmapRaw};
use std::fs::File;
use std::io;

/// Memory of a fixed size that is also an open file without a path (`memfd_create`). The system frees it after the
/// last process has closed it.
#[derive(Debug)]
pub struct SharedMemory {
    map: MmapRaw,
    file: File,
}

impl SharedMemory {
    /// Allocates memory that another program can share, filled with zeros.
    ///
    /// # Errors
    /// Returns [`io::ErrorKind::Unsupported`] if the system does not provide or allow such memory.
    pub fn new(bytes: u64) -> io::Result<Self> {
        let file = memory_file(bytes)?;
        Ok(Self { map: MmapOptions::new().map_raw(&file)?, file })
    }

    /// Returns the file to pass to the program that shares the memory.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Copies bytes into the memory. The caller must ensure that the program does not read them in the meantime.
    ///
    /// # Panics
    /// Panics if the bytes do not fit between `offset` and the end of the memory.
    pub fn write_at(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset.checked_add(bytes.len());
        assert!(end.is_some_and(|end| end <= self.map.len()), "outside the shared memory");
        // `write(2)` on the file would be safe, and takes four times as long.
        #[allow(unsafe_code)]
        // SAFETY: `offset..end` is inside the mapping, as asserted, and the mapping within the file,
        // whose size is sealed. `bytes` is memory of this process alone, so the two do not overlap.
        unsafe {
            std::ptr::copy_nonoverlapping(
                bytes.as_ptr(),
                self.map.as_mut_ptr().add(offset),
                bytes.len(),
            );
        }
    }
}

#[cfg(target_os = "linux")]
fn memory_file(bytes: u64) -> io::Result<File> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use rustix::io::Errno;
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    // Some systems require memory to be marked as not executable. Linux before 6.3 does not know the
    // flag and returns EINVAL.
    let file = match memfd_create("pytoon", flags | MemfdFlags::NOEXEC_SEAL) {
        Err(Errno::INVAL) => memfd_create("pytoon", flags),
        made => made,
    };
    let file = file.map(File::from).map_err(|error| match error {
        Errno::PERM | Errno::ACCESS => io::Error::new(io::ErrorKind::Unsupported, error),
        error => error.into(),
    })?;
    file.set_len(bytes)?;
    // A shorter file would kill the process that maps it (SIGBUS), so its size must not change.
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn memory_file(_: u64) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}
