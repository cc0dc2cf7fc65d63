//! Installs and removes voices in a voice folder.
//!
//! Guarantees: a voice is loaded and speaks a test phrase before it is moved into place; only a working voice
//! replaces an installed one.
//!
//! This module downloads nothing. Callers provide the files.
//!
//! Start with [`Incoming`].

use super::catalogue::KnownVoice;
use super::{Family, FileEntry, InstalledVoice, MANIFEST, MAX_FILE, Manifest, VoiceFolders};
use crate::tts::neural::{self, Voices};
use crate::{Result, VoiceError};
use pytoon_core::text;
use pytoon_neural::piper::PiperConfig;
use pytoon_process::Runner;
use pytoon_vendor::hash::file_hash;
use pytoon_vendor::replies::text_at;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// An error from adding or removing a voice.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The I/O error.
        source: std::io::Error,
    },
    /// The files are not a voice, or the voice or its folder does not exist. The text contains the reason.
    #[error("{0}")]
    NotAVoice(String),
    /// The voice could not speak.
    #[error("the voice failed its test phrase: {0}")]
    Silent(#[from] VoiceError),
}

/// Facts about a voice that its files do not contain.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// The name for the installed voice.
    pub name: Option<String>,
    /// The language of the voice.
    pub language: Option<String>,
    /// The licence of the voice.
    pub licence: Option<String>,
    /// The origin of the voice.
    pub source: String,
}

/// The files of a voice with their manifest, before installation.
#[derive(Debug, Clone)]
pub struct Incoming {
    /// The manifest of the voice.
    pub manifest: Manifest,
    /// The current path of each file in the manifest, by role.
    files: BTreeMap<String, PathBuf>,
}

impl Incoming {
    /// Reads a voice from a folder that contains a manifest, or exactly one Piper model with its settings.
    pub fn from_folder(folder: &Path, stated: &Stated) -> Result<Self, AddError> {
        if folder.join(MANIFEST).is_file() {
            let folder = std::fs::canonicalize(folder).map_err(|e| at(folder, e))?;
            let mut manifest =
                Manifest::read(&folder).or_else(|error| no_voice(&folder, error.reason))?;
            manifest.name = stated.name.clone().unwrap_or(manifest.name);
            manifest.language = stated.language.clone().unwrap_or(manifest.language);
            let place =
                |(role, entry): (&String, &FileEntry)| (role.clone(), folder.join(&entry.file));
            let files = manifest.files.iter().map(place).collect();
            return Self::from_manifest(manifest, files);
        }
        let entries = std::fs::read_dir(folder).map_err(|error| at(folder, error))?;
        let mut models: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "onnx"))
            .collect();
        models.sort();
        match models.as_slice() {
            [model] => Self::from_piper(model, stated),
            [] => no_voice(folder, format!("it has neither {MANIFEST} nor an .onnx file")),
            _ => no_voice(
                folder,
                format!("it contains {} .onnx files: name one of them", models.len()),
            ),
        }
    }

    /// Reads a Piper voice: an `.onnx` file with its `.onnx.json` in the same folder.
    pub fn from_piper(model: &Path, stated: &Stated) -> Result<Self, AddError> {
        let config = model.with_added_extension("json");
        if model.extension().is_none_or(|end| end != "onnx") {
            let reason = format!(
                "this is not a voice: name an .onnx file with its .onnx.json beside it, or a \
                 folder with {MANIFEST}"
            );
            return no_voice(model, reason);
        }
        if !config.is_file() {
            let name = config.file_name().unwrap_or_default().to_string_lossy();
            let reason = format!("the file with its settings is missing: put {name} beside it");
            return no_voice(model, reason);
        }
        let bytes = std::fs::read(&config).map_err(|error| at(&config, error))?;
        let read =
            PiperConfig::read(&bytes).or_else(|error| no_voice(&config, error.to_string()))?;
        let facts: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let stem = model.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let own = text_at(&facts, "/language/code").map(|code| code.replace('_', "-"));
        let language = stated.language.clone().or(own);
        let language = language.unwrap_or_else(|| read.espeak_voice().to_owned());
        let quality = text_at(&facts, "/audio/quality");
        let files = BTreeMap::from([
            ("config".to_owned(), config.clone()),
            ("model".to_owned(), model.to_owned()),
        ]);
        let manifest = Manifest {
            version: 1,
            name: stated.name.clone().unwrap_or(stem),
            family: Family::Piper,
            language,
            accent: None,
            gender: super::Gender::Mixed,
            styles: Vec::new(),
            quality: quality.map(|quality| format!("piper {quality}")),
            licence: stated.licence.clone().unwrap_or_else(|| "not stated".to_owned()),
            source: stated.source.clone(),
            sample_rate: read.rate(),
            words_per_minute: None,
            front_end: None,
            files: entries(&files)?,
        };
        Self::from_manifest(manifest, files)
    }

    /// Reads a single model of the `heart` family that uses another voice's pronunciation files.
    pub fn from_heart(model: &Path, known: &KnownVoice) -> Result<Self, AddError> {
        let files = BTreeMap::from([("model".to_owned(), model.to_owned())]);
        let manifest = Manifest {
            version: 1,
            name: known.name.clone(),
            family: known.family,
            language: known.language.clone(),
            accent: known.accent.clone(),
            gender: known.gender,
            styles: known.styles.clone(),
            quality: known.quality.clone(),
            licence: known.licence.clone(),
            source: known.source.clone(),
            sample_rate: known.sample_rate,
            words_per_minute: None,
            front_end: known.front_end.clone(),
            files: entries(&files)?,
        };
        Self::from_manifest(manifest, files)
    }

    fn from_manifest(
        manifest: Manifest,
        files: BTreeMap<String, PathBuf>,
    ) -> Result<Self, AddError> {
        manifest.check().map_err(AddError::NotAVoice)?;
        Ok(Self { manifest, files })
    }

    /// Installs the voice: copies the files to a temporary folder, has the voice speak a test phrase, and moves the
    /// folder into place.
    pub fn install(self, folders: &VoiceFolders, runner: &Runner) -> Result<PathBuf, AddError> {
        let own = folders.own().ok_or_else(|| {
            let reason = "there is no folder for voices: set PYTOON_VOICES or HOME";
            AddError::NotAVoice(reason.to_owned())
        })?;
        std::fs::create_dir_all(own).map_err(|error| at(own, error))?;
        let work = tempfile::Builder::new()
            .prefix(".adding-")
            .tempdir_in(own)
            .map_err(|error| at(own, error))?;
        let name = &self.manifest.name;
        let folder = work.path().join(name);
        std::fs::create_dir(&folder).map_err(|error| at(&folder, error))?;
        for (role, entry) in &self.manifest.files {
            let Some(from) = self.files.get(role) else { continue };
            let to = folder.join(&entry.file);
            std::fs::copy(from, &to).map_err(|error| at(from, error))?;
        }
        let text = serde_json::to_vec_pretty(&self.manifest).unwrap_or_default();
        let manifest = folder.join(MANIFEST);
        std::fs::write(&manifest, text).map_err(|error| at(&manifest, error))?;
        let voice = InstalledVoice { folder: folder.clone(), manifest: self.manifest.clone() };
        check_voice(&voice, folders, runner)?;
        let place = own.join(name);
        replace(&folder, &place).map_err(|error| at(&place, error))?;
        Ok(place)
    }
}

/// Removes a voice. Fails if the voice is not in the user's own folder.
pub fn remove(folders: &VoiceFolders, name: &str) -> Result<PathBuf, AddError> {
    let place =
        folders.own().map(|own| own.join(name)).filter(|place| place.join(MANIFEST).is_file());
    let Some(place) = place else {
        let elsewhere = folders.all().iter().skip(1).find(|folder| folder.join(name).is_dir());
        return Err(AddError::NotAVoice(match elsewhere.map(|folder| folder.display()) {
            Some(folder) => {
                format!("`{name}` is installed for the whole machine in {folder}: remove it there")
            }
            None => format!("there is no voice `{name}`; run `pytoon voices` for a list"),
        }));
    };
    std::fs::remove_dir_all(&place).map_err(|error| at(&place, error))?;
    Ok(place)
}

/// Has the voice speak a test phrase, so that a silent voice is never installed.
fn check_voice(voice: &InstalledVoice, folders: &VoiceFolders, runner: &Runner) -> Result<()> {
    let voices = Voices::default();
    let request = crate::tts::TtsRequest {
        sentences: vec![text::words("One, two.")],
        language: voice.manifest.language.clone(),
        ..crate::tts::TtsRequest::default()
    };
    let said = neural::speak_with(voice, folders, &voices, runner, &request)?;
    if said.iter().all(|sentence| pytoon_audio::speech::is_silent(&sentence.samples)) {
        let reason = "the audio of the test phrase is silent".to_owned();
        return Err(VoiceError::BadAudio { provider: neural::NEURAL.into(), reason });
    }
    Ok(())
}

/// Replaces the folder `to` with the folder `from`. If `from` cannot be moved, `to` is restored.
fn replace(from: &Path, to: &Path) -> std::io::Result<()> {
    if !to.exists() {
        return std::fs::rename(from, to);
    }
    let old = to.with_file_name(format!(".old-{}", std::process::id()));
    std::fs::rename(to, &old)?;
    if let Err(error) = std::fs::rename(from, to) {
        std::fs::rename(&old, to)?;
        return Err(error);
    }
    std::fs::remove_dir_all(&old)
}

fn entries(files: &BTreeMap<String, PathBuf>) -> Result<BTreeMap<String, FileEntry>, AddError> {
    files
        .iter()
        .map(|(role, path)| {
            let bytes = std::fs::metadata(path).map_err(|error| at(path, error))?.len();
            if bytes > MAX_FILE {
                let reason = format!("the file has {bytes} bytes; the maximum is {MAX_FILE}");
                return no_voice(path, reason);
            }
            let sha256 = file_hash(path).map_err(|error| at(path, error))?;
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Ok((role.clone(), FileEntry { file, bytes, sha256 }))
        })
        .collect()
}

fn no_voice<T>(path: &Path, reason: String) -> Result<T, AddError> {
    Err(AddError::NotAVoice(format!("{}: {reason}", path.display())))
}

fn at(path: &Path, source: std::io::Error) -> AddError {
    AddError::File { path: path.to_owned(), source }
}
