//! A job of the service: its status, the tasks that make its film, and its scenes.
//!
//! Guarantees: the types are pure values; every state changes only through its
//! [`State::apply`](crate::state::State::apply).
//!
//! Does not define which tasks there are and in which order ([`pytoon_core::graph`]), run them (the worker), store
//! rows ([`store::JobStore`], [`queue::TaskQueue`]) or notify submitters ([`webhook`]).
//!
//! Start with [`JobStatus`], then [`store::JobStore`].

pub mod counts;
pub mod files;
pub mod keys;
pub mod process;
pub mod queue;
mod scene;
mod status;
pub mod store;
pub mod switches;
mod task;
pub mod versions;
pub mod webhook;

pub use scene::{SceneEvent, SceneStatus};
pub use status::{JobEvent, JobStatus};
pub use task::{NewTask, TaskEvent, TaskKind, TaskRow, TaskState};
