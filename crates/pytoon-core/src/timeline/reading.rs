//! How a clip's file is read: the facts that decoding needs, found once when the brief is resolved.
//!
//! Guarantees: the default value describes an ordinary clip (first video stream, square pixels,
//! progressive, BT.709, opaque), so that a timeline without these fields means what it always did.

use pytoon_vocabulary::{Frame, Ms};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the picture of a clip is read from its file.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ClipReading {
    /// The stream of the picture, counted over all streams; the first video stream when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// The width in square pixels, upright; 0 where it does not matter.
    #[serde(skip_serializing_if = "is_zero")]
    pub width: u32,
    /// The height in square pixels, upright; 0 where it does not matter.
    #[serde(skip_serializing_if = "is_zero")]
    pub height: u32,
    /// Whether its pixels are not square, so that width and height are scaled apart.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anamorphic: bool,
    /// How much later the picture begins than the file, in milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub start: Ms,
    /// The order of its fields; progressive when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<FieldOrder>,
    /// Whether its matrix or its range differs from the film's, so that rounding shows.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recoded: bool,
    /// What its colours are, where they have to be converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colours: Option<SourceColours>,
    /// Where its alpha is; opaque when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<AlphaSource>,
    /// Whether it is an animated picture that is decoded here and not by FFmpeg.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub animation: bool,
}

impl ClipReading {
    /// Returns true if nothing has to be known beside the file.
    pub fn is_ordinary(&self) -> bool {
        *self == Self::default()
    }
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Which of the two fields of an interlaced frame comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FieldOrder {
    /// The lines 0, 2, 4, …
    TopFirst,
    /// The lines 1, 3, 5, …
    BottomFirst,
    /// Each frame says for itself whether it has fields, and which comes first.
    PerFrame,
}

/// Where the alpha of a clip is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AlphaSource {
    /// In its pixels.
    Pixels,
    /// Beside a VP8 stream, where only `libvpx` finds it.
    Vp8,
    /// Beside a VP9 stream, where only `libvpx-vp9` finds it.
    Vp9,
}

/// The colours of a clip that are converted to BT.709.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceColours {
    /// The transfer function.
    pub transfer: Transfer,
    /// The primaries.
    pub primaries: Primaries,
    /// The matrix.
    pub matrix: Matrix,
    /// The brightest that it shows, against reference white; at most 1 needs no tone mapping.
    pub peak: f64,
}

/// A transfer function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
    /// The name that FFmpeg's `scale` knows it by.
    pub fn ffmpeg_name(self) -> &'static str {
        match self {
            Self::Bt709 => "bt709",
            Self::Bt601 => "bt601",
            Self::Bt2020 => "bt2020",
        }
    }

    /// The weights of red and blue in luma.
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

/// How the sound of a clip lies beside its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SoundReading {
    /// The stream of the sound, counted over all streams; the first sound stream when absent.
    pub stream: Option<u32>,
    /// How much later it begins than the picture, in milliseconds; negative where it is earlier.
    pub offset_ms: i64,
}

/// How a clip meets a frame of another shape. It is never stretched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "type",
    deny_unknown_fields
)]
pub enum ClipFit {
    /// It covers the frame; the rest is cut off. The window moves between two centres.
    Cover {
        /// The centre of what is shown at the first visible frame, in shares of width and height.
        from: (f64, f64),
        /// The centre of what is shown one past the last visible frame.
        to: (f64, f64),
    },
    /// It is shown whole over a dark, blurred copy of itself.
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

/// What a clip does at its end, where its place in the film is longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum AtEnd {
    /// It starts again wherever its file ends.
    #[default]
    Restart,
    /// It starts again after a number of frames of the film, together with its sound.
    Loop {
        /// The frames of one round.
        frames: Frame,
    },
    /// It stands still on its last frame, and its sound is over.
    Hold,
}

impl AtEnd {
    /// Returns true if the clip starts again where its file ends.
    pub fn is_restart(&self) -> bool {
        *self == Self::Restart
    }
}
