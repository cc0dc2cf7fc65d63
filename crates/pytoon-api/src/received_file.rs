//! Receives files from callers and from the URLs in briefs. Reads them in pieces, limits their size, identifies them
//! by their content, and stores each once per key.
//!
//! Guarantees: a file that is too large is not read to its end; a rejected file leaves no data behind; a file is
//! stored before its row exists.
//!
//! Start with [`Receiver`], then [`keep`].

use crate::Api;
use crate::auth::Caller;
use crate::budget::Share;
use crate::problem::Problem;
use axum::http::StatusCode;
use pytoon_media::picture::PictureLimits;
use pytoon_media::sniff::sniff;
use pytoon_process::{CancelToken, ProcessLimits, Programs, Runner, SystemError, disk};
use pytoon_records::job::files::{AssetRow, Uploaded};
use sha2::{Digest, Sha256};
use std::path::Path;
use std::time::Duration;
use tempfile::TempPath;
use tokio::io::AsyncWriteExt;
use unicode_normalization::UnicodeNormalization;

/// The folder for files that are being received.
const INCOMING: &str = "incoming";
/// The timeout of FFprobe. A file that takes longer cannot be used in a film.
const LOOK_PATIENCE: Duration = Duration::from_secs(15);

/// The reason for rejecting a file.
#[derive(Debug)]
pub(crate) enum Refused {
    /// The file is larger than `assets.max_mib`.
    TooLarge(u64),
    /// A film cannot use files of this type.
    Kind(String),
    /// An error that the caller did not cause.
    Ours(Problem),
}

impl Refused {
    /// Returns the problem at a field of the brief; an internal error, which the caller did not cause, keeps its own
    /// problem.
    pub(crate) fn at(self, field: &str) -> Problem {
        match self {
            Self::TooLarge(mib) => Problem::of_field("invalid_asset", field, too_large(mib)),
            Self::Kind(reason) => Problem::of_field("invalid_asset", field, reason),
            Self::Ours(problem) => problem,
        }
    }

    /// Returns the problem for a file that is the whole request body.
    pub(crate) fn of_body(self) -> Problem {
        match self {
            Self::TooLarge(mib) => {
                Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", too_large(mib))
            }
            other => other.at("(body)"),
        }
    }
}

fn too_large(mib: u64) -> String {
    format!("the file is larger than {mib} MiB (assets.max_mib): use a smaller file")
}

fn ours(error: &dyn std::fmt::Display) -> Refused {
    tracing::error!(reason = %error, "an uploaded file could not be written");
    let detail = "the server could not store the file: repeat the request later";
    Refused::Ours(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", detail))
}

/// The memory limit of an external program that analyses a file, in bytes.
const LOOK_MEMORY: u64 = 1 << 30;

/// A file that is being received.
#[derive(Debug)]
pub(crate) struct Receiver {
    file: tokio::fs::File,
    place: TempPath,
    hasher: Sha256,
    size: u64,
    max_mib: u64,
    /// The number of bytes received when the free space was last checked.
    looked_at: u64,
    api: Api,
    share: Share,
}

/// The number of received bytes after which the free space is checked again.
const LOOK_EVERY: u64 = 1 << 20;

/// A completely received file.
#[derive(Debug)]
pub(crate) struct ReceivedFile {
    _share: Share,
    place: TempPath,
    size: u64,
    sha256: String,
    name: Option<String>,
}

impl ReceivedFile {
    /// Sets the name under which the caller knows the file. Films and errors show it.
    pub(crate) fn with_name(self, name: Option<&str>) -> Self {
        Self { name: name.and_then(shown_name), ..self }
    }
}

/// Maximum length of a stored file name without its ending, in characters.
const MAX_NAME: usize = 60;

/// Returns a file name without its folders, its ending and characters that mean something to a program; `None` if
/// nothing is left.
fn shown_name(name: &str) -> Option<String> {
    let name: String = name.nfc().collect();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let keep = |c: char| if c.is_alphanumeric() || c == '-' { c } else { '_' };
    let safe: String = stem.chars().map(keep).take(MAX_NAME).collect();
    let safe = safe.trim_matches(['_', '-']);
    (!safe.is_empty()).then(|| safe.to_owned())
}

/// Returns the name of a file in the storage, in a folder of its own if the caller named it.
fn stored_name(id: &str, name: Option<&str>, ending: &str) -> String {
    match name {
        Some(name) => format!("assets/{id}/{name}.{ending}"),
        None => format!("assets/{id}.{ending}"),
    }
}

impl Receiver {
    /// Starts to receive a file, once the caller's key has a share of the budget for incoming files.
    pub(crate) async fn begin(api: &Api, caller: &Caller) -> Result<Self, Refused> {
        let share = api.budgets.incoming.take(&caller.key_id, 1).await.map_err(Refused::Ours)?;
        crate::disk_space::check(api).map_err(Refused::Ours)?;
        let folder = api.storage.path(INCOMING);
        tokio::fs::create_dir_all(&folder).await.map_err(|error| ours(&error))?;
        let made = tempfile::Builder::new().suffix(".part").tempfile_in(&folder);
        let (file, place) = made.map_err(|error| ours(&error))?.into_parts();
        Ok(Self {
            file: tokio::fs::File::from_std(file),
            place,
            hasher: Sha256::new(),
            size: 0,
            max_mib: api.config.settings.assets.max_mib,
            looked_at: 0,
            api: api.clone(),
            share,
        })
    }

    /// Returns an error if the announced length of the file exceeds `assets.max_mib`.
    pub(crate) fn expect(&self, length: Option<u64>) -> Result<(), Refused> {
        let fits = length.is_none_or(|length| length <= self.max_mib << 20);
        if fits { Ok(()) } else { Err(Refused::TooLarge(self.max_mib)) }
    }

    /// Writes the next piece of the file. Returns an error if the file becomes too large or the disk too full.
    pub(crate) async fn push(&mut self, piece: &[u8]) -> Result<(), Refused> {
        self.size += piece.len() as u64;
        self.expect(Some(self.size))?;
        if self.size - self.looked_at >= LOOK_EVERY {
            self.looked_at = self.size;
            crate::disk_space::check(&self.api).map_err(Refused::Ours)?;
        }
        self.hasher.update(piece);
        self.file.write_all(piece).await.map_err(|error| ours(&error))
    }

    /// Completes the file and its hash.
    pub(crate) async fn end(mut self) -> Result<ReceivedFile, Refused> {
        self.file.flush().await.map_err(|error| ours(&error))?;
        let sha256 = pytoon_vocabulary::hex(&self.hasher.finalize());
        let (place, size, _share) = (self.place, self.size, self.share);
        Ok(ReceivedFile { place, size, sha256, name: None, _share })
    }
}

/// Checks a received file and stores it for the caller's key. If the key has uploaded the same content before, keeps
/// the earlier file, or replaces it if it was lost.
pub(crate) async fn keep(
    api: &Api,
    caller: &Caller,
    received: ReceivedFile,
) -> Result<Uploaded, Refused> {
    let limits = &api.config.settings.limits;
    let pictures = PictureLimits {
        max_bytes: limits.max_file_mib << 20,
        max_pixels: u64::from(limits.max_picture_megapixels) * 1_000_000,
    };
    let ReceivedFile { place, size, sha256, name, _share } = received;
    let looking = api.budgets.looking.take(&caller.key_id, 1).await.map_err(Refused::Ours)?;
    let holder = caller.key_id.as_str().into();
    let looked = tokio::task::spawn_blocking(move || {
        // Held to the end, even if the caller disconnects.
        let _looking = looking;
        let (programs, cancel) = (Programs::beside_this_one(), CancelToken::default());
        let limits = ProcessLimits { memory: Some(LOOK_MEMORY), ..ProcessLimits::default() };
        let runner = Runner { limits, holder, ..Runner::new(programs, cancel, LOOK_PATIENCE) };
        let kind = sniff(&runner, &place, &pictures).map_err(|error| reason(&place, &error));
        (place, kind)
    });
    let (place, kind) = looked.await.map_err(|error| ours(&error))?;
    let kind = kind.map_err(Refused::Kind)?;
    let id = uuid::Uuid::new_v4().to_string();
    let file = stored_name(&id, name.as_deref(), kind.ending);
    put(api, place, &file).await?;
    let row = AssetRow {
        id,
        key_id: caller.key_id.clone(),
        sha256,
        size_bytes: i64::try_from(size).unwrap_or(i64::MAX),
        media_type: kind.media_type.to_owned(),
        file: file.clone(),
        created_at: 0,
        used_at: 0,
    };
    let uploaded = api.files.asset_add(row).await.map_err(|e| Refused::Ours(e.into()))?;
    if let Uploaded::Known(known) = &uploaded {
        let has = api.storage.have(&known.file).await.map_err(|e| Refused::Ours(e.into()))?;
        if has {
            let _ = api.storage.remove(&file).await;
        } else {
            // Its file was lost: this one replaces it.
            let (from, to) = (api.storage.path(&file), api.storage.path(&known.file));
            if let Some(folder) = to.parent() {
                tokio::fs::create_dir_all(folder).await.map_err(|error| ours(&error))?;
            }
            tokio::fs::rename(&from, &to).await.map_err(|error| ours(&error))?;
            api.storage.keep(&known.file).await.map_err(|e| Refused::Ours(e.into()))?;
            let _ = api.storage.remove(&file).await;
        }
    }
    Ok(uploaded)
}

async fn put(api: &Api, place: TempPath, file: &str) -> Result<(), Refused> {
    let to = api.storage.path(file);
    if let Some(folder) = to.parent() {
        tokio::fs::create_dir_all(folder).await.map_err(|error| ours(&error))?;
    }
    place.persist(&to).map_err(|error| ours(&error))?;
    // Temporary files are private to their creator; this one is also read by workers of the same group.
    disk::open_to_group(&to).map_err(|error| ours(&error))?;
    api.storage.keep(file).await.map_err(|error| Refused::Ours(error.into()))
}

/// Formats the reason for rejecting a file, without the file's path on this machine.
fn reason(place: &Path, error: &SystemError) -> String {
    let said = match error {
        SystemError::Unusable { reason, .. } => reason.clone(),
        other => format!("failed to {other}"),
    };
    said.replace(&place.display().to_string(), "the file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_uploads_are_kept_without_folders_and_signs() {
        for (name, shown) in [
            ("beach.jpg", Some("beach")),
            ("Küche im Mai.HEIC", Some("Küche_im_Mai")),
            ("C:\\Users\\me\\tea pot.png", Some("tea_pot")),
            ("../../etc/passwd", Some("passwd")),
            ("img%03d.png", Some("img_03d")),
            ("<script>.png", Some("script")),
            ("写真.jpg", Some("写真")),
            (".hidden", None),
            ("", None),
            ("...", None),
        ] {
            assert_eq!(shown_name(name).as_deref(), shown, "{name}");
        }
        assert_eq!(shown_name(&"a".repeat(500)).map(|name| name.len()), Some(MAX_NAME));
        assert_eq!(stored_name("7", Some("beach"), "jpg"), "assets/7/beach.jpg");
        assert_eq!(stored_name("7", None, "jpg"), "assets/7.jpg");
    }
}
