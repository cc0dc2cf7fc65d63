//! Reloads `engine.yaml` when it changes, or on request (SIGHUP).
//!
//! An invalid edit is rejected with file, line and reason, and the previous configuration stays in force. Breakers
//! are in the store, so a reload does not end any cooldown.

use super::EngineSet;
use pytoon_config::Config;
use pytoon_config::secrets::Secrets;
use pytoon_telemetry::Event;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// The minimum interval between checks of the file's modification time.
const LOOK: Duration = Duration::from_millis(250);

/// A watcher that reloads `engine.yaml` when it changes or on request.
#[derive(Debug)]
pub struct Reloader {
    config: Config,
    secrets: Secrets,
    file: Option<PathBuf>,
    /// The flag that the signal handler sets to request a reload.
    asked: Arc<AtomicBool>,
    seen: Mutex<LastCheck>,
}

#[derive(Debug)]
struct LastCheck {
    looked: Instant,
    stamp: Option<(SystemTime, u64)>,
}

impl Reloader {
    /// Creates a reloader that watches the file of a configuration. The signal handler sets `asked` to request a
    /// reload.
    pub fn new(config: Config, secrets: Secrets, asked: Arc<AtomicBool>) -> Self {
        let file = config.folder.as_ref().map(|folder| folder.join("engine.yaml"));
        let stamp = file.as_deref().and_then(stamp);
        let seen = Mutex::new(LastCheck { looked: Instant::now(), stamp });
        Self { config, secrets, file, asked, seen }
    }

    /// Returns the engines of a changed, valid configuration; `None` if nothing changed or the change is invalid. An
    /// invalid change is logged once.
    pub(super) fn reload_if_changed(&self) -> Option<EngineSet> {
        if !self.is_due() {
            return None;
        }
        let loaded = self
            .config
            .reload_engines()
            .and_then(|(settings, at)| EngineSet::build(settings, &at, self.secrets.clone()))
            .map(|set| set.with_model_ends(&self.config.settings.model_ends));
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
