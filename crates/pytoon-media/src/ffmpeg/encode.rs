//! The encoders: frames into H.264, a mix into AAC, both into one MP4.
//!
//! Each frame is encoded exactly once. Sound is encoded beside the picture and the two are joined
//! without re-encoding, because the finished sound has to be measured after AAC before it is
//! known to be right.

use super::{Input, LOCAL_ONLY, ffmpeg, file_arg};
use crate::process::{CommandLine, Runner, Running};
use crate::{MediaError, disk};
use pytoon_core::profile::Profile;
use pytoon_graphics::Frame;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// The encoder that is always there.
pub const SOFTWARE_ENCODER: &str = "libx264";

/// What an encoded picture is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// It is a film's whole picture.
    Whole {
        /// The frames that are key frames, beside one after every full group of pictures.
        key_frames: &'a [i64],
    },
    /// It is joined with others.
    Chunk,
}

/// The command that encodes raw frames from standard input.
pub fn video_command(
    profile: &Profile,
    encoder: &str,
    piece: Piece<'_>,
    output: &Path,
) -> CommandLine {
    // Readers of negative offsets guess from them how long the decoder waits for frames out of
    // order. Of a chunk with few of those they guess another wait than of the next, and where the
    // two meet times would be moved. A chunk says when each frame is decoded.
    let flags = match piece {
        Piece::Whole { key_frames } => {
            let at = |frame: &i64| format!("{:.6}", profile.frame_rate.frame_to_seconds(*frame));
            let times: Vec<String> = key_frames.iter().map(at).collect();
            vec![
                "-movflags".to_owned(),
                "+negative_cts_offsets".to_owned(),
                "-force_key_frames".to_owned(),
                times.join(","),
            ]
        }
        Piece::Chunk => Vec::new(),
    };
    let size = format!("{}x{}", profile.width, profile.height);
    let rate = profile.frame_rate.to_ratio_string();
    ffmpeg("encode the picture")
        // Frames are read in a thread of their own, while the encoder takes the one before.
        .args(["-thread_queue_size", "4"])
        .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size, "-r", &rate])
        .args([
            "-color_range",
            "tv",
            "-colorspace",
            "bt709",
            "-color_primaries",
            "bt709",
            "-color_trc",
            "bt709",
        ])
        .args(LOCAL_ONLY)
        .args(["-i", "pipe:0", "-an"])
        .args(codec_args(profile, encoder))
        .args([
            "-color_range",
            "tv",
            "-colorspace",
            "bt709",
            "-color_primaries",
            "bt709",
            "-color_trc",
            "bt709",
        ])
        .args(["-f", "mp4"])
        .args(flags)
        .args(["-video_track_timescale", "90000"])
        .arg(file_arg(output))
}

/// The codec's arguments alone, so that a bench can encode at the same settings.
pub fn codec_args(profile: &Profile, encoder: &str) -> Vec<String> {
    let video = &profile.video;
    let gop = profile.gop_frames().to_string();
    let crf = video.crf.to_string();
    let mut args: Vec<String> = vec!["-c:v".into(), encoder.into()];
    let mut push = |pairs: &[&str]| args.extend(pairs.iter().map(|s| (*s).to_owned()));
    match encoder {
        SOFTWARE_ENCODER => {
            push(&[
                "-preset",
                &video.preset,
                "-crf",
                &crf,
                "-profile:v",
                "high",
                "-forced-idr",
                "1",
            ]);
            push(&[
                "-x264-params",
                &format!("keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes=2"),
            ]);
        }
        name if name.ends_with("_nvenc") => {
            push(&["-cq", &crf, "-profile:v", "high", "-g", &gop, "-bf", "2"]);
            push(&["-forced-idr", "1"]);
        }
        name if name.ends_with("_qsv") => {
            push(&["-global_quality", &crf, "-profile:v", "high", "-g", &gop, "-bf", "2"]);
            push(&["-forced_idr", "1"]);
        }
        name if name.ends_with("_vaapi") => {
            push(&["-vf", "format=nv12,hwupload", "-qp", &crf, "-profile:v", "high", "-g", &gop]);
        }
        _ => push(&["-g", &gop, "-b:v", "8M"]),
    }
    if let Some(kbps) = video.max_rate_kbps {
        let (rate, buffer) = (format!("{kbps}k"), format!("{}k", 2 * kbps));
        push(&["-maxrate", &rate, "-bufsize", &buffer]);
    }
    if !encoder.ends_with("_vaapi") {
        push(&["-pix_fmt", "yuv420p"]);
    }
    args
}

/// The command that encodes a WAV file to AAC in an MP4 container.
pub fn audio_command(profile: &Profile, input: &Path, gain_db: f64, output: &Path) -> CommandLine {
    let bit_rate = format!("{}k", profile.audio.bit_rate_kbps);
    let command = ffmpeg("encode the sound").input(input);
    let command = if gain_db == 0.0 {
        command
    } else {
        command.args(["-af", &format!("volume={gain_db:.2}dB")])
    };
    command
        .args([
            "-vn",
            "-c:a",
            "aac",
            "-aac_coder",
            profile.audio.coder.as_str(),
            "-b:a",
            &bit_rate,
            "-ar",
            "48000",
            "-ac",
            "2",
            "-f",
            "mp4",
        ])
        .arg(file_arg(output))
}

/// The command that joins picture and sound without re-encoding.
pub fn mux_command(video: &Path, audio: &Path, seconds: f64, output: &Path) -> CommandLine {
    joined(ffmpeg("join picture and sound").input(video), audio, seconds, output)
}

/// The same where the picture is in chunks, which `list` names ([`chunk_list`]).
pub fn mux_chunks_command(list: &Path, audio: &Path, seconds: f64, output: &Path) -> CommandLine {
    let command = ffmpeg("join the chunks of the picture and the sound")
        .args(LOCAL_ONLY)
        // FFmpeg decodes a frame of each file that it joins, to know what it never uses: that was
        // more than half of the joining's time.
        .args(["-codec_whitelist", "none"])
        .args(["-f", "concat", "-safe", "0", "-i"])
        .arg(file_arg(list));
    joined(command, audio, seconds, output)
}

/// The list of chunks that [`mux_chunks_command`] reads. Names are relative to the list's own
/// folder. Each chunk is as long as its frames say: the container's own figure is rounded.
pub fn chunk_list<'a>(chunks: impl IntoIterator<Item = (&'a str, f64)>) -> String {
    let mut list = "ffconcat version 1.0\n".to_owned();
    for (name, seconds) in chunks {
        list.push_str(&format!("file '{name}'\nduration {seconds:.6}\n"));
    }
    list
}

fn joined(picture: CommandLine, audio: &Path, seconds: f64, output: &Path) -> CommandLine {
    picture
        .input(audio)
        .args(["-map", "0:v:0", "-map", "1:a:0", "-c", "copy", "-t", &format!("{seconds:.6}")])
        .args(["-movflags", "+faststart+negative_cts_offsets", "-brand", "isom", "-f", "mp4"])
        .args(["-map_metadata", "-1", "-metadata", "encoder=pytoon"])
        .arg(file_arg(output))
}

/// Takes frames in order and writes an H.264 file.
#[derive(Debug)]
pub struct VideoEncoder {
    running: Option<Running>,
    input: Option<UnixStream>,
    output: PathBuf,
}

impl VideoEncoder {
    /// Starts the encoder.
    pub fn start(
        runner: &Runner,
        profile: &Profile,
        encoder: &str,
        piece: Piece<'_>,
        output: &Path,
    ) -> Result<Self, MediaError> {
        let (running, input) = runner.start_fed(&video_command(profile, encoder, piece, output))?;
        Ok(Self { running: Some(running), input: Some(input), output: output.to_owned() })
    }

    /// Writes the next frame; blocks while the encoder is busy.
    pub fn write(&mut self, frame: &Frame) -> Result<(), MediaError> {
        let written = match (&mut self.running, &mut self.input) {
            (Some(running), Some(input)) => running.during(|| input.write_all(frame.data())),
            _ => Ok(()),
        };
        match written {
            Ok(()) => Ok(()),
            // The socket only breaks when the encoder is gone; its own words say why.
            Err(source) => Err(self.end().err().unwrap_or(MediaError::write(&self.output, source))),
        }
    }

    /// Closes the input and waits for the file.
    pub fn finish(mut self) -> Result<(), MediaError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), MediaError> {
        drop(self.input.take());
        self.running.take().map_or(Ok(()), Running::wait)
    }
}

/// Encodes three grey frames, to see whether an encoder works on this machine.
pub fn try_encoder(
    runner: &Runner,
    profile: &Profile,
    encoder: &str,
    folder: &Path,
) -> Result<(), MediaError> {
    let output = disk::part_of(&folder.join("encoder-test.mp4"));
    let tried =
        VideoEncoder::start(runner, profile, encoder, Piece::Whole { key_frames: &[0] }, &output)
            .and_then(|mut e| {
                let frame = Frame::new(profile.width as usize, profile.height as usize);
                for _ in 0..3 {
                    e.write(&frame)?;
                }
                e.finish()
            });
    // A failed try may not have written it at all.
    let _ = std::fs::remove_file(&output);
    tried
}
