//! The state that all requests share.

use crate::clips::{Clips, Film, Kind};
use crate::ledger::{Ledger, Submission};
use crate::scenario::{Dice, Drawn, Fault, Scenario, Step};
use crate::seed;
use crate::uploads::Uploads;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The simulator's state.
#[derive(Debug)]
pub(crate) struct Sim {
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) clips: Clips,
    pub(crate) uploads: Uploads,
    dice: Mutex<Dice>,
    speed: f64,
    ids: AtomicU64,
}

impl Sim {
    pub(crate) fn new(ledger: Ledger, clips: Clips, scenario: Scenario, speed: f64) -> Self {
        // Ids continue after those of a restored ledger, so that none is used twice.
        let ids = AtomicU64::new(ledger.accepted_count() << 20);
        Self {
            ledger: Arc::new(ledger),
            clips,
            uploads: Uploads::default(),
            dice: Mutex::new(Dice::new(scenario)),
            speed,
            ids,
        }
    }

    fn dice(&self) -> MutexGuard<'_, Dice> {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn draw(&self, vendor: &str, step: Step, prompt: &str) -> Drawn {
        self.dice().draw(vendor, step, prompt)
    }

    /// Calls `read` with the current scenario, and returns its result.
    pub(crate) fn scenario<T>(&self, read: impl FnOnce(&Scenario) -> T) -> T {
        read(self.dice().scenario())
    }

    /// Replaces the scenario. The ledger stays.
    pub(crate) fn replace_scenario(&self, scenario: Scenario) {
        *self.dice() = Dice::new(scenario);
    }

    /// Clears the ledger and the uploads, and restarts the scenario's rules and the ids.
    pub(crate) fn reset(&self) {
        self.ledger.clear();
        self.uploads.clear();
        self.dice().reset();
        self.ids.store(0, Ordering::Relaxed);
    }

    /// Returns a new id, the same in every run with the same seed and the same order of requests.
    pub(crate) fn new_id(&self, purpose: &str) -> String {
        let turn = self.ids.fetch_add(1, Ordering::Relaxed);
        let seed = self.scenario(|scenario| scenario.seed);
        seed::uuid(seed::mix_all(&[seed, seed::of_text(purpose), turn]))
    }

    /// Divides a duration, in milliseconds, by the speed of this simulator.
    pub(crate) fn at_speed(&self, ms: u64) -> u64 {
        (ms as f64 / self.speed).round() as u64
    }

    /// Returns the parameters of a submission's clip with a fault applied.
    pub(crate) fn film(&self, submission: &Submission, fault: Option<Fault>) -> Film {
        let job = &submission.job;
        Film {
            vendor: submission.vendor.clone(),
            width: job.width,
            height: job.height,
            duration_ms: job.duration_ms,
            kind: Kind::Good,
            look: job.look,
        }
        .with_fault(fault)
    }
}
