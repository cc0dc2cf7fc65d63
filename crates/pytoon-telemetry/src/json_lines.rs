//! Writes log lines as JSON: `ts`, `level`, `event`, `message`, then the event's fields.

use crate::traces::Traces;
use serde_json::{Map, Value};
use std::fmt;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

/// The destination of log lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogTarget {
    /// Standard error.
    Stderr,
    /// The file `worker.log` in a folder, which is appended to.
    Folder(PathBuf),
    /// Standard output, and additionally files in a folder if one is given. Services log in this way.
    Service(ServiceRole, Option<PathBuf>),
    /// No destination: log lines are discarded.
    Nowhere,
}

/// The part of the service that a process runs, which determines its log files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceRole {
    /// API and worker in one process: requests to `api.log`, everything else to `worker.log`.
    Both,
    /// The API alone: all lines to `api.log`.
    Api,
    /// A worker alone: all lines to `worker.log`.
    Worker,
}

/// Starts logging; only the first start in a process takes effect. `verbose` adds debug lines. `collector` is the URL
/// of an OpenTelemetry collector; spans are sent to it until the returned value is dropped.
pub fn init(target: &LogTarget, verbose: bool, collector: Option<&str>) -> std::io::Result<Traces> {
    let traces = Traces::start(collector)?;
    let mut sinks = Vec::new();
    let mut sink = |writer: Box<dyn Write + Send>, lines| {
        sinks.push(Sink { writer: Mutex::new(writer), lines });
    };
    let folder = match target {
        LogTarget::Stderr => {
            sink(Box::new(std::io::stderr()), Lines::All);
            None
        }
        LogTarget::Folder(folder) => Some(folder),
        LogTarget::Service(_, folder) => {
            sink(Box::new(std::io::stdout()), Lines::All);
            folder.as_ref()
        }
        LogTarget::Nowhere => return Ok(traces),
    };
    if let Some(folder) = folder {
        let failed = |what: &str, path: &Path, error: std::io::Error| {
            let reason = format!("failed to {what} {}: {error}", path.display());
            std::io::Error::new(error.kind(), reason)
        };
        std::fs::create_dir_all(folder)
            .map_err(|error| failed("create the log folder", folder, error))?;
        let open = |name: &str| {
            let path = folder.join(name);
            let file = std::fs::OpenOptions::new().create(true).append(true).open(&path);
            file.map_err(|error| failed("open the log", &path, error))
        };
        match target {
            LogTarget::Service(ServiceRole::Both, _) => {
                sink(Box::new(open("worker.log")?), Lines::Work);
                sink(Box::new(open("api.log")?), Lines::Requests);
            }
            LogTarget::Service(ServiceRole::Api, _) => {
                sink(Box::new(open("api.log")?), Lines::All);
            }
            // Only an API answers requests.
            _ => sink(Box::new(open("worker.log")?), Lines::All),
        }
    }
    let level = if verbose { LevelFilter::DEBUG } else { LevelFilter::INFO };
    let lines = JsonLines { sinks, requests: RequestLines::new() };
    let subscriber =
        tracing_subscriber::registry().with(traces.layer()).with(lines.with_filter(level));
    // A second start (in tests) keeps the first.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(traces)
}

/// The selection of log lines that a destination contains.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lines {
    All,
    Work,
    Requests,
}

struct Sink {
    writer: Mutex<Box<dyn Write + Send>>,
    lines: Lines,
}

struct JsonLines {
    sinks: Vec<Sink>,
    requests: RequestLines,
}

/// Maximum number of request lines per second, so that a flood of requests cannot fill the disk.
const REQUEST_LINES: u64 = 500;

/// The rate limit of request lines. The next line that is written reports the number of omitted ones.
struct RequestLines {
    begun: Instant,
    /// The current second, and the number of lines in it so far.
    second: AtomicU64,
    lines: AtomicU64,
    left_out: AtomicU64,
}

impl RequestLines {
    fn new() -> Self {
        let (second, lines, left_out) = Default::default();
        Self { begun: Instant::now(), second, lines, left_out }
    }

    /// Counts a request line. Returns false if it exceeds the limit.
    fn has_room(&self) -> bool {
        let now = self.begun.elapsed().as_secs();
        if self.second.swap(now, Ordering::Relaxed) != now {
            self.lines.store(0, Ordering::Relaxed);
        }
        let has_room = self.lines.fetch_add(1, Ordering::Relaxed) < REQUEST_LINES;
        if !has_room {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        has_room
    }

    fn take_left_out(&self) -> u64 {
        self.left_out.swap(0, Ordering::Relaxed)
    }
}

/// The tracing target of request lines.
const REQUESTS: &str = "pytoon_request";

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for JsonLines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        // Other crates may use the same logging; only our own lines have our format.
        let target = event.metadata().target();
        if !target.starts_with("pytoon") {
            return;
        }
        let is_request = target == REQUESTS;
        if is_request && !self.requests.has_room() {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        if is_request {
            let left_out = self.requests.take_left_out();
            if left_out > 0 {
                fields.0.insert("lines_left_out".to_owned(), left_out.into());
            }
        }
        // Fields of the surrounding spans, unless the line has them itself.
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(around) = span.extensions().get::<Fields>() {
                for (name, value) in &around.0 {
                    fields.0.entry(name.clone()).or_insert_with(|| value.clone());
                }
            }
        }
        let line = line(now(), *event.metadata().level(), fields);
        let line = crate::sanitize_sensitive_data(&line);
        let line = crate::in_json(&line);
        for sink in &self.sinks {
            if sink.lines != Lines::All && (sink.lines == Lines::Requests) != is_request {
                continue;
            }
            if let Ok(mut writer) = sink.writer.lock() {
                // A log that cannot be written must not stop the work that it reports.
                let _ = writer.write_all(line.as_bytes());
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a log line says when it was written")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn line(time: SystemTime, level: Level, fields: Fields) -> String {
    let mut object = Map::new();
    object.insert("ts".into(), timestamp(time).into());
    object.insert("level".into(), level.as_str().to_lowercase().into());
    let mut rest = fields.0;
    for first in ["event", "message"] {
        if let Some(value) = rest.remove(first) {
            object.insert(first.into(), value);
        }
    }
    object.extend(rest);
    let mut text = Value::Object(object).to_string();
    text.push('\n');
    text
}

/// Formats a time as RFC 3339 in UTC with milliseconds.
pub fn timestamp(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = civil(days as i64);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60,
        since.subsec_millis()
    )
}

/// Converts days since 1970-01-01 to a date of the Gregorian calendar. Counts years from March, so that the leap day
/// comes last.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        // Three decimals are enough for any measure in a log line.
        self.put(field, (value * 1000.0).round() / 1000.0);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;
    use std::time::Duration;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, expected) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_795_478_399, "2026-11-23T23:59:59.000Z"),
        ] {
            assert_eq!(timestamp(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn lines_about_requests_are_bounded_and_those_left_out_counted() {
        let lines = RequestLines::new();
        let written = (0..5000).filter(|_| lines.has_room()).count() as u64;
        // The second may change meanwhile.
        assert!((500..=1000).contains(&written), "{written}");
        assert_eq!((lines.take_left_out(), lines.take_left_out()), (5000 - written, 0));
    }

    #[test]
    fn a_line_is_json_with_the_event_named() {
        let folder = tempfile::tempdir().expect("folder");
        let _traces = init(&LogTarget::Folder(folder.path().into()), false, None).expect("starts");
        Event::VoiceMapped { scenes: 3, utterances: 4, speech_ms: 9000 }.emit();
        let text = std::fs::read_to_string(folder.path().join("worker.log")).expect("log");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("json"));
        // Other tests of this process may have logged before.
        let line = lines.into_iter().find(|line| line["event"] == "voice_mapped").expect("a line");
        assert_eq!(line["level"], "info");
        assert_eq!(line["speech_ms"], 9000);
    }
}
