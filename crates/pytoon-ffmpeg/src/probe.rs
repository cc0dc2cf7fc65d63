//! Extracts the properties of a media file with FFprobe.
//!
//! One analysis covers a file: its streams, its main picture, and the start and length of each. A single
//! function, [`parse_with_packets`], parses FFprobe's output. It returns an error for text that is not JSON;
//! a missing field or one of an unexpected type is treated as unknown.

use crate::Input;
use pytoon_process::budget::Budget;
use pytoon_process::disk::FileId;
use pytoon_process::{CommandLine, ProcessLimits, Runner, SystemError, last_words};
use serde_json::Value;
use std::collections::HashMap;
use std::path::Path;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The budget that limits the number of concurrent FFprobes in this process.
static PROBES: LazyLock<Budget> = LazyLock::new(|| Budget::new(2));

/// The properties of a file as reported by FFprobe.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MediaProbe {
    /// The names of the container, such as `mov,mp4,m4a`.
    pub format: String,
    /// The length in seconds; 0 if the container does not state it.
    pub duration_s: f64,
    /// The start of the file on the container's clock, in seconds.
    pub start_s: f64,
    /// The main picture: the first stream with more than one or an unknown number of frames among the video
    /// streams that are not attached pictures, preferably the default one. If there is none, a stream with
    /// one frame.
    pub video: Option<VideoStream>,
    /// The audio: the default stream, or else the first one.
    pub audio: Option<AudioStream>,
    /// The number of video streams that are not attached pictures.
    pub pictures: usize,
    /// The size in bytes; 0 if it is unknown.
    pub size_bytes: u64,
    /// The version of FFprobe, and so of FFmpeg, which is installed with it; `None` if FFprobe does not state it.
    pub ffmpeg_version: Option<String>,
}

/// A video stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VideoStream {
    /// The index of the stream among all streams.
    pub index: u32,
    /// The index of the stream among the video streams, including attached pictures.
    pub video_index: u32,
    /// The codec name.
    pub codec: String,
    /// The codec profile.
    pub profile: String,
    /// The width in pixels, as stored.
    pub width: u32,
    /// The height in pixels, as stored.
    pub height: u32,
    /// The pixel format.
    pub pixel_format: String,
    /// The number of bits per sample, if FFprobe reports it.
    pub bits: Option<u32>,
    /// The mean frame rate as a ratio.
    pub frame_rate: String,
    /// The rate whose grid contains all frames, as a ratio; equal to the frame rate if that is constant.
    pub base_rate: String,
    /// The colour matrix.
    pub colour_space: String,
    /// The colour primaries.
    pub primaries: String,
    /// The transfer function.
    pub transfer: String,
    /// The colour range.
    pub range: String,
    /// The width of a pixel over its height, as a ratio; 1:1 if it is unknown or implausible.
    pub sample_aspect: (u32, u32),
    /// The field order.
    pub field_order: String,
    /// The rotation that makes the picture upright, in degrees.
    pub rotation: i32,
    /// True if only a Dolby Vision decoder can show the colours, as in profile 5 (ETSI TS 103 572, base layers
    /// without compatibility).
    pub needs_dolby_vision: bool,
    /// True if the stream has a separate alpha plane (WebM).
    pub alpha_beside: bool,
    /// The number of frames, if the container states it or a scan determined it.
    pub frames: Option<i64>,
    /// The length of the stream in seconds, or else that of the container; 0 if unknown.
    pub duration_s: f64,
    /// The length of the stream itself in seconds, if the container states it or a scan determined it.
    pub own_duration_s: Option<f64>,
    /// The start on the container's clock, in seconds.
    pub start_s: f64,
    is_default: bool,
}

/// An audio stream.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AudioStream {
    /// The index of the stream among all streams.
    pub index: u32,
    /// The index of the stream among the audio streams.
    pub audio_index: u32,
    /// The codec name.
    pub codec: String,
    /// The sample rate in Hz.
    pub sample_rate: u32,
    /// The number of channels.
    pub channels: u32,
    /// The length of the stream in seconds, or else that of the container; 0 if unknown.
    pub duration_s: f64,
    /// The start on the container's clock, in seconds.
    pub start_s: f64,
    is_default: bool,
}

impl VideoStream {
    /// Returns true if the stream has more than one frame, or `None` if that is unknown.
    pub fn moves(&self) -> Option<bool> {
        if let Some(frames) = self.frames.filter(|frames| *frames > 0) {
            return Some(frames > 1);
        }
        let rate = ratio(&self.frame_rate).or_else(|| ratio(&self.base_rate))?;
        Some(self.own_duration_s? * rate > 1.5)
    }

    /// Returns true if the frames are evenly spaced, according to the header.
    pub fn has_constant_rate(&self) -> bool {
        let (mean, base) = (ratio(&self.frame_rate), ratio(&self.base_rate));
        mean.zip(base).is_some_and(|(mean, base)| (mean / base - 1.0).abs() < 0.01)
    }
}

/// Parses a ratio such as `30000/1001`. Returns `None` unless it is positive.
pub(crate) fn ratio(text: &str) -> Option<f64> {
    let (above, below) = text.split_once(['/', ':']).unwrap_or((text, "1"));
    let value = above.parse::<f64>().ok()? / below.parse::<f64>().ok()?;
    (value.is_finite() && value > 0.0).then_some(value)
}

/// Probes a file with FFprobe.
pub fn probe(runner: &Runner, path: &Path) -> Result<MediaProbe, SystemError> {
    let text = ask(runner, path, &WHOLE)?;
    parse(&text).map_err(|reason| SystemError::unusable(path, reason))
}

/// Probes a file. Also scans the packets of its first ten minutes if the header does not contain the length
/// of its picture or does not show which of several pictures moves.
pub fn probe_picture(runner: &Runner, path: &Path) -> Result<MediaProbe, SystemError> {
    let text = ask(runner, path, &WHOLE)?;
    let refused = |reason| SystemError::unusable(path, reason);
    let probe = parse(&text).map_err(refused)?;
    let Some(video) = &probe.video else { return Ok(probe) };
    if video.duration_s > 0.0 && (probe.pictures < 2 || video.moves() == Some(true)) {
        return Ok(probe);
    }
    // No film is longer than a minute, and a clip is used from its beginning.
    let scan = ["-read_intervals", "%+600", "-show_entries", PACKET_ENTRIES];
    let packets = ask(runner, path, &scan)?;
    parse_with_packets(&text, &packets).map_err(refused)
}

/// Rejects audio with an implausible sample rate. FFmpeg resamples a packet at a time, so one second of audio at 1 Hz
/// becomes 48,000 samples.
fn check_rate(sample_rate: u32) -> Result<(), String> {
    // Zero: FFprobe does not know it.
    if sample_rate == 0 || (2_000..=768_000).contains(&sample_rate) {
        return Ok(());
    }
    Err(format!(
        "its sample rate is {sample_rate} Hz; save it with a rate from 2,000 to \
         768,000 Hz"
    ))
}

/// The sections of FFprobe's output about a file as a whole, and about FFprobe itself.
const WHOLE: [&str; 3] = ["-show_format", "-show_streams", "-show_program_version"];
const PACKET_ENTRIES: &str = "packet=stream_index,pts_time,dts_time,duration_time";

/// Maximum size of FFprobe's output for a file, in bytes.
const MOST_SAID: usize = 16 << 20;
/// The memory limit of FFprobe, in bytes.
const MEMORY: u64 = 1 << 30;

/// Maximum number of cached results. They are cached because every stage of a film probes its files.
const REMEMBERED: usize = 512;
/// Maximum size of a cached result, in bytes.
const LONGEST_REMEMBERED: usize = 64 << 10;

/// Returns FFprobe's output for a file. An output of at most [`LONGEST_REMEMBERED`] bytes is cached until the file
/// changes.
fn ask(runner: &Runner, path: &Path, what: &[&str]) -> Result<String, SystemError> {
    static KNOWN: LazyLock<Mutex<HashMap<(FileId, String), String>>> =
        LazyLock::new(Mutex::default);
    let question = FileId::of(path).map(|file| (file, what.join(" ")));
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(answer) = question.as_ref().and_then(|question| known().get(question).cloned()) {
        return Ok(answer);
    }
    let answer = ask_program(runner, path, what)?;
    if let Some(question) = question
        && answer.len() <= LONGEST_REMEMBERED
    {
        let mut known = known();
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(question, answer.clone());
    }
    Ok(answer)
}

fn ask_program(runner: &Runner, path: &Path, what: &[&str]) -> Result<String, SystemError> {
    let _share = PROBES.take(&runner.holder, 1, &runner.cancel)?;
    let limits = ProcessLimits { memory: Some(MEMORY), output: MOST_SAID, ..runner.limits };
    let runner = Runner { limits, ..runner.clone() };
    let command = CommandLine::new("ffprobe", "probe a media file")
        .args(["-v", "error", "-of", "json"])
        .args(what.iter().copied())
        .input(path);
    let bytes = runner.run(&command, Vec::new()).map_err(|error| match error {
        SystemError::Failed { stderr, .. } => {
            let why = last_words(&stderr, path);
            SystemError::unusable(
                path,
                format!("it is not a media file that FFmpeg can read ({why})"),
            )
        }
        SystemError::SaidTooMuch { .. } => {
            let reason = "it has too many streams, tags or packets; convert it to MP4 or WAV";
            SystemError::unusable(path, reason)
        }
        other => other,
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Parses FFprobe's JSON for the container and streams of a file.
pub fn parse(text: &str) -> Result<MediaProbe, String> {
    parse_with_packets(text, "{}")
}

/// Parses FFprobe's JSON together with a list of packets, for files whose header is insufficient.
pub fn parse_with_packets(text: &str, packets: &str) -> Result<MediaProbe, String> {
    let not_understood = |error| format!("the output of ffprobe is invalid: {error}");
    let value: Value = serde_json::from_str(text).map_err(not_understood)?;
    let packets: Value = serde_json::from_str(packets).map_err(not_understood)?;
    let packets = packets["packets"].as_array().map_or(&[][..], Vec::as_slice);
    let format = &value["format"];
    let format_duration = number(&format["duration"]).filter(|s| *s > 0.0).unwrap_or(0.0);
    let format_start = number(&format["start_time"]).unwrap_or(0.0);
    let mut pictures = Vec::new();
    let mut sounds = Vec::new();
    let mut videos = 0;
    for (place, stream) in value["streams"].as_array().into_iter().flatten().enumerate() {
        let index = whole_number(&stream["index"]).unwrap_or(place as u32);
        let span = Span::of(stream, packets, index, (format_start, format_duration));
        match stream["codec_type"].as_str() {
            Some("video") => {
                videos += 1;
                if whole_number(&stream["disposition"]["attached_pic"]).unwrap_or(0) == 0 {
                    pictures.push(video(stream, index, videos - 1, span));
                }
            }
            Some("audio") => {
                let sound = audio(stream, index, sounds.len() as u32, span);
                check_rate(sound.sample_rate)?;
                sounds.push(sound);
            }
            _ => {}
        }
    }
    let rank = |stream: &VideoStream| (stream.moves() != Some(false), stream.is_default);
    Ok(MediaProbe {
        format: text_of(&format["format_name"]),
        duration_s: format_duration,
        start_s: format_start,
        pictures: pictures.len(),
        // The first of the best: `max_by_key` would return the last.
        video: pictures.into_iter().rev().max_by_key(rank),
        audio: sounds.into_iter().rev().max_by_key(|sound| sound.is_default),
        size_bytes: number(&format["size"]).unwrap_or(0.0) as u64,
        ffmpeg_version: value["program_version"]["version"].as_str().map(str::to_owned),
    })
}

/// The start and length of a stream.
struct Span {
    start_s: f64,
    own_duration_s: Option<f64>,
    duration_s: f64,
    frames: Option<i64>,
}

impl Span {
    fn of(stream: &Value, packets: &[Value], index: u32, format: (f64, f64)) -> Self {
        let (format_start, format_duration) = format;
        let said_start = number(&stream["start_time"]);
        let start_s = said_start.unwrap_or(format_start);
        let own =
            packets.iter().filter(|packet| whole_number(&packet["stream_index"]) == Some(index));
        let mut scanned: Option<(f64, f64, i64)> = None;
        let mut last_step = 0.0;
        for packet in own {
            let time = number(&packet["pts_time"]).or_else(|| number(&packet["dts_time"]));
            let Some(time) = time else { continue };
            let length = number(&packet["duration_time"]).unwrap_or(0.0).max(0.0);
            let (from, to, count) = scanned.unwrap_or((time, time, 0));
            if count > 0 && time > to - last_step {
                last_step = if length > 0.0 { length } else { (time - to).max(last_step) };
            }
            scanned = Some((from.min(time), to.max(time + length), count + 1));
        }
        let scanned_s = scanned.map(|(from, to, _)| to - from).filter(|s| *s > 0.0);
        let tagged = stream["tags"].as_object().into_iter().flatten().find_map(|(name, value)| {
            // Matroska: the end of the stream on the file's clock.
            let is_duration = name == "DURATION" || name.starts_with("DURATION-");
            clock(value.as_str().filter(|_| is_duration)?).map(|end| end - start_s.max(0.0))
        });
        let said = number(&stream["duration"]).or(tagged).filter(|s| *s > 0.0);
        let own_duration_s = said.or(scanned_s);
        let of_format = (format_duration - (start_s - format_start).max(0.0)).max(0.0);
        Self {
            start_s,
            own_duration_s,
            duration_s: own_duration_s.unwrap_or(of_format),
            frames: number(&stream["nb_frames"])
                .map(|frames| frames as i64)
                .or(scanned.map(|(_, _, count)| count)),
        }
    }
}

fn video(stream: &Value, index: u32, video_index: u32, span: Span) -> VideoStream {
    let rotation = stream["side_data_list"]
        .as_array()
        .into_iter()
        .flatten()
        .find_map(|data| number(&data["rotation"]))
        .or_else(|| number(&stream["tags"]["rotate"]).map(|degrees| -degrees))
        .unwrap_or(0.0);
    let side_data = stream["side_data_list"].as_array().into_iter().flatten();
    let needs_dolby_vision = side_data
        .filter(|data| data["dv_profile"].is_number())
        .any(|data| whole_number(&data["dv_bl_signal_compatibility_id"]) == Some(0));
    let aspect = text_of(&stream["sample_aspect_ratio"]);
    let sample_aspect = aspect
        .split_once(':')
        .and_then(|(w, h)| Some((w.parse::<u32>().ok()?, h.parse::<u32>().ok()?)))
        // Larger ratios are broken headers, not shapes.
        .filter(|&(w, h)| w > 0 && h > 0 && w / h < 8 && h / w < 8)
        .unwrap_or((1, 1));
    VideoStream {
        index,
        video_index,
        codec: text_of(&stream["codec_name"]),
        profile: text_of(&stream["profile"]),
        width: whole_number(&stream["width"]).unwrap_or(0),
        height: whole_number(&stream["height"]).unwrap_or(0),
        pixel_format: text_of(&stream["pix_fmt"]),
        bits: whole_number(&stream["bits_per_raw_sample"]),
        frame_rate: text_of(&stream["avg_frame_rate"]),
        base_rate: text_of(&stream["r_frame_rate"]),
        colour_space: text_of(&stream["color_space"]),
        primaries: text_of(&stream["color_primaries"]),
        transfer: text_of(&stream["color_transfer"]),
        range: text_of(&stream["color_range"]),
        sample_aspect,
        field_order: text_of(&stream["field_order"]),
        rotation: (rotation as i32).rem_euclid(360),
        needs_dolby_vision,
        alpha_beside: ["alpha_mode", "ALPHA_MODE"]
            .iter()
            .any(|name| whole_number(&stream["tags"][*name]) == Some(1)),
        frames: span.frames,
        duration_s: span.duration_s,
        own_duration_s: span.own_duration_s,
        start_s: span.start_s,
        is_default: whole_number(&stream["disposition"]["default"]) == Some(1),
    }
}

fn audio(stream: &Value, index: u32, audio_index: u32, span: Span) -> AudioStream {
    AudioStream {
        index,
        audio_index,
        codec: text_of(&stream["codec_name"]),
        sample_rate: whole_number(&stream["sample_rate"]).unwrap_or(0),
        channels: whole_number(&stream["channels"]).unwrap_or(0),
        duration_s: span.duration_s,
        start_s: span.start_s,
        is_default: whole_number(&stream["disposition"]["default"]) == Some(1),
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Parses a finite number, written as a number or a string.
fn number(value: &Value) -> Option<f64> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok())?;
    // Larger values are broken headers; sums of the allowed ones stay finite.
    (number.is_finite() && number.abs() < 1e15).then_some(number)
}

fn whole_number(value: &Value) -> Option<u32> {
    number(value).filter(|n| (0.0..=f64::from(u32::MAX)).contains(n)).map(|n| n as u32)
}

/// Parses a time such as `00:00:05.040000000` to seconds.
fn clock(text: &str) -> Option<f64> {
    let mut seconds = 0.0;
    for part in text.split(':') {
        let part: f64 = part.trim().parse().ok()?;
        seconds = seconds * 60.0 + part;
    }
    (seconds.is_finite() && (0.0..1e9).contains(&seconds)).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse_probe(value: &Value) -> MediaProbe {
        parse(&value.to_string()).expect("JSON")
    }

    #[test]
    fn the_picture_that_moves_is_the_main_one() {
        let stream = |index: u32, more: Value| {
            let mut stream = json!({"index": index, "codec_type": "video", "width": 64,
                "height": 64, "avg_frame_rate": "25/1", "disposition": {"default": 1}});
            for (name, value) in more.as_object().expect("fields") {
                stream[name] = value.clone();
            }
            stream
        };
        let main = |streams: Value| {
            let probe = parse_probe(&json!({"streams": streams, "format": {"duration": "5.0"}}));
            probe.video.map(|video| video.index)
        };
        let attached = json!({"disposition": {"attached_pic": 1, "default": 1}});
        let one_frame = json!({"tags": {"DURATION": "00:00:00.040000000"}});
        let film = json!({"tags": {"DURATION": "00:00:05.000000000"}});
        let not_default = json!({"nb_frames": "125", "disposition": {"default": 0}});
        assert_eq!(main(json!([stream(0, attached.clone()), stream(1, film.clone())])), Some(1));
        assert_eq!(main(json!([stream(0, one_frame.clone()), stream(1, film.clone())])), Some(1));
        assert_eq!(main(json!([stream(0, not_default.clone()), stream(1, film.clone())])), Some(1));
        assert_eq!(main(json!([stream(0, one_frame.clone()), stream(1, not_default)])), Some(1));
        assert_eq!(main(json!([stream(0, film.clone()), stream(1, film)])), Some(0));
        assert_eq!(main(json!([stream(0, one_frame)])), Some(0));
        assert_eq!(main(json!([stream(0, attached)])), None);
    }

    #[test]
    fn a_length_comes_from_stream_tag_packets_or_container() {
        let length = |stream: Value, packets: Value| {
            let mut stream = stream;
            stream["codec_type"] = json!("video");
            let text = json!({"streams": [stream], "format": {"duration": "9", "start_time": "0"}});
            let packets = json!({"packets": packets}).to_string();
            let probe = parse_with_packets(&text.to_string(), &packets).expect("JSON");
            probe.video.expect("a picture").duration_s
        };
        assert_eq!(length(json!({"duration": "4.5"}), json!([])), 4.5);
        assert_eq!(length(json!({"tags": {"DURATION": "00:01:01.5"}}), json!([])), 61.5);
        assert_eq!(length(json!({"start_time": "2"}), json!([])), 7.0);
        let packets = json!([
            {"stream_index": 0, "pts_time": "0.0", "duration_time": "0.5"},
            {"stream_index": 1, "pts_time": "50.0"},
            {"stream_index": 0, "pts_time": "1.0", "duration_time": "0.5"},
            {"stream_index": 0, "pts_time": "0.5"},
        ]);
        assert_eq!(length(json!({"index": 0}), packets), 1.5);
    }

    #[test]
    fn invalid_output_is_read_without_a_panic() {
        for text in ["", "[]", "null", "{\"streams\": 5}", "{\"streams\": [1, null, \"a\"]}"] {
            let _ = parse(text);
        }
        let broken = json!({"streams": [{"codec_type": "video", "width": -5, "height": 1e300,
            "sample_aspect_ratio": "0:0", "duration": "nan", "start_time": "-1e400",
            "nb_frames": [], "tags": {"DURATION": "::", "rotate": {}}, "side_data_list": {}}],
            "format": {"duration": "inf", "size": -1}});
        let video = parse_probe(&broken).video.expect("a picture");
        assert_eq!((video.width, video.height, video.sample_aspect), (0, 0, (1, 1)));
        assert_eq!((video.duration_s, video.rotation), (0.0, 0));
    }
}
