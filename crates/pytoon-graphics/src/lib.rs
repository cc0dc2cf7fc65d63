//! The synthetic parts of a frame: text, captions, kinetic type and moving backgrounds.
//!
//! Guarantees: every drawing call is a pure function of its inputs (fonts, text, palette, seed, time), so the
//! same job renders the same frames on any machine; text never loses a word; captions stay inside their safe
//! rectangle.
//!
//! This crate does not locate or read font files, decode pictures, keep time or encode: callers pass bytes, frames
//! and times. It uses no network, process, clock, environment or global randomness.
//!
//! Start with [`frame::Frame`], then [`text::TextEngine`], [`caption::CaptionRenderer`],
//! [`kinetic::KineticType`], [`type_scene::TypeScene`] and [`backgrounds::Generator`].

pub mod area;
pub mod backgrounds;
pub mod caption;
pub mod color;
pub mod error;
pub mod frame;
pub mod kinetic;
pub mod layer;
pub mod motion;
pub mod noise;
pub mod palette;
pub mod text;
pub mod type_scene;

pub use area::{Rect, SafeRect};
pub use color::Rgb;
pub use error::GraphicsError;
pub use frame::Frame;
pub use layer::Sprite;
pub use palette::Palette;
