//! Output profiles: size, frame rate, codec settings and loudness target as data.

use crate::time::{FrameRange, FrameRate};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the finished film is delivered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Frame width in pixels, even.
    pub width: u32,
    /// Frame height in pixels, even.
    pub height: u32,
    /// Frames per second.
    pub frame_rate: FrameRate,
    /// The video encoder.
    pub video: VideoSettings,
    /// The audio encoder.
    pub audio: AudioSettings,
}

/// The video encoder and its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VideoSettings {
    /// FFmpeg's encoder name: `libx264`, or a hardware one such as `h264_nvenc`, `h264_vaapi`,
    /// `h264_qsv`, `h264_videotoolbox`. One that does not work gives way to `libx264`, with a
    /// warning in the log and the receipt.
    pub encoder: String,
    /// x264's speed preset.
    pub preset: String,
    /// Constant rate factor, 0 (lossless) to 51.
    pub crf: u8,
    /// Seconds between key frames; groups of pictures are closed.
    pub gop_seconds: f64,
    /// Upper bound of the bit rate in kbit/s, if any.
    pub max_rate_kbps: Option<u32>,
}

/// The audio encoder's settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AudioSettings {
    /// AAC bit rate in kbit/s.
    pub bit_rate_kbps: u32,
    /// How the AAC encoder searches: `fast`, or `twoloop`, which is slower and cleaner.
    pub coder: AacCoder,
}

/// The search of FFmpeg's AAC encoder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AacCoder {
    /// Quick.
    Fast,
    /// Slower and cleaner.
    Twoloop,
}

impl AacCoder {
    /// FFmpeg's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Twoloop => "twoloop",
        }
    }
}

/// How long a chunk of the picture is about, in seconds: short enough to be shared out, long
/// enough that starting an encoder does not count.
const CHUNK_SECONDS: f64 = 2.0;

impl Profile {
    /// Frames from one key frame to the next.
    pub fn gop_frames(&self) -> i64 {
        ((self.video.gop_seconds * self.frame_rate.as_f64()).round() as i64).max(1)
    }

    /// Cuts a film into chunks that can be encoded apart from each other and joined: each begins
    /// where one encoder would have set a key frame. The last is at least half as long as others,
    /// where there is more than one.
    pub fn chunks(&self, total_frames: i64) -> Vec<FrameRange> {
        let wanted = (CHUNK_SECONDS / self.video.gop_seconds).round().max(1.0) as i64;
        let length = wanted * self.gop_frames();
        let count = (total_frames / length + i64::from(total_frames % length >= length / 2)).max(1);
        let end = |index: i64| if index + 1 == count { total_frames } else { (index + 1) * length };
        (0..count).map(|index| FrameRange::new(index * length, end(index))).collect()
    }

    /// What is wrong with the values, as (field, reason).
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
        if self.video.crf > 51 {
            return Some(("video.crf", format!("{} is not within 0 to 51", self.video.crf)));
        }
        if !(0.1..=10.0).contains(&self.video.gop_seconds) {
            return Some((
                "video.gop_seconds",
                format!("{} is not within 0.1 to 10", self.video.gop_seconds),
            ));
        }
        if !(32..=512).contains(&self.audio.bit_rate_kbps) {
            return Some((
                "audio.bit_rate_kbps",
                format!("{} is not within 32 to 512", self.audio.bit_rate_kbps),
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(rate: (u32, u32), gop_seconds: f64) -> Profile {
        Profile {
            width: 270,
            height: 480,
            frame_rate: FrameRate::try_new(rate.0, rate.1).expect("a rate"),
            video: VideoSettings {
                encoder: "libx264".into(),
                preset: "ultrafast".into(),
                crf: 26,
                gop_seconds,
                max_rate_kbps: None,
            },
            audio: AudioSettings { bit_rate_kbps: 96, coder: AacCoder::Fast },
        }
    }

    #[test]
    fn chunks_tile_the_film_and_begin_at_key_frames() {
        for rate in [(24, 1), (25, 1), (30, 1), (60, 1), (30_000, 1001)] {
            for gop in [0.1, 0.5, 0.7, 1.0, 2.0, 3.3, 10.0] {
                let profile = profile(rate, gop);
                for total in [1, 29, 59, 60, 61, 89, 90, 91, 119, 120, 750, 1799, 3600] {
                    let chunks = profile.chunks(total);
                    let (first, last) = (chunks[0], chunks[chunks.len() - 1]);
                    assert_eq!((first.start, last.end), (0, total));
                    assert!(chunks.windows(2).all(|pair| pair[0].end == pair[1].start));
                    assert!(chunks.iter().all(|c| c.start % profile.gop_frames() == 0));
                    assert!(chunks.len() == 1 || last.len() * 2 >= first.len() - 1, "{chunks:?}");
                    assert!(chunks.iter().all(|c| !c.is_empty()));
                }
            }
        }
    }

    #[test]
    fn a_chunk_is_about_two_seconds_long() {
        let lengths = |gop, total| -> Vec<i64> {
            profile((30, 1), gop).chunks(total).iter().map(|c| c.len()).collect()
        };
        assert_eq!(lengths(2.0, 200), [60, 60, 80]);
        assert_eq!(lengths(0.5, 150), [60, 60, 30]);
        assert_eq!(lengths(10.0, 500), [300, 200]);
        assert_eq!(lengths(2.0, 20), [20]);
    }
}
