//! Prints to standard output and standard error.
//!
//! Guarantees: no text from a brief, a caller or a vendor moves the cursor of a terminal, starts a new line, or
//! changes the order in which its characters are shown.

use pytoon_telemetry::{in_json, one_line, sanitize_sensitive_data};
use std::io::Write;

/// Prints a line of the result. A closed pipe is not reported as an error.
pub(crate) fn line(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stdout(), "{}", one_line(text.as_ref()));
}

/// Prints every line of a text as a line of the result.
pub(crate) fn lines(text: impl AsRef<str>) {
    text.as_ref().lines().for_each(line);
}

/// Prints a value as JSON.
pub(crate) fn json(value: &impl serde::Serialize) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    let _ = writeln!(std::io::stdout(), "{}", in_json(&text));
    Ok(())
}

/// Prints an error with its causes to standard error, without secrets.
pub(crate) fn error(error: &anyhow::Error) {
    // Some errors include their cause; it is not repeated.
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    let text = sanitize_sensitive_data(&text);
    let mut lines = text.lines();
    let _ = writeln!(std::io::stderr(), "error: {}", one_line(lines.next().unwrap_or_default()));
    // Further lines are indented: they cannot look like another message.
    for line in lines {
        let _ = writeln!(std::io::stderr(), "  {}", one_line(line));
    }
}

/// Prints a line to standard error that is not part of the result.
pub(crate) fn note(text: impl AsRef<str>) {
    let _ = writeln!(std::io::stderr(), "{}", one_line(text.as_ref()));
}
