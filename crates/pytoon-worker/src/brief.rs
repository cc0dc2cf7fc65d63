//! Reads a job's brief in the form that stages need, with its files on this machine.

use pytoon_config::{BriefFile, read_brief};
use pytoon_pipeline::Result;
use pytoon_records::job::files::{ASSET_MARK, FileStore};
use pytoon_storage::Storage;
use serde_json::Value;
use std::path::PathBuf;

/// Reads a submitted brief. Its paths are absolute, and uploaded files are fetched to this machine. Must be
/// called on a blocking thread of an async runtime.
///
/// Returns an error at the field whose file is no longer stored.
pub fn load(brief: &Value, storage: &Storage, files: &dyn FileStore) -> Result<BriefFile> {
    let mut file = read_brief("the brief", &brief.to_string(), PathBuf::from("/"))?;
    let mut lost = None;
    for (field, path) in file.brief.files_mut() {
        let Some(id) = path.strip_prefix(ASSET_MARK) else { continue };
        let row = tokio::runtime::Handle::current().block_on(files.asset_fetch(id))?;
        match row {
            Some(row) if storage.have_now(&row.file)? => {
                *path = storage.path(&row.file).display().to_string();
            }
            _ => lost = lost.or(Some((field, id.to_owned()))),
        }
    }
    match lost {
        None => Ok(file),
        Some((field, id)) => {
            let reason =
                format!("the uploaded file `{id}` is no longer stored: upload the file again");
            Err(file.error(&field, reason).into())
        }
    }
}
