//! Limits of this process that are set before anything else: descriptors, core dumps, file modes.

use pytoon_process::disk;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Descriptors where the system names no limit.
const UNLIMITED: u64 = 1 << 16;
/// Connections at most, however many descriptors there are.
const MOST_CONNECTIONS: u64 = 1024;
/// The part of all descriptors that connections may use; the rest is for work.
const PART_FOR_CONNECTIONS: u64 = 4;

/// Raises the limit of descriptors to what is allowed, and switches core dumps off: keys are in
/// memory. A service's files are not for everybody.
pub(crate) fn set(is_service: bool) {
    let files = getrlimit(Resource::Nofile);
    // What cannot be changed stays as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    if is_service {
        disk::keep_from_others();
    }
}

/// Returns how many connections an API may have open.
pub(crate) fn connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED);
    (files / PART_FOR_CONNECTIONS).clamp(8, MOST_CONNECTIONS) as usize
}
