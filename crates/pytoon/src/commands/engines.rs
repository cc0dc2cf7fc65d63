//! `pytoon engines`: an operator's overview of the engines.

use crate::context::Context;
use crate::output;
use pytoon_config::ConfigError;
use pytoon_core::plan::LOCAL_ENGINE;
use pytoon_engines::breaker::{self, BreakerState};
use pytoon_engines::engine_manager::{ClipUse, Engine, HealthReport, SceneOrder};
use pytoon_engines::engine_selector::SceneWish;
use pytoon_engines::world::{RealWorld, World};
use pytoon_pipeline::engine_session::{EngineSession, Outside};
use pytoon_records::ledger::{CallFilter, CallState};
use pytoon_vendor::breakers::switched_off_text;
use pytoon_vocabulary::{EngineName, MicroUsd, UnixMs};
use serde::Serialize;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// The row of an engine in the table of `pytoon engines`.
#[derive(Debug, Serialize)]
struct Row {
    engine: String,
    enabled: bool,
    key: String,
    health: String,
    detail: String,
    breaker: String,
    running: usize,
    max_concurrent: u32,
    unknown: usize,
    spend_today_usd: f64,
}

/// Prints the table of engines. Runs their health checks unless `offline`.
pub(crate) fn show(context: &Context, offline: bool) -> anyhow::Result<ExitCode> {
    let session = context.session()?;
    let rows = rows(&session, offline)?;
    if context.global.json {
        output::json(&rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    output::line(format!(
        "{:<12} {:<9} {:<22} {:<18} {:<22} {:>7} {:>8} {:>10}",
        "engine", "enabled", "key", "health", "breaker", "running", "unknown", "today"
    ));
    for row in &rows {
        output::line(format!(
            "{:<12} {:<9} {:<22} {:<18} {:<22} {:>7} {:>8} {:>10}",
            row.engine,
            if row.enabled { "yes" } else { "no" },
            row.key,
            row.health,
            row.breaker,
            if row.max_concurrent == 0 {
                "-".to_owned()
            } else {
                format!("{}/{}", row.running, row.max_concurrent)
            },
            row.unknown,
            format!("${:.2}", row.spend_today_usd),
        ));
    }
    for row in rows.iter().filter(|row| !row.detail.is_empty() && row.engine != "local") {
        output::note(format!("{}: {}", row.engine, row.detail));
    }
    Ok(ExitCode::SUCCESS)
}

fn rows(session: &EngineSession, offline: bool) -> anyhow::Result<Vec<Row>> {
    let names: Vec<String> =
        session.engines().settings.engines.names().map(str::to_owned).collect();
    let reports = match (session.outside(), offline) {
        (Some(outside), false) => health(outside, &names),
        _ => BTreeMap::new(),
    };
    let facts = session.outside().map(ledger_facts).transpose()?.unwrap_or_default();
    Ok(names
        .iter()
        .map(|name| {
            let engine = session.engines().get(name);
            let report = reports.get(name.as_str());
            Row {
                engine: name.clone(),
                enabled: engine.is_none_or(|e| e.config.enabled),
                key: key(engine),
                health: health_word(name, engine, report),
                detail: report.map(|r| r.detail.clone()).unwrap_or_default(),
                breaker: facts.breaker.get(name).cloned().unwrap_or_else(|| "closed".into()),
                running: facts.running.get(name).copied().unwrap_or(0),
                max_concurrent: engine.map_or(0, |e| e.config.max_concurrent),
                unknown: facts.unknown.get(name).copied().unwrap_or(0),
                spend_today_usd: facts.spend.get(name).map_or(0.0, |usd| usd.as_usd()),
            }
        })
        .collect())
}

/// Returns a phrase that states why an engine cannot be called from this machine, such as `has no API key (set …)`;
/// `None` if it can.
pub(crate) fn unusable(engine: &Engine) -> Option<String> {
    if !engine.config.enabled {
        return Some("is disabled (enabled: false)".to_owned());
    }
    (!engine.has_key())
        .then(|| format!("has no API key (set {})", engine.config.key_env.join(" or ")))
}

/// Returns the name of the variable that contains the engine's API key, `missing` or `not needed`; never the key
/// itself.
fn key(engine: Option<&Engine>) -> String {
    match engine {
        None => "not needed".to_owned(),
        Some(engine) => match &engine.key {
            Some(key) => key.variable.clone(),
            None if engine.config.key_env.is_empty() => "not needed".to_owned(),
            None => "missing".to_owned(),
        },
    }
}

fn health_word(name: &str, engine: Option<&Engine>, report: Option<&HealthReport>) -> String {
    match (report, engine) {
        (Some(report), _) if report.healthy => "ok".to_owned(),
        (Some(report), _) => report.kind.clone(),
        (None, None) if name == "local" => "ok".to_owned(),
        (None, Some(engine)) if !engine.config.enabled => "disabled".to_owned(),
        (None, Some(engine)) if !engine.has_key() => "no_key".to_owned(),
        _ => "not checked".to_owned(),
    }
}

fn health(outside: &Outside, names: &[String]) -> BTreeMap<EngineName, HealthReport> {
    outside.runtime.block_on(async {
        let mut asking = tokio::task::JoinSet::new();
        for name in names {
            let (manager, name) = (outside.manager.clone(), name.clone());
            asking.spawn(async move { manager.health_check(&name).await });
        }
        let mut reports = BTreeMap::new();
        while let Some(report) = asking.join_next().await {
            if let Ok(report) = report {
                reports.insert(report.engine.clone(), report);
            }
        }
        reports
    })
}

/// The ledger's facts about each engine: breaker, calls and spend.
#[derive(Debug, Default)]
struct LedgerFacts {
    breaker: BTreeMap<String, String>,
    running: BTreeMap<String, usize>,
    unknown: BTreeMap<String, usize>,
    spend: BTreeMap<String, MicroUsd>,
}

fn ledger_facts(outside: &Outside) -> anyhow::Result<LedgerFacts> {
    let store = outside.manager.store().clone();
    outside.runtime.block_on(async move {
        let now = RealWorld.now();
        let mut facts = LedgerFacts::default();
        for (engine, row) in store.breaker_list().await? {
            let text = match breaker::state(&row, now) {
                BreakerState::Closed => continue,
                BreakerState::SwitchedOff => switched_off_text(row.switched_off.as_ref()),
                BreakerState::HalfOpen => format!("half open ({})", row.reason),
                BreakerState::Open { until } => {
                    format!("open for {} s ({})", seconds_left(until, now), row.reason)
                }
            };
            facts.breaker.insert(engine, text);
        }
        let states = vec![CallState::Intent, CallState::Submitted, CallState::Unknown];
        let open = CallFilter { states, ..CallFilter::default() };
        for row in store.call_list(open).await? {
            if row.state == CallState::Unknown {
                *facts.unknown.entry(row.engine).or_default() += 1;
            } else if row.lease_until > now {
                *facts.running.entry(row.engine).or_default() += 1;
            }
        }
        facts.spend =
            store.spend_since(pytoon_vocabulary::start_of_day(now)).await?.into_iter().collect();
        Ok(facts)
    })
}

fn seconds_left(until: UnixMs, now: UnixMs) -> i64 {
    (until - now + 999) / 1000
}

/// Checks one engine and prints the results. Purchases a clip if `buy` is true.
pub(crate) fn check(context: &Context, name: &str, buy: bool) -> anyhow::Result<ExitCode> {
    let session = context.session()?;
    let known: Vec<&str> = session.engines().settings.engines.names().collect();
    if !known.contains(&name) {
        let list = known.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ");
        let error = ConfigError::file(
            "engine.yaml",
            format!("there is no engine `{name}`; there are {list}"),
        );
        return Err(error.suggest(name, known).into());
    }
    output::line(format!("settings  ok: v2.engines.{name} is valid"));
    let Some(engine) = session.engines().get(name) else {
        output::line("health    ok: drawn on this machine");
        return Ok(ExitCode::SUCCESS);
    };
    if engine.adapter.is_none() {
        output::line(format!("enabled   no: set v2.engines.{name}.enabled to true in engine.yaml"));
        return Ok(ExitCode::FAILURE);
    }
    output::line(format!("sells     {}", sells(engine)));
    output::line(format!(
        "price     {} for {} s",
        engine.estimate(engine.request_duration_ms(5000, false), false),
        f64::from(engine.request_duration_ms(5000, false)) / 1000.0
    ));
    if !engine.has_key() {
        output::line(format!("key       missing: set {}", engine.config.key_env.join(" or ")));
        return Ok(ExitCode::FAILURE);
    }
    output::line(format!("key       {}", key(Some(engine))));
    let Some(outside) = session.outside() else { return Ok(ExitCode::FAILURE) };
    let report = outside.runtime.block_on(outside.manager.health_check(name));
    if !report.healthy {
        output::line(format!("health    {}: {}", report.kind, report.detail));
        return Ok(ExitCode::FAILURE);
    }
    let balance = report.balance.map(|usd| format!(", {usd} left")).unwrap_or_default();
    output::line(format!("health    ok in {} ms{balance}", report.latency_ms));
    if !buy {
        output::note("to buy one real clip, add --buy");
        return Ok(ExitCode::SUCCESS);
    }
    let clip = outside.runtime.block_on(buy_test_clip(outside, engine))?;
    let Ok(clip) = clip else {
        let reason = clip.err().unwrap_or_default();
        output::line(format!("clip      none: {reason}"));
        return Ok(ExitCode::FAILURE);
    };
    let seconds = clip.duration_ms as f64 / 1000.0;
    output::line(format!("clip      ok: {seconds:.1} s, {}", clip.path.display()));
    output::line(format!(
        "ledger    call {}, listed by `pytoon ledger list --job {CHECK}`",
        clip.call_id
    ));
    Ok(ExitCode::SUCCESS)
}

/// The job id in the ledger for clips that were purchased to test an engine.
const CHECK: &str = "engines-check";

/// Buys one clip from an engine as a scene would: recorded in the ledger, within the budgets, checked and stored.
/// Returns the reason if that fails.
async fn buy_test_clip(
    outside: &Outside,
    engine: &Engine,
) -> anyhow::Result<Result<ClipUse, String>> {
    let prompt = "a cup of coffee on a wooden table, morning light, slow push in";
    let capabilities = engine.adapter.as_ref().map(|adapter| adapter.capabilities());
    let offer = capabilities.and_then(|sold| sold.offer(false));
    let ratio = offer.and_then(|offer| offer.ratios.first().copied()).unwrap_or_default();
    let wish =
        SceneWish { explicit: Some(engine.name.as_str()), prompt, ratio, ..SceneWish::default() };
    let mut chain = outside.manager.resolve(&wish, 1000).await;
    chain.members.retain(|member| member.engine == engine.name || member.engine == LOCAL_ENGINE);
    let now = RealWorld.now();
    let order = SceneOrder {
        job_id: CHECK.into(),
        scene_id: "scene_01".into(),
        chain,
        prompt: prompt.to_owned(),
        negative_prompt: None,
        image: None,
        needed_ms: 1000,
        ratio,
        // A clip of an earlier check says nothing about today.
        seed: u32::try_from(now.rem_euclid(1 << 31)).unwrap_or(1),
        brand_safe: false,
        deadline: None,
        job_budget: None,
        asks_anew: true,
        only_own: false,
    };
    let outcome = outside.manager.draw_to_end(&order).await?;
    let last = outcome.attempts.last().map(|a| a.reason.clone());
    let left_out = order.chain.left_out.iter().find(|left| left.engine == engine.name);
    let why = last.or_else(|| left_out.map(|left| left.reason.clone()));
    let why = why.unwrap_or_else(|| "no reason is on record".to_owned());
    Ok(outcome.clip.ok_or(why))
}

/// Formats an engine's offers on one line.
fn sells(engine: &Engine) -> String {
    use pytoon_engines::adapter::{Durations, Offer};
    let Some(adapter) = &engine.adapter else { return "no clips: it is disabled".to_owned() };
    let capabilities = adapter.capabilities();
    let seconds = |ms: u32| f64::from(ms) / 1000.0;
    let line = |from: &str, offer: &Offer| {
        let lengths = match &offer.durations {
            Durations::Fixed(all) => {
                all.iter().map(|ms| seconds(*ms).to_string()).collect::<Vec<_>>().join(" or ")
            }
            Durations::Range { min, max, .. } => format!("{} to {}", seconds(*min), seconds(*max)),
        };
        let ratios: Vec<String> = offer.ratios.iter().map(ToString::to_string).collect();
        let of_picture = if offer.follows_picture { " (the picture sets the ratio)" } else { "" };
        format!("{lengths} s from {from}, {}{of_picture}", ratios.join(" "))
    };
    let same = |words: &Offer, picture: &Offer| {
        words.durations == picture.durations && words.ratios == picture.ratios
    };
    let lines = match (&capabilities.from_words, &capabilities.from_picture) {
        (Some(words), Some(picture)) if same(words, picture) => {
            vec![line("text or a picture", words)]
        }
        (words, picture) => {
            let words = words.iter().map(|offer| line("text", offer));
            words.chain(picture.iter().map(|offer| line("a picture", offer))).collect()
        }
    };
    format!("clips of {}", lines.join("; of "))
}
