//! Speed and memory as ratios measured in one run. Nothing here fails for being slow.
//!
//! - `film`: a complete `pytoon render` of a 30 s film of six pictures with voice, captions and music, against a
//!   bare FFmpeg/x264 encode of the same frames with the same settings, alternately; and the peak memory of
//!   pytoon's own process.
//! - `sampler`: full frames per second of the bicubic sampler alone on one core.
//! - `engines`: CPU for choosing an engine, walking its chain (ledger on disk included) and reloading the
//!   configuration, per scene; memory of a process in which 50 scenes wait for vendors.
//! - `align`: word starts found by the built-in aligner against known ones, per condition, and its cost relative to
//!   the sound's length.
//! - `service`: submissions over HTTP, claims, the wait of a first task and the API's memory, on PostgreSQL,
//!   against a plain `INSERT`.
//! - `redo`: the service redoes one scene, and one caption, of a film of 30 s, against the film's first render.
//! - `voice`: loading and speech of the natural voices, a film with `heart` against one with eSpeak NG, and the
//!   memory of the first.
//! - `jitter`: the deviation of a tracked patch from its intended curve on composed frames.
#![allow(clippy::print_stdout, reason = "a bench prints its figures")]

mod align;
mod engines;
mod film;
mod jitter;
mod redo;
mod rendering;
mod sampler;
mod service;
mod voice;

fn main() -> anyhow::Result<()> {
    let what = std::env::args().nth(1).unwrap_or_else(|| "all".to_owned());
    let all = what == "all";
    if all || what == "sampler" {
        sampler::run();
    }
    if all || what == "align" {
        align::run()?;
    }
    if all || what == "jitter" {
        jitter::run()?;
    }
    if all || what == "engines" {
        engines::run()?;
    }
    if all || what == "redo" {
        redo::run()?;
    }
    // Not part of `all`: it requires PostgreSQL and takes minutes.
    if what == "service" {
        service::run()?;
    }
    if all || what == "voice" {
        voice::run()?;
    }
    if all || what == "film" {
        film::run()?;
    }
    Ok(())
}
