//! Runs FFmpeg and FFprobe as external programs, to extract the properties of files, their audio, and the content of
//! their frames.
//!
//! Guarantee: an input file cannot make FFmpeg open another file or the network. A limited number of
//! FFprobe's results is cached, each until its file changes.
//!
//! This crate does not read or write pictures, which `pytoon-media` does.
//!
//! Start with [`probe::probe`], [`sound`] and [`clip_facts::facts`].

pub mod abilities;
pub mod clip_facts;
pub mod frame;
pub mod luma;
pub mod probe;
pub mod sound;
pub mod verify;
pub mod whole_clip;

use pytoon_process::CommandLine;
use std::path::Path;

/// Returns the common start of this crate's FFmpeg commands: they print only errors, never ask for input, and
/// overwrite their output file.
pub fn ffmpeg(purpose: &'static str) -> CommandLine {
    CommandLine::new("ffmpeg", purpose).args([
        "-hide_banner",
        "-nostdin",
        "-y",
        "-loglevel",
        "error",
    ])
}

/// The options that restrict FFmpeg to files and pipes, so that a playlist among media files cannot make it open the
/// network.
pub const LOCAL_ONLY: [&str; 2] = ["-protocol_whitelist", "file,pipe"];

/// The supported containers. Formats that reference other files (concat, HLS, DASH, numbered pictures) are excluded,
/// since such a file could show other files of this machine in a film.
const CONTAINERS: &str = "mov,matroska,avi,mpegts,mpeg,flv,asf,ogg,wav,w64,mp3,flac,aac,aiff,caf,\
    amr,ac3,eac3,au,gif,apng,h264,hevc,m4v,ivf,dv,mxf,nut,wv,ape,tta,voc,rm";

/// A command to which media files can be added as inputs.
pub trait Input {
    /// Adds a file as an input. FFmpeg reads only this file and no other that it references.
    fn input(self, path: &Path) -> Self;
}

impl Input for CommandLine {
    fn input(self, path: &Path) -> Self {
        let local = self.args(LOCAL_ONLY).args(["-format_whitelist", CONTAINERS]);
        local.arg("-i").arg(file_arg(path))
    }
}

/// Returns a file name that FFmpeg cannot mistake for an option or a protocol.
pub fn file_arg(path: &Path) -> std::ffi::OsString {
    let mut arg = std::ffi::OsString::from("file:");
    arg.push(path);
    arg
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_process::{CancelToken, Programs, Runner};
    use std::time::Duration;

    #[test]
    fn no_protocol_leads_to_the_network() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let address = format!("http://{}/a.mp4", listener.local_addr().expect("an address"));
        let stall = Duration::from_secs(20);
        let runner = Runner::new(Programs::default(), CancelToken::default(), stall);
        let asked = CommandLine::new("ffmpeg", "test").args(["-v", "error"]).args(LOCAL_ONLY);
        let asked = asked.args(["-rw_timeout", "2000000", "-i", &address, "-f", "null", "-"]);
        runner.run(&asked, Vec::new()).expect_err("it is no file");
        assert!(listener.accept().is_err(), "somebody was asked");
    }
}
