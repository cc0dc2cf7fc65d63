//! `pytoon doctor`: what this machine has and lacks, with the fix for each.

use crate::context::Context;
use crate::output;
use pytoon_core::ledger::CallLimits;
use pytoon_graphics::text::FontScript;
use pytoon_media::disk;
use pytoon_media::process::CommandLine;
use pytoon_pipeline::voices::providers;
use pytoon_telemetry::Event;
use serde::Serialize;
use std::path::Path;
use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Warning,
    Failed,
}

#[derive(Debug, Serialize)]
struct Check {
    name: String,
    verdict: Verdict,
    evidence: String,
    fix: Option<String>,
}

/// Scripts that captions are most often written in.
const SCRIPTS: &[(FontScript, &str)] = &[
    (FontScript::Latin, "Latin, Greek, Cyrillic"),
    (FontScript::Cjk, "Chinese, Japanese, Korean"),
    (FontScript::Arabic, "Arabic"),
    (FontScript::Devanagari, "Devanagari"),
    (FontScript::Emoji, "emoji"),
];

/// Runs every check; fails when a film cannot be made.
pub(crate) fn run(context: &Context) -> anyhow::Result<ExitCode> {
    let mut checks =
        vec![program(context, "ffmpeg", "-version"), program(context, "ffprobe", "-version")];
    checks.extend(encoders(context));
    checks.push(program(context, "pytoon-espeak", "--version"));
    checks.extend(voices(context)?);
    checks.extend(fonts(context));
    checks.push(free_disk(context));
    checks.push(config(context));
    let worst = checks.iter().map(|c| c.verdict).max().unwrap_or(Verdict::Ok);
    if context.global.json {
        output::json(&checks)?;
    } else {
        for check in &checks {
            let sign = match check.verdict {
                Verdict::Ok => "ok     ",
                Verdict::Warning => "warning",
                Verdict::Failed => "FAILED ",
            };
            output::line(format!("{sign}  {:<28} {}", check.name, check.evidence));
            if let Some(fix) = &check.fix {
                output::line(format!("         fix: {fix}"));
            }
        }
    }
    Ok(if worst == Verdict::Failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn good(name: impl Into<String>, evidence: impl Into<String>) -> Check {
    Check { name: name.into(), verdict: Verdict::Ok, evidence: evidence.into(), fix: None }
}

fn bad(
    verdict: Verdict,
    name: impl Into<String>,
    evidence: impl Into<String>,
    fix: impl Into<String>,
) -> Check {
    Check { name: name.into(), verdict, evidence: evidence.into(), fix: Some(fix.into()) }
}

fn program(context: &Context, name: &'static str, arg: &str) -> Check {
    let command = CommandLine::new(name, "ask for its version").arg(arg);
    let fix = if name == "pytoon-espeak" {
        "make setup && cargo build --release"
    } else {
        "make setup, or: apt-get install ffmpeg"
    };
    // Without the local voice films are silent, but they are made.
    let verdict = if name == "pytoon-espeak" { Verdict::Warning } else { Verdict::Failed };
    match context.runner.run(&command, Vec::new()) {
        Ok(out) => {
            let text = String::from_utf8_lossy(&out);
            let line = text.lines().next().unwrap_or_default();
            good(name, line.split(" Copyright").next().unwrap_or_default())
        }
        Err(error) => bad(verdict, name, format!("failed to {error}"), fix),
    }
}

/// Every voice provider in the order in which it is tried. Services are asked how they are, which
/// costs nothing.
fn voices(context: &Context) -> anyhow::Result<Vec<Check>> {
    let environment = context.environment()?;
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
            good(label, said)
        } else {
            let fix = format!("tts.{name} in defaults.yaml, its key, or the vendor's status page");
            bad(Verdict::Warning, label, format!("{kind}: {said}"), fix)
        }
    });
    let left_out = chain.left_out.iter().map(|left| {
        good(format!("voice: {}", left.provider), format!("left out: {}", left.reason))
    });
    Ok(asked.chain(left_out).collect())
}

fn encoders(context: &Context) -> Vec<Check> {
    let command =
        CommandLine::new("ffmpeg", "list its encoders").args(["-hide_banner", "-encoders"]);
    let Ok(out) = context.runner.run(&command, Vec::new()) else { return Vec::new() };
    let text = String::from_utf8_lossy(&out).into_owned();
    let has = |name: &str| text.split_whitespace().any(|word| word == name);
    let mut checks: Vec<Check> = ["libx264", "aac"]
        .into_iter()
        .map(|name| {
            let label = format!("encoder {name}");
            if has(name) {
                good(label, "there")
            } else {
                bad(
                    Verdict::Failed,
                    label,
                    "missing",
                    "install an FFmpeg built with it (Debian's has it)",
                )
            }
        })
        .collect();
    let hardware: Vec<&str> = ["h264_nvenc", "h264_qsv", "h264_vaapi", "h264_videotoolbox"]
        .into_iter()
        .filter(|n| has(n))
        .collect();
    let list = if hardware.is_empty() {
        "none".to_owned()
    } else {
        format!("{} (tried when a profile names one)", hardware.join(", "))
    };
    checks.push(good("hardware encoders", list));
    checks
}

fn fonts(context: &Context) -> Vec<Check> {
    let finder = context.fonts();
    SCRIPTS
        .iter()
        .map(|(script, name)| {
            let (here, missing) = finder.wanted(*script);
            let label = format!("fonts: {name}");
            let families: Vec<&str> = here.iter().map(|f| f.family).collect();
            let mut packages: Vec<&str> = missing.iter().map(|f| f.package).collect();
            packages.dedup();
            if here.is_empty() {
                let verdict =
                    if *script == FontScript::Latin { Verdict::Failed } else { Verdict::Warning };
                bad(
                    verdict,
                    label,
                    "none",
                    format!("make setup, or: apt-get install {}", packages.join(" ")),
                )
            } else {
                let mut families = families;
                families.dedup();
                good(label, families.join(", "))
            }
        })
        .collect()
}

fn free_disk(context: &Context) -> Check {
    let folder = Path::new(&context.config.settings.storage_dir);
    let needed = context.config.settings.limits.min_free_disk_mib;
    match disk::free_bytes(folder).map(|bytes| bytes >> 20) {
        Some(free) if free < needed => bad(
            Verdict::Failed,
            "disk",
            format!("{free} MiB free for {}, {needed} needed", folder.display()),
            "free some space, or set storage_dir in defaults.yaml",
        ),
        Some(free) => good("disk", format!("{free} MiB free for {}", folder.display())),
        None => {
            bad(Verdict::Warning, "disk", "free space cannot be told", "check the disk by hand")
        }
    }
}

fn config(context: &Context) -> Check {
    let source =
        context.config.folder.as_ref().map_or("built-in".to_owned(), |f| f.display().to_string());
    let presets = context.config.presets();
    let profiles: Result<Vec<_>, _> =
        context.config.names("profiles").iter().map(|name| context.config.profile(name)).collect();
    let brands: Result<Vec<_>, _> =
        context.config.names("brands").iter().map(|name| context.config.brand(name)).collect();
    match presets.map(|p| p.len()).and_then(|n| profiles.map(|_| n)).and_then(|n| brands.map(|_| n))
    {
        Ok(count) => good("config", format!("{source}, {count} presets")),
        Err(error) => bad(Verdict::Failed, "config", error.to_string(), "correct that file"),
    }
}
