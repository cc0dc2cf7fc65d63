//! The edge to files and programs: FFmpeg as a process, pictures, clips, sound, fonts, disk.
//!
//! Commands are built by pure functions and run by one runner that owns every child process: it
//! kills what stalls or is cancelled, keeps the end of standard error for the message, and
//! leaves no orphan. Input is bounded before it is used.
//!
//! Does not decide what a film looks or sounds like.
//!
//! Start with [`process`], [`ffmpeg::encode::VideoEncoder`] and [`picture::load`].

mod animation;
pub mod clip;
pub mod clip_reading;
pub mod disk;
mod error;
pub mod ffmpeg;
pub mod fonts;
pub mod picture;
pub mod probe;
pub mod process;
mod share;
pub mod sniff;
pub mod threads;

pub use error::{MediaError, is_short};
