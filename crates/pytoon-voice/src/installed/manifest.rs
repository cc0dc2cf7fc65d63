//! The voice manifest `voice.json`: the description of a voice and the list of its files.

pub use pytoon_core::preset::VoiceStyle as Style;
use pytoon_process::Shortage;
use pytoon_vendor::ensure;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;

/// The file name of the manifest.
pub const MANIFEST: &str = "voice.json";
/// The supported version of the format.
const VERSION: u32 = 1;
/// Maximum size of a manifest, in bytes.
const MAX_MANIFEST: u64 = 64 << 10;

/// A voice's manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of the format.
    pub version: u32,
    /// The name of the voice and of its folder.
    pub name: String,
    /// The model family.
    pub family: Family,
    /// The language that the voice speaks, a BCP 47 tag.
    pub language: String,
    /// The accent, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// The gender that the voice sounds like.
    pub gender: Gender,
    /// The styles that the voice suits. Presets request one of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub styles: Vec<Style>,
    /// The audio quality, in a word or two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    /// The licence, as an SPDX identifier if it has one.
    pub licence: String,
    /// The origin of the voice.
    pub source: String,
    /// The sample rate in Hz.
    pub sample_rate: u32,
    /// The speaking rate of ordinary prose at speed 1, in words per minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words_per_minute: Option<u32>,
    /// The installed voice whose pronunciation files this one uses, if it has none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front_end: Option<String>,
    /// The files, by their role.
    pub files: BTreeMap<String, FileEntry>,
}

/// A file of a voice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// The file name in the voice's folder.
    pub file: String,
    /// The size in bytes.
    pub bytes: u64,
    /// The SHA-256 in hex.
    pub sha256: String,
}

/// The model family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// Distilled Kokoro, which generates spectrum and pitch from misaki's phonemes.
    Heart,
    /// VITS as exported by Piper, which uses eSpeak NG's phonemes.
    Piper,
}

/// The gender that a voice sounds like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    /// The voice sounds female.
    Female,
    /// The voice sounds male.
    Male,
    /// The voice sounds like neither, has several speakers, or its gender is unknown.
    Mixed,
}

impl Family {
    /// Returns the family's name in manifests and lists.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Heart => "heart",
            Self::Piper => "piper",
        }
    }
}

/// An error from reading a manifest or another file of a voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The reason, as shown to the user.
    pub reason: String,
    /// True if the machine ran out of a resource while reading the file; it may be intact.
    pub exhausted: bool,
    /// True if the file is missing or its content is invalid, so that a new installation helps.
    pub damaged: bool,
}

impl From<String> for Unreadable {
    fn from(reason: String) -> Self {
        Self { reason, exhausted: false, damaged: true }
    }
}

impl From<std::io::Error> for Unreadable {
    fn from(error: std::io::Error) -> Self {
        let damaged = error.kind() == std::io::ErrorKind::NotFound;
        let exhausted = Shortage::of(&error).is_some();
        Self { reason: error.to_string(), exhausted, damaged }
    }
}

/// Reads a file of at most `most` bytes. `what` is the kind of file that the size error names.
pub(crate) fn read_at_most(path: &Path, most: u64, what: &str) -> Result<Vec<u8>, Unreadable> {
    let size = std::fs::metadata(path)?.len();
    ensure(size <= most, format!("the file has {size} bytes; the maximum for {what} is {most}"))?;
    Ok(std::fs::read(path)?)
}

impl Manifest {
    /// Reads and checks the manifest in the folder of a voice.
    pub fn read(folder: &Path) -> Result<Self, Unreadable> {
        let behind_name = |it: Unreadable| {
            let reason = format!("{MANIFEST}: {}", it.reason);
            Unreadable { reason, ..it }
        };
        Self::read_checked(folder).map_err(behind_name)
    }

    fn read_checked(folder: &Path) -> Result<Self, Unreadable> {
        let bytes = read_at_most(&folder.join(MANIFEST), MAX_MANIFEST, "a manifest")?;
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| error.to_string())?;
        manifest.check()?;
        let name = &manifest.name;
        let is_folders = folder.file_name().is_some_and(|own| own.to_string_lossy() == *name);
        ensure(is_folders, format!("its name `{name}` differs from the name of its folder"))?;
        Ok(manifest)
    }

    /// Checks the manifest's version, names, sample rate, speaking rate and hashes, and that it lists a model.
    pub fn check(&self) -> Result<(), String> {
        let Self { version, name, sample_rate, files, .. } = self;
        let is_known = *version == VERSION;
        ensure(
            is_known,
            format!("version {version} is not supported; the supported version is {VERSION}"),
        )?;
        ensure(
            is_voice_name(name),
            format!("`{name}` is not a voice name of letters, digits, `-` and `_`"),
        )?;
        let is_usual = (8_000..=48_000).contains(sample_rate);
        ensure(is_usual, format!("sample_rate {sample_rate} Hz is not between 8000 and 48000"))?;
        let is_pace = self.words_per_minute.is_none_or(|pace| (60..=400).contains(&pace));
        let pace = self.words_per_minute.unwrap_or_default();
        ensure(is_pace, format!("words_per_minute {pace} is not between 60 and 400"))?;
        ensure(files.contains_key("model"), "files.model is missing")?;
        files.iter().try_for_each(|(role, FileEntry { file, sha256, .. })| {
            ensure(
                is_file_name(file),
                format!(
                    "files.{role}: `{file}` is not a file name of letters, digits, `-`, `_` and `.`"
                ),
            )?;
            let is_hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            let is_hash = sha256.len() == 64 && sha256.chars().all(is_hex);
            ensure(is_hash, format!("files.{role}: sha256 is not 64 lower-case hexadecimal digits"))
        })
    }
}

/// Returns true if a name is valid as a folder name: 1 to 64 ASCII letters, digits, `-` and `_`, the first a letter
/// or digit.
fn is_voice_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    (1..=64).contains(&name.len())
        && name.chars().all(allowed)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_file_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=128).contains(&name.len()) && name.chars().all(allowed) && !name.starts_with('.')
}
