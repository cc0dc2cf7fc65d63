//! Limits of this process that are set before anything else: descriptors, core dumps, file modes,
//! memory that is given in huge pages.

use pytoon_process::disk;
use pytoon_telemetry::ServiceRole;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::disable_transparent_huge_pages;

/// Descriptors where the system names no limit.
const UNLIMITED: u64 = 1 << 16;
/// Connections at most, however many descriptors there are.
const MOST_CONNECTIONS: u64 = 1024;
/// The part of all descriptors that connections may use; the rest is for work.
const PART_FOR_CONNECTIONS: u64 = 4;

/// Raises the limit of descriptors to what is allowed, and switches core dumps off: keys are in
/// memory. A service's files are not for everybody. An API alone has no films in memory, and huge pages
/// would be a quarter of it.
pub(crate) fn set(role: Option<ServiceRole>) {
    let files = getrlimit(Resource::Nofile);
    // What cannot be changed stays as it is.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    if role.is_some() {
        disk::keep_from_others();
    }
    if role == Some(ServiceRole::Api) {
        let _ = disable_transparent_huge_pages(true);
    }
}

/// Returns how many connections an API may have open.
pub(crate) fn connections() -> usize {
    let files = getrlimit(Resource::Nofile).current.unwrap_or(UNLIMITED);
    (files / PART_FOR_CONNECTIONS).clamp(8, MOST_CONNECTIONS) as usize
}
