//! Subtitles (SubRip, WebVTT) pasted as a script: numbers and times go, the cues' words are one text.

/// Returns a text without the times of subtitles; one that has none is as it was.
pub(super) fn without_times(text: &str, removed: &mut Vec<String>) -> String {
    if !text.lines().any(is_times) {
        return text.to_owned();
    }
    removed.push("-->".to_owned());
    let mut kept: Vec<&str> = Vec::new();
    for line in text.lines() {
        if is_times(line) {
            // The cue's number, and the blank line before it.
            let is_number =
                |line: &&str| !line.is_empty() && line.chars().all(|c| c.is_ascii_digit());
            if kept.last().is_some_and(is_number) {
                kept.pop();
            }
            while kept.last().is_some_and(|line| line.trim().is_empty()) {
                kept.pop();
            }
        } else if !(kept.is_empty() && line.starts_with("WEBVTT")) {
            kept.push(line.trim_end());
        }
    }
    kept.join("\n")
}

/// `00:00:01,000 --> 00:00:03,000` and what may follow it.
fn is_times(line: &str) -> bool {
    let Some((from, to)) = line.trim().split_once("-->") else { return false };
    let is_time = |time: &str| {
        let has_fraction = time.contains(['.', ',']);
        has_fraction
            && time.contains(':')
            && time.chars().all(|c| c.is_ascii_digit() || ":.,".contains(c))
    };
    is_time(from.trim()) && to.split_whitespace().next().is_some_and(is_time)
}
