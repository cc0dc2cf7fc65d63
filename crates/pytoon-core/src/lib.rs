//! The pure core of pytoon: decisions without side effects.
//!
//! A brief becomes a scene graph ([`plan`]), the scene graph and the spoken words become a timeline
//! ([`timeline`]), and drawing, mixing and encoding follow the timeline.
//!
//! Guarantees: no clock, no randomness except as an argument, no files, no network, no processes. The same input
//! gives the same output, byte for byte.
//!
//! This crate deliberately contains no code for pixels, samples, FFmpeg or configuration files.
//!
//! Start with [`brief::Brief`], then [`plan::plan`], then [`timeline::build::build`].

pub mod artifact;
pub mod brief;
pub mod caption;
pub mod chain;
pub mod colour;
pub mod graph;
pub mod language;
pub mod layout;
pub mod motion;
pub mod note;
pub mod plan;
pub mod preset;
pub mod profile;
pub mod scene;
pub mod script;
pub mod text;
pub mod time;
pub mod timeline;
pub mod type_treatment;
