//! Reads `engine.yaml` again when it changes, or when a person asks for it (SIGHUP).
//!
//! A bad edit is refused with file, line and reason, and what was in force stays in force.
//! Breakers live in the store, so a reload forgets no pause.

use super::EngineSet;
use pytoon_config::Config;
use pytoon_config::secrets::Secrets;
use pytoon_telemetry::Event;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// How often the file's time is looked at, at most.
const LOOK: Duration = Duration::from_millis(250);

/// Watches `engine.yaml`.
#[derive(Debug)]
pub struct Reloader {
    config: Config,
    secrets: Secrets,
    file: Option<PathBuf>,
    /// Set by a signal.
    asked: Arc<AtomicBool>,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    looked: Instant,
    stamp: Option<(SystemTime, u64)>,
}

impl Reloader {
    /// Watches the file of a configuration; `asked` is set by whoever wants it read again.
    pub fn new(config: Config, secrets: Secrets, asked: Arc<AtomicBool>) -> Self {
        let file = config.folder.as_ref().map(|folder| folder.join("engine.yaml"));
        let stamp = file.as_deref().and_then(stamp);
        let seen = Mutex::new(Seen { looked: Instant::now(), stamp });
        Self { config, secrets, file, asked, seen }
    }

    /// The engines of a changed and valid configuration; `None` when nothing changed, or when the
    /// change is wrong, which is logged once.
    pub(super) fn changed(&self) -> Option<EngineSet> {
        if !self.is_due() {
            return None;
        }
        let loaded = self
            .config
            .reload_engines()
            .and_then(|(settings, at)| EngineSet::build(settings, &at, self.secrets.clone()))
            .map(|set| set.warned_of(&self.config.settings.model_ends));
        match loaded {
            Ok(set) => {
                Event::EngineConfigReloaded { engines: set.settings.engines.names().count() }
                    .emit();
                Some(set)
            }
            Err(error) => {
                Event::EngineConfigRefused { reason: &error.to_string() }.emit();
                None
            }
        }
    }

    fn is_due(&self) -> bool {
        let asked = self.asked.swap(false, Ordering::Relaxed);
        let Some(file) = &self.file else { return asked };
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if !asked && seen.looked.elapsed() < LOOK {
            return false;
        }
        seen.looked = Instant::now();
        let stamp = stamp(file);
        let is_new = stamp != seen.stamp;
        seen.stamp = stamp;
        asked || is_new
    }
}

fn stamp(file: &std::path::Path) -> Option<(SystemTime, u64)> {
    let metadata = std::fs::metadata(file).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
