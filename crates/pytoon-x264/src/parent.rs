//! The parent process: its orders, and frames in memory that it shares.
//!
//! Standard input is the memory: slots of one frame each. Standard output is a socket for single bytes
//! and one text:
//!
//! | from the parent | meaning | from here |
//! | --- | --- | --- |
//! | `o`, four bytes (length, little endian), a path | write this file | |
//! | `f`, a slot | the next frame is there | the slot, when it is free again |
//! | `e` | that was the last frame | 255, when the file is whole |
//!
//! The parent shuts its side down when there are no more files.

use memmap2::{MmapOptions, MmapRaw};
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

/// The longest path that is taken, in bytes: that of Linux.
const MAX_PATH: usize = 4096;
/// The byte that tells the parent that a file is complete.
const FILE_IS_WHOLE: u8 = 255;

/// An order of the parent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// A file is begun.
    Open(PathBuf),
    /// A frame is encoded.
    Frame(Slot),
    /// The file is finished.
    Finish,
    /// There are no more files.
    End,
}

/// A place for one frame. The parent leaves it alone from its order on until it is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Slot(u8);

/// The parent process.
pub(crate) struct Parent {
    memory: MmapRaw,
    orders: BufReader<UnixStream>,
    frame_bytes: usize,
}

impl Parent {
    /// Opens the memory and the line that the parent gave to this process.
    pub(crate) fn open(frame_bytes: usize) -> Result<Self, String> {
        let owned = |fd: BorrowedFd<'_>| fd.try_clone_to_owned();
        let memory = owned(std::io::stdin().as_fd()).map(File::from);
        let line = owned(std::io::stdout().as_fd()).map(UnixStream::from);
        let memory = memory.and_then(|memory| MmapOptions::new().map_raw(&memory));
        let memory = memory.map_err(|e| format!("standard input is no memory of frames: {e}"))?;
        let line = line.map_err(|e| format!("standard output: {e}"))?;
        if memory.len() < frame_bytes || !memory.len().is_multiple_of(frame_bytes) {
            let len = memory.len();
            return Err(format!(
                "standard input has {len} bytes: no frames of {frame_bytes} bytes"
            ));
        }
        Ok(Self { memory, orders: BufReader::new(line), frame_bytes })
    }

    /// Waits for the next order.
    pub(crate) fn next(&mut self) -> Result<Order, String> {
        let failed = |e| format!("waiting for the parent: {e}");
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
                    return Err(format!("a path of {length} bytes is too long"));
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
                    return Err(format!("there is no slot {slot} among {slots}"));
                }
                Ok(Order::Frame(Slot(slot)))
            }
            b'e' => Ok(Order::Finish),
            other => Err(format!("{other} is no order")),
        }
    }

    /// Returns the frame in a slot: its first byte, and how many there are.
    pub(crate) fn frame(&self, Slot(slot): Slot) -> (*mut u8, usize) {
        let start = usize::from(slot) * self.frame_bytes;
        (self.memory.as_mut_ptr().wrapping_add(start), self.frame_bytes)
    }

    /// Tells the parent that a slot is free.
    pub(crate) fn give_back(&mut self, Slot(slot): Slot) -> Result<(), String> {
        self.say(slot)
    }

    /// Tells the parent that the file is whole.
    pub(crate) fn tell_file_is_whole(&mut self) -> Result<(), String> {
        self.say(FILE_IS_WHOLE)
    }

    fn say(&mut self, byte: u8) -> Result<(), String> {
        self.orders.get_mut().write_all(&[byte]).map_err(|e| format!("telling the parent: {e}"))
    }
}
