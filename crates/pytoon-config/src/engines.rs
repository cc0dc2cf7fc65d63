//! The types of `engine.yaml`: which engines there are, what they sell, what they cost, how they
//! are treated, and which preset prefers which.
//!
//! `options` is a mapping that belongs to the engine's adapter: it is checked there, strictly,
//! and its problems are reported with this file's line.

use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// `engine.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineFile {
    /// The current generation of engines.
    pub v2: EngineSettings,
}

/// Engines and how they are chosen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineSettings {
    /// The engines tried in order where nothing else says so.
    pub default_chain: Vec<String>,
    /// Engines by name.
    pub engines: Engines,
    /// What presets prefer, by preset.
    #[serde(default)]
    pub preset_engine_prefs: BTreeMap<String, PresetEnginePrefs>,
    /// Spending limits.
    pub budget: BudgetSettings,
    /// What is looked at before a prompt leaves.
    pub moderation: ModerationSettings,
}

/// What a preset prefers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PresetEnginePrefs {
    /// The engine tried first.
    #[serde(default)]
    pub preferred_engine: Option<String>,
    /// The engines tried in order instead of the default chain; `local` is added where it is
    /// missing.
    #[serde(default)]
    pub fallback_override: Option<Vec<String>>,
}

/// The engines known: `local`, and any others by name.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Engines {
    /// The built-in engine.
    pub local: LocalEngine,
    /// All others.
    #[serde(flatten)]
    pub external: BTreeMap<String, EngineConfig>,
}

/// The built-in engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalEngine {
    /// Decoded pictures kept, in MiB.
    pub picture_cache_mib: usize,
    /// Threads that draw frames; 0 for one a core.
    pub threads: usize,
}

/// An outside engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// Which adapter speaks to it; its own name where absent. `http` describes the vendor's calls
    /// by templates in `options`.
    #[serde(default)]
    pub kind: Option<String>,
    /// `false` takes it out of every chain.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The vendor's address.
    pub base_url: String,
    /// Hosts beside `base_url`'s that may be spoken to even where they are private.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Environment variables that may hold its key, in order; none for engines without a key.
    /// `NAME_FILE` holds the path of a file with the key.
    #[serde(default)]
    pub key_env: Vec<String>,
    /// Calls under way at once, over all processes.
    #[serde(default = "two")]
    pub max_concurrent: u32,
    /// Calls begun within a minute, over all processes.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    /// How calls that may be repeated are.
    #[serde(default)]
    pub backoff: Backoff,
    /// How often a running task is asked after, in milliseconds.
    #[serde(default = "five_seconds")]
    pub poll_interval_ms: u64,
    /// Longest wait for any answer, in milliseconds.
    #[serde(default = "request_timeout")]
    pub request_timeout_ms: u64,
    /// A task without progress for so long is given up, in seconds.
    #[serde(default = "stall_seconds")]
    pub stall_seconds: u64,
    /// A task is given up after so long in any case, in seconds.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u64,
    /// When it is left alone after failures.
    #[serde(default)]
    pub breaker: BreakerSettings,
    /// What it is good at, in words looked for in styles and prompts.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// What it costs.
    #[serde(default)]
    pub price: PriceTable,
    /// The adapter's own settings.
    #[serde(default)]
    pub options: Map<String, Value>,
}

/// How calls that may be repeated are repeated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// The first pause, in milliseconds.
    pub initial_ms: u64,
    /// The longest pause, in milliseconds.
    pub max_ms: u64,
    /// Attempts in all.
    pub attempts: u32,
}

/// When an engine is left alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BreakerSettings {
    /// Failures in a row that open it.
    pub failures: u32,
    /// How long it stays open the first time, in seconds; doubled each time, up to
    /// `max_cooldown_seconds`.
    pub cooldown_seconds: u64,
    /// The longest it stays open after ordinary failures, in seconds.
    pub max_cooldown_seconds: u64,
    /// How long it stays open when the key is wrong or the account empty, in seconds.
    pub account_cooldown_seconds: u64,
}

/// What an engine costs, as of a day. Estimates; what the vendor reports is kept beside them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// The day the prices were looked up.
    #[serde(default)]
    pub as_of: String,
    /// Prices by model, or by `model@resolution`; `default` for all others.
    #[serde(default)]
    pub models: BTreeMap<String, Price>,
    /// Whether a refusal of the content is charged.
    #[serde(default)]
    pub refusal_charged: bool,
    /// Whether a cancelled task is charged.
    #[serde(default = "yes")]
    pub cancel_charged: bool,
}

/// The price of one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// US dollars for each second asked for.
    #[serde(default)]
    pub per_second_usd: f64,
    /// US dollars for each clip.
    #[serde(default)]
    pub per_clip_usd: f64,
}

/// Spending limits; a call that would pass one is not made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BudgetSettings {
    /// US dollars a job may cost where its brief says nothing.
    #[serde(default)]
    pub per_job_usd: Option<f64>,
    /// US dollars that may be spent on a day (UTC).
    #[serde(default)]
    pub per_day_usd: Option<f64>,
    /// US dollars that may be spent with one key on a day (UTC).
    #[serde(default)]
    pub per_key_usd: Option<f64>,
}

/// How strictly prompts are looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// A hit keeps the prompt from leaving.
    Strict,
    /// A hit is taken out of the prompt where that leaves a prompt.
    #[default]
    Standard,
    /// Only substitutions are made.
    Off,
}

/// What is looked at before a prompt leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModerationSettings {
    /// How strictly.
    pub strictness: Strictness,
    /// Words and phrases that must not leave.
    pub blocklist: Vec<String>,
    /// Names of competitors that must not leave.
    pub competitors: Vec<String>,
    /// Words that engines misunderstand, and what is meant.
    pub substitutions: BTreeMap<String, String>,
    /// How often a refused prompt is rephrased.
    pub max_rephrase_attempts: u32,
    /// Words added to prompts of `brand_safe` films.
    pub safety_words: String,
    /// Ask a moderation service before prompts leave.
    pub service: ModerationService,
}

/// A moderation service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModerationService {
    /// Whether it is asked.
    pub enabled: bool,
    /// Its address.
    pub base_url: String,
    /// Environment variables that may hold its key.
    pub key_env: Vec<String>,
    /// Its model.
    pub model: String,
}

fn yes() -> bool {
    true
}
fn two() -> u32 {
    2
}
fn five_seconds() -> u64 {
    5_000
}
fn request_timeout() -> u64 {
    30_000
}
fn stall_seconds() -> u64 {
    180
}
fn timeout_seconds() -> u64 {
    900
}

impl Default for Backoff {
    fn default() -> Self {
        Self { initial_ms: 1_000, max_ms: 30_000, attempts: 3 }
    }
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self {
            failures: 3,
            cooldown_seconds: 60,
            max_cooldown_seconds: 900,
            account_cooldown_seconds: 3_600,
        }
    }
}

impl EngineConfig {
    /// The adapter's name.
    pub fn kind<'a>(&'a self, name: &'a str) -> &'a str {
        self.kind.as_deref().unwrap_or(name)
    }
}

impl Engines {
    /// Every engine's name, `local` first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once("local").chain(self.external.keys().map(String::as_str))
    }
}

impl<'de> Deserialize<'de> for Engines {
    /// Written by hand: a flattened map would hide which engine's field was wrong.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EnginesVisitor;
        impl<'de> Visitor<'de> for EnginesVisitor {
            type Value = Engines;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a mapping of engines")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Engines, A::Error> {
                let mut local = None;
                let mut external = BTreeMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "local" {
                        local = Some(map.next_value()?);
                    } else {
                        external.insert(name, map.next_value()?);
                    }
                }
                let local = local.ok_or_else(|| serde::de::Error::missing_field("local"))?;
                Ok(Engines { local, external })
            }
        }
        deserializer.deserialize_map(EnginesVisitor)
    }
}

impl EngineSettings {
    /// The first value that cannot be right, as (field, reason, name meant instead).
    pub(crate) fn problem(&self) -> Option<(String, String, Option<String>)> {
        let known: Vec<&str> = self.engines.names().collect();
        let unknown = |field: String, name: &str| {
            let list = known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
            (!known.contains(&name)).then(|| {
                (
                    field,
                    format!("there is no engine `{name}`; there are {list}"),
                    Some(name.to_owned()),
                )
            })
        };
        let chain = |field: &str, names: &[String]| {
            if names.is_empty() {
                return Some((
                    field.to_owned(),
                    "a chain needs at least one engine".to_owned(),
                    None,
                ));
            }
            names.iter().enumerate().find_map(|(index, name)| {
                unknown(format!("{field}[{index}]"), name).or_else(|| {
                    names[..index].contains(name).then(|| {
                        (format!("{field}[{index}]"), format!("`{name}` is given twice"), None)
                    })
                })
            })
        };
        chain("v2.default_chain", &self.default_chain)
            .or_else(|| {
                self.preset_engine_prefs.iter().find_map(|(preset, prefs)| {
                    let field = format!("v2.preset_engine_prefs.{preset}");
                    prefs
                        .preferred_engine
                        .as_deref()
                        .and_then(|name| unknown(format!("{field}.preferred_engine"), name))
                        .or_else(|| {
                            let names = prefs.fallback_override.as_deref()?;
                            chain(&format!("{field}.fallback_override"), names)
                        })
                })
            })
            .or_else(|| {
                self.engines
                    .external
                    .iter()
                    .find_map(|(name, engine)| engine.problem(&format!("v2.engines.{name}")))
            })
    }
}

impl EngineConfig {
    fn problem(&self, field: &str) -> Option<(String, String, Option<String>)> {
        let at = |name: &str, reason: String| Some((format!("{field}.{name}"), reason, None));
        let is_address =
            self.base_url.starts_with("http://") || self.base_url.starts_with("https://");
        if !is_address {
            return at("base_url", format!("`{}` is not an http(s) address", self.base_url));
        }
        if self.max_concurrent == 0 {
            return at("max_concurrent", "0 would switch it off; use `enabled: false`".into());
        }
        if self.requests_per_minute == Some(0) {
            return at("requests_per_minute", "0 would switch it off; use `enabled: false`".into());
        }
        if !(1..=20).contains(&self.backoff.attempts) {
            return at(
                "backoff.attempts",
                format!("{} is not within 1 to 20", self.backoff.attempts),
            );
        }
        if self.backoff.max_ms < self.backoff.initial_ms {
            return at("backoff.max_ms", "it is less than initial_ms".into());
        }
        if self.poll_interval_ms < 20 {
            return at("poll_interval_ms", "at least 20".into());
        }
        if self.breaker.failures == 0 {
            return at("breaker.failures", "at least 1".into());
        }
        for (model, price) in &self.price.models {
            for (name, usd) in
                [("per_second_usd", price.per_second_usd), ("per_clip_usd", price.per_clip_usd)]
            {
                if !(0.0..=1000.0).contains(&usd) {
                    let reason = format!("{usd} is not within 0 to 1000");
                    return at(&format!("price.models.{model}.{name}"), reason);
                }
            }
        }
        // A key in a file of configuration ends up in backups and logs.
        self.options.iter().find_map(|(name, value)| {
            let lower = name.to_lowercase();
            let is_secret =
                ["api_key", "apikey", "secret", "password", "token"].contains(&lower.as_str());
            (is_secret && value.is_string()).then(|| {
                (
                    format!("{field}.options.{name}"),
                    "keys are not kept in configuration: name an environment variable in key_env"
                        .into(),
                    None,
                )
            })
        })
    }
}
