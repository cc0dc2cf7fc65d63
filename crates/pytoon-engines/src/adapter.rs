//! The seam to outside engines.
//!
//! An adapter translates between our words and a vendor's: it builds requests, reads replies and
//! names failures. Work is cut into steps whose state can be stored between them, so that a
//! process may die after any step and another goes on:
//!
//! `prepare` (free: refuse what is not sold, upload pictures) → `submit` (the one call that
//! costs money) → `poll` … → `fetch`; `cancel` and `lookup` beside them.
//!
//! Guarantees asked of every adapter, and checked by `conformance`: a request outside
//! [`Capabilities`] is refused in `prepare`, before it costs anything; `submit` makes exactly one
//! paid call and says by [`Accepted`](crate::Accepted) whether a failed one may have been taken
//! on; unknown states are not the end of a task; no secret is in any error or `Debug`.
//!
//! Deliberately not an adapter's business: choosing (`engine_selector`), waiting, repeating and
//! falling back (`engine_manager`), keeping (`PurchaseStore`), judging clips (`clip_check`).

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

/// A future in a box, so that adapters can be chosen at run time.
pub type EngineFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What an engine sells, honestly.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Capabilities {
    /// From words alone; `None` where it needs a picture.
    pub from_words: Option<Offer>,
    /// From a picture and words; `None` where it takes no picture.
    pub from_picture: Option<Offer>,
    /// How a picture may be handed over; empty where it may not.
    pub image_inputs: Vec<ImageInput>,
    /// Longest prompt, in `prompt_unit`s.
    pub max_prompt: usize,
    /// What a prompt's length is counted in.
    pub prompt_unit: PromptUnit,
    /// Whether a running task can be cancelled.
    pub cancel: bool,
    /// How long after a call the vendor's "no such call" proves that it never arrived: until then
    /// the call may still be on its way, or the vendor's list behind. Absent where calls cannot be
    /// looked up.
    pub lookup_settles: Option<Duration>,
    /// Whether the clip is found rather than drawn (stock footage): its length is what there is.
    pub is_stock: bool,
}

/// The clips that are sold for one kind of request.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// The lengths that may be asked for, in milliseconds.
    pub durations: Durations,
    /// Frame sizes or ratios that may be asked for, as width:height; the first is the one used
    /// for vertical films.
    pub ratios: Vec<Ratio>,
    /// True if the vendor ignores the ratio and draws the picture's shape. The picture is then
    /// cropped to the ratio before it is sent.
    pub follows_picture: bool,
}

impl Capabilities {
    /// Returns what is sold for a request with a picture or without.
    pub fn offer(&self, with_picture: bool) -> Option<&Offer> {
        if with_picture { self.from_picture.as_ref() } else { self.from_words.as_ref() }
    }

    /// Returns all that is sold.
    pub fn offers(&self) -> impl Iterator<Item = &Offer> {
        self.from_words.iter().chain(&self.from_picture)
    }
}

/// Why an engine without an offer for requests with a picture, or without, cannot draw one.
pub(crate) fn not_offered(with_picture: bool) -> &'static str {
    if with_picture { "it cannot start from a picture" } else { "it cannot draw from words alone" }
}

impl Offer {
    /// Returns the ratio sold that is nearest to a shape.
    pub fn nearest(&self, wanted: Ratio) -> Ratio {
        let distance =
            |ratio: &&Ratio| ((ratio.aspect().ln() - wanted.aspect().ln()).abs() * 1e9) as i64;
        self.ratios.iter().min_by_key(distance).copied().unwrap_or(wanted)
    }
}

/// The lengths that an engine sells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Durations {
    /// Only these, ascending, in milliseconds.
    Fixed(Vec<u32>),
    /// Whole steps within a range, in milliseconds.
    Range {
        /// The shortest.
        min: u32,
        /// The longest.
        max: u32,
        /// The step.
        step: u32,
    },
}

impl Durations {
    /// The shortest length sold that covers `needed_ms`; the longest sold where none does.
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

    /// The longest length sold.
    pub fn longest(&self) -> u32 {
        match self {
            Self::Fixed(lengths) => lengths.last().copied().unwrap_or(0),
            Self::Range { max, .. } => *max,
        }
    }

    /// Whether exactly this length is sold.
    pub fn sells(&self, ms: u32) -> bool {
        match self {
            Self::Fixed(lengths) => lengths.contains(&ms),
            Self::Range { min, max, step } => {
                (*min..=*max).contains(&ms) && (ms - min).is_multiple_of((*step).max(1))
            }
        }
    }
}

/// Width against height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ratio {
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.width, self.height)
    }
}

impl Default for Ratio {
    /// The shape of films that stand upright.
    fn default() -> Self {
        Self { width: 9, height: 16 }
    }
}

impl Ratio {
    /// Returns width over height.
    pub fn aspect(self) -> f64 {
        f64::from(self.width.max(1)) / f64::from(self.height.max(1))
    }

    /// Returns the share of a frame of another shape that is left when it is cropped to this one.
    pub fn kept_of(self, other: Self) -> f64 {
        let (own, other) = (self.aspect(), other.aspect());
        (own / other).min(other / own)
    }
}

/// How a picture may be handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageInput {
    /// In the request itself; at most so many bytes of picture.
    Inline(u64),
    /// Uploaded first; at most so many bytes.
    Upload(u64),
}

/// What a prompt's length is counted in.
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
    /// The length of a text.
    pub fn count(self, text: &str) -> usize {
        match self {
            Self::Chars => text.chars().count(),
            Self::Utf16 => text.encode_utf16().count(),
            Self::Bytes => text.len(),
        }
    }
}

/// A clip that is wanted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GenerateRequest {
    /// Our own id of the call; vendors that allow it hear it, so that a lost answer can be found.
    pub call_id: CallId,
    /// What is to be seen.
    pub prompt: String,
    /// What is not to be seen, where the vendor takes it.
    pub negative_prompt: Option<String>,
    /// The first frame, a local JPEG, PNG or WebP.
    pub image: Option<PathBuf>,
    /// The length asked for, in milliseconds; one that the engine sells.
    pub duration_ms: u32,
    /// Width against height.
    pub ratio: Ratio,
    /// The seed, where the vendor takes it.
    pub seed: u32,
}

/// A request that costs nothing so far: checked, pictures uploaded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Prepared {
    /// The request.
    pub request: GenerateRequest,
    /// The body (or whatever the adapter needs) of the paid call.
    pub body: Value,
    /// Where the paid call goes, when that depends on the request.
    pub path: String,
}

/// Where a finished clip lies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Its address; it may expire, and `poll` gives a fresh one.
    pub url: String,
    /// Who is to be credited, where the source asks for it.
    pub credit: Option<String>,
}

/// The state of a task whose goods are a clip.
pub type TaskState = pytoon_purchase::TaskState<Output>;

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EngineHealth {
    /// What is left on the account, where the vendor says.
    pub balance: Option<MicroUsd>,
    /// What else is worth saying, such as a tier.
    pub detail: Option<String>,
}

/// A service that turns one scene into one clip.
pub trait ExternalEngineAdapter: fmt::Debug + Send + Sync {
    /// The key under `v2.engines`; also the metric label and the log field.
    fn name(&self) -> &str;

    /// What it sells for a request with or without a picture.
    fn capabilities(&self) -> &Capabilities;

    /// The price table's key for a request, `model` or `model@resolution`.
    fn price_key(&self, request: &GenerateRequest) -> String;

    /// The longest clip one call may be asked for.
    fn max_duration(&self) -> Duration {
        let longest = self.capabilities().offers().map(|offer| offer.durations.longest()).max();
        Duration::from_millis(u64::from(longest.unwrap_or(0)))
    }

    /// Whether it can start from a picture.
    fn supports_image_input(&self) -> bool {
        self.capabilities().from_picture.is_some()
    }

    /// Exercises our own path (key, address, quota) without spending a render.
    fn health_check(&self) -> EngineFuture<'_, EngineHealth>;

    /// Refuses what is not sold and does what is free, such as uploads.
    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared>;

    /// The one call that costs money. Never repeated by the adapter.
    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task>;

    /// How far a task is. May be repeated freely.
    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState>;

    /// Asks the vendor to stop.
    fn cancel<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, Cancelled>;

    /// Downloads a clip to a path; the file is there whole or not at all.
    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, Fetched>;

    /// Looks for a call whose answer never came.
    fn lookup<'a>(&'a self, _prepared: &'a Prepared) -> EngineFuture<'a, Lookup> {
        Box::pin(async { Ok(Lookup::CannotSay) })
    }

    /// One straight run from request to clip, for a person who checks an engine: nothing is
    /// stored, so nothing is resumed. Films go through the manager.
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
        assert!((r(1, 1).kept_of(r(9, 16)) - 0.5625).abs() < 1e-9);
        assert!((r(16, 9).kept_of(r(9, 16)) - r(9, 16).kept_of(r(16, 9))).abs() < 1e-9);
    }

    #[test]
    fn prompts_are_counted_in_the_vendors_unit() {
        assert_eq!(PromptUnit::Utf16.count("a😀"), 3);
        assert_eq!(PromptUnit::Chars.count("a😀"), 2);
        assert_eq!(PromptUnit::Bytes.count("a😀"), 5);
    }
}
