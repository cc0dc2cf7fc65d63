//! Caches results that are measured or extracted from films.
//!
//! Guarantees: a result is computed once, however many requests wait for it, also if the first of them is dropped;
//! the cached results have a bounded size; a failure is not cached.

use crate::problem::Problem;
use axum::http::StatusCode;
use bytes::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use tracing::Instrument;

/// The maximum size of all cached results together, in bytes.
const MAX_BYTES: usize = 32 << 20;
/// The maximum size of one cached result, in bytes. A larger one is returned and not cached.
const MAX_RESULT: usize = 4 << 20;

/// The cached results of one process.
#[derive(Debug, Clone, Default)]
pub struct FilmCache(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    /// The results with their keys; the most recently used one comes last.
    results: VecDeque<(String, Bytes)>,
    /// The size of all results and keys together, in bytes.
    size: usize,
    /// The results that are being computed.
    running: HashMap<String, Arc<OnceCell<Bytes>>>,
}

impl FilmCache {
    /// Returns the cached result of a key. If there is none, waits for `compute`, which another request may have
    /// started, and caches its result.
    pub(crate) async fn get_or_compute(
        &self,
        key: String,
        compute: impl Future<Output = Result<Bytes, Problem>> + Send + 'static,
    ) -> Result<Bytes, Problem> {
        let cell = {
            let mut inner = self.inner();
            if let Some(result) = inner.find(&key) {
                return Ok(result);
            }
            inner.running.entry(key.clone()).or_default().clone()
        };
        let cache = self.clone();
        // A task of its own: it continues if the request times out or its client disconnects.
        let computing = async move {
            let result = cell.get_or_try_init(|| compute).await.cloned();
            cache.inner().finish(key, &cell, result.as_ref().ok());
            result
        };
        let computed = tokio::spawn(computing.in_current_span()).await;
        computed.map_err(|error| {
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", error.to_string())
        })?
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Returns a cached result and marks it as the most recently used one.
    fn find(&mut self, key: &str) -> Option<Bytes> {
        let at = self.results.iter().position(|(known, _)| known == key)?;
        let found = self.results.remove(at)?;
        let result = found.1.clone();
        self.results.push_back(found);
        Some(result)
    }

    /// Ends a computation. Caches its result, and removes the least recently used results that have no space left.
    fn finish(&mut self, key: String, cell: &Arc<OnceCell<Bytes>>, result: Option<&Bytes>) {
        if self.running.get(&key).is_some_and(|running| Arc::ptr_eq(running, cell)) {
            self.running.remove(&key);
        }
        let Some(result) = result.filter(|result| result.len() <= MAX_RESULT) else { return };
        if self.find(&key).is_some() {
            return;
        }
        self.size += key.len() + result.len();
        self.results.push_back((key, result.clone()));
        while self.size > MAX_BYTES
            && let Some((key, result)) = self.results.pop_front()
        {
            self.size -= key.len() + result.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    async fn count(calls: Arc<AtomicUsize>, size: usize) -> Result<Bytes, Problem> {
        calls.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(Bytes::from(vec![7; size]))
    }

    #[tokio::test]
    async fn requests_for_one_result_share_its_computation() {
        let (cache, calls) = (FilmCache::default(), Arc::new(AtomicUsize::new(0)));
        let get = || cache.get_or_compute("a".to_owned(), count(calls.clone(), 3));
        // The first request is dropped while the result is computed.
        tokio::select! {
            _ = get() => panic!("the computation takes longer"),
            () = tokio::time::sleep(Duration::from_millis(5)) => {}
        }
        let (one, two) = tokio::join!(get(), get());
        assert_eq!((one.expect("a result").len(), two.expect("a result").len()), (3, 3));
        get().await.expect("a result");
        assert_eq!(calls.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_failure_is_not_cached() {
        let cache = FilmCache::default();
        let fail = async { Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "later")) };
        cache.get_or_compute("a".to_owned(), fail).await.expect_err("it fails");
        let found = cache.get_or_compute("a".to_owned(), async { Ok(Bytes::from("x")) }).await;
        assert_eq!(found.expect("a result"), "x");
        assert!(cache.inner().running.is_empty());
    }

    #[tokio::test]
    async fn the_least_recently_used_result_goes_first() {
        let (cache, calls) = (FilmCache::default(), Arc::new(AtomicUsize::new(0)));
        let get =
            |key: &str| cache.get_or_compute(key.to_owned(), count(calls.clone(), MAX_RESULT));
        for key in ["0", "1", "2", "3", "4", "5", "6", "0", "7"] {
            get(key).await.expect("a result");
        }
        assert_eq!(calls.load(Ordering::SeqCst), 8);
        assert!(cache.inner().size <= MAX_BYTES);
        get("0").await.expect("a result");
        assert_eq!(calls.load(Ordering::SeqCst), 8, "it was used recently");
        get("1").await.expect("a result");
        assert_eq!(calls.load(Ordering::SeqCst), 9, "it was not");
    }
}
