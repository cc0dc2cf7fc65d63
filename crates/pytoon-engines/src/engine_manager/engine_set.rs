//! The engines of one configuration, ready for calls. The set is replaced as a whole when the configuration changes,
//! so that no caller sees a partial edit.

use crate::adapter::{ExternalEngineAdapter, GenerateRequest, Offer, Ratio};
use crate::breaker::{self, BreakerState};
use crate::engine_adapters::{self, AdapterParts};
use crate::engine_selector::EngineFacts;
use crate::http::VendorHttp;
use crate::layers::observed::{Observed, Step};
use pytoon_config::engines::{EngineConfig, EngineSettings, PriceTable};
use pytoon_config::model_ends::{self, ModelEnd};
use pytoon_config::secrets::{Key, Secrets};
use pytoon_config::{ConfigError, Origin};
use pytoon_records::ledger::{BreakerRow, CallRow};
use pytoon_telemetry::Metrics;
use pytoon_vendor::breakers::switched_off_text;
use pytoon_vocabulary::{EngineName, MicroUsd, UnixMs};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A configured engine.
#[derive(Debug, Clone)]
pub struct Engine {
    /// The name of the engine.
    pub name: EngineName,
    /// The configuration block of the engine.
    pub config: EngineConfig,
    /// The API key of the engine, if it has one.
    pub key: Option<Key>,
    /// The adapter of the engine; `None` if the engine is disabled.
    pub adapter: Option<Arc<dyn ExternalEngineAdapter>>,
}

/// All engines of one configuration.
#[derive(Debug, Clone)]
pub struct EngineSet {
    /// The engine settings of the configuration.
    pub settings: EngineSettings,
    engines: BTreeMap<EngineName, Engine>,
    secrets: Secrets,
    model_ends: Vec<ModelEnd>,
}

impl EngineSet {
    /// Builds all engines; a disabled one gets no adapter. Returns an error with the location of an invalid value.
    pub fn build(
        settings: EngineSettings,
        at: &Origin,
        secrets: Secrets,
    ) -> Result<Self, ConfigError> {
        let mut engines = BTreeMap::new();
        for (name, config) in &settings.engines.external {
            let key = secrets.find(&config.key_env)?;
            if let Some(key) = &key {
                pytoon_telemetry::register_secret(key.secret.expose_secret());
            }
            let adapter = config.enabled.then(|| adapter(name, config, key.as_ref()));
            let adapter = adapter.transpose().map_err(|(field, reason)| {
                at.error(&format!("v2.engines.{name}.{field}"), reason)
            })?;
            let engine =
                Engine { name: name.as_str().into(), config: config.clone(), key, adapter };
            engines.insert(engine.name.clone(), engine);
        }
        Ok(Self { settings, engines, secrets, model_ends: Vec::new() })
    }

    /// Sets the announced retirements of models. Health checks warn of them.
    pub fn with_model_ends(mut self, model_ends: &[ModelEnd]) -> Self {
        self.model_ends = model_ends.to_vec();
        self
    }

    /// Returns warnings about the engine's models that their vendor retires soon or has retired.
    pub(super) fn model_end_warnings(&self, engine: &Engine, now: UnixMs) -> Vec<String> {
        let ends =
            model_ends::ends_of_engine(&self.model_ends, engine.name.as_str(), &engine.config);
        let soon = ends.filter_map(|(_, end)| {
            let days = end.days_from(now).filter(|days| *days <= model_ends::WARNED_OF_DAYS)?;
            let shuts = if days < 0 { "shut" } else { "shuts" };
            Some(format!("its vendor {shuts} the model {} down on {}", end.model, end.on))
        });
        soon.collect()
    }

    /// Returns an engine by name; `None` if there is none.
    pub fn get(&self, name: &str) -> Option<&Engine> {
        self.engines.get(name)
    }

    /// Returns the API keys that this process may use.
    pub(crate) fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Inserts an engine that uses the caller's adapter and no API key. Replaces an engine of the same name.
    pub fn insert(
        &mut self,
        name: &str,
        config: EngineConfig,
        adapter: Arc<dyn ExternalEngineAdapter>,
    ) {
        self.settings.engines.external.insert(name.to_owned(), config.clone());
        let engine = Engine { name: name.into(), config, key: None, adapter: Some(adapter) };
        self.engines.insert(engine.name.clone(), engine);
    }

    /// Returns all engines.
    pub fn iter(&self) -> impl Iterator<Item = &Engine> {
        self.engines.values()
    }

    /// Returns the facts about each engine from which a chain is chosen.
    pub fn facts(
        &self,
        needed_ms: i64,
        ratio: Ratio,
        has_image: bool,
        breakers: &BTreeMap<String, BreakerRow>,
        now: UnixMs,
    ) -> BTreeMap<EngineName, EngineFacts> {
        let row = |engine: &Engine| breakers.get(engine.name.as_str());
        let facts = |engine: &Engine| {
            let asked_ms = engine.request_duration_ms(needed_ms, has_image);
            let capabilities = engine.adapter.as_ref().map(|adapter| adapter.capabilities());
            EngineFacts {
                has_key: engine.has_key(),
                key_env: engine.config.key_env.clone(),
                text_to_video: capabilities.is_some_and(|c| c.from_words.is_some()),
                image_input: capabilities.is_some_and(|c| c.from_picture.is_some()),
                shape: engine.shape(ratio, has_image),
                estimate: engine.estimate(asked_ms, has_image),
                asked_ms,
                breaker: row(engine).map_or(BreakerState::Closed, |row| breaker::state(row, now)),
                switched_off: row(engine)
                    .and_then(|row| row.switched_off.as_ref())
                    .map(|off| switched_off_text(Some(off))),
            }
        };
        self.engines.iter().map(|(name, engine)| (name.clone(), facts(engine))).collect()
    }

    /// Returns the engine that handles an earlier call: the call's own configuration block, with the API key that
    /// paid for it or, if that key is gone, another key of the engine. Returns the reason if there is no key or the
    /// block is invalid.
    pub fn adapter_for(&self, row: &CallRow) -> Result<Engine, String> {
        // If nothing has changed since, that is the engine in force.
        let same = self.engines.get(row.engine.as_str()).filter(|engine| {
            engine.adapter.is_some()
                && engine.key_id() == row.key_id
                && serde_json::to_value(&engine.config).is_ok_and(|config| config == row.pinned)
        });
        if let Some(engine) = same {
            return Ok(engine.clone());
        }
        let config: EngineConfig = serde_json::from_value(row.pinned.clone()).map_err(|error| {
            format!("the configuration stored with the purchase cannot be read: {error}")
        })?;
        let keys = self.secrets.find_all(&config.key_env).map_err(|error| error.to_string())?;
        for key in &keys {
            pytoon_telemetry::register_secret(key.secret.expose_secret());
        }
        let pinned = keys.iter().find(|key| key.fingerprint() == row.key_id);
        // A rotated key of the same account works too.
        let key = pinned.or(keys.first()).cloned();
        if key.is_none() && !config.key_env.is_empty() {
            let variables = config.key_env.join(" or ");
            return Err(format!("the API key that paid for the clip is missing: set {variables}"));
        }
        let made = adapter(&row.engine, &config, key.as_ref());
        let adapter = made.map_err(|(field, reason)| format!("{field}: {reason}"))?;
        Ok(Engine { name: row.engine.as_str().into(), config, key, adapter: Some(adapter) })
    }
}

impl Engine {
    /// Returns true if the engine has an API key or needs none.
    pub fn has_key(&self) -> bool {
        self.key.is_some() || self.config.key_env.is_empty()
    }

    /// Returns the fingerprint of the engine's API key; empty without a key.
    pub fn key_id(&self) -> String {
        self.key.as_ref().map(Key::fingerprint).unwrap_or_default()
    }

    fn offer(&self, has_image: bool) -> Option<&Offer> {
        self.adapter.as_ref()?.capabilities().offer(has_image)
    }

    /// Returns the length to request, in milliseconds: the shortest offered one that covers the needed length, or
    /// else the longest.
    pub fn request_duration_ms(&self, needed_ms: i64, has_image: bool) -> u32 {
        self.offer(has_image).map_or(0, |offer| offer.durations.cover(needed_ms))
    }

    /// Returns the aspect ratio of the clip for a film's aspect ratio; `None` for stock footage, whose aspect ratio
    /// is unknown in advance, and if the engine offers no such clip.
    fn shape(&self, wanted: Ratio, has_image: bool) -> Option<Ratio> {
        if self.adapter.as_ref()?.capabilities().is_stock {
            return None;
        }
        self.offer(has_image).map(|offer| offer.nearest(wanted))
    }

    /// Returns the estimated cost of a request from the price table; zero if the engine is disabled.
    pub fn estimate(&self, asked_ms: u32, has_image: bool) -> MicroUsd {
        let Some(adapter) = &self.adapter else { return MicroUsd::ZERO };
        let ratio = self.offer(has_image).and_then(|offer| offer.ratios.first().copied());
        let request = GenerateRequest {
            image: has_image.then(Default::default),
            duration_ms: asked_ms,
            ratio: ratio.unwrap_or_default(),
            ..GenerateRequest::default()
        };
        price(&self.config.price, &adapter.price_key(&request), asked_ms)
    }
}

/// Returns the price of a clip, from the table's entry for its model and resolution, or else for its model, or else
/// from `default`; zero if there is none of these.
pub fn price(table: &PriceTable, key: &str, asked_ms: u32) -> MicroUsd {
    let model = key.split('@').next().unwrap_or(key);
    let found = [key, model, "default"].iter().find_map(|name| table.models.get(*name));
    let Some(price) = found else { return MicroUsd::ZERO };
    MicroUsd::from_usd(price.per_clip_usd)
        + MicroUsd::from_usd(price.per_second_usd).times_ceil(f64::from(asked_ms) / 1000.0)
}

/// Creates an adapter. The error is the invalid field and the reason.
fn adapter(
    name: &str,
    config: &EngineConfig,
    key: Option<&Key>,
) -> Result<Arc<dyn ExternalEngineAdapter>, (String, String)> {
    let http = VendorHttp::new(name, config, key.map(|key| key.secret.clone()))
        .map_err(|reason| ("base_url".to_owned(), reason))?;
    let made = engine_adapters::make(&AdapterParts { name, config, http })
        .map_err(|problem| (problem.field, problem.reason))?;
    Ok(Arc::new(Observed::new(made, Arc::new(record_step))))
}

/// Records a step's duration and outcome in the metrics.
fn record_step(step: Step<'_>) {
    let failed = step.failed.map_or("", |kind| kind.as_str());
    Metrics::engine_step(step.engine, step.step, failed, step.took.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use super::*;
    use pytoon_config::engines::Price;
    use pytoon_config::{Config, ConfigSource};

    #[test]
    fn prices_are_found_by_resolution_then_model_then_default() {
        let price_of = |per_second_usd, per_clip_usd| Price { per_second_usd, per_clip_usd };
        let table = PriceTable {
            models: BTreeMap::from([
                ("a@720p".to_owned(), price_of(0.1, 0.0)),
                ("a".to_owned(), price_of(0.2, 0.0)),
                ("default".to_owned(), price_of(0.0, 0.5)),
            ]),
            ..PriceTable::default()
        };
        for (key, expected) in [("a@720p", 0.5), ("a@1080p", 1.0), ("b", 0.5)] {
            assert_eq!(price(&table, key, 5000), MicroUsd::from_usd(expected), "{key}");
        }
    }

    #[test]
    fn earlier_calls_use_the_key_and_block_that_bought_them() {
        let folder = tempfile::tempdir().expect("folder");
        let env = folder.path().join(".env");
        std::fs::write(&env, "PYTOON_PIN_KEY=new-key\nPYTOON_PIN_KEY_PREVIOUS=old-key\n")
            .expect("file");
        let secrets = Secrets::load(&env).expect("keys");
        let config = Config::load(&ConfigSource::Optional("/nowhere".into())).expect("built in");
        let mut runway = config.engines.engines.external["runway"].clone();
        runway.key_env = vec!["PYTOON_PIN_KEY".to_owned()];
        let pinned = EngineConfig { base_url: "https://old.example".into(), ..runway.clone() };
        let mut settings = config.engines.clone();
        settings.engines.external.insert("runway".to_owned(), runway);
        let set = EngineSet::build(settings, &config.engines_at, secrets).expect("engines");
        let now = set.get("runway").expect("runway");
        let old = now.key_id();
        let mut row = CallRow {
            id: "c".into(),
            job_id: "j".into(),
            scene_id: "s".into(),
            engine: "runway".into(),
            request_hash: "h".into(),
            prompt: "p".into(),
            state: pytoon_records::ledger::CallState::Submitted,
            task: None,
            pinned: serde_json::to_value(&pinned).expect("json"),
            key_id: String::new(),
            estimated: MicroUsd::ZERO,
            reported: None,
            charged: MicroUsd::ZERO,
            error_kind: None,
            error: None,
            created_at: 0,
            updated_at: 0,
            lease_until: 0,
        };
        let keys = set.secrets().find_all(&["PYTOON_PIN_KEY".to_owned()]).expect("keys");
        row.key_id = keys[1].fingerprint();
        assert_ne!(row.key_id, old);
        let engine = set.adapter_for(&row).expect("answers");
        assert_eq!(engine.key_id(), row.key_id, "the key that bought it");
        assert_eq!(engine.config.base_url, "https://old.example", "the block that bought it");
        // If the original key is gone, the available one replaces it.
        row.key_id = "elsewhere".into();
        assert_eq!(set.adapter_for(&row).expect("answers").key_id(), old);
    }
}
