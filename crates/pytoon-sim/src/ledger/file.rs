//! Stores the ledger in a file: one JSON object per line, appended, each with its `kind`.
//!
//! Guarantees: a line that a kill truncated is skipped at the next start; the lines before it are read.

use super::{Inner, RequestLine, Submission, key};
use crate::complain;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Seek, Write};
use std::path::Path;

#[derive(Debug)]
pub(super) struct File {
    file: std::fs::File,
    /// True if the last line could not be written. The failure is reported once, not for every line on a full disk.
    is_failing: bool,
}

#[derive(Serialize)]
struct Line<'a, T> {
    kind: &'static str,
    #[serde(flatten)]
    content: &'a T,
}

impl File {
    /// Opens or creates the file, and reads its content into `inner`. Ends a truncated last line, and reports the
    /// number of unreadable lines.
    pub(super) fn open(path: &Path, inner: &mut Inner) -> std::io::Result<Self> {
        let mut file =
            std::fs::OpenOptions::new().read(true).append(true).create(true).open(path)?;
        let (mut torn, mut unreadable) = (false, 0);
        for line in BufReader::new(&file).split(b'\n') {
            let line = line?;
            torn = serde_json::from_slice::<Value>(&line).map(|line| recall(inner, line)).is_err()
                && !line.is_empty();
            unreadable += usize::from(torn);
        }
        if torn {
            file.write_all(b"\n")?;
        }
        if unreadable > 0 {
            complain(&format!("{}: {unreadable} lines cannot be read", path.display()));
        }
        Ok(Self { file, is_failing: false })
    }

    pub(super) fn request(&mut self, line: &RequestLine) {
        self.write("request", line);
    }

    pub(super) fn post(&mut self, vendor: &str) {
        self.write("post", &json!({ "vendor": vendor }));
    }

    pub(super) fn record_accepted(&mut self, submission: &Submission) {
        self.write("accepted", submission);
    }

    pub(super) fn record_change(&mut self, submission: &Submission) {
        let Submission { vendor, id, answered, dropped, referenced, .. } = submission;
        let mut job = submission.job.clone();
        job.echo = None;
        self.write(
            "changed",
            &json!({
                "vendor": vendor,
                "id": id,
                "answered": answered,
                "dropped": dropped,
                "referenced": referenced,
                "cancelled_at": submission.cancelled_at,
                "deleted": submission.deleted,
                "downloads": submission.downloads,
                "job": job,
            }),
        );
    }

    pub(super) fn clear(&mut self) {
        let cleared = self.file.set_len(0).and_then(|()| self.file.rewind());
        self.note("clear", cleared);
    }

    fn write<T: Serialize>(&mut self, kind: &'static str, content: &T) {
        let line = serde_json::to_vec(&Line { kind, content }).map_err(std::io::Error::from);
        let written = line.and_then(|mut line| {
            line.push(b'\n');
            // One call per line, so that a kill truncates the last line at most.
            self.file.write_all(&line)
        });
        self.note("write", written);
    }

    /// Reports a failed write, unless the write before it failed too. The vendors respond anyway, since their
    /// acceptances are in memory, but readers of the file must know that it is incomplete.
    fn note(&mut self, operation: &str, result: std::io::Result<()>) {
        if let Err(error) = &result
            && !self.is_failing
        {
            complain(&format!("failed to {operation} the ledger: {error}"));
        }
        self.is_failing = result.is_err();
    }
}

fn recall(inner: &mut Inner, mut line: Value) {
    match line["kind"].as_str() {
        Some("post") => {
            let vendor = line["vendor"].as_str().unwrap_or_default().to_owned();
            *inner.posts.entry(vendor).or_default() += 1;
        }
        Some("accepted") => {
            if let Ok(submission) = serde_json::from_value(line) {
                inner.insert(submission);
            }
        }
        Some("changed") => {
            let id = key(
                line["vendor"].as_str().unwrap_or_default(),
                line["id"].as_str().unwrap_or_default(),
            );
            let Some(submission) =
                inner.by_id.get(&id).and_then(|index| inner.submissions.get_mut(*index))
            else {
                return;
            };
            let echo = submission.job.echo.take();
            if let Ok(mut job) = serde_json::from_value::<crate::job::Job>(line["job"].take()) {
                job.echo = echo;
                submission.job = job;
            }
            submission.answered = line["answered"] == true;
            submission.dropped = line["dropped"] == true;
            submission.deleted = line["deleted"] == true;
            submission.referenced = line["referenced"].as_u64().unwrap_or_default();
            submission.downloads = line["downloads"].as_u64().unwrap_or_default();
            submission.cancelled_at = line["cancelled_at"].as_u64();
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::super::Ledger;
    use super::*;

    fn submission(id: &str) -> Submission {
        let mut submission = Submission {
            vendor: "runway".to_owned(),
            id: id.to_owned(),
            prompt: "a fox".to_owned(),
            ..Submission::default()
        };
        submission.job.echo = Some(json!({"a": 1}));
        submission
    }

    #[test]
    fn a_file_that_cannot_be_written_is_noticed_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        std::fs::write(&path, "").unwrap();
        let mut file = File { file: std::fs::File::open(&path).unwrap(), is_failing: false };
        file.post("runway");
        assert!(file.is_failing);
        file.file = std::fs::OpenOptions::new().append(true).open(&path).unwrap();
        file.post("runway");
        assert!(!file.is_failing);
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 1);
    }

    #[test]
    fn a_ledger_is_read_back_and_a_torn_line_is_skipped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.jsonl");
        let ledger = Ledger::open(Some(&path)).unwrap();
        ledger.post("runway");
        ledger.accept(submission("one")).unwrap();
        ledger.update("runway", "one", |one| one.referenced = 3).unwrap();
        drop(ledger);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"kind\":\"accep");
        std::fs::write(&path, text).unwrap();
        let ledger = Ledger::open(Some(&path)).unwrap();
        ledger.accept(submission("two")).unwrap();
        drop(ledger);
        let ledger = Ledger::open(Some(&path)).unwrap();
        assert_eq!(ledger.accepted_count(), 2);
        let one = ledger.find("runway", "one").unwrap();
        assert_eq!((one.referenced, one.prompt.as_str()), (3, "a fox"));
        assert_eq!(one.job.echo, Some(json!({"a": 1})));
        assert_eq!(ledger.summary(0)["posts"], 1);
        ledger.clear();
        assert_eq!(Ledger::open(Some(&path)).unwrap().accepted_count(), 0);
    }
}
