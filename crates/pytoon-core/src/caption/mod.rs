//! Captions: [`cues`] groups words into them, [`sidecar`] writes them as files, [`reading`] says how fast
//! they have to be read.

mod cues;
pub mod reading;
pub mod sidecar;

pub use cues::{SceneWords, cues, shown_text, spread};
