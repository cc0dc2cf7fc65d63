//! Measures speed and memory as ratios within one run. No benchmark fails for being slow.
//!
//! - `film`: a complete `pytoon render` of a 30 s film of six pictures with voice, captions and music, compared with
//!   a bare FFmpeg/x264 encode of the same frames with the same settings, alternately; and the peak memory of
//!   pytoon's own process.
//! - `sampler`: full frames per second of the bicubic sampler alone on one core.
//! - `engines`: the CPU time per scene for choosing an engine and running its chain (including the ledger on disk),
//!   and for reloading the configuration; the memory of a process in which 50 scenes wait for vendors.
//! - `align`: the errors of word starts measured by the built-in aligner, per condition, and its cost relative to the
//!   length of the audio.
//! - `service`: submissions over HTTP, claims, the wait for the first task and the API's memory, on PostgreSQL,
//!   compared with a plain `INSERT`.
//! - `redo`: the redo of one scene, and of one caption, of a 30 s film by the service, compared with the film's first
//!   render.
//! - `voice`: the loading time and the speed of the natural voices, a film with `heart` compared with one with eSpeak
//!   NG, and the memory that the film with `heart` needs.
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
