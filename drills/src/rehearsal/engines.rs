//! Drills of engines that fail, are slow, reject prompts, or exceed the budget, and of a faulty change to their
//! configuration.

use super::Rehearsal;
use super::stage::{SERVE, Setup, Stage, TWO, calm, rules};
use crate::client::brief;
use serde_json::{Value, json};

pub(super) fn all() -> Vec<Rehearsal> {
    vec![
        Rehearsal {
            name: "engine-down",
            about: "one vendor answers 503; others draw its scenes",
            alert: "PytoonEngineFailing",
            page: "docs/runbooks/engine-health.md",
            quick: true,
            needs: "",
            setup: Setup::default,
            brief,
            play: engine_down,
        },
        Rehearsal {
            name: "all-engines-down",
            about: "every vendor answers 503; this machine draws every scene",
            alert: "PytoonFallingToLocal",
            page: "docs/runbooks/fallback-spike.md",
            quick: false,
            needs: "",
            setup: Setup::default,
            brief,
            play: all_engines_down,
        },
        Rehearsal {
            name: "rate-limit-storm",
            about: "a vendor answers 429 to most calls",
            alert: "PytoonFallbackSpike",
            page: "docs/runbooks/fallback-spike.md",
            quick: false,
            needs: "",
            setup: Setup::default,
            brief,
            play: rate_limit_storm,
        },
        Rehearsal {
            name: "slow-vendor",
            about: "a vendor takes work on and never gets on with it",
            alert: "PytoonEngineFailing",
            page: "docs/runbooks/engine-health.md",
            quick: false,
            needs: "",
            setup: || Setup { processes: SERVE, ..Setup::default() },
            brief,
            play: slow_vendor,
        },
        Rehearsal {
            name: "wrong-key",
            about: "a vendor's key is revoked; a new one goes into .env",
            alert: "PytoonBreakerOpen",
            page: "docs/runbooks/key-rotation.md",
            quick: false,
            needs: "",
            setup: || Setup {
                processes: TWO,
                env: "RUNWAY_API_KEY=key_drill_runway_old\n",
                ..Setup::default()
            },
            brief,
            play: wrong_key,
        },
        Rehearsal {
            name: "empty-account",
            about: "a vendor's account is empty; somebody pays",
            alert: "PytoonBreakerOpen",
            page: "docs/runbooks/engine-health.md",
            quick: false,
            needs: "",
            setup: Setup::default,
            brief,
            play: empty_account,
        },
        Rehearsal {
            name: "moderation-wave",
            about: "a vendor refuses most prompts of one kind",
            alert: "PytoonFallbackSpike",
            page: "docs/runbooks/fallback-spike.md",
            quick: false,
            needs: "",
            setup: Setup::default,
            brief,
            play: moderation_wave,
        },
        Rehearsal {
            name: "bad-config",
            about: "a broken engine.yaml is pushed; the old one stays in force",
            alert: "PytoonConfigRefused",
            page: "docs/runbooks/engine-selection.md",
            quick: true,
            needs: "",
            setup: Setup::default,
            brief,
            play: bad_config,
        },
    ]
}

fn fault(vendor: &str, step: &str, fault: &str) -> Value {
    json!({"vendor": vendor, "step": step, "fault": fault})
}

/// Disables Runway as the runbook says, and checks that the service reloads its configuration.
fn switch_off_runway(stage: &mut Stage) -> anyhow::Result<()> {
    stage.edit("config/engine.yaml", "    runway:\n", "    runway:\n      enabled: false\n")?;
    // An idle worker reloads the file with its next film.
    stage.submit()?;
    stage.shows(
        "grep engine_config_reloaded /var/log/pytoon/worker.log",
        &["engine_config_reloaded"],
    )
}

fn engine_down(stage: &mut Stage) -> anyhow::Result<()> {
    stage.films(1)?;
    stage.vendors(&rules(&[
        fault("runway", "submit", "unavailable"),
        fault("runway", "health", "unavailable"),
    ]))?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows(
        "curl -s localhost:8000/metrics | grep v2_engine",
        &["pytoon_v2_engine_invocations_total{engine=\"runway\",result=\"failure\"}"],
    )?;
    stage.shows("grep engine_fallback /var/log/pytoon/*.log", &["\"from\":\"runway\""])?;
    stage.shows("pytoon doctor", &["runway"])?;
    let job = format!("pytoon doctor {}", stage.last()?);
    stage.shows(&job, &["runway"])?;
    switch_off_runway(stage)?;
    stage.until_silent()
}

fn all_engines_down(stage: &mut Stage) -> anyhow::Result<()> {
    stage.films(1)?;
    stage.vendors(&rules(&[
        json!({"step": "submit", "fault": "unavailable"}),
        json!({"step": "health", "fault": "unavailable"}),
    ]))?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows(
        "curl -s localhost:8000/metrics | grep v2_engine_fallbacks",
        &["to_engine=\"local\""],
    )?;
    stage.shows("grep engine_fallback /var/log/pytoon/*.log", &["\"to\":\"local\""])?;
    stage.shows("pytoon doctor", &["runway", "pika", "luma"])?;
    stage.vendors(&calm())?;
    stage.until_silent()
}

fn rate_limit_storm(stage: &mut Stage) -> anyhow::Result<()> {
    stage.films(1)?;
    stage.vendors(&rules(&[fault("runway", "submit", "rate_limited")]))?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows("grep engine_fallback /var/log/pytoon/*.log", &["\"kind\":\"rate_limited\""])?;
    stage.shows(
        "grep engine_rotation_triggered /var/log/pytoon/*.log",
        &["\"engine\":\"runway\""],
    )?;
    // Fewer calls and longer pauses: the vendor accepts us again.
    stage.edit("config/engine.yaml", "max_concurrent: 8", "max_concurrent: 2")?;
    stage.edit(
        "config/engine.yaml",
        "initial_ms: 20, max_ms: 100",
        "initial_ms: 200, max_ms: 1000",
    )?;
    stage.submit()?;
    stage.shows(
        "grep engine_config_reloaded /var/log/pytoon/worker.log",
        &["engine_config_reloaded"],
    )?;
    stage.vendors(&calm())?;
    stage.until_silent()
}

fn slow_vendor(stage: &mut Stage) -> anyhow::Result<()> {
    stage.edit("config/engine.yaml", "    runway:\n", "    runway:\n      stall_seconds: 2\n")?;
    stage.films(1)?;
    stage.vendors(&rules(&[fault("runway", "poll", "stuck")]))?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows(
        "curl -s localhost:8000/metrics | grep v2_engine",
        &["pytoon_v2_engine_invocations_total{engine=\"runway\",result=\"timeout\"}"],
    )?;
    stage.shows("grep engine_fallback /var/log/pytoon/*.log", &["\"kind\":\"timeout\""])?;
    switch_off_runway(stage)?;
    stage.until_silent()
}

fn wrong_key(stage: &mut Stage) -> anyhow::Result<()> {
    stage.edit(
        "config/engine.yaml",
        "account_cooldown_seconds: 5",
        "account_cooldown_seconds: 40",
    )?;
    stage.films(1)?;
    stage.vendors(&json!({"seed": 1, "defaults": {"queue_ms": 500, "run_ms": 3000},
        "keys": {"invalid": ["key_drill_runway_old"]}}))?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows("grep engine_rotation_triggered /var/log/pytoon/*.log", &["\"kind\":\"auth\""])?;
    stage.shows("pytoon engines check runway", &["auth"])?;
    stage.shows("pytoon doctor", &["key-rotation"])?;
    stage.edit(".env", "key_drill_runway_old", "key_drill_runway_new")?;
    stage.restart(&["api", "worker"])?;
    stage.shows(
        "grep health_check /var/log/pytoon/api.log | grep runway | tail -1",
        &["\"healthy\":true"],
    )?;
    stage.until_silent()?;
    stage.shows("cat /var/log/pytoon/*.log | grep -c key_drill_runway || true", &["0"])
}

fn empty_account(stage: &mut Stage) -> anyhow::Result<()> {
    stage.edit(
        "config/engine.yaml",
        "account_cooldown_seconds: 5",
        "account_cooldown_seconds: 30",
    )?;
    stage.films(1)?;
    stage.vendors(&json!({"seed": 1, "defaults": {"queue_ms": 500, "run_ms": 3000},
        "keys": {"broke": ["key_drill_runway"]}}))?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows("grep engine_rotation_triggered /var/log/pytoon/*.log", &["\"kind\":\"quota\""])?;
    stage.shows("pytoon engines", &["runway"])?;
    stage.vendors(&calm())?;
    stage.until_silent()
}

fn moderation_wave(stage: &mut Stage) -> anyhow::Result<()> {
    stage.films(1)?;
    stage.vendors(&rules(&[fault("runway", "submit", "moderation")]))?;
    stage.record_fault_start();
    stage.until_alert()?;
    stage.shows("grep engine_fallback /var/log/pytoon/*.log", &["\"kind\":\"moderation\""])?;
    stage.shows(
        "curl -s localhost:8000/metrics | grep v2_engine",
        &["pytoon_v2_engine_invocations_total{engine=\"runway\",result=\"moderation\"}"],
    )?;
    let job = format!("pytoon doctor {}", stage.last()?);
    stage.shows(&job, &["moderation"])?;
    switch_off_runway(stage)?;
    stage.until_silent()
}

fn bad_config(stage: &mut Stage) -> anyhow::Result<()> {
    stage.films(1)?;
    stage.record_fault_start();
    stage.edit("config/engine.yaml", "max_concurrent: 8", "max_concurent: 8")?;
    stage.until_alert()?;
    stage.shows("grep engine_config_refused /var/log/pytoon/worker.log", &["max_concurent"])?;
    stage.shows("pytoon doctor", &["max_concurent"])?;
    stage.edit("config/engine.yaml", "max_concurent: 8", "max_concurrent: 8")?;
    stage.submit()?;
    stage.shows(
        "grep engine_config_reloaded /var/log/pytoon/worker.log",
        &["engine_config_reloaded"],
    )?;
    stage.until_silent()
}
