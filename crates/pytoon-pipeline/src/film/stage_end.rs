//! The ends of stages, as the executors see them.

use crate::receipt::Receipt;
use pytoon_core::graph::FilmShape;
use pytoon_engines::engine_manager::SceneMemo;
use pytoon_vocabulary::{EngineName, SceneId};
use std::time::Duration;

/// The end of a stage, or of what it could do for now.
#[derive(Debug, Clone, PartialEq)]
pub enum StageEnd {
    /// It is done.
    Done,
    /// The times of the film are known, and with them the rest of its graph.
    Voiced(VoicedFilm),
    /// A scene has its clip, or is left to the local engine.
    Scene(SceneEnd),
    /// The film is in its place.
    Published(Box<Receipt>),
    /// It waits for others, and is to be run again.
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
    /// Returns what shapes the graph of the film.
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
    /// The engine asked for.
    pub engine_asked: EngineName,
    /// True if an outside engine is to draw it: the graph then has a stage for it.
    pub drawn_outside: bool,
}

/// How a scene was drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneEnd {
    /// The engine whose clip it shows; `local` where it is drawn on this machine.
    pub engine_used: EngineName,
    /// True if that is not the engine asked for.
    pub fallback_used: bool,
    /// The reason for a fallback.
    pub error: Option<String>,
}
