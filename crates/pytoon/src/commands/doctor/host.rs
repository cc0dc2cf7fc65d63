//! Checks the machine: FFmpeg and its encoders, the local voice, fonts, disk, configuration.

use super::{Check, Verdict};
use crate::context::Context;
use pytoon_graphics::text::FontScript;
use pytoon_process::{CommandLine, SystemError, disk};
use std::path::Path;

/// The writing systems whose fonts are checked.
const SCRIPTS: &[(FontScript, &str)] = &[
    (FontScript::Latin, "Latin, Greek, Cyrillic"),
    (FontScript::Cjk, "Chinese, Japanese, Korean"),
    (FontScript::Arabic, "Arabic"),
    (FontScript::Devanagari, "Devanagari"),
    (FontScript::Emoji, "emoji"),
];

pub(super) fn checks(context: &Context) -> Vec<Check> {
    let mut checks =
        vec![program(context, "ffmpeg", "-version"), program(context, "ffprobe", "-version")];
    checks.extend(encoders(context));
    checks.push(program(context, "pytoon-espeak", "--version"));
    checks.push(program(context, "pytoon-x264", "--version"));
    checks.extend(fonts(context));
    checks.push(free_disk(context));
    checks.push(config(context));
    checks
}

fn program(context: &Context, name: &'static str, arg: &str) -> Check {
    let command = CommandLine::new(name, "read its version").arg(arg);
    let fix = match name {
        "pytoon-espeak" | "pytoon-x264" => "run `make setup && cargo build --release`",
        _ => "run `make setup`, or `apt-get install ffmpeg`",
    };
    // Other voices may replace eSpeak NG. FFmpeg encodes where the encoder is missing, and only there.
    let verdict = |error: &SystemError| match (name, error) {
        ("pytoon-espeak", _) | ("pytoon-x264", SystemError::MissingProgram { .. }) => {
            Verdict::Warning
        }
        _ => Verdict::Failed,
    };
    match context.runner.run(&command, Vec::new()) {
        Ok(out) => {
            let text = String::from_utf8_lossy(&out);
            let line = text.lines().next().unwrap_or_default();
            Check::good(name, line.split(" Copyright").next().unwrap_or_default())
        }
        Err(error) => Check::bad(verdict(&error), name, format!("failed to {error}"), fix),
    }
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
                Check::good(label, "available")
            } else {
                Check::bad(
                    Verdict::Failed,
                    label,
                    "missing",
                    "install an FFmpeg that has this encoder, such as Debian's",
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
        format!("{} (used only if a profile names one)", hardware.join(", "))
    };
    checks.push(Check::good("hardware encoders", list));
    checks
}

fn fonts(context: &Context) -> Vec<Check> {
    let finder = context.fonts();
    SCRIPTS
        .iter()
        .map(|(script, name)| {
            let (here, missing) = finder.wanted_fonts(*script);
            let label = format!("fonts: {name}");
            let families: Vec<&str> = here.iter().map(|f| f.family).collect();
            let mut packages: Vec<&str> = missing.iter().map(|f| f.package).collect();
            packages.dedup();
            if here.is_empty() {
                let verdict =
                    if *script == FontScript::Latin { Verdict::Failed } else { Verdict::Warning };
                Check::bad(
                    verdict,
                    label,
                    "none",
                    format!("run `make setup`, or `apt-get install {}`", packages.join(" ")),
                )
            } else {
                let mut families = families;
                families.dedup();
                Check::good(label, families.join(", "))
            }
        })
        .collect()
}

fn free_disk(context: &Context) -> Check {
    let folder = Path::new(&context.config.settings.storage_dir);
    let needed = context.config.settings.limits.min_free_disk_mib;
    match disk::free_bytes(folder).map(|bytes| bytes >> 20) {
        Some(free) if free < needed => Check::bad(
            Verdict::Failed,
            "disk",
            format!(
                "{free} MiB free for {}, {needed} MiB needed (limits.min_free_disk_mib)",
                folder.display()
            ),
            "free disk space, or set storage_dir in defaults.yaml to a folder on another disk",
        )
        .see("storage"),
        Some(free) => Check::good("disk", format!("{free} MiB free for {}", folder.display())),
        None => Check::bad(
            Verdict::Warning,
            "disk",
            format!("the free space for {} is unknown", folder.display()),
            "check the disk with `df`",
        ),
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
        Ok(count) => Check::good("config", format!("{source}, {count} presets")),
        Err(error) => Check::bad(
            Verdict::Failed,
            "config",
            error.to_string(),
            "correct the file that the error names",
        ),
    }
}
