//! How frames reach an encoder's program.

use pytoon_core::profile::Profile;
use pytoon_process::{CommandLine, Runner, Running, SharedMemory, SystemError};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// The frames that the memory shared with an encoder holds: one that is encoded and one that is written meanwhile.
pub const SHARED_FRAMES: u8 = 2;
/// The byte that `pytoon-x264` sends when a file is complete.
const FILE_IS_WHOLE: u8 = 255;

/// Hands frames to an encoder.
#[derive(Debug)]
pub(super) enum Feed {
    /// Bytes on the standard input of FFmpeg, for one file.
    Stream(UnixStream),
    /// Memory that `pytoon-x264` shares, for one file after another.
    Shared(SharedFrames),
}

/// Frames in memory that an encoder shares. What is said on the line is described in the encoder's
/// program.
#[derive(Debug)]
pub(super) struct SharedFrames {
    memory: SharedMemory,
    line: UnixStream,
    /// The slot of the next frame.
    next: u8,
    /// Slots that hold a frame which is not encoded yet.
    taken: u8,
}

impl Feed {
    /// Starts an encoder that reads the frames of one file from its standard input.
    pub(super) fn stream(
        runner: &Runner,
        command: &CommandLine,
    ) -> Result<(Running, Self), SystemError> {
        let (running, input) = runner.start_fed(command)?;
        Ok((running, Self::Stream(input)))
    }

    /// Starts an encoder that shares memory for frames of a profile.
    pub(super) fn shared(
        runner: &Runner,
        command: &CommandLine,
        profile: &Profile,
    ) -> Result<(Running, Self), SystemError> {
        let frame_bytes = u64::from(profile.width) * u64::from(profile.height) * 3 / 2;
        let memory = SharedMemory::new(u64::from(SHARED_FRAMES) * frame_bytes)
            .map_err(|source| SystemError::Start { program: command.program.to_owned(), source })?;
        let (running, line) = runner.start_sharing(command, &memory)?;
        Ok((running, Self::Shared(SharedFrames { memory, line, next: 0, taken: 0 })))
    }

    /// Writes the next frame; blocks while the encoder is busy.
    pub(super) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        match self {
            Self::Stream(input) => input.write_all(frame),
            Self::Shared(frames) => frames.write(frame),
        }
    }

    /// Tells the encoder that there are no more files.
    pub(super) fn end(&self) {
        let (Self::Stream(line) | Self::Shared(SharedFrames { line, .. })) = self;
        // It fails where the encoder is gone, whose end says why.
        let _ = line.shutdown(Shutdown::Write);
    }
}

impl SharedFrames {
    /// Begins a file.
    pub(super) fn open(&mut self, output: &Path) -> io::Result<()> {
        let path = output.as_os_str().as_bytes();
        let mut order = vec![b'o'];
        order.extend((path.len() as u32).to_le_bytes());
        order.extend(path);
        self.line.write_all(&order)
    }

    /// Writes the next frame into a free slot.
    fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        if self.taken == SHARED_FRAMES {
            // Slots become free in the order in which they were taken.
            self.line.read_exact(&mut [0])?;
            self.taken -= 1;
        }
        self.memory.write_at(usize::from(self.next) * frame.len(), frame);
        self.line.write_all(&[b'f', self.next])?;
        self.next = (self.next + 1) % SHARED_FRAMES;
        self.taken += 1;
        Ok(())
    }

    /// Waits until the file is whole.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.line.write_all(b"e")?;
        let mut heard = [0];
        while heard != [FILE_IS_WHOLE] {
            self.line.read_exact(&mut heard)?;
        }
        self.taken = 0;
        Ok(())
    }
}
