//! The brief: what a person asks for. Every field is optional; an empty brief is refused.
//!
//! This is a wire type: it is parsed strictly (unknown fields and wrong types are errors) by
//! `pytoon-config`, which also knows the line of each field. [`Brief::problem`] checks what a
//! type cannot say. Files are only named here; whether they exist is the pipeline's business.

mod check;
mod denoise;
mod files;
pub mod redo;

pub use check::deadline;
pub use denoise::Denoise;

use crate::time::MAX_FILM;
use pytoon_vocabulary::CaptionLook;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Reads a value that is either one text or a mapping. Written by hand because the derived
/// `untagged` form swallows which field was wrong.
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

/// What to make.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// `off`, or how the voice is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voice: Option<VoiceField>,
    /// How words are pronounced by voices of this machine: IPA between slashes, or syllables with
    /// the stressed one in capitals (`Zapier: ZAP-ee-er`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub pronunciations: BTreeMap<String, String>,
    /// The language of the words as a BCP 47 tag, such as `en`, `de`, `ja` or `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// `off`, or how captions look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captions: Option<CaptionsField>,
    /// A music file, `none`, or a mood: `upbeat_corporate`, `calm`, `cinematic`, `lofi`,
    /// `energetic`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music_source: Option<String>,
    /// Music louder (+) or softer (-) than the preset mixes it, in dB, -30 to 12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub music_gain_db: Option<f64>,
    /// A brand kit by name, or one written here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand: Option<BrandField>,
    /// Keep to the brand: profanity masked in captions and muted in the voice, plain cuts and
    /// crossfades only, and no colour outside the palette.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub brand_safe: Option<bool>,
    /// Draw every scene with this engine; where it fails, the chain goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine_override: Option<String>,
    /// Until when engines that only cool may be waited for: a time (`2026-11-24T18:00:00Z`) or a
    /// span from the start (`90s`, `15m`, `2h`). Without it nothing is waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// At most so many US dollars for voice services and outside engines, 0 to 10000. Where
    /// `on_degrade` is `hold` or `fail`, nothing is bought of a film that costs more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<f64>,
    /// When a scene cannot have the outside engine it was to have: make the film all the same
    /// (`ship`, the default), keep the work for a later `pytoon resume` (`hold`), or `fail`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_degrade: Option<OnDegrade>,
    /// Which clips of earlier films may be used again instead of buying one: of the scene's own
    /// engine (`same_engine`, the default where the brief names an engine), of any engine of its
    /// chain (`any`, the default elsewhere), or none (`never`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reuse: Option<ClipReuse>,
    /// The length of the film in seconds, 1 to 60, met to the frame.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_duration_seconds: Option<f64>,
    /// At most this many scenes, 1 to 40.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_scenes: Option<u32>,
    /// The output profile: `default`, `master`, `test`, or one of your own in
    /// `config/profiles/`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Pictures and text laid over the film.
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
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum MediaFile {
    /// Just the path, relative to the brief.
    Path(String),
    /// The path and how to use it.
    Detailed(MediaEntry),
}

/// A media file with settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MediaEntry {
    /// The path, relative to the brief.
    pub path: String,
    /// Keep a clip's own sound, ducked under the voice like music.
    #[serde(default)]
    pub keep_audio: bool,
    /// How it meets a frame of another shape; chosen from what it shows when absent.
    #[serde(default)]
    pub fit: Option<MediaFit>,
}

/// How a picture or a clip meets a frame of another shape. It is never stretched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MediaFit {
    /// It covers the frame; the rest is cut off.
    Crop,
    /// It is shown whole over a dark, blurred copy of itself.
    Whole,
    /// It covers the frame, which moves slowly along the side that is cut off.
    Pan,
}

impl MediaFile {
    /// The path as given.
    pub fn path(&self) -> &str {
        match self {
            Self::Path(path) => path,
            Self::Detailed(entry) => &entry.path,
        }
    }

    /// Whether the clip's own sound is kept.
    pub fn keep_audio(&self) -> bool {
        matches!(self, Self::Detailed(entry) if entry.keep_audio)
    }

    /// How it is asked to meet the frame.
    pub fn fit(&self) -> Option<MediaFit> {
        match self {
            Self::Path(_) => None,
            Self::Detailed(entry) => entry.fit,
        }
    }
}

/// The word `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Off {
    /// Without it.
    Off,
}

/// `off`, or the settings of the voice.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum VoiceField {
    /// No voice; captions hold for reading time.
    Off(Off),
    /// How the voice is made.
    Settings(VoiceSettings),
}

/// How the voice is made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VoiceSettings {
    /// The provider: `espeak` is always there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// The provider's name for the voice; `pytoon voices` lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Speed against the voice's own, 0.5 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub speed: Option<f64>,
    /// Pitch against the voice's own, in semitones, -3 to 3; for voices of this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pitch: Option<f64>,
    /// Remove noise from a recorded voice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub denoise: Option<Denoise>,
}

/// `off`, or the settings of the captions.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum CaptionsField {
    /// No captions in the picture and no sidecars.
    Off(Off),
    /// How captions look.
    Settings(CaptionSettings),
}

/// How captions look.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CaptionSettings {
    /// The look.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub look: Option<CaptionLook>,
    /// Whose buttons to keep clear of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Size against the look's own, 0.6 to 1.6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<f64>,
}

/// Which clips of earlier films may be used again. What was bought for the film itself always is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClipReuse {
    /// Those of the engine whose turn it is.
    SameEngine,
    /// Those of any engine of the chain, before the first is asked.
    Any,
    /// None.
    Never,
}

/// What happens when a scene falls back to the local engine against its plan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnDegrade {
    /// The film is made, and the receipt says so.
    #[default]
    Ship,
    /// The job stops with its work kept.
    Hold,
    /// The job fails.
    Fail,
}

/// A safe zone by platform. The zones are data with a date in `pytoon-graphics`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// The name as written in a brief.
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
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum BrandField {
    /// The name of a kit in `config/brands/`.
    Named(String),
    /// The kit itself.
    Inline(BrandKit),
}

/// A brand: colours, a font and a logo.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// How the brand's words are pronounced, as in a brief.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub pronunciations: BTreeMap<String, String>,
}

/// A logo: a path, or a path with a place.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Logo {
    /// The picture, shown small in a corner from the third second on.
    Path(String),
    /// The picture and where it shows.
    Placed(PlacedLogo),
}

/// A logo with a place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlacedLogo {
    /// The picture, relative to the brief or the kit.
    pub path: String,
    /// Throughout (`watermark`) or over the last two seconds (`outro`).
    #[serde(default)]
    pub show: LogoShow,
}

/// When a logo shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogoShow {
    /// Small, in a corner, from the third second to the end.
    #[default]
    Watermark,
    /// Large, over the last two seconds.
    Outro,
}

/// Something laid over the film: a picture with alpha, or text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
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
    /// Its width as a share of the frame, 0.02 to 1; 0.3 when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<f64>,
    /// Opacity from 0 to 1; 1 when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opacity: Option<f64>,
    /// When it appears, in seconds; the start when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_seconds: Option<f64>,
    /// When it goes, in seconds; the end when not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_seconds: Option<f64>,
    /// Show it during this scene only (1 is the first).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scene: Option<u32>,
}

/// A place in the safe zone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SceneOverride {
    /// Which scene, 1 being the first.
    pub scene: u32,
    /// The caption, when it should differ from the words spoken; shown over the whole scene.
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
    /// The background drawn where there is no picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub background: Option<pytoon_vocabulary::Background>,
    /// The transition into this scene.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transition: Option<crate::preset::TransitionKind>,
    /// At least this long, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_duration_seconds: Option<f64>,
    /// Draw this scene with this engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<String>,
    /// Another number asks the scene's engine again, although another engine's clip, which stood in
    /// for it, is there. What the engine itself was paid for is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub take: Option<u32>,
}

/// A value that cannot be right: which field, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field as a path, such as `overlays[0].width`.
    pub field: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl FieldProblem {
    /// A problem with a field.
    pub fn new(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: field.into(), reason: reason.into() }
    }
}

impl Brief {
    /// Returns the engines that the brief asks for, with their fields.
    pub fn engines_asked(&self) -> impl Iterator<Item = (String, &str)> {
        let whole = self.engine_override.iter().map(|name| ("engine_override".to_owned(), name));
        let of_scenes = self.scenes.iter().enumerate().filter_map(|(index, scene)| {
            Some((format!("scenes[{index}].engine"), scene.engine.as_ref()?))
        });
        whole.chain(of_scenes).map(|(field, name)| (field, name.as_str()))
    }

    /// The voice settings, empty when none were given.
    pub fn voice_settings(&self) -> VoiceSettings {
        match &self.voice {
            Some(VoiceField::Settings(settings)) => settings.clone(),
            _ => VoiceSettings::default(),
        }
    }

    /// Whether the voice was switched off.
    pub fn voice_is_off(&self) -> bool {
        matches!(self.voice, Some(VoiceField::Off(_)))
    }

    /// Whether captions were switched off.
    pub fn captions_are_off(&self) -> bool {
        matches!(self.captions, Some(CaptionsField::Off(_)))
    }

    /// The caption settings, empty when none were given.
    pub fn caption_settings(&self) -> CaptionSettings {
        match &self.captions {
            Some(CaptionsField::Settings(settings)) => settings.clone(),
            _ => CaptionSettings::default(),
        }
    }
}
