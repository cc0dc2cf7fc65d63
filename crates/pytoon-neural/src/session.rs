//! Runs a model on its own thread, with a budget of memory and time.
//!
//! Guarantees: one request runs at a time, in order; a request that exceeds its time or memory is an error
//! for its caller, and every later request fails too; a panic of the runtime is an error and does not end the
//! process.
//!
//! The runtime's own thread pool has a single thread, the one that runs the session. Results therefore depend only on
//! the request, and the budget covers all work of the model.

use crate::NeuralError;
use crate::budget::{Guard, State};
use rten::{RunOptions, ThreadPool};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The limits of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The memory limit in bytes, for the model's weights and one request together.
    pub bytes: usize,
    /// The timeout for loading, and for each request including its wait for earlier ones.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1024 << 20, patience: Duration::from_secs(60) }
    }
}

/// The interval at which the caller checks for exhausted memory.
const LOOK: Duration = Duration::from_millis(50);

type Work<T> = Box<dyn FnOnce(&T, &RunOptions) + Send>;

/// A loaded model.
pub(crate) struct Session<T> {
    work: Mutex<Sender<Work<T>>>,
    guard: &'static Guard,
    limits: Limits,
}

impl<T> std::fmt::Debug for Session<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl<T: 'static> Session<T> {
    /// Starts a thread, loads a model on it, and waits until the model is loaded, has failed to load, or has
    /// exceeded a limit.
    pub(crate) fn start(
        limits: Limits,
        load: impl FnOnce() -> Result<T, NeuralError> + Send + 'static,
    ) -> Result<Self, NeuralError> {
        let (work, requests) = channel();
        let (loaded, outcome) = channel();
        let guard = Guard::leak();
        let pool = Arc::new(ThreadPool::with_num_threads(1));
        std::thread::Builder::new()
            .name("voice-model".to_owned())
            .spawn(move || {
                let options = RunOptions::default().with_thread_pool(Some(pool.clone()));
                pool.run(move || {
                    guard.enter(limits.bytes);
                    let model = caught(load);
                    match model {
                        Ok(model) => {
                            let _ = loaded.send(Ok(()));
                            serve(&model, &options, &requests);
                        }
                        Err(error) => {
                            let _ = loaded.send(Err(error));
                        }
                    }
                });
            })
            .map_err(|error| NeuralError::NoThread(error.to_string()))?;
        let session = Self { work: Mutex::new(work), guard, limits };
        session.wait(&outcome)??;
        Ok(session)
    }

    /// Runs a request on the thread of the model and waits for its result.
    pub(crate) fn run<R: Send + 'static>(
        &self,
        request: impl FnOnce(&T, &RunOptions) -> Result<R, NeuralError> + Send + 'static,
    ) -> Result<R, NeuralError> {
        let (reply, outcome) = channel();
        let work: Work<T> = Box::new(move |model, options| {
            let _ = reply.send(caught(|| request(model, options)));
        });
        if let Ok(sender) = self.work.lock() {
            // `wait` detects a thread that has ended.
            let _ = sender.send(work);
        }
        self.wait(&outcome)?
    }

    fn wait<R>(&self, outcome: &Receiver<R>) -> Result<R, NeuralError> {
        let mut left = self.limits.patience;
        loop {
            match outcome.recv_timeout(LOOK.min(left)) {
                Ok(result) => return Ok(result),
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(NeuralError::Failed("its thread ended unexpectedly".to_owned()));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            match self.guard.state() {
                State::Running => {}
                State::Exhausted => {
                    return Err(NeuralError::TooMuchMemory { mib: self.limits.bytes >> 20 });
                }
                State::Stopped => return Err(self.too_slow()),
            }
            left = left.saturating_sub(LOOK);
            if left.is_zero() {
                self.guard.stop();
                return Err(self.too_slow());
            }
        }
    }

    fn too_slow(&self) -> NeuralError {
        NeuralError::TooSlow { seconds: self.limits.patience.as_secs() }
    }
}

fn serve<T>(model: &T, options: &RunOptions, requests: &Receiver<Work<T>>) {
    while let Ok(work) = requests.recv() {
        work(model, options);
    }
}

fn caught<R>(run: impl FnOnce() -> Result<R, NeuralError>) -> Result<R, NeuralError> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("the panic has no message");
        Err(NeuralError::Failed(format!("the runtime stopped: {said}")))
    })
}
