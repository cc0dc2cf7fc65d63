//! An engine's attempt at a scene: the breaker, the prompt, the calls, and the handling of failures.

use super::engine_seller::{earlier_request, order_of, pinned_engine};
use super::slices::Walk;
use super::{ClipUse, EngineManager, SceneOrder};
use crate::adapter::{GenerateRequest, PromptUnit, not_offered};
use crate::engine_adapters::common;
use crate::engine_manager::Engine;
use crate::moderation::{Hit, rephrase, screen};
use crate::{Result, VendorError, VendorErrorKind};
use pytoon_purchase::{Obtained, Order, Stop, ledger_error, pause_before_retry};
use pytoon_records::ledger::{BreakerRow, CallRow};
use pytoon_telemetry::{Breaker, Event, Metrics};
use pytoon_vendor::breaker::Advice;
use pytoon_vendor::breakers::{self, Breakers, Passage};
use pytoon_vendor::hash::{bytes_hash, file_hash};
use pytoon_vocabulary::{CallId, EngineName};
use std::collections::HashSet;

/// The result of obtaining a scene's clip.
pub(super) type Drawn = Obtained<ClipUse>;

impl EngineManager {
    /// Tries one engine, or resumes the attempt of an earlier slice of the chain run. Obtains the clip, retries
    /// failed calls, and rephrases a rejected prompt. The caller may pass the engine's breaker row.
    pub(super) async fn attempt(
        &self,
        order: &SceneOrder,
        member: &EngineName,
        walk: &mut Walk,
        fresh: &HashSet<String>,
        breaker: Option<BreakerRow>,
    ) -> Result<Drawn, Stop> {
        let name = member.as_str();
        let is_clean = walk.current(member, self.buyer.world.now()).is_clean;
        let mut own = walk.own.take();
        let set = self.engines();
        let engine = match &own {
            // Paid work continues even if its engine has been switched off or cools down; a cancel is forwarded to
            // its vendor.
            Some(row) => pinned_engine(&set, row)?,
            None => {
                self.buyer.check_cancel(name)?;
                let usable = set.get(name).filter(|e| e.config.enabled && e.has_key());
                usable.cloned().ok_or_else(|| {
                    let message = match set.get(name) {
                        Some(engine) if engine.config.enabled => {
                            "its API key was removed after the scene was planned"
                        }
                        _ => "it was disabled after the scene was planned",
                    };
                    VendorError::new(name, "start", VendorErrorKind::Cooling, message)
                })?
            }
        };
        let engine = &engine;
        let mut is_clean = match is_clean {
            // The breaker let it through before the walk paused.
            Some(is_clean) => is_clean,
            None => self.pass_breaker(name, breaker).await?,
        };
        let max_rephrase = set.settings.moderation.max_rephrase_attempts;
        loop {
            walk.current(member, self.buyer.world.now()).is_clean = Some(is_clean);
            let result = match own.take() {
                Some(row) => self.go_on_with_own(order, engine, &row, walk).await,
                None => self.one_clip(order, engine, walk, fresh).await,
            };
            let result = match result {
                Ok(done) => Ok(done),
                Err(Stop::Failed(error)) if error.kind != VendorErrorKind::Ledger => Err(error),
                // A stop says nothing about the engine, and the try is not over.
                Err(stop) => return Err(stop),
            };
            walk.memo.purchase.place_until = None;
            let now = self.buyer.world.now();
            let current = walk.current(member, now);
            let latency_ms = (now - current.try_began).max(0) as u64;
            current.try_began = now;
            self.note_result(order, name, &result, latency_ms);
            let error = match result {
                Ok(done) => {
                    // A breaker without failures has nothing to reset.
                    if !done.reused && !is_clean {
                        self.breakers().record_success(name, name).await;
                    }
                    return Ok(done);
                }
                Err(error) => error,
            };
            if error.kind == VendorErrorKind::Moderation && current.rephrased < max_rephrase {
                current.rephrased += 1;
                let attempt = current.rephrased;
                let scene = order.scene_id.as_str();
                Event::ModerationRephrased { scene, engine: name, attempt }.emit();
                let milder = rephrase(walk.prompt(), attempt);
                match screen(&milder, &set.settings.moderation, order.brand_safe).prompt {
                    Some(next) => walk.memo.prompt = Some(next),
                    None => return Err(error.into()),
                }
                continue;
            }
            let tries = current.tries;
            self.breaker_failure(engine, &error).await;
            let chance = self.buyer.world.chance();
            match pause_before_retry(&engine.config.backoff, &error, tries, chance) {
                Some(pause) => self.buyer.pause(name, pause).await?,
                None => return Err(error.into()),
            }
            is_clean = self.pass_breaker(name, None).await.map_err(|_| error)?;
            let now = self.buyer.world.now();
            let current = walk.current(member, now);
            current.tries += 1;
            current.try_began = now;
        }
    }

    /// Obtains the clip for a prompt: a stored clip, one in progress, or a new purchase.
    async fn one_clip(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        walk: &mut Walk,
        fresh: &HashSet<String>,
    ) -> Result<Drawn, Stop> {
        let request = self.request(order, engine, walk.prompt())?;
        let hash = request_hash(engine, &request)?;
        let fence = walk.fence.as_ref();
        let own = self.order(order, engine, &request, &hash, fence);
        let seller = self.seller(engine.clone(), request, order.needed_ms, fence)?;
        let is_fresh = fresh.contains(&hash);
        let memo = &mut walk.memo.purchase;
        self.buyer.obtain(&own, &seller, memo, is_fresh).await
    }

    /// Resumes a task that an earlier slice of the same chain run purchased. Returns its outcome as if the run had
    /// never paused.
    async fn go_on_with_own(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        row: &CallRow,
        walk: &mut Walk,
    ) -> Result<Drawn, Stop> {
        let request = earlier_request(row);
        let seller = self.seller(engine.clone(), request, order.needed_ms, walk.fence.as_ref())?;
        let own = Order { deadline: order.deadline, ..order_of(row) };
        self.buyer.follow(&own, &seller, row, &mut walk.memo.purchase).await
    }

    /// Builds the request for an engine: the truncated prompt, an offered length and ratio. The purchase sets the id
    /// of its call.
    pub(super) fn request(
        &self,
        order: &SceneOrder,
        engine: &Engine,
        prompt: &str,
    ) -> Result<GenerateRequest> {
        let adapter = engine.adapter()?;
        let capabilities = adapter.capabilities();
        let offer = capabilities.offer(order.image.is_some()).ok_or_else(|| {
            let (kind, message) =
                (VendorErrorKind::Unsupported, not_offered(order.image.is_some()));
            VendorError::new(engine.name.as_str(), common::PREPARE, kind, message)
        })?;
        Ok(GenerateRequest {
            call_id: CallId::default(),
            prompt: truncate_prompt(prompt, capabilities.prompt_unit, capabilities.max_prompt),
            negative_prompt: order.negative_prompt.clone(),
            image: order.image.clone(),
            duration_ms: offer.durations.cover(order.needed_ms),
            ratio: offer.nearest(order.ratio),
            seed: order.seed,
        })
    }

    fn note_result(&self, order: &SceneOrder, name: &str, result: &Result<Drawn>, latency_ms: u64) {
        use VendorErrorKind as K;
        let (job, scene, engine) = (order.job_id.as_str(), order.scene_id.as_str(), name);
        let (result, kind, charged) = match result {
            // The engine was not called.
            Ok(drawn) if drawn.reused => return,
            Ok(drawn) => ("success", "", drawn.charged),
            Err(error) => {
                let result = match error.kind {
                    K::Cooling | K::Budget | K::Deadline | K::Undecided => return,
                    K::Unsupported | K::Cancelled | K::Ledger | K::Internal => return,
                    K::Moderation => {
                        let (action, detail) = ("refused", error.message.as_str());
                        Event::ModerationFlagged { scene, source: name, action, detail }.emit();
                        "moderation"
                    }
                    K::Timeout => "timeout",
                    _ => "failure",
                };
                (result, error.kind.as_str(), error.charged.unwrap_or_default())
            }
        };
        let charged_usd = charged.as_usd();
        Event::EngineInvocation { job, scene, engine, result, kind, latency_ms, charged_usd }
            .emit();
    }

    /// Screens the prompt of a scene with the word lists and the moderation service, and logs the matches. Returns
    /// the prompt to send; `None` if it must not be sent.
    pub(super) async fn screen_prompt(&self, order: &SceneOrder) -> Option<String> {
        let in_force = self.in_force();
        let settings = &in_force.engines.settings.moderation;
        let screened = screen(&order.prompt, settings, order.brand_safe);
        let scene = order.scene_id.as_str();
        let action = if screened.prompt.is_some() { "removed" } else { "stopped" };
        for Hit { source, word } in &screened.hits {
            Event::ModerationFlagged { scene, source, action, detail: word }.emit();
        }
        let prompt = screened.prompt?;
        let Some(service) = &in_force.moderation else { return Some(prompt) };
        match service.flagged_categories(&prompt).await {
            Ok(None) => Some(prompt),
            Ok(Some(categories)) => {
                let (source, action, detail) = ("service", "stopped", &categories);
                Event::ModerationFlagged { scene, source, action, detail }.emit();
                None
            }
            Err(error) => {
                // The service is an additional check: without it the word lists still apply.
                Event::Warning {
                    detail: &format!("the moderation service was skipped for a prompt: {error}"),
                }
                .emit();
                Some(prompt)
            }
        }
    }

    fn breakers(&self) -> Breakers {
        let (store, world) = (self.buyer.ledger.clone(), self.buyer.world.clone());
        Breakers { store, world, show: Metrics::breaker, advice }
    }

    /// Returns an error if the engine's breaker is open or another process is probing it. Otherwise returns true if
    /// the breaker has no failures on record. Reads the row unless the caller passes a fresh one.
    async fn pass_breaker(&self, name: &str, known: Option<BreakerRow>) -> Result<bool> {
        let passage = self.breakers().pass(name, known).await;
        let passage = passage.map_err(|failed| ledger_error(name, &failed.source))?;
        match passage {
            Passage::Clean | Passage::Counting => Metrics::breaker(name, Breaker::Closed),
            Passage::Probing => Metrics::breaker(name, Breaker::HalfOpen),
            Passage::Cooling { .. } | Passage::SwitchedOff { .. } => {
                Metrics::breaker(name, Breaker::Open);
            }
            Passage::Contended => {}
        }
        match breakers::refusal(name, "start", &passage) {
            Some(error) => Err(error),
            None => Ok(passage == Passage::Clean),
        }
    }

    /// Returns the row of a breaker. If it cannot be read, logs the error and returns `None`: a breaker only avoids
    /// calls that would fail, and no film depends on it.
    pub(super) async fn breaker_row(&self, name: &str) -> Option<BreakerRow> {
        self.breakers().row(name).await.inspect_err(|failed| failed.log(name)).ok()
    }

    /// Records an engine's failure in its breaker.
    pub(super) async fn breaker_failure(&self, engine: &Engine, error: &VendorError) {
        let (name, settings) = (engine.name.as_str(), &engine.config.breaker);
        self.breakers().record_failure(name, name, error.kind, error.retry_after, settings).await;
    }
}

/// Returns the advice for the operator that is logged when an engine's breaker opens; empty if waiting is enough.
fn advice(advice: Advice) -> &'static str {
    match advice {
        Advice::Key => {
            "the key is wrong or lacks permission: put a valid one into .env and restart"
        }
        Advice::Account => "the account is empty or over its quota: top it up with the provider",
        Advice::FewerRequests => {
            "reduce max_concurrent or requests_per_minute in engine.yaml if this persists"
        }
        Advice::FewerAtOnce => "reduce max_concurrent in engine.yaml if this persists",
        Advice::Wait => "",
    }
}

/// Returns the hash of a purchase: the engine, its options, the request and the content of the picture.
/// Requests with equal hashes are the same purchase.
pub(super) fn request_hash(engine: &Engine, request: &GenerateRequest) -> Result<String> {
    let hashed = request.image.as_ref().map(|path| {
        file_hash(path).map_err(|error| {
            VendorError::of_file(engine.name.as_str(), "read the picture", path.display(), &error)
        })
    });
    let image = hashed.transpose()?;
    let what = serde_json::json!({
        "engine": engine.name,
        "kind": engine.config.kind(engine.name.as_str()),
        "options": engine.config.options,
        "prompt": request.prompt,
        "negative": request.negative_prompt,
        "image": image,
        "duration_ms": request.duration_ms,
        "ratio": [request.ratio.width, request.ratio.height],
        "seed": request.seed,
    });
    Ok(bytes_hash(what.to_string().as_bytes()))
}

/// Truncates a prompt to a vendor's limit, between words if possible.
fn truncate_prompt(prompt: &str, unit: PromptUnit, limit: usize) -> String {
    if unit.count(prompt) <= limit {
        return prompt.to_owned();
    }
    let mut out = String::new();
    for word in prompt.split_inclusive(char::is_whitespace) {
        if unit.count(&out) + unit.count(word.trim_end()) > limit {
            break;
        }
        out.push_str(word);
    }
    let cut = out.trim_end().to_owned();
    if !cut.is_empty() {
        return cut;
    }
    // One long word: cut between characters.
    let ends = prompt.char_indices().map(|(start, c)| &prompt[..start + c.len_utf8()]);
    ends.take_while(|begun| unit.count(begun) <= limit).last().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompts_are_cut_between_words_within_the_vendors_unit() {
        assert_eq!(truncate_prompt("a cup of tea", PromptUnit::Chars, 8), "a cup of");
        assert_eq!(truncate_prompt("a cup of tea", PromptUnit::Chars, 12), "a cup of tea");
        assert_eq!(truncate_prompt("😀😀😀", PromptUnit::Utf16, 5), "😀😀");
    }
}
