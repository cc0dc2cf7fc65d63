//! Walks a brief through its stages to a finished, checked film.
//!
//! Stages: resolve, plan, look, voice, timeline, engines, sound and picture (side by side),
//! finish, check.
//! Each writes named artifacts into the job's work folder; the finished film replaces an earlier
//! one only when everything has succeeded.
//!
//! Guarantees: a refused brief leaves nothing behind; a cancelled render leaves no half file and
//! no process; a killed one is continued from its last finished stage; the receipt says what was
//! delivered, not what was hoped for.
//!
//! Start with [`render::Renderer`], or with [`steps::Steps`] where several processes share the work.

mod assets;
mod check;
mod delivery;
pub mod engine_desk;
mod environment;
mod error;
mod first_frames;
mod folder;
pub mod inspect;
mod options;
mod places;
pub mod plan_only;
pub mod receipt;
pub mod render;
pub mod sources;
mod stages;
pub mod steps;
pub mod voices;

pub use environment::{Environment, NoProgress, ProgressSink};
pub use error::PipelineError;
pub use options::RenderOptions;
pub use stages::voice::aligner;
pub use stages::voice_warnings::voice_warnings;
