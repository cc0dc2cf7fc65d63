//! The scene graph: pictures and words, before exact times are known.

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
    /// The format's version.
    pub version: u32,
    /// The recipe used.
    pub preset_id: String,
    /// The seed of every free choice.
    pub seed: u64,
    /// The language of the words, a BCP 47 tag.
    pub language: String,
    /// The scenes in order; never empty.
    pub scenes: Vec<Scene>,
    /// Voice and music of the whole film.
    pub global_audio: GlobalAudio,
    /// The planner's deviations from the brief, for its author.
    #[serde(default)]
    pub warnings: Vec<Note>,
}

impl SceneGraph {
    /// Returns true if the voice is a recording.
    pub fn is_recorded(&self) -> bool {
        matches!(self.global_audio.voice, VoiceSource::File { .. })
    }
}

/// One unit of the plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scene {
    /// `scene_01`, `scene_02`, …
    pub id: SceneId,
    /// The visual idea.
    pub description: String,
    /// The planned length in milliseconds; the timeline has the exact one.
    pub duration: i64,
    /// The picture, clip or background.
    pub media: SceneMedia,
    /// Further pictures shown in the same scene, after the first.
    #[serde(default)]
    pub more_media: Vec<SceneMedia>,
    /// The sentences spoken, in the script's own spelling; empty for a scene without words.
    #[serde(default)]
    pub sentences: Vec<String>,
    /// The end of each sentence, which decides the pause after it; default `sentence`.
    #[serde(default)]
    pub sentence_ends: Vec<SentenceEnd>,
    /// The pause in milliseconds that the script requests after each sentence; 0 for none, and usually empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sentence_pauses: Vec<u32>,
    /// The pause in milliseconds that the script requests before the first sentence, usually 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lead_pause: u32,
    /// The words that the script emphasises.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emphasis: Vec<WordPlace>,
    /// The shown text, if it differs from the spoken words.
    pub caption: Option<String>,
    /// True if the brief replaces the scene's words by a caption.
    #[serde(default)]
    pub caption_is_override: bool,
    /// The visual style.
    pub style: SceneStyle,
    /// Indices of the brief's overlays that are shown in this scene only.
    #[serde(default)]
    pub overlays: Vec<usize>,
    /// The transition into this scene; always `cut` for the first.
    pub transition: TransitionKind,
    /// The least length, in milliseconds.
    #[serde(default)]
    pub min_duration: i64,
    /// The engines that may draw it, in order; absent if it shows the brief's own media.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine_chain: Option<crate::chain::EngineChain>,
}

/// A word of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WordPlace {
    /// The sentence, from 0.
    pub sentence: usize,
    /// The word in it, from 0.
    pub word: usize,
}

/// Takes a reference, since serde passes one.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

impl Scene {
    /// Returns true if there is a word to speak, not only marks or emoji.
    pub fn has_words(&self) -> bool {
        self.sentences.iter().any(|sentence| sentence.chars().any(char::is_alphanumeric))
    }
}

/// The content of a scene.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SceneMedia {
    /// A picture, a clip, or a drawn background.
    #[serde(rename = "type")]
    pub kind: MediaKind,
    /// The file, if there is one.
    pub asset: Option<String>,
    /// The engine that draws it.
    pub engine: EngineName,
    /// The visual idea for the engine.
    pub prompt: Option<String>,
    /// The requested movement, or `auto`.
    pub effect: Move,
    /// The requested fit into a frame of another shape; by default chosen from the picture's content.
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
    /// A moving picture.
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
    /// The background used if there is no picture.
    pub background: Background,
    /// Camera, light and mood words found in the script.
    #[serde(default)]
    pub keywords: Vec<String>,
    /// The zoom speed relative to the preset's, from the mood (1 is the preset's own).
    pub energy: f64,
}

/// Voice and music.
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
    /// Spoken by a TTS provider.
    Tts,
    /// A recording.
    File {
        /// The recording.
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
    /// Generated in a mood.
    Mood {
        /// The mood.
        mood: pytoon_vocabulary::MusicMood,
    },
    /// A file.
    File {
        /// The file.
        path: String,
    },
}

impl Scene {
    /// Returns all the words of the scene in one line.
    pub fn spoken_text(&self) -> String {
        self.sentences.join(" ")
    }

    /// Returns every picture of the scene in order.
    pub fn all_media(&self) -> impl Iterator<Item = &SceneMedia> {
        std::iter::once(&self.media).chain(&self.more_media)
    }
}
