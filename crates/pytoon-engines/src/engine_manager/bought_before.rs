//! Clips of a scene that were purchased before: stored clips, and tasks that an earlier process left in progress.

use super::attempt::{Drawn, request_hash};
use super::engine_seller::order_of;
use super::slices::Walk;
use super::{Engine, EngineManager, EngineSet, SceneOrder};
use crate::Result;
use crate::adapter::GenerateRequest;
use crate::moderation::screen;
use pytoon_purchase::{Stop, ledger_error};
use pytoon_records::ledger::{BreakerRow, CallFilter, CallState, StoreError};
use pytoon_vocabulary::{JobId, MicroUsd};
use std::collections::{BTreeMap, HashSet};

/// The result of searching the ledger before a purchase.
#[derive(Default)]
pub(super) struct Earlier {
    /// The clip that an earlier purchase delivers, if there is one.
    pub(super) drawn: Option<Drawn>,
    /// Hashes of requests that the ledger does not contain. They can be purchased without another look-up, since the
    /// ledger admits each only once.
    pub(super) fresh: HashSet<String>,
    /// The current breaker rows by engine; `None` if they must be read again.
    pub(super) breakers: Option<BTreeMap<String, BreakerRow>>,
}

/// An engine of the chain and the request that it would receive.
struct Candidate<'a> {
    engine: &'a Engine,
    request: GenerateRequest,
    hash: String,
}

impl EngineManager {
    /// Returns the engines of the chain that have not failed in this run and can take the request, each with its
    /// request. With `asks_anew`, considers only the first engine.
    fn candidates<'a>(
        &self,
        set: &'a EngineSet,
        order: &SceneOrder,
        walk: &Walk,
        prompt: &str,
    ) -> Result<Vec<Candidate<'a>>> {
        let mut wanted = Vec::new();
        let members = order.chain.members.iter().filter(|m| !walk.is_past(&m.engine));
        let members = members.take(if order.asks_anew { 1 } else { usize::MAX });
        for engine in members.filter_map(|m| set.get(m.engine.as_str())) {
            // An engine that lost its adapter has no request to compare.
            let Ok(request) = self.request(order, engine, prompt) else { continue };
            let hash = request_hash(engine, &request)?;
            wanted.push(Candidate { engine, request, hash });
        }
        Ok(wanted)
    }

    /// Returns the expected cost of a scene's clip and the key that identifies the clip; `None` if a request for it
    /// is already paid for or rejected, the scene has another clip that is paid for, or no external engine can be used.
    pub async fn foreseen_cost(&self, order: &SceneOrder) -> Result<Option<(String, MicroUsd)>> {
        let due = self.cost_of_request(order).await?;
        Ok(if self.was_bought_for(order, None).await? { None } else { due })
    }

    /// Returns the expected cost of a scene's clip and the key that identifies the clip; `None` if exactly this clip is
    /// already paid for or rejected, or no external engine can be used.
    pub async fn cost_of_request(&self, order: &SceneOrder) -> Result<Option<(String, MicroUsd)>> {
        let Some(first) = order.chain.first_available() else { return Ok(None) };
        let set = self.engines();
        let screened = screen(&order.prompt, &set.settings.moderation, order.brand_safe).prompt;
        let prompt = screened.unwrap_or_else(|| order.prompt.clone());
        let wanted = self.candidates(&set, order, &Walk::default(), &prompt)?;
        let own = wanted.iter().find(|wanted| wanted.engine.name == first.engine);
        let clip = own.map_or_else(|| order.scene_id.to_string(), |wanted| wanted.hash.clone());
        let hashes = wanted.into_iter().map(|wanted| wanted.hash).collect();
        let history = self.buyer.ledger.history(&order.job_id, &order.scene_id, hashes).await;
        let history = history.map_err(|error| ledger_error(order.chain.first(), &error))?;
        Ok(history.taken.is_empty().then_some((clip, first.estimate)))
    }

    /// Searches the ledger for a paid clip that an engine of the chain has delivered or is working on, and
    /// resumes a task in progress. Breakers and budgets do not apply to clips that are already paid for. Also
    /// returns the requests that can be purchased without another look-up, and the breakers.
    pub(super) async fn already_paid(
        &self,
        order: &SceneOrder,
        walk: &mut Walk,
    ) -> Result<Earlier, Stop> {
        let set = self.engines();
        let mut wanted = self.candidates(&set, order, walk, walk.prompt())?;
        let hashes: Vec<String> = wanted.iter().map(|wanted| wanted.hash.clone()).collect();
        let ledger = &self.buyer.ledger;
        let history = ledger.history(&order.job_id, &order.scene_id, hashes.clone()).await;
        let history = history.map_err(|error| ledger_error(order.chain.first(), &error))?;
        if history.has_intent
            && let Some(first) = wanted.first()
        {
            let own = self.order(order, first.engine, &first.request, &first.hash, None);
            self.buyer.settle_intents(&own, |row| self.seller_of(row)).await?;
        }
        let fresh = hashes.into_iter().filter(|hash| !history.taken.contains(hash)).collect();
        let mut earlier = Earlier { drawn: None, fresh, breakers: Some(history.breakers) };
        wanted.retain(|wanted| history.taken.contains(&wanted.hash));
        if order.only_own {
            for one in std::mem::take(&mut wanted) {
                let is_first = one.engine.name == order.chain.first();
                if is_first || self.was_bought_for(order, Some(&one.hash)).await? {
                    wanted.push(one);
                }
            }
        }
        let fence = walk.fence.clone();
        let mut purchases = Vec::new();
        for Candidate { engine, request, hash } in wanted {
            let own = self.order(order, engine, &request, &hash, fence.as_ref());
            let seller = self.seller(engine.clone(), request, order.needed_ms, fence.as_ref())?;
            if let Some(goods) = self.buyer.find_kept(&own, &seller).await? {
                earlier.drawn = Some(Drawn { goods, charged: MicroUsd::ZERO, reused: true });
                return Ok(earlier);
            }
            purchases.push((engine, own, seller));
        }
        for (engine, own, seller) in &purchases {
            match self.buyer.resume(own, seller, &mut walk.memo.purchase).await {
                Ok(None) => {}
                Ok(Some(obtained)) => {
                    earlier.drawn = Some(obtained);
                    return Ok(earlier);
                }
                // Its row records the outcome; the chain continues.
                Err(Stop::Failed(error)) if !error.ends_the_walk() => {
                    self.breaker_failure(engine, &error).await;
                }
                Err(stop) => return Err(stop),
            }
        }
        if !purchases.is_empty() {
            // That took time: other processes may have recorded failures meanwhile.
            earlier.breakers = None;
        }
        Ok(earlier)
    }

    /// Returns true if the ledger lists a clip for this scene that is stored, in progress, or abandoned by its
    /// process. `hash` restricts the search to one request.
    async fn was_bought_for(&self, order: &SceneOrder, hash: Option<&str>) -> Result<bool> {
        let filter = CallFilter {
            job_id: Some(order.job_id.clone()),
            scene_id: Some(order.scene_id.clone()),
            request_hash: hash.map(str::to_owned),
            states: vec![CallState::Kept, CallState::Submitted, CallState::Abandoned],
            limit: 1,
            ..CallFilter::default()
        };
        let rows = self.buyer.ledger.call_list(filter).await;
        let rows = rows.map_err(|error| ledger_error(order.chain.first(), &error))?;
        Ok(!rows.is_empty())
    }

    /// Resumes the calls of a job whose previous process is dead. Calls without a reply become unknown at once. The
    /// caller must keep every other process out of the job.
    pub async fn take_over_job(&self, job_id: &JobId) -> Result<(), StoreError> {
        self.buyer.take_over_job(job_id).await
    }

    /// Asks the vendors to cancel all work in progress for a job.
    pub async fn cancel_job(&self, job_id: &JobId) -> Result<(), StoreError> {
        let purchase_of = |row: &_| Some((order_of(row), self.seller_of(row)?));
        self.buyer.cancel_job(job_id, purchase_of).await
    }
}
