//! Communicates with the parent process: receives commands and accesses the frames in shared memory.
//!
//! Standard input is the shared memory, divided into slots of one frame each. Standard output is a socket:
//!
//! | command from the parent | meaning | reply |
//! | --- | --- | --- |
//! | `o`, length of the path (four bytes, little endian), path | start this file | |
//! | `f`, slot | encode the frame in this slot | the slot, once it is free again |
//! | `e` | finish the file | 255, once the file is complete |
//!
//! The parent shuts down its end of the socket after the last file.

use memmap2::{MmapOptions, MmapRaw};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// Maximum length of a path in a command, in bytes. It is the limit of Linux.
const MAX_PATH: usize = 4096;
/// The byte that notifies the parent that a file is complete.
const FILE_IS_COMPLETE: u8 = 255;

/// A command from the parent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Start a file.
    Open(PathBuf),
    /// Encode the frame in a slot.
    Frame(Slot),
    /// Finish the file.
    Finish,
    /// No more commands follow: the parent has shut down its end of the socket or has ended.
    End,
}

/// A memory slot for one frame. The parent does not write to it between its command and the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(u8);

/// The connection to the parent process.
pub(crate) struct Parent {
    memory: MmapRaw,
    orders: BufReader<UnixStream>,
    frame_bytes: usize,
}

impl Parent {
    /// Opens the memory and the socket that the parent passed as standard input and output.
    pub(crate) fn open(frame_bytes: usize) -> Result<Self, String> {
        let owned = |fd: BorrowedFd<'_>| fd.try_clone_to_owned();
        let memory = owned(std::io::stdin().as_fd()).map(File::from);
        let socket = owned(std::io::stdout().as_fd()).map(UnixStream::from);
        let memory = memory.and_then(|memory| MmapOptions::new().map_raw(&memory));
        let memory =
            memory.map_err(|e| format!("standard input is not memory shared by pytoon: {e}"))?;
        let socket = socket.map_err(|e| format!("standard output is not a socket: {e}"))?;
        if memory.len() < frame_bytes || !memory.len().is_multiple_of(frame_bytes) {
            let len = memory.len();
            return Err(format!(
                "standard input has {len} bytes, which is not a multiple of a frame of {frame_bytes} bytes"
            ));
        }
        Ok(Self { memory, orders: BufReader::new(socket), frame_bytes })
    }

    /// Waits for the next command.
    pub(crate) fn next(&mut self) -> Result<Order, String> {
        let failed = |e| format!("failed to read a command from the parent: {e}");
        let mut kind = [0];
        let read = match self.orders.read_exact(&mut kind) {
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
                return Ok(Order::End);
            }
            read => read,
        };
        read.map_err(failed)?;
        match kind[0] {
            b'o' => {
                let mut length = [0; 4];
                self.orders.read_exact(&mut length).map_err(failed)?;
                let length = u32::from_le_bytes(length) as usize;
                if length > MAX_PATH {
                    return Err(format!(
                        "the path of the file has {length} bytes; at most {MAX_PATH} are allowed"
                    ));
                }
                let mut path = vec![0; length];
                self.orders.read_exact(&mut path).map_err(failed)?;
                Ok(Order::Open(OsString::from_vec(path).into()))
            }
            b'f' => {
                let mut slot = [0];
                self.orders.read_exact(&mut slot).map_err(failed)?;
                let [slot] = slot;
                let slots = self.memory.len() / self.frame_bytes;
                if usize::from(slot) >= slots {
                    return Err(format!(
                        "slot {slot} does not exist: the memory has {slots} slots"
                    ));
                }
                Ok(Order::Frame(Slot(slot)))
            }
            b'e' => Ok(Order::Finish),
            other => Err(format!("unknown command: byte {other}")),
        }
    }

    /// Returns the frame in a slot, as a pointer to its first byte and its length in bytes.
    pub(crate) fn frame(&self, Slot(slot): Slot) -> (*mut u8, usize) {
        let start = usize::from(slot) * self.frame_bytes;
        (self.memory.as_mut_ptr().wrapping_add(start), self.frame_bytes)
    }

    /// Notifies the parent that a slot is free.
    pub(crate) fn give_back(&mut self, Slot(slot): Slot) -> Result<(), String> {
        self.answer(slot)
    }

    /// Notifies the parent that the file is complete.
    pub(crate) fn file_is_complete(&mut self) -> Result<(), String> {
        self.answer(FILE_IS_COMPLETE)
    }

    fn answer(&mut self, byte: u8) -> Result<(), String> {
        self.orders
            .get_mut()
            .write_all(&[byte])
            .map_err(|e| format!("failed to answer the parent: {e}"))
    }
}
