//! Renders films: the stages, and the executor that runs them on threads of one process.
//!
//! ```text
//! plan ─► voice ─► scene_01 … scene_n ─► mix, chunk 0 … chunk m ─► publish
//! ```
//!
//! Each stage writes named artifacts into the job's work folder. A finished film replaces an earlier one only after
//! every stage has succeeded.
//!
//! Guarantees: a rejected brief leaves no file behind; a cancelled render leaves no partial file and no process; a
//! killed render resumes after its finished stages; the receipt reports what was delivered, not what was requested.
//!
//! Start with [`film::Film`], or with [`local::render`], which renders a film in this process.

mod assets;
mod cards;
mod check;
mod delivery;
mod draw_plan;
pub mod engine_session;
mod environment;
mod error;
pub mod film;
mod first_frames;
mod folder;
pub mod inspect;
mod limits;
pub mod local;
mod options;
mod owned_folder;
mod places;
pub mod plan_only;
pub mod preset_preview;
pub mod preset_sheet;
pub mod receipt;
mod rendition;
pub mod review;
pub mod sources;
mod stage;
mod stages;
pub mod voice_preview;
pub mod voices;

pub use environment::{Environment, NoProgress, ProgressSink};
pub use error::{PipelineError, Result};
pub use options::RenderOptions;
pub use pytoon_engines::engine_manager::SceneMemo;
pub use stages::voice_warnings::voice_warnings;
pub use voices::aligner;
