//! The changes to single scenes in a brief.

use super::check::out_of_range;
use super::{FieldProblem, MAX_FILM_SECONDS, MAX_SCENES};
use serde::{Deserialize, Serialize};

/// A change to one scene of the plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SceneOverride {
    /// The number of the scene, 1 (the first) to 40.
    pub scene: u32,
    /// The caption, if it differs from the spoken words; at most 500 characters. It is shown over the whole scene.
    /// Set this or `shown_as`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The words of the captions, at most 500 characters. The voice stays as it is, and the captions keep its times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shown_as: Option<String>,
    /// The words to speak instead of the script's words for this scene, at most 500 characters. Only this scene is
    /// spoken again, and the scenes after it move. Not possible with a recorded voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub say_instead: Option<String>,
    /// The shift of the scene's captions in seconds, -1 to 1. Positive values show them later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption_shift_seconds: Option<f64>,
    /// The picture or clip to show: an entry of `media_files` or another path.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// The visual idea of this scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The camera move: `auto`, `push_in`, `pull_out`, `pan_left`, `pan_right`, `tilt_up`, `tilt_down`, `punch_in`,
    /// `hold`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<crate::preset::Move>,
    /// The background to draw. It replaces the scene's picture unless `media` is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<pytoon_vocabulary::Background>,
    /// The transition into this scene; ignored for the first scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition: Option<crate::preset::TransitionKind>,
    /// Minimum length of the scene in seconds, 0.1 to 60.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_duration_seconds: Option<f64>,
    /// The engine for this scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The version number of the scene's clip. A new number calls the scene's engine again, even if a fallback has
    /// drawn the scene. A paid clip from the scene's own engine is reused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub take: Option<u32>,
}

impl SceneOverride {
    /// Returns the first field that contradicts another or is out of its range, without the path of the entry.
    /// `has_recording` states that the brief has a recorded voice.
    pub(super) fn problem(&self, has_recording: bool) -> Option<FieldProblem> {
        if self.caption.is_some() && self.shown_as.is_some() {
            let reason = "`shown_as` contradicts `caption`: remove one of them";
            return Some(FieldProblem::new("shown_as", reason));
        }
        let is_blank =
            |text: &Option<String>| text.as_ref().is_some_and(|text| text.trim().is_empty());
        if is_blank(&self.say_instead) {
            return Some(FieldProblem::new(
                "say_instead",
                "there are no words: state them, or remove the field",
            ));
        }
        if is_blank(&self.shown_as) {
            return Some(FieldProblem::new(
                "shown_as",
                "there are no words: state them, or remove the field",
            ));
        }
        if self.say_instead.is_some() && has_recording {
            let reason = "the recorded voice (`voice_file`) cannot speak other words: change the captions with \
                `shown_as`, or remove `voice_file`";
            return Some(FieldProblem::new("say_instead", reason));
        }
        out_of_range("scene", Some(f64::from(self.scene)), 1.0, f64::from(MAX_SCENES))
            .or_else(|| {
                out_of_range(
                    "min_duration_seconds",
                    self.min_duration_seconds,
                    0.1,
                    MAX_FILM_SECONDS,
                )
            })
            .or_else(|| {
                out_of_range("caption_shift_seconds", self.caption_shift_seconds, -1.0, 1.0)
            })
    }
}
