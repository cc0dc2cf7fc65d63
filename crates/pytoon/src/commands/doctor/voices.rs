//! Checks the voices, and the methods of word timing.

use super::Check;
use crate::context::Context;
use pytoon_config::model_ends::{ModelEnd, WARNED_OF_DAYS};
use pytoon_config::tts::VoiceProvider;
use pytoon_engines::world::{RealWorld, World};
use pytoon_pipeline::engine_session::EngineSession;
use pytoon_pipeline::voices::providers;
use pytoon_records::ledger::{BreakerRow, CallLimits};
use pytoon_vendor::breakers::{switched_off_text, voice_switch_row};
use pytoon_voice::health::{VoiceHealth, report};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Checks every voice provider in the order of the chain, and the shutdown dates of configured models. The health
/// checks of services are free.
pub(super) fn checks(context: &Context, session: Arc<EngineSession>) -> anyhow::Result<Vec<Check>> {
    let tts = &context.config.settings.tts;
    let off = switched_off(&session);
    let environment = context.environment_of(session);
    let chain = providers(&environment, None, &"doctor".into(), CallLimits::default())?;
    let asked = chain.providers.iter().enumerate().map(|(place, provider)| {
        let name = provider.name();
        let label = format!("voice {}: {name}", place + 1);
        if let Some(row) = off.get(&voice_switch_row(name)) {
            let evidence = switched_off_text(row.switched_off.as_ref());
            return Check::warning(label, evidence, "switch it on when its trouble is over")
                .see("tts");
        }
        let VoiceHealth { healthy, kind, detail: said } = report(provider.as_ref());
        if healthy {
            Check::good(label, said)
        } else {
            let block = match tts.provider(name) {
                Some(VoiceProvider::Server(_)) => format!("tts.openai_compatible.{name}"),
                Some(VoiceProvider::BuiltIn(_)) | None => format!("tts.{name}"),
            };
            let fix = match kind {
                "bad_voice" => {
                    "reinstall the voice; until then the next provider speaks".to_owned()
                }
                _ if provider.guarded_account().is_none() => {
                    format!("check {block} in defaults.yaml, and run `make setup`")
                }
                _ => {
                    format!(
                        "check {block} in defaults.yaml, the API key, and the vendor's status page"
                    )
                }
            };
            let page = if kind == "auth" { "key-rotation" } else { "tts" };
            let evidence = format!("the health check failed (`{kind}`): {said}");
            Check::warning(label, evidence, fix).see(page)
        }
    });
    let left_out = chain.left_out.iter().map(|left| {
        Check::good(format!("voice: {}", left.provider), format!("not used: {}", left.reason))
    });
    Ok(asked.chain(left_out).chain(model_ends(context)?).collect())
}

/// Returns the rows of the switches that a person has switched off, by name. Empty if the ledger cannot be read, which
/// another check reports.
fn switched_off(session: &EngineSession) -> BTreeMap<String, BreakerRow> {
    let Some(ledger) = session.purchase_ledger() else { return BTreeMap::new() };
    let rows = ledger.runtime.block_on(ledger.store.breaker_list()).unwrap_or_default();
    rows.into_iter().filter(|(_, row)| row.switched_off.is_some()).collect()
}

/// Reports the configured models that their vendors will shut down soon or have shut down, if there is an API key for
/// them.
fn model_ends(context: &Context) -> anyhow::Result<Vec<Check>> {
    let now = RealWorld.now();
    let mut checks = Vec::new();
    for ending in context.config.ending_models() {
        let Some(days) = ending.end.days_from(now) else { continue };
        if days > WARNED_OF_DAYS || context.secrets.find(ending.key_env)?.is_none() {
            continue;
        }
        let ModelEnd { provider, model, on, successor } = ending.end;
        let evidence = if days < 0 {
            format!("{provider} shut this model down on {on}")
        } else {
            let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            format!("{provider} shuts this model down on {on}, in {days}")
        };
        let fix = if successor.is_empty() {
            format!(
                "the vendor names no successor: set {} to another model, or use another provider",
                ending.field
            )
        } else {
            format!("set {} to {successor} in {}", ending.field, ending.file)
        };
        let guide = if ending.file == "engine.yaml" { "engine-health" } else { "tts" };
        checks.push(Check::warning(format!("model {model}"), evidence, fix).see(guide));
    }
    Ok(checks)
}

/// Checks the external programs for word timing and transcription. None is required.
pub(super) fn aligners(context: &Context) -> Vec<Check> {
    [
        ("whisperx", "install it with `pip install whisperx`"),
        ("stable-ts", "install it with `pip install stable-ts`"),
        ("whisper-cli", "it is part of whisper.cpp"),
    ]
    .into_iter()
    .map(|(program, how)| {
        let name = format!("aligner {program}");
        match context.runner.programs.find(program) {
            Ok(path) => Check::good(name, path.display().to_string()),
            Err(_) => {
                let evidence = format!("optional, not on PATH: {how}");
                Check::good(name, evidence)
            }
        }
    })
    .collect()
}
