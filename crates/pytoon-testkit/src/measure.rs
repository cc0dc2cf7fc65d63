//! Measures media with FFprobe, FFmpeg and `ebur128`.

use crate::program::tool;
use ebur128::{EbuR128, Mode};
use serde_json::Value;
use std::path::Path;

/// The properties of a file according to FFprobe.
#[derive(Debug, Clone)]
pub struct Probe {
    /// FFprobe's description of the container.
    pub format: Value,
    /// FFprobe's description of the first video stream, or null.
    pub video: Value,
    /// FFprobe's description of the first audio stream, or null.
    pub audio: Value,
}

impl Probe {
    /// Returns the length of the container, in seconds.
    pub fn seconds(&self) -> f64 {
        number(&self.format["duration"])
    }

    /// Returns the number of frames, counted by decoding.
    pub fn frames(&self) -> u64 {
        number(&self.video["nb_read_frames"]) as u64
    }

    /// Returns a text field of FFprobe's description of the video stream; empty if it is absent.
    pub fn video_fact(&self, name: &str) -> &str {
        self.video[name].as_str().unwrap_or("")
    }
}

fn number(value: &Value) -> f64 {
    value.as_str().and_then(|text| text.parse().ok()).unwrap_or(f64::NAN)
}

/// Probes a file and counts its frames by decoding every one.
#[track_caller]
pub fn probe(path: &Path) -> Probe {
    let flags = ["-v", "error", "-count_frames", "-show_format", "-show_streams", "-of", "json"];
    let out = tool("ffprobe", flags.iter().map(AsRef::as_ref).chain([path.as_os_str()]));
    let value: Value = serde_json::from_slice(&out).expect("JSON");
    let stream = |kind: &str| {
        let streams = value["streams"].as_array().into_iter().flatten();
        streams.into_iter().find(|s| s["codec_type"] == kind).cloned().unwrap_or(Value::Null)
    };
    Probe { format: value["format"].clone(), video: stream("video"), audio: stream("audio") }
}

/// A packet of the video stream, in decoding order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Packet {
    /// The presentation time, in seconds.
    pub pts: f64,
    /// True if the packet is a keyframe.
    pub key: bool,
}

/// Returns the packets of the video stream.
#[track_caller]
pub fn packets(path: &Path) -> Vec<Packet> {
    let flags = "-v error -select_streams v:0 -show_entries packet=pts_time,flags -of json";
    let out = tool("ffprobe", flags.split(' ').map(AsRef::as_ref).chain([path.as_os_str()]));
    let value: Value = serde_json::from_slice(&out).expect("JSON");
    let packets = value["packets"].as_array().expect("packets").iter();
    packets
        .map(|packet| Packet {
            pts: number(&packet["pts_time"]),
            key: packet["flags"].as_str().is_some_and(|flags| flags.contains('K')),
        })
        .collect()
}

/// Returns every frame of a film as grey pixels, scaled to this size.
#[track_caller]
pub fn decode_gray_frames(path: &Path, width: usize, height: usize) -> Vec<Vec<u8>> {
    let scale = format!("scale={width}:{height}:flags=area");
    let input = path.display().to_string();
    let args =
        ["-v", "error", "-i", &input, "-vf", &scale, "-f", "rawvideo", "-pix_fmt", "gray", "-"];
    tool("ffmpeg", args).chunks_exact(width * height).map(<[u8]>::to_vec).collect()
}

/// Returns the mean colour of one frame, as red, green and blue from 0 to 255.
#[track_caller]
pub fn mean_colour(path: &Path, at_seconds: f64) -> [f64; 3] {
    let pixels = rgb_frame(path, at_seconds, 16, 16);
    let mean = |channel: usize| {
        pixels.iter().map(|pixel| f64::from(pixel[channel])).sum::<f64>() / pixels.len() as f64
    };
    [mean(0), mean(1), mean(2)]
}

/// Returns one frame as RGB pixels, scaled to this size.
#[track_caller]
pub fn rgb_frame(path: &Path, at_seconds: f64, width: usize, height: usize) -> Vec<[u8; 3]> {
    let (at, scale) = (at_seconds.to_string(), format!("scale={width}:{height}:flags=area"));
    let input = path.display().to_string();
    let args = "-v error -ss AT -i IN -frames:v 1 -vf SCALE -f rawvideo -pix_fmt rgb24 -";
    let out = tool(
        "ffmpeg",
        args.split(' ').map(|arg| match arg {
            "AT" => &at,
            "IN" => &input,
            "SCALE" => &scale,
            other => other,
        }),
    );
    assert_eq!(out.len(), width * height * 3, "there is no frame at {at_seconds} s");
    out.chunks_exact(3).map(|p| [p[0], p[1], p[2]]).collect()
}

/// Returns the audio as interleaved stereo samples at 48 kHz.
#[track_caller]
pub fn decode_audio(path: &Path) -> Vec<f32> {
    let input = path.display().to_string();
    let args = ["-v", "error", "-i", &input, "-vn", "-f", "f32le", "-ac", "2", "-ar", "48000", "-"];
    let bytes = tool("ffmpeg", args);
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

/// The measured loudness of audio.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Loudness {
    /// The integrated loudness, in LUFS (ITU-R BS.1770, gated).
    pub integrated_lufs: f64,
    /// The true peak, in dBTP.
    pub true_peak_dbtp: f64,
}

/// Decodes the audio of a file and measures its loudness.
#[track_caller]
pub fn loudness(path: &Path) -> Loudness {
    loudness_of(&decode_audio(path))
}

/// Measures the loudness of interleaved stereo samples at 48 kHz.
pub fn loudness_of(samples: &[f32]) -> Loudness {
    let mut meter = EbuR128::new(2, 48_000, Mode::I | Mode::TRUE_PEAK).expect("a meter");
    meter.add_frames_f32(samples).expect("measures");
    let peak = (0..2).map(|c| meter.true_peak(c).expect("a peak")).fold(0.0, f64::max);
    Loudness {
        integrated_lufs: meter.loudness_global().expect("a loudness"),
        true_peak_dbtp: 20.0 * peak.max(1e-9).log10(),
    }
}

/// Returns the root mean square of samples, in dBFS.
pub fn rms_db(samples: &[f32]) -> f64 {
    let power = samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    10.0 * (power / samples.len().max(1) as f64).max(1e-12).log10()
}

/// Returns the level of one frequency in interleaved stereo samples at 48 kHz, mixed to mono, in dBFS.
pub fn tone_db(samples: &[f32], hz: f64) -> f64 {
    let step = std::f64::consts::TAU * hz / 48_000.0;
    let frames = samples.chunks_exact(2).map(|f| f64::from(f[0] + f[1]) / 2.0);
    let (mut real, mut imaginary, mut count) = (0.0, 0.0, 0.0);
    for (index, sample) in frames.enumerate() {
        let angle = step * index as f64;
        real += sample * angle.cos();
        imaginary += sample * angle.sin();
        count += 1.0;
    }
    20.0 * (2.0 * real.hypot(imaginary) / f64::max(count, 1.0)).max(1e-9).log10()
}

/// The header and samples of a WAV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wav {
    /// The sample rate, in hertz.
    pub sample_rate: u32,
    /// The number of channels.
    pub channels: u16,
    /// The length, in samples of one channel.
    pub frames: u64,
    /// The interleaved samples, with 24 bits each.
    pub samples: Vec<i32>,
}

/// Reads a 24-bit WAV file.
#[track_caller]
pub fn wav(path: &Path) -> Wav {
    let bytes = std::fs::read(path).expect("a file");
    assert_eq!((&bytes[..4], &bytes[8..12]), (&b"RIFF"[..], &b"WAVE"[..]), "not a WAV file");
    let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let long = |at: usize| u32::from(word(at)) | u32::from(word(at + 2)) << 16;
    let (mut at, mut format) = (12, None);
    loop {
        let (id, size) = (&bytes[at..at + 4], long(at + 4));
        match (id, format) {
            (b"fmt ", _) => format = Some((word(at + 10), long(at + 12), word(at + 20))),
            (b"data", Some((channels, sample_rate, block))) => {
                let frames = u64::from(size) / u64::from(block);
                assert_eq!(block, 3 * channels, "not 24 bits");
                let data = &bytes[at + 8..at + 8 + size as usize];
                let sample = |b: &[u8]| i32::from_le_bytes([0, b[0], b[1], b[2]]) >> 8;
                let samples = data.chunks_exact(3).map(sample).collect();
                return Wav { sample_rate, channels, frames, samples };
            }
            _ => {}
        }
        at += 8 + size as usize + size as usize % 2;
    }
}
