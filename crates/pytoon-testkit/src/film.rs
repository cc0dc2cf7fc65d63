//! The folder of a finished job, read only through its files.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A finished job and its files.
#[derive(Debug, Clone)]
pub struct Film {
    folder: PathBuf,
    _temporary: Option<Arc<TempDir>>,
}

/// A caption in a sidecar file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cue {
    /// The start, in milliseconds.
    pub start: i64,
    /// The end, in milliseconds.
    pub end: i64,
    /// The text of the caption.
    pub text: String,
}

impl Film {
    /// Opens the film in a folder. Panics if the folder has no output file.
    #[track_caller]
    pub fn open(folder: &Path) -> Self {
        let film = Self { folder: folder.to_owned(), _temporary: None };
        assert!(film.output().is_file(), "there is no film in {}", folder.display());
        film
    }

    /// Ties the lifetime of a temporary folder to the film in it.
    pub(crate) fn with_temporary(self, temporary: Option<Arc<TempDir>>) -> Self {
        Self { _temporary: temporary, ..self }
    }

    /// Returns the path of a file in the job's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Returns the path of the film, `output.mp4`.
    pub fn output(&self) -> PathBuf {
        self.path("output.mp4")
    }

    /// Reads a JSON file in the job's folder.
    #[track_caller]
    pub fn json(&self, name: &str) -> Value {
        let text = std::fs::read_to_string(self.path(name)).expect("the file is there");
        serde_json::from_str(&text).expect("valid JSON")
    }

    /// Reads `metadata.json`.
    #[track_caller]
    pub fn metadata(&self) -> Value {
        self.json("metadata.json")
    }

    /// Reads `timeline.json`.
    #[track_caller]
    pub fn timeline(&self) -> Value {
        self.json("timeline.json")
    }

    /// Returns the length in frames according to `timeline.json`.
    pub fn total_frames(&self) -> u64 {
        self.timeline()["totalFrames"].as_u64().expect("a count")
    }

    /// Returns the names of the checks in the receipt's self-check that reported findings.
    pub fn findings(&self) -> Vec<String> {
        let metadata = self.metadata();
        let findings = metadata["selfCheck"]["findings"].as_array().expect("a list");
        findings.iter().map(|f| f["check"].as_str().expect("a name").to_owned()).collect()
    }

    /// Returns the warnings of the receipt, one per line.
    pub fn warnings(&self) -> String {
        let metadata = self.metadata();
        let warnings = metadata["warnings"].as_array().expect("a list");
        warnings.iter().map(|w| w["message"].as_str().expect("text")).collect::<Vec<_>>().join("\n")
    }

    /// Returns true if the receipt says that a stage reused an earlier result.
    #[track_caller]
    pub fn has_reused(&self, stage: &str) -> bool {
        let metadata = self.metadata();
        let stages = metadata["stages"].as_array().expect("a list");
        let stage = stages.iter().find(|s| s["stage"] == stage).expect("the stage ran");
        stage["reused"].as_bool().expect("yes or no")
    }

    /// Returns the cues of `captions.srt`.
    #[track_caller]
    pub fn cues(&self) -> Vec<Cue> {
        let text = std::fs::read_to_string(self.path("captions.srt")).expect("captions");
        text.trim_end().split("\n\n").map(cue).collect()
    }

    /// Returns the words of `captions.srt`, in order.
    #[track_caller]
    pub fn caption_words(&self) -> Vec<String> {
        words(&self.cues().into_iter().map(|cue| cue.text).collect::<Vec<_>>().join(" "))
    }
}

/// Splits a text into words.
pub fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn cue(block: &str) -> Cue {
    let mut lines = block.lines();
    let number = lines.next().expect("a number");
    number.parse::<u32>().expect("a number");
    let (start, end) = lines.next().and_then(|l| l.split_once(" --> ")).expect("two times");
    Cue { start: clock(start), end: clock(end), text: lines.collect::<Vec<_>>().join("\n") }
}

fn clock(text: &str) -> i64 {
    let numbers: Vec<i64> =
        text.split([':', ',']).map(|part| part.parse().expect("a number")).collect();
    ((numbers[0] * 60 + numbers[1]) * 60 + numbers[2]) * 1000 + numbers[3]
}
