//! What a media file is, by FFprobe.

use crate::MediaError;
use crate::ffmpeg::Input;
use crate::process::{CommandLine, Runner};
use serde::Deserialize;
use std::path::Path;

/// What FFprobe says of a file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MediaProbe {
    /// The container's names, such as `mov,mp4,m4a`.
    pub format: String,
    /// Length in seconds.
    pub duration_s: f64,
    /// The first video stream.
    pub video: Option<VideoStream>,
    /// The first audio stream.
    pub audio: Option<AudioStream>,
    /// Size in bytes.
    pub size_bytes: u64,
}

/// A video stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VideoStream {
    /// Codec name.
    pub codec: String,
    /// Codec profile.
    pub profile: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Pixel format.
    pub pixel_format: String,
    /// Frame rate as a ratio.
    pub frame_rate: String,
    /// Colour matrix.
    pub colour_space: String,
    /// Number of frames, where the container says.
    pub frames: Option<i64>,
    /// Length in seconds.
    pub duration_s: f64,
    /// When it begins on the container's clock, in seconds.
    pub start_s: f64,
}

/// An audio stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioStream {
    /// Codec name.
    pub codec: String,
    /// Sampling rate in Hz.
    pub sample_rate: u32,
    /// Channels.
    pub channels: u32,
    /// Length in seconds.
    pub duration_s: f64,
    /// When it begins on the container's clock, in seconds.
    pub start_s: f64,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Raw {
    streams: Vec<RawStream>,
    format: RawFormat,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawFormat {
    format_name: String,
    duration: Option<String>,
    size: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct RawStream {
    codec_type: String,
    codec_name: String,
    profile: Option<String>,
    width: u32,
    height: u32,
    pix_fmt: Option<String>,
    avg_frame_rate: Option<String>,
    color_space: Option<String>,
    nb_frames: Option<String>,
    duration: Option<String>,
    start_time: Option<String>,
    sample_rate: Option<String>,
    channels: u32,
    disposition: Disposition,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Disposition {
    attached_pic: u8,
}

/// Probes a file.
pub fn probe(runner: &Runner, path: &Path) -> Result<MediaProbe, MediaError> {
    let command = CommandLine::new("ffprobe", "look at a media file")
        .args(["-v", "error", "-of", "json", "-show_format", "-show_streams"])
        .input(path);
    let bytes = runner.run(&command, Vec::new()).map_err(|error| match error {
        MediaError::Failed { stderr, .. } => {
            let why = stderr.lines().next_back().unwrap_or("no reason given").trim().to_owned();
            MediaError::unusable(
                path,
                format!("it is not a media file that FFmpeg can read ({why})"),
            )
        }
        other => other,
    })?;
    let raw: Raw = serde_json::from_slice(&bytes).map_err(|error| {
        MediaError::unusable(path, format!("ffprobe's answer is not understood: {error}"))
    })?;
    Ok(understand(raw))
}

fn understand(raw: Raw) -> MediaProbe {
    let number =
        |text: &Option<String>| text.as_deref().and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
    let format_duration = number(&raw.format.duration);
    let or_format = |value: f64| if value > 0.0 { value } else { format_duration };
    let mut out = MediaProbe {
        format: raw.format.format_name,
        duration_s: format_duration,
        size_bytes: raw.format.size.as_deref().and_then(|s| s.parse().ok()).unwrap_or(0),
        ..MediaProbe::default()
    };
    for stream in raw.streams {
        match stream.codec_type.as_str() {
            "video" if out.video.is_none() && stream.disposition.attached_pic == 0 => {
                out.video = Some(VideoStream {
                    start_s: number(&stream.start_time),
                    duration_s: or_format(number(&stream.duration)),
                    codec: stream.codec_name,
                    profile: stream.profile.unwrap_or_default(),
                    width: stream.width,
                    height: stream.height,
                    pixel_format: stream.pix_fmt.unwrap_or_default(),
                    frame_rate: stream.avg_frame_rate.unwrap_or_default(),
                    colour_space: stream.color_space.unwrap_or_default(),
                    frames: stream.nb_frames.and_then(|n| n.parse().ok()),
                });
            }
            "audio" if out.audio.is_none() => {
                out.audio = Some(AudioStream {
                    start_s: number(&stream.start_time),
                    duration_s: or_format(number(&stream.duration)),
                    codec: stream.codec_name,
                    sample_rate: stream.sample_rate.and_then(|r| r.parse().ok()).unwrap_or(0),
                    channels: stream.channels,
                });
            }
            _ => {}
        }
    }
    out
}
