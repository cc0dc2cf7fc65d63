//! The facts needed to decode a clip's file, found once when the brief is resolved.
//!
//! Guarantees: the default value describes an ordinary clip (first video stream, square pixels, progressive, BT.709,
//! opaque), so that a timeline without these fields keeps its meaning.

use pytoon_vocabulary::{Frame, Ms};
use serde::{Deserialize, Serialize};

/// The facts needed to decode the picture of a clip.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClipReading {
    /// The stream of the picture, counted over all streams; default the first video stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// The width in square pixels, upright; 0 if irrelevant.
    #[serde(skip_serializing_if = "is_zero")]
    pub width: u32,
    /// The height in square pixels, upright; 0 if irrelevant.
    #[serde(skip_serializing_if = "is_zero")]
    pub height: u32,
    /// True if its pixels are not square, so that width and height are scaled separately.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anamorphic: bool,
    /// The delay of the picture relative to the start of the file, in milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub start: Ms,
    /// The order of its fields; default progressive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<FieldOrder>,
    /// True if its matrix or its range differs from the film's, so that rounding is visible.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recoded: bool,
    /// The colours, if they have to be converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colours: Option<SourceColours>,
    /// The location of its alpha; default opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<AlphaSource>,
    /// True if it is an animated picture that is decoded here and not by FFmpeg.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub animation: bool,
}

impl ClipReading {
    /// Returns true if all facts have their defaults.
    pub fn is_ordinary(&self) -> bool {
        *self == Self::default()
    }
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The first of the two fields of an interlaced frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldOrder {
    /// The lines 0, 2, 4, …
    TopFirst,
    /// The lines 1, 3, 5, …
    BottomFirst,
    /// Each frame states for itself if it has fields, and their order.
    PerFrame,
}

/// The location of a clip's alpha.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlphaSource {
    /// In its pixels.
    Pixels,
    /// Beside a VP8 stream, where only `libvpx` reads it.
    Vp8,
    /// Beside a VP9 stream, where only `libvpx-vp9` reads it.
    Vp9,
}

/// The colours of a clip that are converted to BT.709.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceColours {
    /// The transfer function.
    pub transfer: Transfer,
    /// The primaries.
    pub primaries: Primaries,
    /// The matrix.
    pub matrix: Matrix,
    /// The peak luminance relative to reference white; at most 1 needs no tone mapping.
    pub peak: f64,
}

/// A transfer function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// BT.709 and its like, shown with a gamma of 2.4.
    Sdr,
    /// SMPTE ST 2084.
    Pq,
    /// ARIB STD-B67.
    Hlg,
}

/// Primaries, all with a white of D65.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Primaries {
    /// BT.709 and sRGB.
    Bt709,
    /// BT.2020.
    Bt2020,
    /// Display P3.
    DisplayP3,
}

/// A matrix between R'G'B' and Y'CbCr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Matrix {
    /// BT.709.
    Bt709,
    /// BT.601.
    Bt601,
    /// BT.2020, with a luminance that is not constant.
    Bt2020,
}

impl Matrix {
    /// Returns the name for FFmpeg's `scale`.
    pub fn ffmpeg_name(self) -> &'static str {
        match self {
            Self::Bt709 => "bt709",
            Self::Bt601 => "bt601",
            Self::Bt2020 => "bt2020",
        }
    }

    /// Returns the weights of red and blue in luma.
    pub fn red_and_blue(self) -> (f64, f64) {
        match self {
            Self::Bt709 => (0.2126, 0.0722),
            Self::Bt601 => (0.299, 0.114),
            Self::Bt2020 => (0.2627, 0.0593),
        }
    }
}

impl std::fmt::Display for SourceColours {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let transfer = match self.transfer {
            Transfer::Sdr => "SDR",
            Transfer::Pq => "PQ",
            Transfer::Hlg => "HLG",
        };
        let primaries = match self.primaries {
            Primaries::Bt709 => "BT.709",
            Primaries::Bt2020 => "BT.2020",
            Primaries::DisplayP3 => "Display P3",
        };
        write!(f, "{transfer}, {primaries}")
    }
}

/// The position of a clip's sound relative to its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SoundReading {
    /// The stream of the sound, counted over all streams; default the first sound stream.
    pub stream: Option<u32>,
    /// The delay relative to the picture, in milliseconds; negative if it is earlier.
    pub offset_ms: i64,
}

/// The fit of a clip into a frame of another shape. It is never stretched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "type",
    deny_unknown_fields
)]
pub enum ClipFit {
    /// Covers the frame; the rest is cropped. The window moves between two centres.
    Cover {
        /// The centre of the visible part at the first visible frame, in shares of width and height.
        from: (f64, f64),
        /// The centre of the visible part one past the last visible frame.
        to: (f64, f64),
    },
    /// Shown whole over a dark, blurred copy of itself.
    Whole,
}

impl Default for ClipFit {
    fn default() -> Self {
        Self::Cover { from: (0.5, 0.5), to: (0.5, 0.5) }
    }
}

impl ClipFit {
    /// Returns true if the middle of the clip covers the frame.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The behaviour of a clip at its end, if its place in the film is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum AtEnd {
    /// Restarts at the end of its file.
    #[default]
    Restart,
    /// Restarts after a number of frames of the film, together with its sound.
    Loop {
        /// The frames of one loop.
        frames: Frame,
    },
    /// Freezes on its last frame without sound.
    Hold,
}

impl AtEnd {
    /// Returns true if the clip restarts at the end of its file.
    pub fn is_restart(&self) -> bool {
        *self == Self::Restart
    }
}
