//! Lengths of pauses as people write them.

/// Parses `1s`, `1.5 s`, `500ms`, `2 seconds`, `1,5 sec`, `2` (seconds). Returns milliseconds.
pub(super) fn parse(text: &str) -> Option<u32> {
    let text = text.trim().to_lowercase().replace(',', ".");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let value: f64 = text[..digits].parse().ok()?;
    let factor = match text[digits..].trim() {
        "ms" | "msec" | "milliseconds" | "millisecond" => 1.0,
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1000.0,
        _ => return None,
    };
    // A float becomes the nearest integer that fits.
    Some((value * factor).round() as u32)
}

/// Returns the pause that the words in brackets ask for: `pause`, `pause: 1s`, `short pause`,
/// `beat`. The inner `None` leaves the length to the preset.
pub(super) fn pause(inside: &str) -> Option<Option<u32>> {
    let words = inside.trim().to_lowercase();
    if matches!(
        words.as_str(),
        "pause" | "beat" | "a beat" | "short pause" | "brief pause" | "break" | "pausa" | "пауза"
    ) {
        return Some(None);
    }
    if matches!(words.as_str(), "long pause" | "dramatic pause") {
        return Some(Some(1500));
    }
    let rest = ["pause", "break", "wait", "silence", "pausa", "пауза"]
        .iter()
        .find_map(|word| words.strip_prefix(word))?;
    let rest = rest.trim_start_matches([':', '=', ' ']).trim_start_matches("for ");
    parse(rest).map(Some)
}
