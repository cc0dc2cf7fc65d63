//! Runs the built binary and measures its output.
//!
//! Guarantee: films are measured without the product's code, so that its bugs cannot hide in the tests: files
//! are read with FFmpeg, FFprobe and `ebur128` directly.
//!
//! Helpers panic with a message when they fail, since they run only inside tests.
//!
//! Start with [`Workspace`] and [`Film`].

#![expect(clippy::disallowed_methods, reason = "tests start programs; the product has a runner")]

pub mod assets;
pub mod film;
pub mod measure;
pub mod postgres;
pub mod program;
pub mod receiver;
pub mod s3;
pub mod service;
pub mod simulator;
pub mod voices;
pub mod workspace;

pub use film::{Cue, Film};
pub use program::{Run, is_root, pytoon};
pub use s3::S3;
pub use service::Service;
pub use simulator::{Simulator, Studio};
pub use workspace::Workspace;
