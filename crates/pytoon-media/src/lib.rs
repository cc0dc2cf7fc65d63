//! Pictures, animations, clips as frames, fonts, and the encoder.
//!
//! Guarantees: input is checked against limits before it is used; decoded and encoded frames pass through one
//! socket per program, and the program ends with its owner.
//!
//! Does not decide how a film looks or sounds. Programs are run by `pytoon-process`; FFmpeg's facts about files and
//! sound are in `pytoon-ffmpeg`.
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
