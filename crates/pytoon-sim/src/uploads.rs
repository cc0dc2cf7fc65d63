//! Records files that clients upload before they order a task.
//!
//! Guarantees: the bytes are counted against the vendor's limit and discarded; the number of recorded uploads is
//! limited.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Maximum number of uploads; the oldest are dropped.
const MAX_UPLOADS: usize = 10_000;

/// An announced or received file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Upload {
    pub(crate) vendor: String,
    pub(crate) name: String,
    pub(crate) content_type: String,
    /// The purpose that the client stated, at vendors that require it.
    pub(crate) purpose: String,
    /// The announced size, in bytes.
    pub(crate) announced: Option<u64>,
    /// The received size, in bytes; `None` before the file is received.
    pub(crate) received: Option<u64>,
    /// The width and height of an uploaded picture; `None` if they could not be read.
    pub(crate) shape: Option<(u32, u32)>,
    /// True if the client declared the upload complete, at vendors that require it.
    pub(crate) completed: bool,
    /// The number of polls since the upload was completed.
    pub(crate) looks: u32,
    /// True if the vendor cannot read the file.
    pub(crate) is_refused: bool,
    pub(crate) created_at: u64,
}

/// The recorded uploads, by id.
#[derive(Debug, Default)]
pub(crate) struct Uploads(Mutex<HashMap<String, Upload>>);

impl Uploads {
    pub(crate) fn add(&self, id: &str, upload: Upload) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MAX_UPLOADS {
            let oldest = all.iter().min_by_key(|(_, one)| one.created_at).map(|(id, _)| id.clone());
            oldest.map(|id| all.remove(&id));
        }
        all.insert(id.to_owned(), upload);
    }

    pub(crate) fn find(&self, vendor: &str, id: &str) -> Option<Upload> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(id).filter(|one| one.vendor == vendor).cloned()
    }

    pub(crate) fn update(
        &self,
        vendor: &str,
        id: &str,
        change: impl FnOnce(&mut Upload),
    ) -> Option<Upload> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let upload = all.get_mut(id).filter(|one| one.vendor == vendor)?;
        change(upload);
        Some(upload.clone())
    }

    pub(crate) fn remove(&self, vendor: &str, id: &str) -> Option<Upload> {
        self.find(vendor, id)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id)
    }

    pub(crate) fn of_vendor(&self, vendor: &str) -> Vec<(String, Upload)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut own: Vec<_> = all
            .iter()
            .filter(|(_, one)| one.vendor == vendor)
            .map(|(id, one)| (id.clone(), one.clone()))
            .collect();
        own.sort_by_key(|(id, one)| (one.created_at, id.clone()));
        own
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
