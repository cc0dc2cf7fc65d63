//! Transfers frames to an encoder process.

use pytoon_core::profile::Profile;
use pytoon_process::{CommandLine, Runner, Running, SharedMemory, SystemError};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

/// The capacity of the memory shared with an encoder, in frames. One frame is encoded while the next is written.
pub const SHARED_FRAMES: u8 = 2;
/// The byte that `pytoon-x264` sends once a file is complete.
const FILE_IS_COMPLETE: u8 = 255;

/// The transport of frames to an encoder.
#[derive(Debug)]
pub(super) enum Feed {
    /// A byte stream on the standard input of FFmpeg, for one file.
    Stream(UnixStream),
    /// Memory shared with `pytoon-x264`, for one file after another.
    Shared(SharedFrames),
}

/// Frames in memory shared with an encoder. `pytoon-x264` documents the commands and replies (`parent.rs`).
#[derive(Debug)]
pub(super) struct SharedFrames {
    memory: SharedMemory,
    /// The socket for commands to the encoder and its replies.
    socket: UnixStream,
    /// The slot for the next frame.
    next: u8,
    /// The number of slots whose frame is not yet encoded.
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

    /// Starts an encoder that shares memory for the frames of a profile.
    pub(super) fn start_shared(
        runner: &Runner,
        command: &CommandLine,
        profile: &Profile,
    ) -> Result<(Running, Self), SystemError> {
        let frame_bytes = u64::from(profile.width) * u64::from(profile.height) * 3 / 2;
        let memory = SharedMemory::new(u64::from(SHARED_FRAMES) * frame_bytes)
            .map_err(|source| SystemError::Start { program: command.program.to_owned(), source })?;
        let (running, socket) = runner.start_sharing(command, &memory)?;
        Ok((running, Self::Shared(SharedFrames { memory, socket, next: 0, taken: 0 })))
    }

    /// Writes the next frame. Blocks while the encoder is busy.
    pub(super) fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        match self {
            Self::Stream(input) => input.write_all(frame),
            Self::Shared(frames) => frames.write(frame),
        }
    }

    /// Tells the encoder that no more files follow.
    pub(super) fn end(&self) {
        let (Self::Stream(socket) | Self::Shared(SharedFrames { socket, .. })) = self;
        // This fails only if the encoder has ended; its exit status then says why.
        let _ = socket.shutdown(Shutdown::Write);
    }
}

impl SharedFrames {
    /// Starts an output file.
    pub(super) fn open(&mut self, output: &Path) -> io::Result<()> {
        let path = output.as_os_str().as_bytes();
        let mut order = vec![b'o'];
        order.extend((path.len() as u32).to_le_bytes());
        order.extend(path);
        self.socket.write_all(&order)
    }

    /// Writes the next frame into a free slot.
    fn write(&mut self, frame: &[u8]) -> io::Result<()> {
        if self.taken == SHARED_FRAMES {
            // Slots become free in the order in which they were taken.
            self.socket.read_exact(&mut [0])?;
            self.taken -= 1;
        }
        self.memory.write_at(usize::from(self.next) * frame.len(), frame);
        self.socket.write_all(&[b'f', self.next])?;
        self.next = (self.next + 1) % SHARED_FRAMES;
        self.taken += 1;
        Ok(())
    }

    /// Waits until the file is complete.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.socket.write_all(b"e")?;
        let mut answer = [0];
        while answer != [FILE_IS_COMPLETE] {
            self.socket.read_exact(&mut answer)?;
        }
        self.taken = 0;
        Ok(())
    }
}
