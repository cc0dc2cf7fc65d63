//! The scene graph: pictures and words before exact times are known.

use crate::note::Note;
use crate::preset::{Grade, Move, TransitionKind};
use crate::text::SentenceEnd;
use pytoon_vocabulary::{Background, EngineName, SceneId};
use serde::{Deserialize, Serialize};

/// The version of the scene graph's format.
pub const SCENE_GRAPH_VERSION: u32 = 1;

/// The plan of a film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SceneGraph {
    /// The version of the format.
    pub version: u32,
    /// The id of the preset used.
    pub preset_id: String,
    /// The seed of every random choice.
    pub seed: u64,
    /// The language of the script, a BCP 47 tag.
    pub language: String,
    /// The scenes in order; at least one.
    pub scenes: Vec<Scene>,
    /// The voice and music of the whole film.
    pub global_audio: GlobalAudio,
    /// The planner's deviations from the brief, reported to its author.
    #[serde(default)]
    pub warnings: Vec<Note>,
}

impl SceneGraph {
    /// Returns true if the voice is a recording.
    pub fn is_recorded(&self) -> bool {
        matches!(self.global_audio.voice, VoiceSource::File { .. })
    }
}

/// One scene of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scene {
    /// The scene's id: `scene_01`, `scene_02`, …
    pub id: SceneId,
    /// The visual idea of the scene.
    pub description: String,
    /// The planned length in milliseconds. The timeline has the exact length.
    pub duration: i64,
    /// The first picture, clip or background of the scene.
    pub media: SceneMedia,
    /// Further pictures shown in the scene, after the first.
    #[serde(default)]
    pub more_media: Vec<SceneMedia>,
    /// The sentences to speak, spelled as in the script; empty for a scene without words.
    #[serde(default)]
    pub sentences: Vec<String>,
    /// The ending of each sentence, which decides the pause after it; default `sentence`.
    #[serde(default)]
    pub sentence_ends: Vec<SentenceEnd>,
    /// The pauses in milliseconds that the script requests after each sentence, 0 for none. Usually empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sentence_pauses: Vec<u32>,
    /// The pause that the script requests before the first sentence, in milliseconds; usually 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lead_pause: u32,
    /// The words that the script emphasises.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emphasis: Vec<WordPlace>,
    /// The indices of the sentences that begin an item of the script's list, from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<usize>,
    /// The caption text, if it differs from the spoken words.
    pub caption: Option<String>,
    /// True if the brief replaces the scene's words with a caption.
    #[serde(default)]
    pub caption_is_override: bool,
    /// The words of the captions, if they differ from the spoken words but keep their times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown_as: Option<String>,
    /// The shift of the scene's captions in milliseconds; usually 0.
    #[serde(default, skip_serializing_if = "is_no_shift")]
    pub caption_shift: i64,
    /// The visual style of the scene.
    pub style: SceneStyle,
    /// The indices of the brief's overlays that only this scene shows.
    #[serde(default)]
    pub overlays: Vec<usize>,
    /// The transition into this scene; always `cut` for the first.
    pub transition: TransitionKind,
    /// Minimum length of the scene, in milliseconds; default 0.
    #[serde(default)]
    pub min_duration: i64,
    /// The engines that may draw the scene, in order; absent before engines are chosen, and for a scene
    /// without outside engines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_chain: Option<crate::chain::EngineChain>,
}

/// The position of a word in a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WordPlace {
    /// The index of the sentence, from 0.
    pub sentence: usize,
    /// The index of the word in its sentence, from 0.
    pub word: usize,
}

/// Returns true if the value is 0. Takes a reference, since serde passes one.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// Returns true if captions are not shifted. Takes a reference, since serde passes one.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_no_shift(value: &i64) -> bool {
    *value == 0
}

impl Scene {
    /// Returns true if the scene has at least one word to speak, not only symbols or emoji.
    pub fn has_words(&self) -> bool {
        self.sentences.iter().any(|sentence| sentence.chars().any(char::is_alphanumeric))
    }
}

/// The content of a scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SceneMedia {
    /// The kind: picture, clip or drawn background.
    #[serde(rename = "type")]
    pub kind: MediaKind,
    /// The path of the picture or clip, if there is one.
    pub asset: Option<String>,
    /// The engine that draws the content.
    pub engine: EngineName,
    /// The visual idea for the engine.
    pub prompt: Option<String>,
    /// The requested camera move, or `auto`.
    pub effect: Move,
    /// The requested fit into a frame with another aspect ratio; by default chosen from the picture's content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<crate::brief::MediaFit>,
}

/// The type of a scene's media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A still picture.
    Picture,
    /// A video clip.
    Clip,
    /// A drawn background.
    Background,
}

/// The visual style of a scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SceneStyle {
    /// The colour grade.
    pub grade: Grade,
    /// The background, used if there is no picture.
    pub background: Background,
    /// The camera, light and mood words detected in the script.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// The zoom speed relative to the preset's speed, derived from the mood (1 is the preset's speed).
    pub energy: f64,
}

/// The voice and music of a film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GlobalAudio {
    /// The source of the voice.
    pub voice: VoiceSource,
    /// The source of the music.
    pub music: MusicSource,
    /// The gain of the music relative to the preset's mix, in dB.
    pub music_gain_db: f64,
}

/// The source of the voice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum VoiceSource {
    /// No voice.
    Off,
    /// Speech from a TTS provider.
    Tts,
    /// A voice recording.
    File {
        /// The path of the recording.
        path: String,
    },
}

/// The source of the music.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum MusicSource {
    /// No music.
    None,
    /// Generated music in a given mood.
    Mood {
        /// The mood of the music.
        mood: pytoon_vocabulary::MusicMood,
    },
    /// A music file.
    File {
        /// The path of the music file.
        path: String,
    },
}

impl Scene {
    /// Returns the scene's sentences as one line.
    pub fn spoken_text(&self) -> String {
        self.sentences.join(" ")
    }

    /// Returns all media of the scene in order: the first, then those shown after it.
    pub fn all_media(&self) -> impl Iterator<Item = &SceneMedia> {
        std::iter::once(&self.media).chain(&self.more_media)
    }
}
