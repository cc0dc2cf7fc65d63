//! The engine's side of a purchase: the adapter that handles the call for one clip.

use super::{ClipUse, Engine, EngineManager, EngineSet, SceneOrder, price};
use crate::adapter::{ExternalEngineAdapter, GenerateRequest, Output, Prepared, Ratio, TaskState};
use crate::clip_check::{ClipChecker, Expectation};
use crate::picture_fit::{FitProblem, PictureFitter};
use crate::{Result, VendorError, VendorErrorKind};
use pytoon_purchase::{
    Answer, Answering, Cancelled, Fetched, LEASE, Lookup, Order, Seller, Task, Terms, Verdict,
    ledger_error,
};
use pytoon_records::ledger::{CallLimits, CallRow, Fence, KeptClip};
use pytoon_vocabulary::{CallId, MicroUsd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// The interval between checks of a busy engine, or of another process's purchase of the same clip.
const RECHECK: Duration = Duration::from_secs(1);
/// The folder for clips inside the storage folder.
const CLIPS: &str = "clips";

/// The seller of one clip: an engine and the request for it.
#[derive(Debug, Clone)]
pub(super) struct EngineSeller {
    engine: Engine,
    adapter: Arc<dyn ExternalEngineAdapter>,
    terms: Terms,
    request: GenerateRequest,
    /// The minimum length that the scene can use, in milliseconds.
    needed_ms: i64,
    /// The engine set, which also provides the engines of earlier calls.
    set: Arc<EngineSet>,
    checker: Arc<dyn ClipChecker>,
    fitter: Arc<dyn PictureFitter>,
}

impl Engine {
    /// Returns the adapter of the engine.
    ///
    /// # Errors
    /// Returns an error if the engine is disabled.
    pub(super) fn adapter(&self) -> Result<&Arc<dyn ExternalEngineAdapter>> {
        self.adapter.as_ref().ok_or_else(|| {
            VendorError::new(
                self.name.as_str(),
                "start",
                VendorErrorKind::Cooling,
                "it is disabled: set `enabled: true` in engine.yaml",
            )
        })
    }

    fn terms(&self, fence: Option<&Fence>) -> Result<Terms> {
        let (config, price) = (&self.config, &self.config.price);
        let lookup_settles = self.adapter()?.capabilities().lookup_settles;
        let unanswered = |fence: &Fence| u64::try_from(fence.unanswered_ms).unwrap_or_default();
        Ok(Terms {
            answering: Answering::ByTask { lookup_settles },
            intent_lease: fence.map_or(LEASE, |fence| Duration::from_millis(unanswered(fence))),
            patience: Duration::from_secs(config.timeout_seconds),
            stall: Duration::from_secs(config.stall_seconds),
            poll_interval: Duration::from_millis(config.poll_interval_ms),
            recheck: RECHECK,
            backoff: config.backoff.clone(),
            refusal_charged: price.refusal_charged,
            cancel_charged: price.cancel_charged,
        })
    }
}

impl EngineManager {
    /// Returns the seller of a clip by this engine.
    pub(super) fn seller(
        &self,
        engine: Engine,
        request: GenerateRequest,
        needed_ms: i64,
        fence: Option<&Fence>,
    ) -> Result<EngineSeller> {
        Ok(EngineSeller {
            adapter: engine.adapter()?.clone(),
            terms: engine.terms(fence)?,
            engine,
            request,
            needed_ms,
            set: self.engines(),
            checker: self.checker.clone(),
            fitter: self.fitter.clone(),
        })
    }

    /// Returns the seller that handles an earlier call; `None` if its engine can no longer be used.
    pub(super) fn seller_of(&self, row: &CallRow) -> Option<EngineSeller> {
        let engine = self.engines().adapter_for(row).ok()?;
        self.seller(engine, earlier_request(row), 0, None).ok()
    }

    /// Returns the purchase order for a scene's clip from an engine.
    pub(super) fn order(
        &self,
        scene: &SceneOrder,
        engine: &Engine,
        request: &GenerateRequest,
        hash: &str,
        fence: Option<&Fence>,
    ) -> Order {
        let price_key = engine.adapter.as_ref().map(|adapter| adapter.price_key(request));
        let price_key = price_key.unwrap_or_default();
        Order {
            job_id: scene.job_id.clone(),
            scene_id: scene.scene_id.clone(),
            vendor: engine.name.to_string(),
            operation: "buy a clip",
            request_hash: hash.to_owned(),
            prompt: request.prompt.clone(),
            key_id: engine.key_id(),
            caller: None,
            pinned: serde_json::to_value(&engine.config).unwrap_or_default(),
            estimated: price(&engine.config.price, &price_key, request.duration_ms),
            limits: self.limits(scene, engine),
            fence: fence.cloned(),
            deadline: scene.deadline,
        }
    }

    fn limits(&self, scene: &SceneOrder, engine: &Engine) -> CallLimits {
        let budget = &self.engines().settings.budget;
        let usd = |value: Option<f64>| value.map(MicroUsd::from_usd);
        CallLimits {
            job_budget: scene.job_budget.or(usd(budget.per_job_usd)),
            day_budget: usd(budget.per_day_usd),
            key_budget: usd(budget.per_key_usd),
            max_concurrent: Some(engine.config.max_concurrent),
            requests_per_minute: engine.config.requests_per_minute,
        }
    }
}

/// Reconstructs the purchase order of a call from its row.
pub(super) fn order_of(row: &CallRow) -> Order {
    Order {
        job_id: row.job_id.clone(),
        scene_id: row.scene_id.clone(),
        vendor: row.engine.clone(),
        operation: "buy a clip",
        request_hash: row.request_hash.clone(),
        prompt: row.prompt.clone(),
        key_id: row.key_id.clone(),
        pinned: row.pinned.clone(),
        estimated: row.estimated,
        ..Order::default()
    }
}

/// Returns a request with the id and the prompt of an earlier call, by which its vendor identifies it.
pub(super) fn earlier_request(row: &CallRow) -> GenerateRequest {
    GenerateRequest {
        call_id: row.id.clone(),
        prompt: row.prompt.clone(),
        ratio: Ratio { width: 0, height: 0 },
        ..GenerateRequest::default()
    }
}

impl Seller for EngineSeller {
    type Prepared = Prepared;
    type Output = Output;
    type Goods = ClipUse;

    fn terms(&self) -> &Terms {
        &self.terms
    }

    fn answering_for(&self, row: &CallRow) -> Result<Self> {
        let engine = pinned_engine(&self.set, row)?;
        let terms = Terms { intent_lease: self.terms.intent_lease, ..engine.terms(None)? };
        let adapter = engine.adapter()?.clone();
        Ok(Self { adapter, terms, engine, ..self.clone() })
    }

    /// Crops the picture to the aspect ratio of the clip, then prepares the request. Without the crop, a vendor would
    /// crop the picture in the middle or return a clip with the picture's aspect ratio.
    async fn prepare(&self, call_id: &CallId) -> Result<Prepared> {
        let request = GenerateRequest { call_id: call_id.clone(), ..self.request.clone() };
        let Some(picture) = request.image.clone() else {
            return self.adapter.prepare(&request).await;
        };
        let fitted = self.fitter.fit(picture.clone(), request.ratio).await.map_err(|problem| {
            let (kind, reason) = match problem {
                FitProblem::Picture(reason) => (VendorErrorKind::Unsupported, reason),
                FitProblem::Machine(reason) => (VendorErrorKind::Ledger, reason),
            };
            VendorError::new(self.engine.name.as_str(), "prepare the picture", kind, reason)
        })?;
        let with = |image: PathBuf| GenerateRequest { image: Some(image), ..request.clone() };
        let prepared = self.adapter.prepare(&with(fitted.path().to_owned())).await?;
        // The stored request names the customer's own file.
        Ok(Prepared { request: with(picture), ..prepared })
    }

    async fn submit(&self, prepared: &Prepared) -> Result<Answer<Output>> {
        self.adapter.submit(prepared).await.map(Answer::Task)
    }

    async fn poll(&self, task: &Task) -> Result<TaskState> {
        self.adapter.poll(task).await
    }

    async fn look_up(&self, row: &CallRow) -> Result<Lookup> {
        let prepared = Prepared { request: earlier_request(row), ..Prepared::default() };
        self.adapter.lookup(&prepared).await
    }

    async fn cancel(&self, task: &Task) -> Result<Cancelled> {
        self.adapter.cancel(task).await
    }

    fn file(&self, row: &CallRow) -> String {
        format!("{CLIPS}/{}.mp4", row.id)
    }

    async fn fetch(&self, output: &Output, path: &Path) -> Result<Fetched> {
        self.adapter.fetch(output, path).await
    }

    async fn check(&self, path: &Path) -> Result<Verdict> {
        let wanted = Expectation {
            asked_ms: self.engine.request_duration_ms(self.needed_ms, self.request.image.is_some()),
            needed_ms: self.needed_ms,
            is_stock: self.adapter.capabilities().is_stock,
        };
        let checked = self.checker.check(path.to_owned(), wanted).await;
        checked.map_err(|error| ledger_error(self.engine.name.as_str(), &error))
    }

    fn open(&self, kept: Option<&KeptClip>, path: &Path) -> std::io::Result<Option<ClipUse>> {
        let file = std::fs::metadata(path)?;
        let kept = kept.filter(|_| file.is_file() && file.len() > 0);
        Ok(kept.map(|kept| ClipUse {
            engine: kept.engine.as_str().into(),
            path: path.to_owned(),
            duration_ms: kept.duration_ms,
            call_id: kept.call_id.clone(),
            credit: kept.credit.clone(),
            reused: true,
        }))
    }

    fn at_hand(&self, _: Output) -> Option<ClipUse> {
        None
    }
}

/// Returns the engine as configured at the time of the purchase, with the API key that paid for the clip or,
/// if that key is gone, another key of the engine.
pub(super) fn pinned_engine(set: &EngineSet, row: &CallRow) -> Result<Engine> {
    set.adapter_for(row).map_err(|reason| {
        VendorError::new(&row.engine, "resume a paid call", VendorErrorKind::Undecided, reason)
    })
}
