//! Parses pause lengths as people write them.

/// Words for a pause in several languages, such as `pause` and `pausa`.
const PAUSES: &[&str] = &[
    "pause",
    "break",
    "beat",
    "wait",
    "silence",
    "pausa",
    "pauza",
    "пауза",
    "duraklama",
    "durak",
    "stille",
    "stilte",
    "un temps",
    "توقف",
    "وقفة",
    "विराम",
    "停顿",
    "停頓",
    "间",
    "間",
    "ポーズ",
    "멈춤",
    "หยุด",
];
/// Words beside a pause word that leave its length to the preset.
const SHORT: &[&str] = &[
    "a",
    "short",
    "brief",
    "small",
    "quick",
    "kurze",
    "kleine",
    "courte",
    "corta",
    "breve",
    "curta",
    "короткая",
    "kısa",
    "krótka",
];
/// Words for a long pause.
const LONG: &[&str] = &[
    "long",
    "longer",
    "dramatic",
    "lange",
    "dramatische",
    "longue",
    "larga",
    "lunga",
    "longa",
    "длинная",
    "uzun",
    "długa",
];
/// The length of a long pause, in milliseconds.
const LONG_MS: u32 = 1500;

/// Parses a length such as `1s`, `1.5 s`, `500ms`, `2 seconds`, `1,5 sec` or `2` (seconds). Returns it in
/// milliseconds.
pub(super) fn parse(text: &str) -> Option<u32> {
    let text = text.trim().to_lowercase().replace(',', ".").replace('-', " ");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let value: f64 = text[..digits].parse().ok()?;
    let factor = match text[digits..].trim() {
        "ms" | "msec" | "milliseconds" | "millisecond" => 1.0,
        "" | "s" | "sec" | "secs" | "second" | "seconds" => 1000.0,
        _ => return None,
    };
    // A float is converted to the nearest integer that fits.
    Some((value * factor).round() as u32)
}

/// Returns the pause that bracketed words request: `pause`, `pause: 1s`, `2s pause`, `short pause`, `beat`. Returns
/// `None` for other words. The inner `None` leaves the length to the preset.
pub(super) fn pause(inside: &str) -> Option<Option<u32>> {
    let words = inside.trim().to_lowercase();
    if matches!(words.as_str(), "wait" | "silence") {
        return None;
    }
    if PAUSES.contains(&words.as_str()) {
        return Some(None);
    }
    if let Some((size, pause)) = words.split_once(' ')
        && PAUSES.contains(&pause.trim())
    {
        return match size {
            _ if LONG.contains(&size) => Some(Some(LONG_MS)),
            _ if SHORT.contains(&size) => Some(None),
            _ => parse(size).map(Some),
        };
    }
    // `2 second pause`, `pausa larga`, `pause (2s)`, `wait for 1 second`
    if let Some(length) = PAUSES.iter().find_map(|word| words.strip_suffix(word))
        && let Some(ms) = parse(length)
    {
        return Some(Some(ms));
    }
    let rest = PAUSES.iter().find_map(|word| words.strip_prefix(word))?;
    let rest = rest.trim_start_matches([':', '=', ' ', '(', '-']).trim_end_matches(')');
    let rest = rest.trim_start_matches("for ");
    if LONG.contains(&rest) {
        return Some(Some(LONG_MS));
    }
    if SHORT.contains(&rest) {
        return Some(None);
    }
    parse(rest).map(Some)
}
