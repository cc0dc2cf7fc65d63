//! The results of stages, which the executors act on.

use crate::receipt::Receipt;
use pytoon_core::graph::FilmShape;
use pytoon_engines::engine_manager::SceneMemo;
use pytoon_vocabulary::{EngineName, SceneId};
use std::time::Duration;

/// The result of one run of a stage.
#[derive(Debug, Clone, PartialEq)]
pub enum StageEnd {
    /// The stage is done.
    Done,
    /// The voice is timed, so the rest of the film's graph is known.
    Voiced(VoicedFilm),
    /// The scene has an engine's clip, or was left to the local engine.
    Scene(SceneEnd),
    /// The film is published.
    Published(Box<Receipt>),
    /// The stage waits for a vendor and must be run again after a delay.
    Later {
        /// The progress of the scene, to pass to the next run.
        memo: Box<SceneMemo>,
        /// The delay before the next run.
        wait: Duration,
    },
}

/// A film whose scene times are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicedFilm {
    /// The scenes of the film, in order.
    pub scenes: Vec<VoicedScene>,
    /// The number of video chunks of the film.
    pub chunks: u32,
}

impl VoicedFilm {
    /// Returns the shape of the film's graph: the scenes that external engines may draw, and the number of
    /// chunks.
    pub fn shape(&self) -> FilmShape {
        let drawn = self.scenes.iter().filter(|scene| scene.drawn_outside);
        FilmShape { scenes: drawn.map(|scene| scene.id.clone()).collect(), chunks: self.chunks }
    }
}

/// A scene whose engine has been chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoicedScene {
    /// The id of the scene.
    pub id: SceneId,
    /// The requested engine.
    pub engine_asked: EngineName,
    /// True if an external engine may draw the scene. The graph then has a stage for it.
    pub drawn_outside: bool,
}

/// The result of a scene.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SceneEnd {
    /// The engine that delivered the scene's clip; `local` if this machine draws the scene.
    pub engine_used: EngineName,
    /// True if `engine_used` is not the requested engine.
    pub fallback_used: bool,
    /// The reason for a fallback.
    pub error: Option<String>,
}
