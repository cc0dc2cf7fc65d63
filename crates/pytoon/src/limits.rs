//! Sets limits of this process before a command runs: descriptors, core dumps, file modes, huge pages.

use pytoon_process::disk;
use pytoon_telemetry::ServiceRole;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::disable_transparent_huge_pages;

/// Raises the descriptor limit to its maximum, and disables core dumps, since API keys are in memory. In a
/// service, new files are not world-readable. In a process that serves only the API, disables huge pages: it
/// holds no films.
pub(crate) fn set(role: Option<ServiceRole>) {
    let files = getrlimit(Resource::Nofile);
    // A limit that cannot be changed stays unchanged.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, ..files });
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    if role.is_some() {
        disk::keep_from_others();
    }
    if role == Some(ServiceRole::Api) {
        let _ = disable_transparent_huge_pages(true);
    }
}
