//! The facts needed to decode a clip's file, determined once when the brief is resolved.
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
    /// The index of the video stream among all streams; default the first video stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<u32>,
    /// The width in square pixels, upright; 0 if irrelevant.
    #[serde(skip_serializing_if = "is_zero")]
    pub width: u32,
    /// The height in square pixels, upright; 0 if irrelevant.
    #[serde(skip_serializing_if = "is_zero")]
    pub height: u32,
    /// True if the pixels are not square, so that width and height are scaled separately.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub anamorphic: bool,
    /// The delay of the picture relative to the start of the file, in milliseconds.
    #[serde(skip_serializing_if = "is_zero")]
    pub start: Ms,
    /// The field order; default progressive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fields: Option<FieldOrder>,
    /// True if FFmpeg converts the clip's colour matrix or range, which needs accurate rounding.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub recoded: bool,
    /// The source colours, if they must be converted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub colours: Option<SourceColours>,
    /// The location of the alpha channel; default opaque.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alpha: Option<AlphaSource>,
    /// True if the file is an animated picture that pytoon decodes itself instead of FFmpeg.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub animation: bool,
}

impl ClipReading {
    /// Returns true if all facts have their default values.
    pub fn is_ordinary(&self) -> bool {
        *self == Self::default()
    }
}

fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The field order of an interlaced clip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldOrder {
    /// The lines 0, 2, 4, … come first.
    TopFirst,
    /// The lines 1, 3, 5, … come first.
    BottomFirst,
    /// Each frame states whether it has fields, and their order.
    PerFrame,
}

/// The location of a clip's alpha channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AlphaSource {
    /// Alpha stored in the pixels of the stream.
    Pixels,
    /// Alpha stored beside a VP8 stream, which only `libvpx` decodes.
    Vp8,
    /// Alpha stored beside a VP9 stream, which only `libvpx-vp9` decodes.
    Vp9,
}

/// The colours of a clip that must be converted to BT.709.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SourceColours {
    /// The transfer function.
    pub transfer: Transfer,
    /// The colour primaries.
    pub primaries: Primaries,
    /// The colour matrix.
    pub matrix: Matrix,
    /// The peak luminance relative to reference white. A value of at most 1 needs no tone mapping.
    pub peak: f64,
}

/// A transfer function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transfer {
    /// BT.709 and similar functions, displayed with a gamma of 2.4.
    Sdr,
    /// SMPTE ST 2084 (PQ).
    Pq,
    /// ARIB STD-B67 (HLG).
    Hlg,
}

/// The colour primaries, all with the D65 white point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Primaries {
    /// The primaries of BT.709 and sRGB.
    Bt709,
    /// The primaries of BT.2020.
    Bt2020,
    /// The primaries of Display P3.
    DisplayP3,
}

/// The matrix between R'G'B' and Y'CbCr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Matrix {
    /// The matrix of BT.709.
    Bt709,
    /// The matrix of BT.601.
    Bt601,
    /// The non-constant luminance matrix of BT.2020.
    Bt2020,
}

impl Matrix {
    /// Returns the matrix's name in FFmpeg's `scale` filter.
    pub fn ffmpeg_name(self) -> &'static str {
        match self {
            Self::Bt709 => "bt709",
            Self::Bt601 => "bt601",
            Self::Bt2020 => "bt2020",
        }
    }

    /// Returns the luma weights of red and blue.
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

/// The position of a clip's audio relative to its picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SoundReading {
    /// The index of the audio stream among all streams; default the first audio stream.
    pub stream: Option<u32>,
    /// The delay relative to the picture, in milliseconds; negative if the audio is earlier.
    pub offset_ms: i64,
}

/// The fit of a clip into a frame with another aspect ratio. The clip is never stretched.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(
    rename_all = "snake_case",
    rename_all_fields = "camelCase",
    tag = "type",
    deny_unknown_fields
)]
pub enum ClipFit {
    /// The clip covers the frame and its overhang is cropped. The visible window moves between two centres.
    Cover {
        /// The centre of the visible part at the first visible frame, in fractions of width and height.
        from: (f64, f64),
        /// The centre of the visible part one frame past the last visible frame.
        to: (f64, f64),
    },
    /// The whole clip is shown over a dark ground in its own colours, above or beside the captions.
    Whole,
}

impl Default for ClipFit {
    fn default() -> Self {
        Self::Cover { from: (0.5, 0.5), to: (0.5, 0.5) }
    }
}

impl ClipFit {
    /// Returns true for the default fit, in which the middle of the clip covers the frame.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the fit that keeps the window of the first frame.
    pub(super) fn at_start(self) -> Self {
        match self {
            Self::Cover { from, .. } => Self::Cover { from, to: from },
            Self::Whole => self,
        }
    }
}

/// The behaviour at the end of a clip that is shorter than its shot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "type", deny_unknown_fields)]
pub enum AtEnd {
    /// The clip restarts at the end of its file.
    #[default]
    Restart,
    /// The clip restarts after a number of film frames, together with its audio.
    Loop {
        /// The length of one loop, in frames.
        frames: Frame,
    },
    /// The clip freezes on its last frame and is silent.
    Hold,
}

impl AtEnd {
    /// Returns true if the clip restarts at the end of its file.
    pub fn is_restart(&self) -> bool {
        *self == Self::Restart
    }
}
