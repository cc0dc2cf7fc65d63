//! Encodes frames to H.264 and a mix to AAC, and joins both in one MP4.
//!
//! Each frame is encoded exactly once. Audio is encoded separately from the picture, and the two are joined without
//! re-encoding, because the finished audio must be measured after AAC encoding before it can be approved.

mod feed;
mod pool;

pub use feed::SHARED_FRAMES;
pub use pool::{EncoderPool, VideoEncoder};

use pytoon_core::profile::{AudioSettings, Profile};
use pytoon_ffmpeg::{Input, LOCAL_ONLY, ffmpeg, file_arg};
use pytoon_graphics::Frame;
use pytoon_process::{CommandLine, Runner, SystemError, disk};
use std::path::Path;

/// The software encoder, which is also the fallback for hardware encoders.
pub const SOFTWARE_ENCODER: &str = "libx264";

/// The number of threads of the software encoder for one chunk. The output of an encoder depends on its
/// number of threads, so the number does not depend on the machine. Chunks that are encoded concurrently use
/// several cores.
const CHUNK_THREADS: u32 = 1;

/// The H.264 profile of software and hardware encoders.
const H264_PROFILE: &str = "high";

/// The options for BT.709 with limited range, the format of drawn frames. They apply to the input and the output
/// file.
const BT709: [&str; 8] = [
    "-color_range",
    "tv",
    "-colorspace",
    "bt709",
    "-color_primaries",
    "bt709",
    "-color_trc",
    "bt709",
];

/// Returns the command that encodes raw frames from shared memory with libx264 alone, chunk after chunk. It writes
/// the same frames and times as [`ffmpeg_command`] with [`SOFTWARE_ENCODER`], and uses a tenth less CPU time: FFmpeg
/// loads two hundred libraries for each chunk, and the kernel clears its memory each time.
fn x264_command(profile: &Profile) -> CommandLine {
    let video = &profile.video;
    let mut params = format!("crf={}:{}:threads={CHUNK_THREADS}", video.crf, x264_params(profile));
    if let Some(kbps) = video.max_rate_kbps {
        params.push_str(&format!(":vbv-maxrate={kbps}:vbv-bufsize={}", 2 * kbps));
    }
    CommandLine::new("pytoon-x264", "encode the picture")
        .args(["--size", &format!("{}x{}", profile.width, profile.height)])
        .args(["--rate", &profile.frame_rate.to_ratio_string()])
        .args(["--preset", &video.preset, "--profile", H264_PROFILE, "--params", &params])
}

/// Returns the keyframe and reference structure as libx264 parameters.
fn x264_params(profile: &Profile) -> String {
    let gop = profile.gop_frames();
    format!("keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes=2")
}

/// Returns the FFmpeg command that encodes raw frames from standard input as one chunk of a film.
///
/// A chunk states the decoding time of each frame. Parsers of negative offsets derive the decoder's delay for
/// reordered frames from them. For a chunk with few such frames they would derive a different delay than for the next
/// chunk, and shift times at the joint.
fn ffmpeg_command(profile: &Profile, encoder: &str, output: &Path) -> CommandLine {
    let size = format!("{}x{}", profile.width, profile.height);
    let rate = profile.frame_rate.to_ratio_string();
    let threads = match encoder {
        SOFTWARE_ENCODER => vec!["-threads".to_owned(), CHUNK_THREADS.to_string()],
        _ => Vec::new(),
    };
    // No `-thread_queue_size`: FFmpeg then reads frames in the thread that encodes them. A separate reading thread
    // doubles the page faults, a fifteenth of the encoder's time, and gains nothing when concurrent chunks use all
    // cores.
    ffmpeg("encode the picture")
        .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", &size, "-r", &rate])
        .args(BT709)
        .args(LOCAL_ONLY)
        .args(["-i", "pipe:0", "-an"])
        .args(codec_args(profile, encoder))
        .args(threads)
        .args(BT709)
        .args(["-f", "mp4", "-video_track_timescale", "90000"])
        .arg(file_arg(output))
}

/// Returns the arguments of the video codec alone, so that a benchmark can encode with the same settings.
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
                H264_PROFILE,
                "-forced-idr",
                "1",
            ]);
            push(&["-x264-params", &x264_params(profile)]);
        }
        name if name.ends_with("_nvenc") => {
            push(&["-cq", &crf, "-profile:v", H264_PROFILE, "-g", &gop, "-bf", "2"]);
            push(&["-forced-idr", "1"]);
        }
        name if name.ends_with("_qsv") => {
            push(&["-global_quality", &crf, "-profile:v", H264_PROFILE, "-g", &gop, "-bf", "2"]);
            push(&["-forced_idr", "1"]);
        }
        name if name.ends_with("_vaapi") => {
            push(&[
                "-vf",
                "format=nv12,hwupload",
                "-qp",
                &crf,
                "-profile:v",
                H264_PROFILE,
                "-g",
                &gop,
            ]);
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

/// Returns the command that encodes a WAV file to AAC in an MP4 container.
pub fn audio_command(profile: &AudioSettings, input: &Path, output: &Path) -> CommandLine {
    let bit_rate = format!("{}k", profile.bit_rate_kbps);
    ffmpeg("encode the sound")
        .input(input)
        .args([
            "-vn",
            "-c:a",
            "aac",
            "-aac_coder",
            profile.coder.as_str(),
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

/// Returns the command that joins the picture chunks listed in `list` ([`chunk_list`]) with the audio, without
/// re-encoding.
///
/// FFmpeg runs in the list's folder. It treats the list's own path as a URL, in which `#` and `?` end a path, and
/// resolves the chunks relative to the list. The other paths must be absolute.
pub fn join_command(list: &Path, audio: &Path, seconds: f64, output: &Path) -> CommandLine {
    let folder = list.parent().unwrap_or(Path::new("."));
    let list = list.file_name().map_or(list, Path::new);
    ffmpeg("join the chunks of the picture and the sound")
        .in_folder(folder)
        .args(LOCAL_ONLY)
        // FFmpeg decodes a frame of each joined file, to know things that it never uses: that was more than half of
        // the join's time.
        .args(["-codec_whitelist", "none"])
        .args(["-f", "concat", "-safe", "0", "-i"])
        .arg(file_arg(list))
        .input(audio)
        .args(["-map", "0:v:0", "-map", "1:a:0", "-c", "copy", "-t", &format!("{seconds:.6}")])
        .args(["-movflags", "+faststart+negative_cts_offsets", "-brand", "isom", "-f", "mp4"])
        .args(["-map_metadata", "-1", "-metadata", "encoder=pytoon"])
        .arg(file_arg(output))
}

/// Returns the list of chunks that [`join_command`] reads. Names are relative to the list's own folder. The length of
/// each chunk is the sum of its frames, since the container's own length is rounded.
pub fn chunk_list<'a>(chunks: impl IntoIterator<Item = (&'a str, f64)>) -> String {
    let mut list = "ffconcat version 1.0\n".to_owned();
    for (name, seconds) in chunks {
        list.push_str(&format!("file '{name}'\nduration {seconds:.6}\n"));
    }
    list
}

/// Encodes three black frames to test if an encoder works on this machine.
pub fn try_encoder(
    runner: &Runner,
    profile: &Profile,
    encoder: &str,
    folder: &Path,
) -> Result<(), SystemError> {
    let output = disk::part_of(&folder.join("encoder-test.mp4"));
    let pool = EncoderPool::default();
    let tried = pool.start(runner, profile, encoder, &output).and_then(|mut encoder| {
        let frame = Frame::new(profile.width as usize, profile.height as usize);
        for _ in 0..3 {
            encoder.write(&frame)?;
        }
        pool.finish(encoder)
    });
    // A failed try may not have written the file at all.
    let _ = std::fs::remove_file(&output);
    tried
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks the commands of a film against a snapshot, in the form in which a user would type them.
    #[test]
    fn commands_of_the_encoders() {
        let profile: Profile = serde_json::from_value(serde_json::json!({
            "width": 1080, "height": 1920, "frame_rate": "30000/1001",
            "video": {"encoder": "libx264", "preset": "veryfast", "crf": 20, "gop_seconds": 1.5,
                "max_rate_kbps": 12000},
            "audio": {"bit_rate_kbps": 192, "coder": "fast"},
        }))
        .expect("a profile");
        let output = Path::new("/films/a/.work/part.mp4");
        let mut commands = vec![x264_command(&profile)];
        for encoder in ["libx264", "h264_nvenc", "h264_qsv", "h264_vaapi", "h264_videotoolbox"] {
            commands.push(ffmpeg_command(&profile, encoder, output));
        }
        commands.push(audio_command(&profile.audio, Path::new("/films/a/.work/mix.wav"), output));
        let list = Path::new("/films/a/.work/chunks.ffconcat");
        commands.push(join_command(list, Path::new("/films/a/.work/audio.m4a"), 12.5, output));
        let typed = |command: &CommandLine| {
            let args: Vec<_> = command.args.iter().map(|arg| arg.to_string_lossy()).collect();
            let folder = command.folder.as_ref().map(|folder| format!("{}$ ", folder.display()));
            format!("{}{} {}", folder.unwrap_or_default(), command.program, args.join(" "))
        };
        let text: Vec<String> = commands.iter().map(typed).collect();
        insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!("commands", text.join("\n"));
        });
    }
}
