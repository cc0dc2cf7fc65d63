//! Subtitles (SubRip, WebVTT) pasted as a script: numbers and times go, the cues' words are one text.

/// Returns a text without the times of subtitles; one that has none is as it was.
pub(super) fn without_times(text: &str, removed: &mut Vec<String>) -> String {
    if !text.lines().any(is_times) {
        return text.to_owned();
    }
    removed.push("-->".to_owned());
    let mut kept: Vec<String> = Vec::new();
    // WebVTT's header, its styles and notes go on to the next blank line.
    let mut is_aside = false;
    for line in text.lines() {
        let begins_aside = (kept.is_empty() && line.starts_with("WEBVTT"))
            || ["NOTE", "STYLE", "REGION"].iter().any(|name| {
                line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            });
        is_aside = (is_aside && !line.trim().is_empty() && !is_times(line)) || begins_aside;
        if is_times(line) {
            // The cue's number, and the blank line before it.
            let is_number =
                |line: &String| !line.is_empty() && line.chars().all(|c| c.is_ascii_digit());
            if kept.last().is_some_and(is_number) {
                kept.pop();
            }
            while kept.last().is_some_and(|line| line.trim().is_empty()) {
                kept.pop();
            }
        } else if !is_aside {
            kept.push(without_inner_times(line.trim_end()));
        }
    }
    kept.join("\n")
}

/// Takes the times of words out of a cue: `and<00:00:03.900> welcome`.
fn without_inner_times(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find('<') {
        let inside = rest[open + 1..].split('>').next().unwrap_or_default();
        let is_closed = rest.len() > open + 1 + inside.len();
        let is_time =
            inside.contains(':') && inside.chars().all(|c| c.is_ascii_digit() || ":.".contains(c));
        let end = if is_closed && is_time { open + inside.len() + 2 } else { open + 1 };
        out.push_str(&rest[..if is_closed && is_time { open } else { end }]);
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
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
