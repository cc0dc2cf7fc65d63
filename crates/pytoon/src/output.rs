//! What goes to standard output and standard error.

use std::io::Write;

/// Prints a line of the result. A closed pipe is not an error of ours.
pub(crate) fn line(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout(), "{}", text.as_ref());
}

/// Prints a value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    line(serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Prints what went wrong.
pub(crate) fn error(error: &anyhow::Error) {
    // Some errors tell their cause themselves; it is not said twice.
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    let text = pytoon_telemetry::sanitize_sensitive_data(&text);
    let _ = writeln!(std::io::stderr(), "error: {text}");
}

/// Prints a remark that is not part of the result.
pub(crate) fn note(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", text.as_ref());
}
