//! The system services of this machine: external programs, cancellation, disk, threads, and budgets that all work
//! shares.
//!
//! Guarantees: one runner owns every child process, kills it on a stall or cancellation, retains the end of its
//! standard error for the message, and leaves no orphan; files are complete or absent; a thread that the system
//! refuses is an error, not a panic.
//!
//! This crate does not know FFmpeg or any other program, which `pytoon-ffmpeg` and the voices do.
//!
//! Start with [`Runner`], [`disk::write_whole`] and [`threads::spawn`].

pub mod budget;
mod cancel;
mod command;
pub mod disk;
mod error;
mod guard;
mod keeper;
mod memory;
mod priority;
mod progress;
mod runner;
pub mod shares;
mod shortage;
pub mod threads;

pub use cancel::CancelToken;
pub use command::{CommandLine, Programs};
pub use error::{SystemError, last_words};
pub use memory::SharedMemory;
pub use priority::{work_in_gaps, yield_to_encoder};
pub use progress::Progress;
pub use runner::{ProcessLimits, Runner, Running};
pub use shortage::Shortage;
