//! Types that all crates share: time, money, ids, styles, captions, ducking regions, seeded choices; and the structure of
//! sentences.
//!
//! Guarantees: all values are pure; no module depends on another crate of the workspace.
//!
//! Start with [`Ms`], [`Frame`], [`MicroUsd`] and [`CaptionWord`].

mod caption;
mod duck;
mod hex;
mod ids;
mod money;
pub mod phrase;
mod rng;
mod style;
mod time;
mod units;

pub use caption::{CaptionCue, CaptionWord, CaptionZone};
pub use duck::DuckRegion;
pub use hex::hex;
pub use ids::{CallId, EngineName, InvalidId, JobId, SceneId, TaskId};
pub use money::MicroUsd;
pub use rng::Rng;
pub use style::{Background, CaptionLook, MusicMood, SoundEffect, Treatment};
pub use time::{DAY_MS, UnixMs, start_of_day};
pub use units::{Frame, Ms};
