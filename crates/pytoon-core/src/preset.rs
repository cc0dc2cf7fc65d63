//! Presets: creative recipes for colours, motion, captions, music, transitions, voice and pacing, as data.

use crate::text::SentenceEnd;
use pytoon_vocabulary::{Background, CaptionLook, MusicMood, SoundEffect, named_enum};
use serde::{Deserialize, Serialize};

named_enum! {
    /// A style of voice.
    VoiceStyle {
        /// A calm voice, for explanations.
        Calm => "calm",
        /// A cheerful voice, for sales.
        Bright => "bright",
        /// A deep voice, for stories.
        Low => "low",
    }
}

named_enum! {
    /// The transition between two scenes.
    TransitionKind {
        /// An instant change.
        Cut => "cut",
        /// A linear fade from one picture to the next.
        Crossfade => "crossfade",
        /// A fade to black and back.
        FadeBlack => "fade_black",
        /// The next picture pushes in from the right.
        SwipeLeft => "swipe_left",
        /// The next picture pushes in from the left.
        SwipeRight => "swipe_right",
        /// A smooth crossfade that begins and ends at rest.
        Dissolve => "dissolve",
        /// A quick zoom.
        Zoom => "zoom",
    }
}

named_enum! {
    /// A camera move over a still picture.
    Move {
        /// The planner chooses the move from the picture and its neighbours.
        Auto => "auto",
        /// The camera moves slowly towards the subject.
        PushIn => "push_in",
        /// The camera moves slowly away from the subject.
        PullOut => "pull_out",
        /// The camera pans left.
        PanLeft => "pan_left",
        /// The camera pans right.
        PanRight => "pan_right",
        /// The camera tilts up.
        TiltUp => "tilt_up",
        /// The camera tilts down.
        TiltDown => "tilt_down",
        /// The camera jumps closer, then drifts.
        PunchIn => "punch_in",
        /// No camera move.
        Hold => "hold",
    }
}

named_enum! {
    /// A colour grade.
    Grade {
        /// Almost no change.
        Clean => "clean",
        /// A warm grade with lifted blacks.
        WarmFilm => "warm_film",
        /// Cool shadows and warm highlights.
        TealOrange => "teal_orange",
        /// A cool and clear grade.
        CoolTech => "cool_tech",
        /// A grade with deep blacks and strong colour.
        Punch => "punch",
        /// A black-and-white grade.
        Noir => "noir",
        /// A light and soft grade.
        Pastel => "pastel",
    }
}

/// A creative recipe.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Preset {
    /// The purpose in one line, as `pytoon presets` shows it.
    pub description: String,
    /// The colour grade of pictures.
    pub grade: Grade,
    /// The strength of the grade, 0 to 1.
    pub grade_strength: f64,
    /// The colours, used if no brand sets any.
    pub palette: PaletteSpec,
    /// The backgrounds to draw, one or two.
    pub backgrounds: Vec<Background>,
    /// Camera moves over stills.
    pub motion: MotionSpec,
    /// The caption settings.
    pub captions: CaptionSpec,
    /// The music, used if the brief names none.
    pub music: MusicSpec,
    /// The transitions between scenes.
    pub transitions: TransitionSpec,
    /// The voice, used if the brief names none.
    pub voice: VoiceSpec,
    /// The pacing of the scenes.
    pub pacing: PacingSpec,
    /// The sound effects that follow the picture: `whoosh`, `pop`, `riser`, `click`; default none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sound_effects: Vec<SoundEffect>,
    /// True to show a short first sentence as a title, if the film begins with a picture; default false.
    #[serde(default)]
    pub opening_title: bool,
}

/// The colours of a preset: two hues in OKLCH, in degrees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PaletteSpec {
    /// The hue of the background and body text, in degrees, 0 to 360.
    pub base_hue: f64,
    /// The hue of the accent, in degrees, 0 to 360.
    pub accent_hue: f64,
    /// The chroma relative to the default, 0 to 1.5.
    pub chroma: f64,
}

/// Camera moves over stills.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MotionSpec {
    /// The moves to choose from; at least one.
    pub moves: Vec<Move>,
    /// The slowest zoom, in per cent per second, 0 to 5.
    pub min_zoom_pct_per_s: f64,
    /// The fastest zoom, in per cent per second, from the slowest zoom to 5.
    pub max_zoom_pct_per_s: f64,
}

/// The caption settings of a preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaptionSpec {
    /// The caption look.
    pub look: CaptionLook,
    /// The text size relative to the look's default, 0.6 to 1.6.
    pub size: f64,
}

/// The music of a preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MusicSpec {
    /// The mood of the generated music, or `none` for no music.
    pub mood: String,
    /// The level of the ducked music below the voice, in LU, 6 to 30.
    pub bed_below_voice_lu: f64,
}

/// The transitions between scenes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct TransitionSpec {
    /// The one transition that this preset uses besides cuts.
    pub house: TransitionKind,
    /// The length of the transition, in seconds, 0.1 to 1.
    pub seconds: f64,
    /// The interval of the joins at which the transition may appear; the other joins are cuts. 0 means cuts
    /// only.
    pub every: u32,
}

/// The voice of a preset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VoiceSpec {
    /// The preferred style if several voices are installed: `calm`, `bright` or `low`.
    pub style: VoiceStyle,
    /// The eSpeak NG variant of the voice, such as `f3`; empty for the unmodified voice.
    pub variant: String,
    /// The speaking rate, in words per minute, 100 to 260.
    pub words_per_minute: f64,
}

/// The pacing of a film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PacingSpec {
    /// The display time above which a picture gets several views, in seconds, 1.5 to 10.
    pub max_shot_seconds: f64,
    /// The pause after a comma, in milliseconds, 40 to 800; default 140. Natural local voices follow it.
    #[serde(default = "default_comma_pause_ms")]
    pub comma_pause_ms: u32,
    /// The pause between sentences, in milliseconds, 60 to 1000.
    pub sentence_pause_ms: u32,
    /// The pause after a list item, in milliseconds, 60 to 1500; default 220.
    #[serde(default = "default_list_item_pause_ms")]
    pub list_item_pause_ms: u32,
    /// The pause between paragraphs, in milliseconds, 80 to 2000; default 360.
    #[serde(default = "default_paragraph_pause_ms")]
    pub paragraph_pause_ms: u32,
    /// The pause between scenes, in milliseconds, 80 to 1500.
    pub scene_pause_ms: u32,
    /// The display time of a picture without words, in seconds, 0.8 to 10.
    pub silent_scene_seconds: f64,
}

fn default_comma_pause_ms() -> u32 {
    140
}

fn default_list_item_pause_ms() -> u32 {
    220
}

fn default_paragraph_pause_ms() -> u32 {
    360
}

impl PacingSpec {
    /// Returns the pause after a sentence, in milliseconds.
    pub fn pause_after_ms(&self, end: SentenceEnd) -> u32 {
        match end {
            SentenceEnd::Sentence => self.sentence_pause_ms,
            SentenceEnd::ListItem => self.list_item_pause_ms,
            SentenceEnd::Paragraph => self.paragraph_pause_ms,
        }
    }
}

impl Preset {
    /// Returns the first invalid value, as (field, reason).
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let range = |field: &'static str, value: f64, low: f64, high: f64| {
            (!(low..=high).contains(&value))
                .then(|| (field, format!("{value} is not between {low} and {high}")))
        };
        if self.backgrounds.is_empty() || self.backgrounds.len() > 2 {
            return Some(("backgrounds", "name one or two backgrounds".into()));
        }
        if self.motion.moves.is_empty() {
            return Some(("motion.moves", "name at least one move".into()));
        }
        if self.music.mood != "none" && MusicMood::from_name(&self.music.mood).is_none() {
            return Some((
                "music.mood",
                format!("there is no mood `{}`; `pytoon music` lists them", self.music.mood),
            ));
        }
        range("grade_strength", self.grade_strength, 0.0, 1.0)
            .or_else(|| range("palette.base_hue", self.palette.base_hue, 0.0, 360.0))
            .or_else(|| range("palette.accent_hue", self.palette.accent_hue, 0.0, 360.0))
            .or_else(|| range("palette.chroma", self.palette.chroma, 0.0, 1.5))
            .or_else(|| {
                range("motion.min_zoom_pct_per_s", self.motion.min_zoom_pct_per_s, 0.0, 5.0)
            })
            .or_else(|| {
                range(
                    "motion.max_zoom_pct_per_s",
                    self.motion.max_zoom_pct_per_s,
                    self.motion.min_zoom_pct_per_s,
                    5.0,
                )
            })
            .or_else(|| range("captions.size", self.captions.size, 0.6, 1.6))
            .or_else(|| range("music.bed_below_voice_lu", self.music.bed_below_voice_lu, 6.0, 30.0))
            .or_else(|| range("transitions.seconds", self.transitions.seconds, 0.1, 1.0))
            .or_else(|| range("voice.words_per_minute", self.voice.words_per_minute, 100.0, 260.0))
            .or_else(|| range("pacing.max_shot_seconds", self.pacing.max_shot_seconds, 1.5, 10.0))
            .or_else(|| {
                range("pacing.comma_pause_ms", f64::from(self.pacing.comma_pause_ms), 40.0, 800.0)
            })
            .or_else(|| {
                range(
                    "pacing.sentence_pause_ms",
                    f64::from(self.pacing.sentence_pause_ms),
                    60.0,
                    1000.0,
                )
            })
            .or_else(|| {
                let pause = f64::from(self.pacing.list_item_pause_ms);
                range("pacing.list_item_pause_ms", pause, 60.0, 1500.0)
            })
            .or_else(|| {
                let pause = f64::from(self.pacing.paragraph_pause_ms);
                range("pacing.paragraph_pause_ms", pause, 80.0, 2000.0)
            })
            .or_else(|| {
                range("pacing.scene_pause_ms", f64::from(self.pacing.scene_pause_ms), 80.0, 1500.0)
            })
            .or_else(|| {
                range("pacing.silent_scene_seconds", self.pacing.silent_scene_seconds, 0.8, 10.0)
            })
    }
}
