//! The capabilities of the installed FFmpeg. Each list is queried once.

use pytoon_process::{CommandLine, Runner};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// The names in each list, by the program that reported it.
type Lists = BTreeMap<(PathBuf, &'static str), BTreeSet<String>>;

static LISTS: Mutex<Lists> = Mutex::new(BTreeMap::new());

/// Returns true if the installed FFmpeg has a filter with this name. A missing or unresponsive FFmpeg has none.
pub fn has_filter(runner: &Runner, name: &str) -> bool {
    is_listed(runner, "-filters", name)
}

/// Returns true if the installed FFmpeg has a decoder with this name. A missing or unresponsive FFmpeg has none.
pub fn has_decoder(runner: &Runner, name: &str) -> bool {
    is_listed(runner, "-decoders", name)
}

fn is_listed(runner: &Runner, list: &'static str, name: &str) -> bool {
    let Ok(program) = runner.programs.find("ffmpeg") else { return false };
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    let key = (program, list);
    if let Some(names) = lists.get(&key) {
        return names.contains(name);
    }
    let command =
        CommandLine::new("ffmpeg", "list the capabilities of FFmpeg").args(["-hide_banner", list]);
    // A program that does not answer has no abilities for now; the next command reports its error.
    let Ok(said) = runner.run(&command, Vec::new()) else { return false };
    // ` TS. bwdif  V->V  Deinterlace`: flags, then the name.
    let lines = String::from_utf8_lossy(&said);
    let names = lines.lines().filter_map(|line| line.split_whitespace().nth(1)).map(str::to_owned);
    lists.entry(key).or_insert(names.collect()).contains(name)
}
