//! The brief: a person's request for a film. Every field is optional; an empty brief is rejected.
//!
//! This is a wire type: `pytoon-config` parses it strictly (unknown fields and wrong types are errors) and knows the
//! line of each field. [`Brief::problem`] checks the values beyond their types. Files are only named here; the
//! pipeline checks that they exist.

mod check;
mod denoise;
mod files;
pub mod redo;

pub use check::deadline;
pub use denoise::Denoise;

use crate::time::MAX_FILM;
use pytoon_vocabulary::CaptionLook;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Reads a value that is either one text or a mapping. Written by hand because the derived `untagged` form hides
/// the field that is wrong.
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
        Err(format!("`{text}` is not `off` or a mapping of settings"))
    }
}

/// The longest film, in seconds ([`MAX_FILM`]).
pub const MAX_FILM_SECONDS: f64 = MAX_FILM.get() as f64 / 1000.0;
/// The most scenes one film may have.
pub const MAX_SCENES: u32 = 40;
/// The longest script, in characters; more cannot be spoken in a minute in any language.
pub const MAX_SCRIPT_CHARS: usize = 6_000;

/// The request for a film.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Brief {
    /// The idea in a sentence or two. Spoken and captioned when there is no script; with a
    /// script it is only the visual idea.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The words: plain sentences, or `<SHOT 1>` blocks with camera, light and mood words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<String>,
    /// Pictures and clips, in the order of their use; cycled when there are more scenes.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub media_files: Vec<MediaFile>,
    /// The recipe for look, motion, captions and music; `pytoon presets` lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preset_id: Option<String>,
    /// The spoken words, when they differ from the script.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice_script: Option<String>,
    /// A recorded voice, in place of a synthetic one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice_file: Option<String>,
    /// `off`, or the settings of the voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceField>,
    /// Pronunciations for voices of this machine: IPA between slashes, or syllables with the stressed one in
    /// capitals (`Zapier: ZAP-ee-er`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub pronunciations: BTreeMap<String, String>,
    /// The language of the words as a BCP 47 tag, such as `en`, `de`, `ja` or `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// `off`, or the settings of captions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captions: Option<CaptionsField>,
    /// A music file, `none`, or a mood: `upbeat_corporate`, `calm`, `cinematic`, `lofi`,
    /// `energetic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music_source: Option<String>,
    /// The gain of the music relative to the preset's mix, in dB, -30 to 12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music_gain_db: Option<f64>,
    /// A brand kit by name, or one written here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<BrandField>,
    /// Strict adherence to the brand: profanity masked in captions and muted in the voice, plain cuts and
    /// crossfades only, and no colour outside the palette.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand_safe: Option<bool>,
    /// The engine for every scene; if it fails, the rest of the chain is tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_override: Option<String>,
    /// The deadline for waiting for engines that are cooling down: a time (`2026-11-24T18:00:00Z`) or a span from
    /// the start (`90s`, `15m`, `2h`); no waiting by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// The spending limit for voice services and outside engines in US dollars, 0 to 10000. With `on_degrade` set to
    /// `hold` or `fail`, nothing is bought for a film that costs more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// The reaction if a scene cannot have its planned outside engine: `ship` (default) makes the film anyway,
    /// `hold` keeps the work for a later `pytoon resume`, `fail` fails the job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_degrade: Option<OnDegrade>,
    /// The clips of earlier films that may be reused instead of buying one: of the scene's own engine
    /// (`same_engine`, the default if the brief names an engine), of any engine of its chain (`any`, the default
    /// otherwise), or none (`never`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse: Option<ClipReuse>,
    /// The length of the film in seconds, 1 to 60, met to the frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_duration_seconds: Option<f64>,
    /// The most scenes, 1 to 40.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_scenes: Option<u32>,
    /// The output profile: `default`, `master`, `test`, or one of your own in
    /// `config/profiles/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Pictures and text over the film.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub overlays: Vec<Overlay>,
    /// Changes to single scenes of the plan.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub scenes: Vec<SceneOverride>,
    /// The seed of every free choice; the same brief and seed give the same film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// A picture or a clip: a path, or a path with settings.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum MediaFile {
    /// Just the path, relative to the brief.
    Path(String),
    /// The path and how to use it.
    Detailed(MediaEntry),
}

/// A media file with settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MediaEntry {
    /// The path, relative to the brief.
    pub path: String,
    /// True to keep a clip's own sound, ducked under the voice like music; default false.
    #[serde(default)]
    pub keep_audio: bool,
    /// The fit into a frame of another shape; by default chosen from the picture's content.
    #[serde(default)]
    pub fit: Option<MediaFit>,
}

/// The fit of a picture or a clip into a frame of another shape. It is never stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum MediaFit {
    /// Covers the frame; the rest is cropped.
    Crop,
    /// Shown whole over a dark, blurred copy of itself.
    Whole,
    /// Covers the frame, which moves slowly along the cropped side.
    Pan,
}

impl MediaFile {
    /// Returns the path as given.
    pub fn path(&self) -> &str {
        match self {
            Self::Path(path) => path,
            Self::Detailed(entry) => &entry.path,
        }
    }

    /// Returns true if the clip's own sound is kept.
    pub fn keep_audio(&self) -> bool {
        matches!(self, Self::Detailed(entry) if entry.keep_audio)
    }

    /// Returns the requested fit.
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
    /// Without it.
    Off,
}

/// `off`, or the settings of the voice.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum VoiceField {
    /// No voice; captions stay for their reading time.
    Off(Off),
    /// The settings of the voice.
    Settings(VoiceSettings),
}

/// The settings of the voice.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VoiceSettings {
    /// The provider; `espeak` is always available.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's name for the voice; `pytoon voices` lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The speed relative to the voice's own, 0.5 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// The pitch relative to the voice's own, in semitones, -3 to 3; for voices of this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pitch: Option<f64>,
    /// Noise removal for a recorded voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoise: Option<Denoise>,
}

/// `off`, or the settings of the captions.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum CaptionsField {
    /// No captions in the picture and no sidecars.
    Off(Off),
    /// The settings of the captions.
    Settings(CaptionSettings),
}

/// The settings of captions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CaptionSettings {
    /// The look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<CaptionLook>,
    /// The platform whose buttons captions keep clear of; default `universal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// The size relative to the look's own, 0.6 to 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<f64>,
}

/// The clips of earlier films that may be reused. Clips bought for the film itself always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClipReuse {
    /// Clips of the engine whose turn it is.
    SameEngine,
    /// Clips of any engine of the chain, before the first engine is called.
    Any,
    /// No clips.
    Never,
}

/// The reaction if a scene falls back to the local engine against its plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum OnDegrade {
    /// The film is made, and the receipt reports it.
    #[default]
    Ship,
    /// The job stops and keeps its work.
    Hold,
    /// The job fails.
    Fail,
}

/// A safe zone by platform. The zones are data with a date in `pytoon-graphics`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// Clear of the buttons of every platform.
    #[default]
    Universal,
    /// As `universal`, and clear of TikTok's rail in paid placements.
    UniversalStrict,
    /// Unpaid posts only: captions may sit lower.
    Organic,
    /// TikTok, paid.
    Tiktok,
    /// Instagram Reels and Stories, paid.
    Reels,
    /// YouTube Shorts, paid.
    Shorts,
}

impl Platform {
    /// Returns the name used in briefs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Universal => "universal",
            Self::UniversalStrict => "universal_strict",
            Self::Organic => "organic",
            Self::Tiktok => "tiktok",
            Self::Reels => "reels",
            Self::Shorts => "shorts",
        }
    }
}

/// A brand kit by name, or written in the brief.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum BrandField {
    /// The name of a kit in `config/brands/`.
    Named(String),
    /// The kit itself.
    Inline(BrandKit),
}

/// A brand: colours, a font and a logo.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BrandKit {
    /// Colours as `#rrggbb`: the first is the brand's own, used as accent; the second, where
    /// given, is the ground.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub palette: Vec<String>,
    /// A font family or a font file for captions and type.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub font: Option<String>,
    /// The logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo: Option<Logo>,
    /// The pronunciations of the brand's words, as in a brief.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub pronunciations: BTreeMap<String, String>,
}

/// A logo: a path, or a path with a place.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
pub enum Logo {
    /// The picture, shown small in a corner from the third second on.
    Path(String),
    /// The picture and the time in which it is shown.
    Placed(PlacedLogo),
}

/// A logo with a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlacedLogo {
    /// The picture, relative to the brief or the kit.
    pub path: String,
    /// Throughout (`watermark`) or over the last two seconds (`outro`).
    #[serde(default)]
    pub show: LogoShow,
}

/// The time in which a logo is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogoShow {
    /// Small, in a corner, from the third second to the end.
    #[default]
    Watermark,
    /// Large, over the last two seconds.
    Outro,
}

/// A picture with alpha, or text, over the film.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// A picture with or without alpha; give this or `text`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Text; give this or `image`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The place in the safe zone.
    #[serde(default)]
    pub position: Position,
    /// The width as a share of the frame, 0.02 to 1; default 0.3.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// The opacity, 0 to 1; default 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opacity: Option<f64>,
    /// The start time in seconds; default the start of the film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_seconds: Option<f64>,
    /// The end time in seconds; default the end of the film.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_seconds: Option<f64>,
    /// The only scene in which it is shown (1 is the first).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<u32>,
}

/// A place in the safe zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Position {
    /// Top left.
    TopLeft,
    /// Top centre.
    Top,
    /// Top right.
    #[default]
    TopRight,
    /// The middle.
    Center,
    /// Bottom left.
    BottomLeft,
    /// Bottom centre.
    Bottom,
    /// Bottom right.
    BottomRight,
}

/// A change to one scene of the plan.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SceneOverride {
    /// The number of the scene (1 is the first).
    pub scene: u32,
    /// The caption, if it differs from the spoken words; shown over the whole scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
    /// The picture or clip to show, which must be in `media_files` or a path of its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media: Option<String>,
    /// The visual idea of this scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// The movement: `auto`, `push_in`, `pull_out`, `pan_left`, `pan_right`, `tilt_up`,
    /// `tilt_down`, `punch_in`, `hold`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<crate::preset::Move>,
    /// The background drawn if there is no picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<pytoon_vocabulary::Background>,
    /// The transition into this scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition: Option<crate::preset::TransitionKind>,
    /// The least length, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_duration_seconds: Option<f64>,
    /// The engine for this scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// The number of the take. Another number calls the scene's engine again, even if another engine's clip was used
    /// as a fallback. A paid clip of the engine itself is reused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub take: Option<u32>,
}

/// An invalid value: the field and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field as a path, such as `overlays[0].width`.
    pub field: String,
    /// The defect and the remedy.
    pub reason: String,
}

impl FieldProblem {
    /// Creates a problem with a field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

impl Brief {
    /// Returns the engines that the brief names, with their fields.
    pub fn engines_asked(&self) -> impl Iterator<Item = (String, &str)> {
        let whole = self.engine_override.iter().map(|name| ("engine_override".to_owned(), name));
        let of_scenes = self.scenes.iter().enumerate().filter_map(|(index, scene)| {
            Some((format!("scenes[{index}].engine"), scene.engine.as_ref()?))
        });
        whole.chain(of_scenes).map(|(field, name)| (field, name.as_str()))
    }

    /// Returns the voice settings, empty if none were given.
    pub fn voice_settings(&self) -> VoiceSettings {
        match &self.voice {
            Some(VoiceField::Settings(settings)) => settings.clone(),
            _ => VoiceSettings::default(),
        }
    }

    /// Returns true if the voice was switched off.
    pub fn voice_is_off(&self) -> bool {
        matches!(self.voice, Some(VoiceField::Off(_)))
    }

    /// Returns true if captions were switched off.
    pub fn captions_are_off(&self) -> bool {
        matches!(self.captions, Some(CaptionsField::Off(_)))
    }

    /// Returns the caption settings, empty if none were given.
    pub fn caption_settings(&self) -> CaptionSettings {
        match &self.captions {
            Some(CaptionsField::Settings(settings)) => settings.clone(),
            _ => CaptionSettings::default(),
        }
    }
}
