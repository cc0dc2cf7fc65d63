//! Voices installed on this machine: folders that contain a manifest and the files it names.
//!
//! Guarantees: a voice's files are used only if their size and SHA-256 match its manifest; an unusable voice is
//! reported with its name, the file and the reason, and does not hide other voices; a file larger than [`MAX_FILE`]
//! is never read.
//!
//! This module does not run models (`tts::neural`) and downloads nothing.
//!
//! Start with [`VoiceFolders`] and [`InstalledVoice`].

pub mod add;
pub mod catalogue;
pub(crate) mod manifest;

pub use manifest::{Family, FileEntry, Gender, MANIFEST, Manifest, Style, Unreadable};

use pytoon_process::Shortage;
use pytoon_vendor::hash::bytes_hash;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Maximum size of a file of a voice, in bytes.
pub const MAX_FILE: u64 = 512 << 20;
/// The environment variable that contains the path of the voice folder.
pub const FOLDER_ENV: &str = "PYTOON_VOICES";

/// The voice folders, in search order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoiceFolders(Vec<PathBuf>);

/// A voice with a readable manifest. Its files are checked when they are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstalledVoice {
    /// The folder of the voice.
    pub folder: PathBuf,
    /// The manifest of the voice.
    pub manifest: Manifest,
}

/// An unusable voice, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("voice `{name}`: {reason}")]
pub struct BrokenVoice {
    /// The name of the voice.
    pub name: String,
    /// The fault, in most cases with its remedy.
    pub reason: String,
    /// True if the machine ran out of a resource while reading the voice; the voice may be intact.
    pub exhausted: bool,
}

impl VoiceFolders {
    /// Returns the voice folders: the one in the environment variable, otherwise the configured one, otherwise those
    /// of the user and of the machine.
    pub fn new(configured: &str) -> Self {
        if let Some(folder) = set(FOLDER_ENV) {
            return Self(vec![folder.into()]);
        }
        if !configured.is_empty() {
            return Self(vec![configured.into()]);
        }
        let machine = ["/usr/local/share/pytoon/voices", "/usr/share/pytoon/voices"];
        Self(user_folder().into_iter().chain(machine.map(PathBuf::from)).collect())
    }

    /// Returns the folder for newly installed voices.
    pub fn own(&self) -> Option<&Path> {
        self.0.first().map(PathBuf::as_path)
    }

    /// Returns all voice folders.
    pub fn all(&self) -> &[PathBuf] {
        &self.0
    }

    /// Returns the voices with a readable manifest, sorted by name, and those whose manifest is unusable. A
    /// folder of voices that cannot be read for lack of a resource is reported as one unusable voice.
    pub fn list(&self) -> (Vec<InstalledVoice>, Vec<BrokenVoice>) {
        let mut found = BTreeMap::new();
        let mut broken = Vec::new();
        for folder in &self.0 {
            let subfolders = subfolders(folder).unwrap_or_else(|error| {
                let (name, reason) = (folder.display().to_string(), error.to_string());
                broken.push(BrokenVoice { name, reason, exhausted: true });
                Vec::new()
            });
            for path in subfolders {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if name.starts_with('.') || found.contains_key(&name) {
                    continue;
                }
                match Manifest::read(&path) {
                    Ok(manifest) => {
                        found.insert(name, InstalledVoice { folder: path, manifest });
                    }
                    Err(Unreadable { reason, exhausted, damaged: false }) => {
                        broken.push(BrokenVoice { name, reason, exhausted });
                    }
                    Err(Unreadable { reason, exhausted, damaged: true }) => {
                        let reason = format!("{reason}; {}", install_again(&name));
                        broken.push(BrokenVoice { name, reason, exhausted });
                    }
                }
            }
        }
        (found.into_values().collect(), broken)
    }

    /// Returns the voices whose files are intact, and the unusable voices. Reads every file.
    pub fn list_verified(&self) -> (Vec<InstalledVoice>, Vec<BrokenVoice>) {
        let (mut installed, mut broken) = self.list();
        installed.retain(|voice| voice.check().map_err(|reason| broken.push(reason)).is_ok());
        (installed, broken)
    }

    /// Returns the installed voice with the given name, or `None`. Fails if its manifest is unusable, or if a folder
    /// could not be read for lack of a resource.
    pub fn find(&self, name: &str) -> Result<Option<InstalledVoice>, BrokenVoice> {
        let (voices, broken) = self.list();
        if let Some(broken) = broken.into_iter().find(|it| it.name == name || it.exhausted) {
            return Err(broken);
        }
        Ok(voices.into_iter().find(|voice| voice.manifest.name == name))
    }
}

impl InstalledVoice {
    /// Reads the file with the given role and checks it against the manifest.
    pub fn read(&self, role: &str) -> Result<Vec<u8>, BrokenVoice> {
        let Some(entry) = self.manifest.files.get(role) else {
            let again = install_again(&self.manifest.name);
            return Err(self.broken_report(format!("{MANIFEST} lacks files.{role}; {again}")));
        };
        let path = self.folder.join(&entry.file);
        let report = |error: &std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => self.damage_report(&entry.file, "the file is missing"),
            _ => self.broken_report(format!("{}: {error}", path.display())),
        };
        let unreadable = |error: std::io::Error| BrokenVoice {
            exhausted: Shortage::of(&error).is_some(),
            ..report(&error)
        };
        let size = std::fs::metadata(&path).map_err(unreadable)?.len();
        if size != entry.bytes {
            let reason = format!("the file has {size} bytes instead of {}", entry.bytes);
            return Err(self.damage_report(&entry.file, &reason));
        }
        if size > MAX_FILE {
            let reason = format!("the file has {size} bytes; the maximum is {MAX_FILE}");
            return Err(self.broken_report(format!("{}: {reason}", path.display())));
        }
        let bytes = std::fs::read(&path).map_err(unreadable)?;
        if bytes_hash(&bytes) != entry.sha256 {
            return Err(
                self.damage_report(&entry.file, "the file has changed since it was installed")
            );
        }
        Ok(bytes)
    }

    /// Reads every file and checks that the model file contains a model.
    ///
    /// # Errors
    /// Reports the first file that is missing, changed, or not a model.
    pub fn check(&self) -> Result<(), BrokenVoice> {
        for (role, entry) in &self.manifest.files {
            let bytes = self.read(role)?;
            if role == "model" {
                let path = self.folder.join(&entry.file);
                let unusable = |error| {
                    let path = path.display();
                    self.broken_report(format!("{path}: {error}; choose another voice"))
                };
                pytoon_neural::check(&bytes).map_err(unusable)?;
            }
        }
        Ok(())
    }

    /// Returns the hash of the file hashes in the manifest, which identifies the content of the voice.
    pub fn fingerprint(&self) -> String {
        let files = self.manifest.files.values();
        let hashes: Vec<&str> = files.map(|entry| entry.sha256.as_str()).collect();
        bytes_hash(hashes.join(" ").as_bytes())
    }

    /// Creates the report of this voice as unusable.
    pub fn broken_report(&self, reason: String) -> BrokenVoice {
        BrokenVoice { name: self.manifest.name.clone(), reason, exhausted: false }
    }

    fn damage_report(&self, file: &str, reason: &str) -> BrokenVoice {
        let path = self.folder.join(file);
        self.broken_report(format!(
            "{}: {reason}; {}",
            path.display(),
            install_again(&self.manifest.name)
        ))
    }
}

/// Returns the remedy text for a voice whose files are damaged.
pub(crate) fn install_again(name: &str) -> String {
    match catalogue::known_voice(name) {
        Some(voice) if voice.source.starts_with("https://") => {
            format!("install it again with `pytoon voices add {name}`")
        }
        Some(_) => "install it again with `make setup` (scripts/voice.sh)".to_owned(),
        None => "install it again with `pytoon voices add FILE`".to_owned(),
    }
}

/// Returns the user's voice folder: `$XDG_DATA_HOME/pytoon/voices`, or `pytoon/voices` in `~/.local/share`.
fn user_folder() -> Option<PathBuf> {
    let at_home = || set("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let data = set("XDG_DATA_HOME").map(PathBuf::from).or_else(at_home)?;
    Some(data.join("pytoon/voices"))
}

/// Returns the value of an environment variable, if it is not empty.
fn set(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// Returns the subfolders of a folder; none if it is missing or not readable by this user.
///
/// # Errors
/// Fails if the machine ran out of a resource, since the folders are then unknown.
fn subfolders(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if Shortage::of(&error).is_some() => return Err(error),
        Err(_) => return Ok(Vec::new()),
    };
    let mut paths: Vec<PathBuf> =
        entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|path| path.is_dir()).collect();
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(model: &[u8], manifest: &str) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        let voice = root.path().join("eva");
        std::fs::create_dir(&voice).expect("a folder");
        std::fs::write(voice.join("eva.onnx"), model).expect("written");
        std::fs::write(voice.join(MANIFEST), manifest).expect("written");
        root
    }

    fn manifest(model: &[u8]) -> String {
        format!(
            r#"{{"version": 1, "name": "eva", "family": "piper", "language": "de", "gender": "female",
               "licence": "CC0", "source": "a test", "sample_rate": 22050,
               "files": {{"model": {{"file": "eva.onnx", "bytes": {}, "sha256": "{}"}}}}}}"#,
            model.len(),
            bytes_hash(model)
        )
    }

    fn list_voices(root: &tempfile::TempDir) -> (Vec<InstalledVoice>, Vec<BrokenVoice>) {
        VoiceFolders(vec![root.path().to_owned()]).list()
    }

    #[test]
    fn files_are_those_of_the_manifest_or_refused_by_name() {
        let root = folder(b"model", &manifest(b"model"));
        let (voices, broken) = list_voices(&root);
        assert!(broken.is_empty(), "{broken:?}");
        assert_eq!(voices[0].read("model").expect("read"), b"model");
        for spoiled in [&b"mod"[..], b"nodel", b""] {
            std::fs::write(root.path().join("eva/eva.onnx"), spoiled).expect("written");
            let error = voices[0].read("model").expect_err("refused").to_string();
            assert!(error.contains("`eva`") && error.contains("eva.onnx"), "{error}");
            assert!(error.contains("pytoon voices add FILE"), "{error}");
        }
        std::fs::remove_file(root.path().join("eva/eva.onnx")).expect("removed");
        assert!(voices[0].read("model").is_err());
    }

    #[test]
    fn a_manifest_that_leads_out_of_its_folder_is_refused() {
        for file in ["../secret", "/etc/passwd", "a/b", "", ".", ".."] {
            let text = manifest(b"model").replace("eva.onnx", file);
            let (voices, broken) = list_voices(&folder(b"model", &text));
            assert!(voices.is_empty(), "{file}");
            assert_eq!(broken[0].name, "eva");
        }
    }

    #[test]
    fn a_broken_manifest_hides_no_other_voice() {
        let root = folder(b"model", &manifest(b"model"));
        std::fs::create_dir(root.path().join("tom")).expect("a folder");
        std::fs::write(root.path().join("tom").join(MANIFEST), "{").expect("written");
        let (voices, broken) = list_voices(&root);
        assert_eq!((voices.len(), broken.len()), (1, 1));
        assert!(broken[0].to_string().contains("`tom`"), "{}", broken[0]);
    }
}
