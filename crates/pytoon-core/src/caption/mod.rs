//! Captions: [`cues`] groups words into cues, [`sidecar`] writes caption files, [`reading`] checks the reading speed, and [`retime`]
//! gives other words the times of the voice.

mod cues;
pub mod reading;
mod retime;
pub mod sidecar;

pub use cues::{SceneWords, cues, join_words, spread};
pub use retime::retime;
