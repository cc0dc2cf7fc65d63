//! Output profiles: size, frame rate and encoder settings as data.

use crate::time::FrameRate;
use serde::{Deserialize, Serialize};

/// The technical format of the finished film.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The frame width in pixels, an even number from 16 to 4320.
    pub width: u32,
    /// The frame height in pixels, an even number from 16 to 4320.
    pub height: u32,
    /// The frame rate, in frames per second, 1 to 240.
    pub frame_rate: FrameRate,
    /// The video encoder settings.
    pub video: VideoSettings,
    /// The audio encoder settings.
    pub audio: AudioSettings,
}

/// The video encoder and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct VideoSettings {
    /// The name of FFmpeg's video encoder: `libx264`, or a hardware one such as `h264_nvenc`, `h264_vaapi`,
    /// `h264_qsv`, `h264_videotoolbox`. An encoder that does not work falls back to `libx264`, with a warning in the
    /// log and the receipt.
    pub encoder: String,
    /// The speed preset of x264, from `ultrafast` to `placebo`.
    pub preset: String,
    /// The constant rate factor, 1 (best) to 51.
    pub crf: u8,
    /// Maximum time between keyframes, in seconds, 0.1 to 10. A scene begins with a keyframe unless it shares a chunk
    /// with a very short scene. GOPs are closed.
    pub gop_seconds: f64,
    /// Maximum bit rate in kbit/s, at least 1; null for no limit.
    pub max_rate_kbps: Option<u32>,
}

/// The audio encoder's settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AudioSettings {
    /// The AAC bit rate in kbit/s, 32 to 512.
    pub bit_rate_kbps: u32,
    /// The search method of the AAC encoder: `fast`, or `twoloop`, which is slower and gives better quality.
    pub coder: AacCoder,
}

/// The search method of FFmpeg's AAC encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum AacCoder {
    /// The fast search.
    Fast,
    /// The two-loop search, which is slower and gives better quality.
    Twoloop,
}

impl AacCoder {
    /// Returns FFmpeg's name for the search method.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Twoloop => "twoloop",
        }
    }
}

/// FFmpeg's names of the encoders that a profile may request.
const ENCODERS: &[&str] = &[
    "libx264",
    "h264_nvenc",
    "h264_qsv",
    "h264_vaapi",
    "h264_videotoolbox",
    "h264_amf",
    "h264_mf",
    "h264_v4l2m2m",
];
/// The speed presets of libx264.
const PRESETS: &[&str] = &[
    "ultrafast",
    "superfast",
    "veryfast",
    "faster",
    "fast",
    "medium",
    "slow",
    "slower",
    "veryslow",
    "placebo",
];

impl Profile {
    /// Returns the maximum number of frames from one keyframe to the next.
    pub fn gop_frames(&self) -> i64 {
        ((self.video.gop_seconds * self.frame_rate.as_f64()).round() as i64).max(1)
    }

    /// Returns the first invalid value, as (field, reason).
    pub fn problem(&self) -> Option<(&'static str, String)> {
        let size_ok = |v: u32| (16..=4320).contains(&v) && v.is_multiple_of(2);
        if !size_ok(self.width) {
            return Some((
                "width",
                format!("{} is not an even number from 16 to 4320", self.width),
            ));
        }
        if !size_ok(self.height) {
            return Some((
                "height",
                format!("{} is not an even number from 16 to 4320", self.height),
            ));
        }
        let names = [
            ("video.encoder", &self.video.encoder, ENCODERS),
            ("video.preset", &self.video.preset, PRESETS),
        ];
        for (field, name, known) in names {
            if !known.contains(&name.as_str()) {
                return Some((field, format!("`{name}` is not one of {}", known.join(", "))));
            }
        }
        // The profile High has no lossless mode, which 0 would ask for.
        if !(1..=51).contains(&self.video.crf) {
            return Some(("video.crf", format!("{} is not between 1 and 51", self.video.crf)));
        }
        if self.video.max_rate_kbps == Some(0) {
            return Some((
                "video.max_rate_kbps",
                "0 is not a bit rate: use null for no limit".to_owned(),
            ));
        }
        if !(0.1..=10.0).contains(&self.video.gop_seconds) {
            return Some((
                "video.gop_seconds",
                format!("{} is not between 0.1 and 10", self.video.gop_seconds),
            ));
        }
        if !(32..=512).contains(&self.audio.bit_rate_kbps) {
            return Some((
                "audio.bit_rate_kbps",
                format!("{} is not between 32 and 512", self.audio.bit_rate_kbps),
            ));
        }
        None
    }
}
