//! A pool of encoder processes. Each writes one chunk file after another.
//!
//! Guarantees: the bytes of a file do not depend on the files that its encoder wrote before; an encoder that died
//! while idle is replaced; one that dies in the middle of a file fails only that file.

use super::feed::Feed;
use super::{SOFTWARE_ENCODER, ffmpeg_command, x264_command};
use pytoon_core::profile::Profile;
use pytoon_graphics::Frame;
use pytoon_process::{CommandLine, Runner, Running, SystemError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A pool of encoder processes, each of which writes one file after another.
#[derive(Debug, Default)]
pub struct EncoderPool {
    idle: Mutex<Vec<Process>>,
}

impl EncoderPool {
    /// Starts a file with an idle encoder, or with a new one if none is idle.
    pub fn start(
        &self,
        runner: &Runner,
        profile: &Profile,
        encoder: &str,
        output: &Path,
    ) -> Result<VideoEncoder, SystemError> {
        let output = output.to_owned();
        if encoder == SOFTWARE_ENCODER {
            let command = x264_command(profile);
            while let Some(mut process) = self.take(&command) {
                // This fails if the encoder died while it was idle; the next one is tried.
                if process.open(&output).is_ok() {
                    return Ok(VideoEncoder { process: Some(process), output });
                }
            }
        }
        let mut process = Process::start(runner, profile, encoder, &output)?;
        match process.open(&output) {
            Ok(()) => Ok(VideoEncoder { process: Some(process), output }),
            Err(source) => Err(process.failure(source, &output)),
        }
    }

    /// Waits until the file is complete. Returns a `pytoon-x264` encoder to the pool if at least half of its time
    /// limit is left. Any other encoder ends.
    pub fn finish(&self, encoder: VideoEncoder) -> Result<(), SystemError> {
        let VideoEncoder { process: Some(mut process), output } = encoder else { return Ok(()) };
        let Feed::Shared(frames) = &mut process.feed else { return process.end() };
        if let Err(source) = process.running.during(|| frames.finish()) {
            return Err(process.failure(source, &output));
        }
        // The time limit of a program is meant for one file.
        if process.running.has_half_its_time() {
            lock(&self.idle).push(process);
        }
        Ok(())
    }

    /// Terminates the idle encoders.
    pub fn clear(&self) {
        let idle = std::mem::take(&mut *lock(&self.idle));
        idle.iter().for_each(|process| process.feed.end());
        for process in idle {
            // All its files are complete, so its exit status does not matter.
            let _ = process.running.wait();
        }
    }

    fn take(&self, command: &CommandLine) -> Option<Process> {
        let mut idle = lock(&self.idle);
        let index = idle.iter().position(|process| process.command == *command)?;
        Some(idle.swap_remove(index))
    }
}

/// An encoder that accepts frames in order and writes an H.264 file. An [`EncoderPool`] creates it.
#[derive(Debug)]
pub struct VideoEncoder {
    /// The encoder process; `None` after a failure.
    process: Option<Process>,
    output: PathBuf,
}

impl VideoEncoder {
    /// Writes the next frame. Blocks while the encoder is busy.
    pub fn write(&mut self, frame: &Frame) -> Result<(), SystemError> {
        let Some(Process { running, feed, .. }) = &mut self.process else { return Ok(()) };
        let written = running.during(|| feed.write(frame.data()));
        written.map_err(|source| match self.process.take() {
            Some(process) => process.failure(source, &self.output),
            None => SystemError::write(&self.output, source),
        })
    }
}

/// An encoder process.
#[derive(Debug)]
struct Process {
    running: Running,
    feed: Feed,
    command: CommandLine,
}

impl Process {
    /// Starts an encoder: `pytoon-x264` for the software encoder if it is installed, otherwise FFmpeg.
    fn start(
        runner: &Runner,
        profile: &Profile,
        encoder: &str,
        output: &Path,
    ) -> Result<Self, SystemError> {
        if encoder == SOFTWARE_ENCODER {
            let command = x264_command(profile);
            match Feed::start_shared(runner, &command, profile) {
                Err(error) if is_missing(&error) => {}
                started => {
                    let (running, feed) = started?;
                    return Ok(Self { running, feed, command });
                }
            }
        }
        let command = ffmpeg_command(profile, encoder, output);
        let (running, feed) = Feed::stream(runner, &command)?;
        Ok(Self { running, feed, command })
    }

    /// Starts the output file. FFmpeg already received its path as an argument.
    fn open(&mut self, output: &Path) -> io::Result<()> {
        match &mut self.feed {
            Feed::Stream(_) => Ok(()),
            Feed::Shared(frames) => self.running.during(|| frames.open(output)),
        }
    }

    /// Returns the error of a failed file. The socket breaks only when the program ends, so the program's own message
    /// takes precedence.
    fn failure(self, source: io::Error, output: &Path) -> SystemError {
        let command = self.command.clone();
        self.end().err().unwrap_or_else(|| SystemError::Failed {
            program: command.program.to_owned(),
            purpose: command.purpose.to_owned(),
            status: format!("ended before {} was complete ({source})", output.display()).into(),
            stderr: "".into(),
            shortage: None,
        })
    }

    /// Closes the encoder's input and waits for the process to exit.
    fn end(self) -> Result<(), SystemError> {
        // `feed` stays open until the program has ended, so that its last answer does not break it.
        self.feed.end();
        self.running.wait()
    }
}

/// Returns true if the encoder program is not installed or this system cannot share memory with it.
fn is_missing(error: &SystemError) -> bool {
    match error {
        SystemError::MissingProgram { .. } => true,
        SystemError::Start { source, .. } => source.kind() == ErrorKind::Unsupported,
        _ => false,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_process::{CancelToken, Programs};
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    /// A script of an encoder that completes one file without frames and exits.
    const ONE_FILE: &str = "#!/bin/sh\necho $$ >> \"${0%/*}/started\"\n\
        head -c \"$(cat \"${0%/*}/order\")\" <&1 >/dev/null\nprintf '\\377'\n";

    #[test]
    fn an_encoder_that_died_while_it_was_idle_is_replaced() {
        let folder = tempfile::tempdir().expect("folder");
        let program = folder.path().join("pytoon-x264");
        std::fs::write(&program, ONE_FILE).expect("writes");
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).expect("may run");
        let output = folder.path().join("a.mp4");
        // The orders `o` and `e`.
        let order = 1 + 4 + output.as_os_str().len() + 1;
        std::fs::write(folder.path().join("order"), order.to_string()).expect("writes");
        let programs = Programs::only_in(vec![folder.path().to_owned()]);
        let runner = Runner::new(programs, CancelToken::default(), Duration::from_secs(20));
        let profile: Profile = serde_json::from_value(serde_json::json!({
            "width": 16, "height": 16, "frame_rate": 30,
            "video": {"encoder": "libx264", "preset": "veryfast", "crf": 20, "gop_seconds": 1.5,
                "max_rate_kbps": null},
            "audio": {"bit_rate_kbps": 192, "coder": "fast"},
        }))
        .expect("a profile");
        let pool = EncoderPool::default();
        let started = || {
            let text = std::fs::read_to_string(folder.path().join("started")).unwrap_or_default();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        for count in 1..=2 {
            let encoder = pool.start(&runner, &profile, SOFTWARE_ENCODER, &output).expect("starts");
            pool.finish(encoder).expect("is complete");
            assert_eq!(started().len(), count, "another encoder each time");
            let begun = Instant::now();
            let stat = format!("/proc/{}/stat", started()[count - 1]);
            // It has ended when it is a zombie of this process.
            while std::fs::read_to_string(&stat).is_ok_and(|stat| !stat.contains(" Z ")) {
                assert!(begun.elapsed() < Duration::from_secs(20), "the encoder does not end");
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }
}
