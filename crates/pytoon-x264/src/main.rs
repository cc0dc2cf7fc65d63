//! Encodes raw frames with libx264 into the MP4 files of chunks, one after another.
//!
//! libx264 is under the GPL, so this is a separate program: the rest of pytoon runs it as a process and
//! communicates with it only as described here and in [`parent`]. A film of these files has the same bytes as
//! one from FFmpeg's `libx264` with the same settings. The bytes of a file do not depend on earlier files.
//!
//! `pytoon-x264 --size 1080x1920 --rate 30 --preset veryfast --profile high --params crf=20:keyint=60` reads frames
//! in YUV 4:2:0, planes one after another without gaps, BT.709 with video levels, from memory that its parent shares
//! ([`parent`]), and writes one track of H.264 into each file. `--params` takes libx264's own names and values.
//! `--version` prints versions.

mod encoder;
mod ffi;
mod mp4;
mod parent;

use encoder::{Encoder, Settings};
use parent::{Order, Parent};
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The colour properties of the input frames, with libx264's names.
const BT709: [(&str, &str); 4] =
    [("fullrange", "off"), ("colorprim", "bt709"), ("transfer", "bt709"), ("colormatrix", "bt709")];

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // The parent reads this. If the pipe is broken, the parent has ended and nobody reads it.
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
    while let Some(name) = args.next() {
        let name = name.to_string_lossy();
        let mut value = || {
            let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
            value.into_string().map_err(|_| format!("the value of {name} is not in UTF-8"))
        };
        match name.as_ref() {
            "--version" => {
                let (own, build) = (env!("CARGO_PKG_VERSION"), encoder::build());
                return writeln!(std::io::stdout(), "pytoon-x264 {own} (libx264 {build})")
                    .map_err(|e| format!("failed to write the version: {e}"));
            }
            "--size" => (settings.width, settings.height) = pair(&value()?, 'x')?,
            "--rate" => settings.rate = rate(&value()?)?,
            "--preset" => settings.preset = value()?,
            "--profile" => settings.profile = value()?,
            "--params" => settings.params.extend(params(&value()?)?),
            other => return Err(format!("unknown option {other}")),
        }
    }
    let is_even = |side: u16| side > 0 && side.is_multiple_of(2);
    if !is_even(settings.width) || !is_even(settings.height) {
        return Err("--size takes two even numbers above 0, such as 1080x1920".to_owned());
    }
    if settings.rate.0 == 0 || settings.rate.1 == 0 {
        return Err("--rate takes frames per second, such as 30 or 30000/1001".to_owned());
    }
    serve(&settings)
}

/// Writes one file after another until the parent sends no more commands.
fn serve(settings: &Settings) -> Result<(), String> {
    encoder::keep_memory();
    // Opened before the first order, so that invalid settings are reported before any frame is drawn.
    let mut first = Some(Encoder::open(settings)?);
    let mut parent = Parent::open(settings.frame_bytes())?;
    loop {
        match parent.next()? {
            Order::Open(output) => {
                let encoder = first.take().map_or_else(|| Encoder::open(settings), Ok)?;
                write_file(settings, encoder, &output, &mut parent)?;
                parent.file_is_complete()?;
            }
            Order::End => return Ok(()),
            other => return Err(format!("command {other:?} arrived without an open file")),
        }
    }
}

fn write_file(
    settings: &Settings,
    mut encoder: Encoder,
    output: &Path,
    parent: &mut Parent,
) -> Result<(), String> {
    let mut file = mp4::ChunkFile::create(output, settings, &encoder.headers()?)?;
    loop {
        match parent.next()? {
            Order::Frame(slot) => {
                let coded = encoder.encode(parent, slot)?;
                parent.give_back(slot)?;
                if let Some(coded) = coded {
                    file.write(&coded)?;
                }
            }
            Order::Finish => break,
            // `End` here means that the parent died or gave the file up.
            other => return Err(format!("command {other:?} is not allowed while a file is open")),
        }
    }
    while let Some(coded) = encoder.flush()? {
        file.write(&coded)?;
    }
    file.finish()
}

/// Parses a frame rate: `30` or `30000/1001`.
fn rate(text: &str) -> Result<(u32, u32), String> {
    if text.contains('/') { pair(text, '/') } else { pair(&format!("{text}/1"), '/') }
}

/// Parses two numbers with a separator between them.
fn pair<T: std::str::FromStr>(text: &str, separator: char) -> Result<(T, T), String> {
    let both =
        text.split_once(separator).and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    both.ok_or_else(|| format!("`{text}` is not two numbers with `{separator}` between them"))
}

/// Parses encoder parameters in the form `name=value:name=value`.
fn params(text: &str) -> Result<Vec<(String, String)>, String> {
    let one = |part: &str| {
        let (name, value) =
            part.split_once('=').ok_or_else(|| format!("the parameter `{part}` has no value"))?;
        Ok((name.to_owned(), value.to_owned()))
    };
    text.split(':').filter(|part| !part.is_empty()).map(one).collect()
}
