//! The results of stages, for the executors.

use crate::receipt::Receipt;
use pytoon_core::graph::FilmShape;
use pytoon_engines::engine_manager::SceneMemo;
use pytoon_vocabulary::{EngineName, SceneId};
use std::time::Duration;

/// The result of a stage, or of the part that it could do so far.
#[derive(Debug, Clone, PartialEq)]
pub enum StageEnd {
    /// The stage is done.
    Done,
    /// The times of the film are known, and so is the rest of its graph.
    Voiced(VoicedFilm),
    /// A scene has its clip, or is left to the local engine.
    Scene(SceneEnd),
    /// The film is published.
    Published(Box<Receipt>),
    /// The stage waits for others and has to be run again.
    Later {
        /// The memo for the next run.
        memo: Box<SceneMemo>,
        /// The time until the next run.
        wait: Duration,
    },
}

/// A film whose times are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicedFilm {
    /// Its scenes, in order.
    pub scenes: Vec<VoicedScene>,
    /// The number of chunks of its picture.
    pub chunks: u32,
}

impl VoicedFilm {
    /// Returns the shape of the film's graph.
    pub fn shape(&self) -> FilmShape {
        let drawn = self.scenes.iter().filter(|scene| scene.drawn_outside);
        FilmShape { scenes: drawn.map(|scene| scene.id.clone()).collect(), chunks: self.chunks }
    }
}

/// A scene whose engine is chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicedScene {
    /// Its id.
    pub id: SceneId,
    /// The requested engine.
    pub engine_asked: EngineName,
    /// True if an external engine draws it: the graph then has a stage for it.
    pub drawn_outside: bool,
}

/// The result of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneEnd {
    /// The engine of its clip; `local` if this machine draws it.
    pub engine_used: EngineName,
    /// True if that is not the requested engine.
    pub fallback_used: bool,
    /// The reason for a fallback.
    pub error: Option<String>,
}
