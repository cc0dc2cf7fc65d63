//! FFmpeg as a process: commands are pure functions, tested as text.

pub mod clip;
pub mod encode;
pub mod sound;
pub mod verify;

use crate::process::CommandLine;

/// The start of every command: quiet, never asking, errors only.
pub(crate) fn ffmpeg(purpose: &'static str) -> CommandLine {
    CommandLine::new("ffmpeg", purpose).args([
        "-hide_banner",
        "-nostdin",
        "-y",
        "-loglevel",
        "error",
    ])
}

/// A file name that FFmpeg cannot take for an option or a protocol.
pub(crate) fn file_arg(path: &std::path::Path) -> std::ffi::OsString {
    let mut arg = std::ffi::OsString::from("file:");
    arg.push(path);
    arg
}
