//! The types of `engine.yaml`: engines, capabilities, prices, retry and breaker settings, and the preferences of
//! presets.
//!
//! `options` is a mapping for the engine's adapter, which validates it strictly. Its problems are reported with the
//! line in this file.

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// The content of `engine.yaml`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EngineFile {
    /// The engine settings in their current version.
    pub v2: EngineSettings,
}

/// The engines and the rules for choosing among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EngineSettings {
    /// The default order in which engines are tried.
    pub default_chain: Vec<String>,
    /// The engines, by name.
    pub engines: Engines,
    /// The engine preferences of presets, by preset.
    #[serde(default)]
    pub preset_engine_prefs: BTreeMap<String, PresetEnginePrefs>,
    /// Spending limits.
    pub budget: BudgetSettings,
    /// The checks that every prompt must pass before it is sent.
    pub moderation: ModerationSettings,
}

/// The engine preferences of a preset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PresetEnginePrefs {
    /// The engine that is tried first.
    #[serde(default)]
    pub preferred_engine: Option<String>,
    /// The order of engines that replaces the default chain; `local` is added if it is missing.
    #[serde(default)]
    pub fallback_override: Option<Vec<String>>,
}

/// The known engines: `local`, and any others by name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Engines {
    /// The built-in engine, which draws on this machine.
    pub local: LocalEngine,
    /// The external engines, by name.
    #[serde(flatten)]
    pub external: BTreeMap<String, EngineConfig>,
}

/// The built-in engine, which draws on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LocalEngine {
    /// The size of the cache of decoded pictures, in MiB.
    pub picture_cache_mib: usize,
    /// The number of threads that draw frames; 0 for one per core.
    pub threads: usize,
}

/// An external engine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EngineConfig {
    /// The name of the adapter; default: the engine's own name. With `http`, the templates in `options` describe the
    /// vendor's calls.
    #[serde(default)]
    pub kind: Option<String>,
    /// False to remove the engine from every chain; default true.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// The URL of the vendor's API.
    pub base_url: String,
    /// Hosts besides that of `base_url` that may be called even if they are private.
    #[serde(default)]
    pub allow_hosts: Vec<String>,
    /// Environment variables that may contain the API key, in search order; empty for engines without a key.
    /// `NAME_FILE` names a file that contains the key.
    #[serde(default)]
    pub key_env: Vec<String>,
    /// The maximum number of concurrent calls over all processes, at least 1; default 2.
    #[serde(default = "two")]
    pub max_concurrent: u32,
    /// The maximum number of new calls per minute over all processes, at least 1; no limit by default.
    #[serde(default)]
    pub requests_per_minute: Option<u32>,
    /// The retry settings of calls that are safe to repeat.
    #[serde(default)]
    pub backoff: Backoff,
    /// The interval between polls of a running task, in milliseconds, at least 20; default 5000.
    #[serde(default = "five_seconds")]
    pub poll_interval_ms: u64,
    /// The timeout of a request, in milliseconds; default 30000.
    #[serde(default = "request_timeout")]
    pub request_timeout_ms: u64,
    /// The time without progress after which the task is abandoned, in seconds; default 180.
    #[serde(default = "stall_seconds")]
    pub stall_seconds: u64,
    /// The total time after which the task is abandoned, in seconds; default 900.
    #[serde(default = "timeout_seconds")]
    pub timeout_seconds: u64,
    /// The settings of the engine's circuit breaker.
    #[serde(default)]
    pub breaker: BreakerSettings,
    /// The engine's strengths, as words that are matched with styles and prompts.
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// The engine's prices.
    #[serde(default)]
    pub price: PriceTable,
    /// Settings that only the adapter reads.
    #[serde(default)]
    pub options: Map<String, Value>,
}

/// The retry settings of calls that are safe to repeat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Backoff {
    /// The pause before the first retry, in milliseconds.
    pub initial_ms: u64,
    /// The longest pause between attempts, in milliseconds; not less than `initial_ms`.
    pub max_ms: u64,
    /// The maximum number of attempts, 1 to 20.
    pub attempts: u32,
}

/// The settings of a circuit breaker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BreakerSettings {
    /// The number of consecutive failures that open the breaker, at least 1.
    pub failures: u32,
    /// The first cooldown, in seconds. It doubles each time the breaker opens without a success in between, up to
    /// `max_cooldown_seconds`.
    pub cooldown_seconds: u64,
    /// The longest cooldown after ordinary failures, in seconds.
    pub max_cooldown_seconds: u64,
    /// The cooldown after a rejected key or an exhausted account, in seconds.
    pub account_cooldown_seconds: u64,
}

/// The prices of an engine, as of a date. They are estimates; the vendor's own figures are stored beside them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PriceTable {
    /// The date on which the prices were valid.
    #[serde(default)]
    pub as_of: String,
    /// Prices by model, or by `model@resolution`; `default` applies to all others.
    #[serde(default)]
    pub models: BTreeMap<String, Price>,
    /// True if a content refusal is charged; default false.
    #[serde(default)]
    pub refusal_charged: bool,
    /// True if a cancelled task is charged; default true.
    #[serde(default = "yes")]
    pub cancel_charged: bool,
}

/// The price of one model.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// The price per requested second, in US dollars, 0 to 1000.
    #[serde(default)]
    pub per_second_usd: f64,
    /// The price per clip, in US dollars, 0 to 1000.
    #[serde(default)]
    pub per_clip_usd: f64,
}

/// Spending limits. A call that would exceed a limit is not made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BudgetSettings {
    /// The limit per job, in US dollars, if its brief sets none.
    #[serde(default)]
    pub per_job_usd: Option<f64>,
    /// The limit per day (UTC), in US dollars.
    #[serde(default)]
    pub per_day_usd: Option<f64>,
    /// The limit per API key and day (UTC), in US dollars.
    #[serde(default)]
    pub per_key_usd: Option<f64>,
}

/// The strictness of prompt checks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// A match blocks the prompt.
    Strict,
    /// A match is removed from the prompt. If almost nothing remains, the prompt is blocked.
    #[default]
    Standard,
    /// Only substitutions are made.
    Off,
}

/// The checks that every prompt must pass before it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ModerationSettings {
    /// The strictness of the checks.
    pub strictness: Strictness,
    /// Words and phrases that must not be sent.
    pub blocklist: Vec<String>,
    /// Names of competitors that must not be sent.
    pub competitors: Vec<String>,
    /// Words that engines misunderstand, with their replacements.
    pub substitutions: BTreeMap<String, String>,
    /// The maximum number of times that a refused prompt is rephrased.
    pub max_rephrase_attempts: u32,
    /// Words that are added to prompts of `brand_safe` films.
    pub safety_words: String,
    /// The moderation service that checks prompts before they are sent.
    pub service: ModerationService,
}

/// The settings of a moderation service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ModerationService {
    /// True to call the service.
    pub enabled: bool,
    /// The URL of the service's API.
    pub base_url: String,
    /// Environment variables that may contain the API key, in search order.
    pub key_env: Vec<String>,
    /// The name of the moderation model.
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
    /// Returns the name of the engine's adapter, by default the engine's own name.
    pub fn kind<'a>(&'a self, name: &'a str) -> &'a str {
        self.kind.as_deref().unwrap_or(name)
    }
}

impl Engines {
    /// Returns the names of all engines, `local` first.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once("local").chain(self.external.keys().map(String::as_str))
    }
}

impl<'de> Deserialize<'de> for Engines {
    /// Deserializes the engines by hand, since a derived implementation with a flattened map would hide which engine
    /// has the invalid field.
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
    /// Returns the first invalid value: its field, the reason, and the unknown name if there is one. Returns
    /// `None` if these checks find none.
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
                    "the chain is empty: name at least one engine".to_owned(),
                    None,
                ));
            }
            names.iter().enumerate().find_map(|(index, name)| {
                unknown(format!("{field}[{index}]"), name).or_else(|| {
                    names[..index].contains(name).then(|| {
                        (
                            format!("{field}[{index}]"),
                            format!("`{name}` is already in the chain: remove one"),
                            None,
                        )
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
            return at("base_url", format!("`{}` is not an http or https URL", self.base_url));
        }
        if self.max_concurrent == 0 {
            return at(
                "max_concurrent",
                "0 is not allowed: to disable the engine, set `enabled: false`".into(),
            );
        }
        if self.requests_per_minute == Some(0) {
            return at(
                "requests_per_minute",
                "0 is not allowed: to disable the engine, set `enabled: false`".into(),
            );
        }
        if !(1..=20).contains(&self.backoff.attempts) {
            return at(
                "backoff.attempts",
                format!("{} is not between 1 and 20", self.backoff.attempts),
            );
        }
        if self.backoff.max_ms < self.backoff.initial_ms {
            let Backoff { initial_ms, max_ms, .. } = self.backoff;
            return at(
                "backoff.max_ms",
                format!("{max_ms} is less than initial_ms ({initial_ms})"),
            );
        }
        if self.poll_interval_ms < 20 {
            let reason = format!("{} is less than 20", self.poll_interval_ms);
            return at("poll_interval_ms", reason);
        }
        if self.breaker.failures == 0 {
            return at("breaker.failures", "0 is less than 1".into());
        }
        for (model, price) in &self.price.models {
            for (name, usd) in
                [("per_second_usd", price.per_second_usd), ("per_clip_usd", price.per_clip_usd)]
            {
                if !(0.0..=1000.0).contains(&usd) {
                    let reason = format!("{usd} is not between 0 and 1000");
                    return at(&format!("price.models.{model}.{name}"), reason);
                }
            }
        }
        // A key in a configuration file ends up in backups and logs.
        self.options.iter().find_map(|(name, value)| {
            let lower = name.to_lowercase();
            let is_secret =
                ["api_key", "apikey", "secret", "password", "token"].contains(&lower.as_str());
            (is_secret && value.is_string()).then(|| {
                (
                    format!("{field}.options.{name}"),
                    "a key is not allowed here: put the key into an environment variable, and name \
                     the variable in key_env"
                        .into(),
                    None,
                )
            })
        })
    }
}
