//! Measures the duration of every step of an adapter, and reports it with the outcome to a callback.
//!
//! Guarantees: arguments and results are those of the adapter; the callback is called once for each step that ran to
//! its end.

use crate::adapter::{
    Cancelled, Capabilities, EngineFuture, EngineHealth, ExternalEngineAdapter, Fetched,
    GenerateRequest, Lookup, Output, Prepared, Task, TaskState,
};
use crate::{Result, VendorErrorKind};
use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A finished step of an adapter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// The name of the engine.
    pub engine: &'a str,
    /// The name of the trait method.
    pub step: &'static str,
    /// The duration of the step.
    pub took: Duration,
    /// The kind of failure, if the step failed. A poll that reports a failed task has failed.
    pub failed: Option<VendorErrorKind>,
}

/// The callback that receives every step.
pub type Observer = Arc<dyn Fn(Step<'_>) + Send + Sync>;

/// An adapter that reports each step's duration and failure to an observer.
pub struct Observed {
    inner: Arc<dyn ExternalEngineAdapter>,
    observer: Observer,
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observed").field(&self.inner).finish()
    }
}

impl Observed {
    /// Wraps an adapter with an observer.
    pub fn new(inner: Arc<dyn ExternalEngineAdapter>, observer: Observer) -> Self {
        Self { inner, observer }
    }

    fn watch<'a, T, F>(
        &'a self,
        step: &'static str,
        work: F,
        failure: fn(&T) -> Option<VendorErrorKind>,
    ) -> EngineFuture<'a, T>
    where
        T: Send + 'a,
        F: Future<Output = Result<T>> + Send + 'a,
    {
        Box::pin(async move {
            let begun = Instant::now();
            let outcome = work.await;
            let failed = match &outcome {
                Ok(done) => failure(done),
                Err(error) => Some(error.kind),
            };
            let engine = self.inner.name();
            (self.observer)(Step { engine, step, took: begun.elapsed(), failed });
            outcome
        })
    }
}

impl ExternalEngineAdapter for Observed {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn price_key(&self, request: &GenerateRequest) -> String {
        self.inner.price_key(request)
    }

    fn health_check(&self) -> EngineFuture<'_, EngineHealth> {
        self.watch("health_check", self.inner.health_check(), |_| None)
    }

    fn prepare<'a>(&'a self, request: &'a GenerateRequest) -> EngineFuture<'a, Prepared> {
        self.watch("prepare", self.inner.prepare(request), |_| None)
    }

    fn submit<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Task> {
        self.watch("submit", self.inner.submit(prepared), |_| None)
    }

    fn poll<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, TaskState> {
        self.watch("poll", self.inner.poll(task), |state| match state {
            TaskState::Failed(error) => Some(error.kind),
            _ => None,
        })
    }

    fn cancel<'a>(&'a self, task: &'a Task) -> EngineFuture<'a, Cancelled> {
        self.watch("cancel", self.inner.cancel(task), |_| None)
    }

    fn fetch<'a>(&'a self, output: &'a Output, to: &'a Path) -> EngineFuture<'a, Fetched> {
        self.watch("fetch", self.inner.fetch(output, to), |_| None)
    }

    fn lookup<'a>(&'a self, prepared: &'a Prepared) -> EngineFuture<'a, Lookup> {
        self.watch("lookup", self.inner.lookup(prepared), |_| None)
    }
}
