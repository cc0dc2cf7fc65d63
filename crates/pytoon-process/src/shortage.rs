//! Exhausted resources of this machine: disk, descriptors, memory, processes, threads.

use std::error::Error;
use std::io::ErrorKind::{QuotaExceeded, StorageFull};

/// An exhausted resource of this machine. The request itself is valid: it succeeds once the resource is available
/// again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shortage {
    /// The disk is full, or this user's quota is exhausted.
    Disk,
    /// There are no more descriptors, memory, processes or threads.
    Process,
}

impl Shortage {
    /// Returns the shortage that an operating system error reports; `None` if it reports another error.
    pub fn of(error: &std::io::Error) -> Option<Self> {
        use rustix::io::Errno;
        if matches!(error.kind(), StorageFull | QuotaExceeded) {
            return Some(Self::Disk);
        }
        let code = error.raw_os_error()?;
        let short = [Errno::MFILE, Errno::NFILE, Errno::NOMEM, Errno::AGAIN];
        short.iter().any(|errno| errno.raw_os_error() == code).then_some(Self::Process)
    }

    /// Returns the shortage that an error, or one of its causes, reports; `None` if there is none.
    pub fn behind(error: &(dyn Error + 'static)) -> Option<Self> {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if let Some(shortage) = error.downcast_ref().and_then(Self::of) {
                return Some(shortage);
            }
            cause = error.source();
        }
        None
    }

    /// Returns the shortage that a program's standard error reports; `None` if there is none. The messages are the C
    /// library's, which FFmpeg does not translate. An out-of-memory error is ignored: the runner limits a program's
    /// memory, so the error is not evidence of a shortage on the machine.
    pub(crate) fn from_stderr(stderr: &str) -> Option<Self> {
        let says = |words: &str| stderr.contains(words);
        if says("No space left on device") || says("quota exceeded") {
            return Some(Self::Disk);
        }
        says("Too many open files").then_some(Self::Process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::io::Errno;

    #[test]
    fn a_shortage_is_found_in_errors_and_in_standard_error() {
        let error = |errno: Errno| std::io::Error::from_raw_os_error(errno.raw_os_error());
        for (errno, shortage) in [
            (Errno::NOSPC, Some(Shortage::Disk)),
            (Errno::DQUOT, Some(Shortage::Disk)),
            (Errno::MFILE, Some(Shortage::Process)),
            (Errno::NOMEM, Some(Shortage::Process)),
            (Errno::ACCESS, None),
        ] {
            assert_eq!(Shortage::of(&error(errno)), shortage, "{errno:?}");
            let wrapped = crate::SystemError::write("x".as_ref(), error(errno));
            assert_eq!(Shortage::behind(&wrapped), shortage, "{errno:?}");
        }
        for (stderr, shortage) in [
            ("av_interleaved_write_frame(): No space left on device", Some(Shortage::Disk)),
            ("x: Too many open files", Some(Shortage::Process)),
            ("Cannot allocate memory", None),
            ("Invalid data found", None),
        ] {
            assert_eq!(Shortage::from_stderr(stderr), shortage, "{stderr}");
        }
    }
}
