//! The interface to external engines.
//!
//! An adapter translates between Pytoon's types and a vendor's API: it builds requests, parses replies and classifies
//! failures. The work is split into steps whose state can be stored between them, so that the process may die after
//! any step and another process resumes:
//!
//! `prepare` (free: rejects requests outside the offer, uploads pictures) → `submit` (the one call that costs money)
//! → `poll` … → `fetch`. `cancel` and `lookup` can be called at any time after `submit`.
//!
//! Every adapter guarantees, and `conformance` checks: a request outside [`Capabilities`] is rejected in `prepare`,
//! before it costs anything; `submit` makes exactly one paid call, and a failed one reports through
//! [`Accepted`](crate::Accepted) whether the vendor may have accepted it; an unknown state does not end a task; no
//! error and no `Debug` output contains a secret.
//!
//! Leaves the choice of engines to `engine_selector`, waiting, retries and fallback to `engine_manager`, storage to
//! `PurchaseStore`, and the check of clips to `clip_check`.

use crate::Result;
pub use pytoon_purchase::{Cancelled, Fetched, Lookup, Task};
use pytoon_vocabulary::{CallId, MicroUsd};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

/// A boxed future, so that adapters can be chosen at run time.
pub type EngineFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// The requests that an engine accepts, and its limits.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Capabilities {
    /// The offer for requests without a picture; `None` if the engine needs one.
    pub from_words: Option<Offer>,
    /// The offer for requests with a picture; `None` if the engine accepts none.
    pub from_picture: Option<Offer>,
    /// The accepted methods of passing a picture; empty if the engine accepts none.
    pub image_inputs: Vec<ImageInput>,
    /// Maximum length of a prompt, in `prompt_unit`s.
    pub max_prompt: usize,
    /// The unit in which a prompt's length is counted.
    pub prompt_unit: PromptUnit,
    /// True if the vendor can cancel a running task.
    pub cancel: bool,
    /// The delay after which a lookup is conclusive: a call that it does not find never arrived. Before that, the
    /// call may still be in flight, or the vendor's list may be stale. `None` if calls cannot be looked up.
    pub lookup_settles: Option<Duration>,
    /// True if the clip is selected rather than generated (stock footage), so that its length cannot be requested.
    pub is_stock: bool,
}

/// The clips that an engine offers for one kind of request.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The lengths that can be requested, in milliseconds.
    pub durations: Durations,
    /// Output sizes or aspect ratios that can be requested, as width:height.
    pub ratios: Vec<Ratio>,
    /// True if the vendor ignores the requested ratio and uses the picture's. The picture is then cropped to the
    /// ratio before it is sent.
    pub follows_picture: bool,
}

impl Capabilities {
    /// Returns the offer for requests with or without a picture; `None` if the engine accepts no such request.
    pub fn offer(&self, with_picture: bool) -> Option<&Offer> {
        if with_picture { self.from_picture.as_ref() } else { self.from_words.as_ref() }
    }

    /// Returns the offers for requests with and without a picture.
    pub fn offers(&self) -> impl Iterator<Item = &Offer> {
        self.from_words.iter().chain(&self.from_picture)
    }
}

/// Returns the reason for which an engine rejects requests with a picture or, if `with_picture` is false, requests
/// without one.
pub(crate) fn not_offered(with_picture: bool) -> &'static str {
    if with_picture {
        "it cannot start from a picture"
    } else {
        "it cannot generate a clip from text alone: give the scene a picture"
    }
}

impl Offer {
    /// Returns the offered ratio that is nearest to `wanted`, or `wanted` itself if the offer lists no ratios.
    pub fn nearest(&self, wanted: Ratio) -> Ratio {
        let distance =
            |ratio: &&Ratio| ((ratio.aspect().ln() - wanted.aspect().ln()).abs() * 1e9) as i64;
        self.ratios.iter().min_by_key(distance).copied().unwrap_or(wanted)
    }
}

/// The clip lengths that an engine offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Durations {
    /// A list of lengths, ascending, in milliseconds.
    Fixed(Vec<u32>),
    /// A range of lengths with a fixed step, in milliseconds.
    Range {
        /// The shortest length.
        min: u32,
        /// The longest length.
        max: u32,
        /// The step between lengths.
        step: u32,
    },
}

impl Durations {
    /// Returns the shortest offered length that covers `needed_ms`, or the longest one if none does.
    pub fn cover(&self, needed_ms: i64) -> u32 {
        match self {
            Self::Fixed(lengths) => {
                let covers = |length: &&u32| i64::from(**length) >= needed_ms;
                lengths.iter().find(covers).or(lengths.last()).copied().unwrap_or(0)
            }
            Self::Range { min, max, step } => {
                let over = (needed_ms - i64::from(*min)).max(0) as u64;
                let steps = over.div_ceil(u64::from((*step).max(1)));
                (u64::from(*min) + steps * u64::from(*step)).min(u64::from(*max)) as u32
            }
        }
    }

    /// Returns the longest offered length.
    pub fn longest(&self) -> u32 {
        match self {
            Self::Fixed(lengths) => lengths.last().copied().unwrap_or(0),
            Self::Range { max, .. } => *max,
        }
    }

    /// Returns true if the engine offers exactly this length, in milliseconds.
    pub fn sells(&self, ms: u32) -> bool {
        match self {
            Self::Fixed(lengths) => lengths.contains(&ms),
            Self::Range { min, max, step } => {
                (*min..=*max).contains(&ms) && (ms - min).is_multiple_of((*step).max(1))
            }
        }
    }
}

/// An aspect ratio.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// The width, in any unit.
    pub width: u32,
    /// The height, in the same unit.
    pub height: u32,
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.width, self.height)
    }
}

impl Default for Ratio {
    /// Returns the aspect ratio of vertical films, 9:16.
    fn default() -> Self {
        Self { width: 9, height: 16 }
    }
}

impl Ratio {
    /// Returns the width divided by the height.
    pub fn aspect(self) -> f64 {
        f64::from(self.width.max(1)) / f64::from(self.height.max(1))
    }

    /// Returns the fraction of a frame with the ratio `other` that remains after a crop to this ratio, 0 to 1.
    pub fn remaining_fraction_of(self, other: Self) -> f64 {
        let (own, other) = (self.aspect(), other.aspect());
        (own / other).min(other / own)
    }
}

/// A method of passing a picture to an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageInput {
    /// Inside the request; the value is the maximum size of the picture, in bytes.
    Inline(u64),
    /// As an upload before the request; the value is the maximum size of the picture, in bytes.
    Upload(u64),
}

/// The unit in which a prompt's length is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PromptUnit {
    /// Unicode scalar values.
    #[default]
    Chars,
    /// UTF-16 code units.
    Utf16,
    /// UTF-8 bytes.
    Bytes,
}

impl PromptUnit {
    /// Returns the length of a text in this unit.
    pub fn count(self, text: &str) -> usize {
        match self {
            Self::Chars => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Bytes => text.len(),
        }
    }
}

/// A request for a clip.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// Pytoon's id of the call. Vendors that accept it receive it, so that a call whose reply was lost can be looked
    /// up.
    pub call_id: CallId,
    /// The description of the clip's content.
    pub prompt: String,
    /// A description of content to avoid, if the vendor supports that.
    pub negative_prompt: Option<String>,
    /// The picture for the first frame, a local JPEG, PNG or WebP file.
    pub image: Option<PathBuf>,
    /// The requested length, in milliseconds, which the engine must offer.
    pub duration_ms: u32,
    /// The requested aspect ratio.
    pub ratio: Ratio,
    /// The seed for the vendor's random choices, if it supports one.
    pub seed: u32,
}

/// A validated request, ready for `submit`. It has not cost anything yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prepared {
    /// The request that was validated.
    pub request: GenerateRequest,
    /// The body of the paid call, or other data from which the adapter builds it.
    pub body: Value,
    /// The path of the paid call, if it depends on the request.
    pub path: String,
}

/// The location of a finished clip and its credit line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// The URL of the clip. It may expire; some vendors return a new one to `poll`.
    pub url: String,
    /// The credit line of the clip, if the source requires one.
    pub credit: Option<String>,
}

/// The state of a task that produces a clip.
pub type TaskState = pytoon_purchase::TaskState<Output>;

/// The facts about the vendor's account that a successful health check returns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EngineHealth {
    /// The remaining balance of the account, if the vendor reports it.
    pub balance: Option<MicroUsd>,
    /// Other details, such as a tier.
    pub detail: Option<String>,
}

/// An external service that turns the prompt, and possibly the picture, of a scene into a clip.
pub trait ExternalEngineAdapter: fmt::Debug + Send + Sync {
    /// Returns the engine's key under `v2.engines`, which is also its metric label and log field.
    fn name(&self) -> &str;

    /// Returns the engine's offers and limits.
    fn capabilities(&self) -> &Capabilities;

    /// Returns the key of a request in the price table, `model` or `model@resolution`.
    fn price_key(&self, request: &GenerateRequest) -> String;

    /// Returns the length of the longest clip that one call can request.
    fn max_duration(&self) -> Duration {
        let longest = self.capabilities().offers().map(|offer| offer.durations.longest()).max();
        Duration::from_millis(u64::from(longest.unwrap_or(0)))
    }

    /// Returns true if the engine can start from a picture.
    fn supports_image_input(&self) -> bool {
        self.capabilities().from_picture.is_some()
    }

    /// Checks the connection to the vendor (API key, address, quota) without paying for a clip.
    fn health_check(&self) -> EngineFuture<'_, EngineHealth>;

    /// Validates a request against the offer and does the free work, such as uploads.
    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared>;

    /// Makes the one call that costs money. Never repeats a call that the vendor may have accepted.
    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task>;

    /// Returns the state of a task. The request can be repeated safely.
    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState>;

    /// Asks the vendor to stop a task. Returns the vendor's response: cancelled, requested, too late, or not
    /// supported.
    fn cancel<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, Cancelled>;

    /// Downloads a clip to a path. The file is complete or absent.
    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, Fetched>;

    /// Looks up a call whose reply never arrived. The default is [`Lookup::CannotSay`], for vendors without a lookup.
    fn lookup<'a>(&'a self, _prepared: &'a Prepared) -> EngineFuture<'a, Lookup> {
        Box::pin(async { Ok(Lookup::CannotSay) })
    }

    /// Performs all steps from request to clip in one call, for a person who tests an engine. Nothing is stored, so
    /// nothing can be resumed; films use the manager.
    fn generate<'a>(
        &'a self,
        request: &'a GenerateRequest,
        every: Duration,
        to: &'a Path,
    ) -> EngineFuture<'a, Fetched> {
        Box::pin(async move {
            let prepared = self.prepare(request).await?;
            let task = self.submit(&prepared).await?;
            loop {
                match self.poll(&task).await? {
                    TaskState::Succeeded { output, cost } => {
                        let clip = self.fetch(&output, to).await?;
                        return Ok(Fetched { cost: clip.cost.or(cost), ..clip });
                    }
                    TaskState::Failed(error) => return Err(error),
                    TaskState::Queued { .. } | TaskState::Running { .. } => {
                        tokio::time::sleep(every).await;
                    }
                }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_what_is_sold() {
        let fixed = Durations::Fixed(vec![5000, 10_000]);
        for (needed, expected) in [(1, 5000), (5000, 5000), (5001, 10_000), (30_000, 10_000)] {
            assert_eq!(fixed.cover(needed), expected, "{needed}");
            assert!(fixed.sells(fixed.cover(needed)));
        }
        let range = Durations::Range { min: 2000, max: 10_000, step: 1000 };
        for (needed, expected) in [(10, 2000), (2001, 3000), (9500, 10_000), (60_000, 10_000)] {
            assert_eq!(range.cover(needed), expected, "{needed}");
            assert!(range.sells(range.cover(needed)));
        }
        assert!(!range.sells(2500));
    }

    #[test]
    fn the_nearest_shape_is_asked_for() {
        let r = |width, height| Ratio { width, height };
        let offer = |ratios: &[Ratio]| Offer {
            durations: Durations::Fixed(vec![5000]),
            ratios: ratios.to_vec(),
            follows_picture: false,
        };
        let sold = offer(&[r(1280, 720), r(832, 1104), r(720, 1280)]);
        assert_eq!(sold.nearest(r(1080, 1920)), r(720, 1280));
        assert_eq!(sold.nearest(r(1, 1)), r(832, 1104));
        assert_eq!(offer(&[]).nearest(r(9, 16)), r(9, 16));
        assert!((r(1, 1).remaining_fraction_of(r(9, 16)) - 0.5625).abs() < 1e-9);
        assert!(
            (r(16, 9).remaining_fraction_of(r(9, 16)) - r(9, 16).remaining_fraction_of(r(16, 9)))
                .abs()
                < 1e-9
        );
    }

    #[test]
    fn prompts_are_counted_in_the_vendors_unit() {
        assert_eq!(PromptUnit::Utf16.count("a😀"), 3);
        assert_eq!(PromptUnit::Chars.count("a😀"), 2);
        assert_eq!(PromptUnit::Bytes.count("a😀"), 5);
    }
}
