//! The catalogue of voices that can be installed: `config/voices/catalogue.json`.

use serde::{Deserialize, Serialize};

/// The catalogue, built into the program.
const CATALOGUE: &str = include_str!("../../../../config/voices/catalogue.json");

/// A voice of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownVoice {
    /// The name of the voice.
    pub name: String,
    /// The model family.
    pub family: super::Family,
    /// The language, a BCP 47 tag.
    pub language: String,
    /// The accent, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accent: Option<String>,
    /// The gender that the voice sounds like.
    pub gender: super::Gender,
    /// The styles that the voice suits.
    #[serde(default)]
    pub styles: Vec<super::Style>,
    /// The audio quality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    /// The licence; `see its model card` if only the model card states it.
    pub licence: String,
    /// The sample rate in Hz.
    pub sample_rate: u32,
    /// The origin of the model: an https URL, or instructions.
    pub source: String,
    /// The SHA-256 of the model in hex, if its publisher states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// The size of the model in bytes, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The installed voice whose pronunciation files this one uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub front_end: Option<String>,
}

/// Returns every known voice.
pub fn known_voices() -> Vec<KnownVoice> {
    // The test below checks that it parses.
    serde_json::from_str(CATALOGUE).unwrap_or_default()
}

/// Returns the known voice with the given name.
pub fn known_voice(name: &str) -> Option<KnownVoice> {
    known_voices().into_iter().find(|voice| voice.name == name)
}

/// Returns the instructions for installing a known voice.
pub fn how_to_add(voice: &KnownVoice) -> String {
    if voice.source.starts_with("https://") {
        format!("install `{0}` with `pytoon voices add {0}`", voice.name)
    } else {
        format!("install `{}` with `make setup` (scripts/voice.sh)", voice.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalogue_is_read_whole() {
        let voices: Vec<KnownVoice> = serde_json::from_str(CATALOGUE).expect("read");
        let mut names: Vec<&str> = voices.iter().map(|voice| voice.name.as_str()).collect();
        assert!(names.len() > 5 && names.contains(&"heart"));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), voices.len(), "a name stands twice");
        for voice in voices {
            assert!(voice.source.starts_with("https://") || voice.name == "heart", "{voice:?}");
            assert!(voice.sha256.is_none_or(|hash| hash.len() == 64));
        }
    }
}
