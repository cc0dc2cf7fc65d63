//! Encodes raw frames with libx264 into the MP4 file of a chunk.
//!
//! A small program of its own because libx264 is under the GPL: the rest of pytoon runs it as a
//! process and shares nothing with it but what is written here. It writes what FFmpeg's `libx264`
//! writes with the same settings, and starts in a tenth of the time, since it loads one library
//! instead of two hundred: a film starts an encoder for each of its chunks.
//!
//! `pytoon-x264 --size 1080x1920 --rate 30 --preset veryfast --profile high --params crf=20:keyint=60
//! --output FILE` reads frames in YUV 4:2:0 from standard input, planes one after another without gaps, BT.709
//! with video levels, and writes one track of H.264. `--params` are libx264's own names and values.
//! `--version` prints versions.

mod encoder;
mod ffi;
mod mp4;

use encoder::{Encoder, Settings};
use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// The colours of the frames that are read, in libx264's names.
const BT709: [(&str, &str); 4] =
    [("fullrange", "off"), ("colorprim", "bt709"), ("transfer", "bt709"), ("colormatrix", "bt709")];

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // The parent reads this; a broken pipe here has nobody left to tell.
            let _ = writeln!(std::io::stderr(), "pytoon-x264: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(mut args: impl Iterator<Item = OsString>) -> Result<(), String> {
    let mut settings = Settings {
        width: 0,
        height: 0,
        rate: (0, 1),
        preset: "medium".to_owned(),
        profile: "high".to_owned(),
        params: BT709.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    };
    let mut output = None;
    while let Some(name) = args.next() {
        let name = name.to_string_lossy();
        let mut file = || args.next().ok_or_else(|| format!("{name} needs a value"));
        let mut value = || file()?.into_string().map_err(|_| format!("{name} is not in UTF-8"));
        match name.as_ref() {
            "--version" => {
                let (own, build) = (env!("CARGO_PKG_VERSION"), encoder::build());
                return writeln!(std::io::stdout(), "pytoon-x264 {own} (libx264 {build})")
                    .map_err(|e| format!("writing the version: {e}"));
            }
            "--size" => (settings.width, settings.height) = pair(&value()?, 'x')?,
            "--rate" => settings.rate = rate(&value()?)?,
            "--preset" => settings.preset = value()?,
            "--profile" => settings.profile = value()?,
            "--params" => settings.params.extend(params(&value()?)?),
            "--output" => output = Some(PathBuf::from(file()?)),
            other => return Err(format!("unknown option {other}")),
        }
    }
    let output = output.ok_or("--output, the file to write, is missing")?;
    let is_even = |side: u16| side > 0 && side.is_multiple_of(2);
    if !is_even(settings.width) || !is_even(settings.height) {
        return Err("--size takes two even numbers, such as 1080x1920".to_owned());
    }
    if settings.rate.0 == 0 || settings.rate.1 == 0 {
        return Err("--rate takes frames a second, such as 30 or 30000/1001".to_owned());
    }
    encode(&settings, &output)
}

fn encode(settings: &Settings, output: &std::path::Path) -> Result<(), String> {
    let mut encoder = Encoder::open(settings)?;
    let mut file = mp4::ChunkFile::create(output, settings, &encoder.headers()?)?;
    let mut frame = vec![0; settings.frame_bytes()];
    let mut input = std::io::stdin().lock();
    while read_frame(&mut input, &mut frame)? {
        if let Some(coded) = encoder.encode(&mut frame)? {
            file.write(&coded)?;
        }
    }
    while let Some(coded) = encoder.flush()? {
        file.write(&coded)?;
    }
    file.finish()
}

/// Reads a whole frame. Returns false at the end of the input.
fn read_frame(input: &mut impl Read, frame: &mut [u8]) -> Result<bool, String> {
    let mut filled = 0;
    while filled < frame.len() {
        match input.read(&mut frame[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(format!("the last frame has only {filled} bytes")),
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(format!("reading a frame: {error}")),
        }
    }
    Ok(true)
}

/// Returns frames a second: `30`, or `30000/1001`.
fn rate(text: &str) -> Result<(u32, u32), String> {
    if text.contains('/') { pair(text, '/') } else { pair(&format!("{text}/1"), '/') }
}

/// Returns two numbers that a sign parts.
fn pair<T: std::str::FromStr>(text: &str, sign: char) -> Result<(T, T), String> {
    let both = text.split_once(sign).and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    both.ok_or_else(|| format!("`{text}` is not two numbers with `{sign}` between them"))
}

/// Returns names and values of `name=value:name=value`.
fn params(text: &str) -> Result<Vec<(String, String)>, String> {
    let one = |part: &str| {
        let (name, value) = part.split_once('=').ok_or_else(|| format!("`{part}` has no value"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    text.split(':').filter(|part| !part.is_empty()).map(one).collect()
}
