//! Checks the free disk space: new work is rejected before the disk is full, so that work in progress can be
//! finished.

use crate::Api;
use crate::problem::Problem;
use axum::http::StatusCode;
use pytoon_process::disk;

/// Returns a 507 problem if the disk is nearly full.
pub(crate) fn check(api: &Api) -> Result<(), Problem> {
    let needed = api.config.settings.storage.min_free_mib;
    match disk::free_bytes(api.storage.folder()).map(|bytes| bytes >> 20) {
        Some(free) if free < needed => {
            let detail = format!(
                "the disk for films has {free} MiB free, but {needed} MiB are needed \
                 (storage.min_free_mib): try again later"
            );
            Err(Problem::new(StatusCode::INSUFFICIENT_STORAGE, "storage_full", detail))
        }
        _ => Ok(()),
    }
}
