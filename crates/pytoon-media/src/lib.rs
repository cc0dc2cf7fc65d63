//! Pictures, animations, clips as frames, fonts, and encoders.
//!
//! Guarantees: input is checked against limits before it is used; decoded frames arrive through one socket per
//! program, and frames leave for an encoder through a socket or shared memory; each program is terminated with its
//! owner.
//!
//! This crate does not decide how a film looks or sounds. `pytoon-process` runs the external programs;
//! `pytoon-ffmpeg` extracts the properties of files and audio.
//!
//! Start with [`encode::VideoEncoder`], [`clip::ClipDecoder`] and [`picture::load`].

mod animation;
pub mod clip;
pub mod clip_look;
pub mod clip_reading;
pub mod encode;
pub mod fonts;
pub mod picture;
pub mod sniff;
