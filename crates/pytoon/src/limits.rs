//! Limits of this process that are set before anything else: descriptors, core dumps, file modes, huge pages.

use pytoon_process::disk;
use pytoon_telemetry::ServiceRole;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::disable_transparent_huge_pages;

/// Raises the limit of descriptors to the allowed maximum, and disables core dumps: keys are in memory. A service's
/// files are not world-readable. An API alone has no films in memory, and huge pages would be a quarter of it.
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
