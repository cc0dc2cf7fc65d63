//! The brief: a person's request for a film. Every field is optional, but an empty brief is rejected.
//!
//! This is a wire type: `pytoon-config` parses it strictly (unknown fields and wrong types are errors) and reports
//! errors with the line of the field. [`Brief::problem`] checks the values beyond their types. The brief only names
//! files; the pipeline checks that they exist.

mod captions;
mod cards;
mod check;
mod denoise;
mod files;
mod overlay;
pub mod redo;
mod scene_override;

pub use captions::{CaptionPosition, CaptionSettings, CaptionsField, Platform};
pub use cards::{END_CARD_MS, EndCard, Ending, TITLE_MS};
pub use check::deadline;
pub use denoise::Denoise;
pub use overlay::{Overlay, OverlayMove, OverlayStyle, Position};
pub use scene_override::SceneOverride;

use crate::layout::Format;
use crate::time::MAX_FILM;
use pytoon_vocabulary::SoundEffect;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Implements `Deserialize` for a type that is either a text or a mapping. The derived `untagged` form would
/// not report which field is wrong.
macro_rules! text_or_mapping {
    ($name:ident, $text:expr, $variant:ident($inner:ty), $expecting:literal) => {
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Either;
                impl<'de> Visitor<'de> for Either {
                    type Value = $name;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }

                    fn visit_str<E: Error>(self, text: &str) -> Result<$name, E> {
                        let read: fn(&str) -> Result<$name, String> = $text;
                        read(text).map_err(E::custom)
                    }

                    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<$name, A::Error> {
                        <$inner>::deserialize(MapAccessDeserializer::new(map)).map($name::$variant)
                    }
                }
                deserializer.deserialize_any(Either)
            }
        }
    };
}

text_or_mapping!(
    MediaFile,
    |text| Ok(MediaFile::Path(text.to_owned())),
    Detailed(MediaEntry),
    "a path, or a mapping with `path`"
);
text_or_mapping!(
    VoiceField,
    |text| off(text).map(VoiceField::Off),
    Settings(VoiceSettings),
    "`off`, or a mapping of voice settings"
);
text_or_mapping!(
    CaptionsField,
    |text| off(text).map(CaptionsField::Off),
    Settings(CaptionSettings),
    "`off`, or a mapping of caption settings"
);
text_or_mapping!(
    BrandField,
    |text| Ok(BrandField::Named(text.to_owned())),
    Inline(BrandKit),
    "the name of a brand kit, or a mapping with `palette`, `font` and `logo`"
);
text_or_mapping!(
    Logo,
    |text| Ok(Logo::Path(text.to_owned())),
    Placed(PlacedLogo),
    "a path, or a mapping with `path` and `show`"
);

fn off(text: &str) -> Result<Off, String> {
    if text == "off" {
        Ok(Off::Off)
    } else {
        Err(format!("`{text}` is neither `off` nor a mapping of settings"))
    }
}

/// Maximum length of a film, in seconds ([`MAX_FILM`]).
pub const MAX_FILM_SECONDS: f64 = MAX_FILM.get() as f64 / 1000.0;
/// Maximum number of scenes in a film.
pub const MAX_SCENES: u32 = 40;
/// Maximum length of a prompt, script or voice script, in characters. No language fits more than this into a
/// minute of speech.
pub const MAX_SCRIPT_CHARS: usize = 6_000;

/// The request for a film.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Brief {
    /// The idea in a sentence or two, at most 6000 characters. With a script it is only the visual idea; in a
    /// brief without other words it serves as the script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The script, at most 6000 characters: plain sentences, or `<SHOT 1>` blocks with camera, light and mood words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Pictures and clips in the order in which scenes use them. They repeat when there are more scenes than files.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub media_files: Vec<MediaFile>,
    /// The preset, a recipe for look, motion, captions and music; `pytoon presets` lists the presets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset_id: Option<String>,
    /// The spoken words, if they differ from the script; at most 6000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice_script: Option<String>,
    /// A file with a recorded voice, used instead of a synthetic one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice_file: Option<String>,
    /// `off`, or the settings of the voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceField>,
    /// Pronunciations for local voices: IPA between slashes, or syllables with the stressed one in capitals (`Zapier:
    /// ZAP-ee-er`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub pronunciations: BTreeMap<String, String>,
    /// The language of the script as a BCP 47 tag, such as `en`, `de`, `ja` or `pt-BR`; by default detected from the
    /// words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// `off`, or the settings of captions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captions: Option<CaptionsField>,
    /// A music file, `none`, or a mood: `upbeat_corporate`, `calm`, `cinematic`, `lofi`, `energetic`; by default the
    /// preset's mood.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music_source: Option<String>,
    /// The gain of the music relative to the preset's mix, in dB, -30 to 12; default 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music_gain_db: Option<f64>,
    /// A brand kit: the name of an installed one, or its definition.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<BrandField>,
    /// True for strict adherence to the brand; default false. Configured words are masked in captions and
    /// muted in the voice. Scenes are joined only by cuts, crossfades, dissolves and fades to black. Pictures
    /// are not graded if the brand has a palette.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand_safe: Option<bool>,
    /// The engine for scenes that name none. If it fails, the remaining engines of the chain are tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_override: Option<String>,
    /// The deadline for waiting for engines that are cooling down: a time (`2026-11-24T18:00:00Z`) or a span from the
    /// start (`90s`, `15m`, `2h`). By default, jobs do not wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// The spending limit for voice services and outside engines in US dollars, 0 to 10000. With `on_degrade` set to
    /// `hold` or `fail`, a film that costs more makes no purchase.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// The reaction if a scene cannot use its planned outside engine: `ship` (default) makes the film anyway, `hold`
    /// keeps the work for a later `pytoon resume`, `fail` fails the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_degrade: Option<OnDegrade>,
    /// The clips of earlier films that may be reused instead of buying a new one: those of the scene's own engine
    /// (`same_engine`, the default if the brief names an engine), those of any engine of its chain (`any`, the
    /// default otherwise), or none (`never`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse: Option<ClipReuse>,
    /// The length of the film in seconds, 1 to 60; by default it follows the speech. The film is longer if
    /// its scenes need more time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_duration_seconds: Option<f64>,
    /// Maximum number of scenes, 1 to 40; default 40.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_scenes: Option<u32>,
    /// The aspect ratio of the film: `9:16`, `4:5`, `1:1` or `16:9`; by default that of the profile. The shorter side of
    /// the profile stays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// The aspect ratios of several films of this brief, instead of `format`. They share words, voice, sound and the
    /// clips of engines, which are drawn for the first. The first film is `output.mp4`, another `output.1x1.mp4`.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub formats: Vec<Format>,
    /// The clips that engines draw for several `formats`: one for all of them, drawn for the first format (`shared`, the
    /// default), or one for each format (`per_format`), each of which is paid for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clips: Option<ClipsFor>,
    /// The output profile: `default`, `master`, `test`, or one of your own in
    /// `config/profiles/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// A title over the first 2.5 seconds, at most 60 characters: the reason to keep watching.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A card over the last 2.5 seconds: call to action, address, logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_card: Option<EndCard>,
    /// True to show a number at each item of the script's list; default false.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chapters: Option<bool>,
    /// The ending of the film: `plain` (default), or `loop`, which dissolves into the beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<Ending>,
    /// The sound effects that follow the picture, of `whoosh`, `pop`, `riser` and `click`; an empty list for none. By
    /// default those of the preset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sound_effects: Option<Vec<SoundEffect>>,
    /// Pictures and text shown over the film, at most 100.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub overlays: Vec<Overlay>,
    /// Changes to individual scenes of the plan.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub scenes: Vec<SceneOverride>,
    /// The seed of all random choices, default 0. A different seed gives a variation of the film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// A picture or a clip: a path, or a path with settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum MediaFile {
    /// A path alone, relative to the brief.
    Path(String),
    /// A path with settings for its use.
    Detailed(MediaEntry),
}

/// A media file with settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MediaEntry {
    /// The path of the file, relative to the brief.
    pub path: String,
    /// True to keep a clip's own audio, ducked under the voice like music; default false.
    #[serde(default)]
    pub keep_audio: bool,
    /// The fit into a frame with another aspect ratio; by default chosen from the picture's content.
    #[serde(default)]
    pub fit: Option<MediaFit>,
}

/// The fit of a picture or a clip into a frame with another aspect ratio. The picture is never stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MediaFit {
    /// The picture covers the frame and its overhang is cropped.
    Crop,
    /// Everything is shown, over a dark ground in the colours of the picture or clip, above or beside the captions.
    Whole,
    /// The picture covers the frame, and the visible part moves slowly along the cropped side.
    Pan,
}

impl MediaFile {
    /// Returns the path as written in the brief.
    pub fn path(&self) -> &str {
        match self {
            Self::Path(path) => path,
            Self::Detailed(entry) => &entry.path,
        }
    }

    /// Returns true if the brief keeps the clip's own audio.
    pub fn keep_audio(&self) -> bool {
        matches!(self, Self::Detailed(entry) if entry.keep_audio)
    }

    /// Returns the requested fit, if any.
    pub fn fit(&self) -> Option<MediaFit> {
        match self {
            Self::Path(_) => None,
            Self::Detailed(entry) => entry.fit,
        }
    }
}

/// The word `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// The feature is off.
    Off,
}

/// `off`, or the settings of the voice.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum VoiceField {
    /// No voice. Captions stay on screen for their reading time.
    Off(Off),
    /// The settings of the voice.
    Settings(VoiceSettings),
}

/// The settings of the voice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VoiceSettings {
    /// The voice provider; `espeak` is always available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's name for the voice; `pytoon voices` lists the names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The speed relative to the voice's normal speed, 0.5 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// The pitch relative to the voice's normal pitch, in semitones, -3 to 3; for local voices only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pitch: Option<f64>,
    /// Noise removal for a recorded voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoise: Option<Denoise>,
}

/// The clips of earlier films that may be reused. Clips purchased for the film itself are always reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClipReuse {
    /// Clips of the engine that is about to be called.
    SameEngine,
    /// Clips of any engine of the chain, before the first engine is called.
    Any,
    /// No clips.
    Never,
}

/// The clips of a scene in several formats.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClipsFor {
    /// One clip, drawn for the first format and fitted to the others.
    #[default]
    Shared,
    /// One clip for each format.
    PerFormat,
}

/// The reaction if a scene falls back to the local engine against its plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnDegrade {
    /// The film is made, and the receipt reports the fallback.
    #[default]
    Ship,
    /// The job waits for a person's decision; finished work is kept.
    Hold,
    /// The job fails.
    Fail,
}

/// A brand kit: the name of an installed one, or its definition.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum BrandField {
    /// The name of a kit in `config/brands/`.
    Named(String),
    /// The definition of a kit.
    Inline(BrandKit),
}

/// A brand: colours, a font and a logo.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BrandKit {
    /// Colours as `#rrggbb`, at most 32. The first is the brand's own colour and is used as the accent; the second,
    /// if present, is the background.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub palette: Vec<String>,
    /// A font family or a font file for captions and other text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub font: Option<String>,
    /// The brand's logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<Logo>,
    /// The pronunciations of the brand's words, in the same form as in a brief.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub pronunciations: BTreeMap<String, String>,
}

/// A logo: a path, or a path with a display time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Logo {
    /// The logo's picture, shown small in a corner after the first three seconds.
    Path(String),
    /// The logo's picture and its display time.
    Placed(PlacedLogo),
}

/// A logo with its display time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlacedLogo {
    /// The path of the picture, relative to the brief or the kit.
    pub path: String,
    /// The display time: after the first three seconds (`watermark`) or over the last two (`outro`).
    #[serde(default)]
    pub show: LogoShow,
    /// The corner of the safe area in which a watermark is shown; default `top_right`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corner: Option<Corner>,
}

/// A corner of the safe area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Corner {
    /// Top left.
    TopLeft,
    /// Top right.
    TopRight,
    /// Bottom left.
    BottomLeft,
    /// Bottom right.
    BottomRight,
}

impl From<Corner> for Position {
    fn from(corner: Corner) -> Self {
        match corner {
            Corner::TopLeft => Self::TopLeft,
            Corner::TopRight => Self::TopRight,
            Corner::BottomLeft => Self::BottomLeft,
            Corner::BottomRight => Self::BottomRight,
        }
    }
}

/// The display time of a logo.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogoShow {
    /// The logo is small, in a corner, from three seconds after the start to the end.
    #[default]
    Watermark,
    /// The logo is large, over the last two seconds.
    Outro,
}

/// An invalid value: the field and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field as a path, such as `overlays[0].width`.
    pub field: String,
    /// The reason that the value is invalid, in many cases with the remedy.
    pub reason: String,
}

impl FieldProblem {
    /// Creates a problem report for a field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

impl Brief {
    /// Returns the engines that the brief names, each with the field that names it.
    pub fn engines_asked(&self) -> impl Iterator<Item = (String, &str)> {
        let whole = self.engine_override.iter().map(|name| ("engine_override".to_owned(), name));
        let of_scenes = self.scenes.iter().enumerate().filter_map(|(index, scene)| {
            Some((format!("scenes[{index}].engine"), scene.engine.as_ref()?))
        });
        whole.chain(of_scenes).map(|(field, name)| (field, name.as_str()))
    }

    /// Returns the format of the first film; `None` for that of the profile.
    pub fn first_format(&self) -> Option<Format> {
        self.format.or_else(|| self.formats.first().copied())
    }

    /// Returns the formats of the films after the first.
    pub fn further_formats(&self) -> &[Format] {
        self.formats.get(1..).unwrap_or_default()
    }

    /// Returns the further formats for which engines draw clips of their own.
    pub fn formats_with_clips(&self) -> &[Format] {
        match self.clips.unwrap_or_default() {
            ClipsFor::Shared => &[],
            ClipsFor::PerFormat => self.further_formats(),
        }
    }

    /// Returns the voice settings, or the defaults if the brief has none.
    pub fn voice_settings(&self) -> VoiceSettings {
        match &self.voice {
            Some(VoiceField::Settings(settings)) => settings.clone(),
            _ => VoiceSettings::default(),
        }
    }

    /// Returns true if the brief switches the voice off.
    pub fn voice_is_off(&self) -> bool {
        matches!(self.voice, Some(VoiceField::Off(_)))
    }

    /// Returns true if the brief switches captions off.
    pub fn captions_are_off(&self) -> bool {
        matches!(self.captions, Some(CaptionsField::Off(_)))
    }

    /// Returns the caption settings, or the defaults if the brief has none.
    pub fn caption_settings(&self) -> CaptionSettings {
        match &self.captions {
            Some(CaptionsField::Settings(settings)) => settings.clone(),
            _ => CaptionSettings::default(),
        }
    }
}
