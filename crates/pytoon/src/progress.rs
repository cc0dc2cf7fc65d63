//! Shows progress on standard error: a bar on a terminal, plain lines elsewhere.

use crate::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use pytoon_pipeline::{NoProgress, ProgressSink};
use std::io::IsTerminal;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Returns the progress sink for standard error: a bar on a terminal, lines elsewhere, nothing if `quiet`.
pub(crate) fn sink(quiet: bool) -> Arc<dyn ProgressSink> {
    if quiet {
        Arc::new(NoProgress)
    } else if std::io::stderr().is_terminal() {
        Arc::new(Bar::new())
    } else {
        Arc::new(Lines { last: Mutex::new(None) })
    }
}

struct Bar {
    bar: ProgressBar,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(12));
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(Duration::from_millis(120));
        Self { bar }
    }
}

impl ProgressSink for Bar {
    fn stage(&self, name: &str) {
        self.bar.set_message(name.to_owned());
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            self.bar.set_style(style);
        }
    }

    fn frames(&self, done: i64, total: i64) {
        if self.bar.length() != Some(total as u64) {
            self.bar.set_length(total as u64);
            let template = "{spinner} {msg} [{bar:30}] {pos}/{len} frames, {per_sec}, {eta} left";
            if let Ok(style) = ProgressStyle::with_template(template) {
                self.bar.set_style(style.progress_chars("=> "));
            }
        }
        self.bar.set_position(done as u64);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

struct Lines {
    /// The times of the first drawn frame and of the last report.
    last: Mutex<Option<(Instant, Instant)>>,
}

impl ProgressSink for Lines {
    fn stage(&self, name: &str) {
        output::note(format!("stage {name}"));
    }

    fn frames(&self, done: i64, total: i64) {
        let Ok(mut last) = self.last.lock() else { return };
        let now = Instant::now();
        let (begun, spoken) = last.get_or_insert((now, now));
        if done < total && spoken.elapsed() < Duration::from_secs(2) {
            return;
        }
        *spoken = now;
        let rate = done as f64 / begun.elapsed().as_secs_f64().max(0.001);
        let left = (total - done) as f64 / rate.max(0.001);
        if done > 0 {
            output::note(format!("frame {done}/{total} ({rate:.0} frames/s, {left:.0} s left)"));
        }
    }
}
