//! Captions: [`cues`] groups words into cues, [`sidecar`] writes caption files, [`reading`] checks the reading speed.

mod cues;
pub mod reading;
pub mod sidecar;

pub use cues::{SceneWords, cues, join_words, spread};
