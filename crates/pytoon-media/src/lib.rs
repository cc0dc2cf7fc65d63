//! The edge to pixels in files: pictures, animations, clips as frames, fonts, and the encoder.
//!
//! Guarantees: input is bounded before it is used; frames that are decoded or encoded pass through
//! one socket per program, and the program ends with its owner.
//!
//! Does not decide what a film looks or sounds like. Programs run by `pytoon-process`; what FFmpeg
//! says of files and sound is `pytoon-ffmpeg`'s.
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
