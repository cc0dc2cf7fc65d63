//! Who speaks, and who times words.

use super::Check;
use crate::context::Context;
use pytoon_core::ledger::CallLimits;
use pytoon_pipeline::engine_desk::EngineDesk;
use pytoon_pipeline::voices::providers;
use pytoon_telemetry::Event;
use std::sync::Arc;

/// Every voice provider in the order in which it is tried. Services are asked how they are, which
/// costs nothing.
pub(super) fn checks(context: &Context, desk: Arc<EngineDesk>) -> anyhow::Result<Vec<Check>> {
    let environment = context.environment_of(desk);
    let chain = providers(&environment, None, "doctor", CallLimits::default())?;
    let asked = chain.providers.iter().enumerate().map(|(place, provider)| {
        let name = provider.name();
        let label = format!("voice {}: {name}", place + 1);
        let begun = std::time::Instant::now();
        let health = provider.health_check();
        let latency_ms = begun.elapsed().as_millis() as u64;
        let (healthy, kind, said) = match &health {
            Ok(said) => (true, "", said.clone()),
            Err(error) => (false, error.kind(), error.to_string()),
        };
        Event::HealthCheck {
            engine: name,
            healthy,
            key_present: true,
            kind,
            latency_ms,
            detail: &said,
        }
        .emit();
        if healthy {
            Check::good(label, said)
        } else {
            let fix = match kind {
                // The evidence says what to install.
                "bad_voice" => "the voice's files: `pytoon voices` lists them".to_owned(),
                _ => format!("tts.{name} in defaults.yaml, its key, or the vendor's status page"),
            };
            let page = if kind == "auth" { "key-rotation" } else { "tts" };
            Check::warning(label, format!("{kind}: {said}"), fix).see(page)
        }
    });
    let left_out = chain.left_out.iter().map(|left| {
        Check::good(format!("voice: {}", left.provider), format!("left out: {}", left.reason))
    });
    Ok(asked.chain(left_out).collect())
}

/// Programs that time the words of recordings, or write recordings down. None is needed.
pub(super) fn aligners(context: &Context) -> Vec<Check> {
    [
        ("whisperx", "pip install whisperx"),
        ("stable-ts", "pip install stable-ts"),
        ("whisper-cli", "whisper.cpp brings it"),
    ]
    .into_iter()
    .map(|(program, how)| {
        let name = format!("aligner {program}");
        match context.runner.programs.find(program) {
            Ok(path) => Check::good(name, path.display().to_string()),
            Err(_) => {
                let evidence = format!("not on the path ({how}); the built-in aligner times words");
                Check::good(name, evidence)
            }
        }
    })
    .collect()
}
