//! Decodes the audio of files to 48 kHz float samples.

use crate::{Input, ffmpeg};
use pytoon_process::{CommandLine, Runner, SystemError};
use std::path::Path;

/// Maximum length of decoded audio, in seconds. A film lasts a minute at most.
const MAX_SECONDS: &str = "600";

/// Returns the command that decodes a file to interleaved 32-bit floats at 48 kHz.
fn decode_command(path: &Path, channels: u8) -> CommandLine {
    ffmpeg("decode the sound").input(path).args([
        "-vn",
        "-t",
        MAX_SECONDS,
        "-f",
        "f32le",
        "-ar",
        "48000",
        "-ac",
        &channels.to_string(),
        "pipe:1",
    ])
}

/// Decodes up to ten minutes of a file's audio to one channel. A file without audio is an error.
pub fn decode_mono(runner: &Runner, path: &Path) -> Result<Vec<f32>, SystemError> {
    let bytes = runner.run(&decode_command(path, 1), Vec::new()).map_err(|e| not_sound(path, e))?;
    nonempty(path, floats(&bytes))
}

/// Decodes up to ten minutes of a file's audio to two channels, left and right. A file without audio is an error.
pub fn decode_stereo(runner: &Runner, path: &Path) -> Result<(Vec<f32>, Vec<f32>), SystemError> {
    let bytes = runner.run(&decode_command(path, 2), Vec::new()).map_err(|e| not_sound(path, e))?;
    let channel = |first: usize| {
        let samples =
            bytes[first.min(bytes.len())..].chunks(8).filter_map(|pair| pair.first_chunk());
        samples.map(|b| float(*b)).collect()
    };
    Ok((nonempty(path, channel(0))?, nonempty(path, channel(4))?))
}

/// Decodes the beginning of a clip's own audio to two channels. Gaps between its packets become silence, so that
/// later packets keep their time. Returns empty channels for a clip without decodable audio.
pub fn decode_clip_sound(
    runner: &Runner,
    path: &Path,
    stream: Option<u32>,
    seconds: f64,
) -> Result<(Vec<f32>, Vec<f32>), SystemError> {
    let stream = stream.map_or_else(|| "0:a:0".to_owned(), |stream| format!("0:{stream}"));
    let seconds = format!("{:.3}", seconds.clamp(0.1, 600.0));
    let command = ffmpeg("decode a clip's sound").input(path).args([
        "-vn",
        "-map",
        &stream,
        "-af",
        "aresample=async=1:min_hard_comp=0.1",
        "-t",
        &seconds,
        "-f",
        "f32le",
        "-ar",
        "48000",
        "-ac",
        "2",
        "pipe:1",
    ]);
    let bytes = match runner.run(&command, Vec::new()) {
        Ok(bytes) => bytes,
        Err(SystemError::Failed { .. }) => Vec::new(),
        Err(other) => return Err(other),
    };
    let pairs = bytes.as_chunks::<8>().0;
    let channel = |first: usize| {
        pairs.iter().filter_map(|pair| pair[first..].first_chunk()).map(|b| float(*b)).collect()
    };
    Ok((channel(0), channel(4)))
}

fn not_sound(path: &Path, error: SystemError) -> SystemError {
    match error {
        SystemError::Failed { stderr, .. } => {
            let why =
                stderr.lines().next_back().unwrap_or("FFmpeg gave no reason").trim().to_owned();
            SystemError::unusable(
                path,
                format!("it is not a sound file that FFmpeg can read ({why})"),
            )
        }
        other => other,
    }
}

fn nonempty(path: &Path, samples: Vec<f32>) -> Result<Vec<f32>, SystemError> {
    if samples.is_empty() {
        return Err(SystemError::unusable(path, "it contains no audio"));
    }
    Ok(samples)
}

/// Converts little-endian floats. Values that are not finite become silence.
fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|b| float(*b)).collect()
}

fn float(bytes: [u8; 4]) -> f32 {
    let value = f32::from_le_bytes(bytes);
    if value.is_finite() { value } else { 0.0 }
}
