//! Parses subtitles (SubRip, WebVTT) and transcripts pasted as a script: removes numbers and times, and joins the
//! cues' words into one text.

/// Removes the times, cue numbers, headers and notes of subtitles, or the times of a transcript, and names
/// the removed markup in `removed`. Other texts stay unchanged.
pub(super) fn without_times(text: &str, removed: &mut Vec<String>) -> String {
    if !text.lines().any(is_times) {
        return without_transcript_times(text, removed);
    }
    // Rolling captions repeat each line above the next one.
    let is_rolling = text.lines().any(|line| without_inner_times(line).len() < line.len());
    removed.push("-->".to_owned());
    let mut kept: Vec<String> = Vec::new();
    // WebVTT's header, its styles and its notes extend to the next blank line.
    let mut is_aside = false;
    for line in text.lines() {
        let begins_aside = (kept.is_empty() && line.starts_with("WEBVTT"))
            || ["NOTE", "STYLE", "REGION"].iter().any(|name| {
                line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            });
        is_aside = (is_aside && !line.trim().is_empty() && !is_times(line)) || begins_aside;
        if is_times(line) {
            // Remove the cue's number, and the blank line before it.
            let is_number =
                |line: &String| !line.is_empty() && line.chars().all(|c| c.is_ascii_digit());
            if kept.last().is_some_and(is_number) {
                kept.pop();
            }
            while kept.last().is_some_and(|line| line.trim().is_empty()) {
                kept.pop();
            }
        } else if !is_aside {
            let words = without_overrides(&without_inner_times(line.trim_end()));
            let last = kept.iter().rev().find(|line| !line.trim().is_empty());
            if !(is_rolling && last.is_some_and(|last| without_tags(last) == without_tags(&words)))
            {
                kept.push(words);
            }
        }
    }
    kept.join("\n")
}

/// Removes a transcript's timestamps, which stand on lines of their own or before the words. Requires at least three
/// lines that begin with a time, in ascending order, the first below ten seconds. The last condition spares a
/// timetable, whose times start later.
fn without_transcript_times(text: &str, removed: &mut Vec<String>) -> String {
    const FEWEST: usize = 3;
    const FIRST: u32 = 10;
    let times: Vec<u32> = text.lines().filter_map(leading_time).map(|(time, _)| time).collect();
    let ascends = times.windows(2).all(|pair| pair[0] <= pair[1]);
    if times.len() < FEWEST || !ascends || times.first().is_some_and(|first| *first >= FIRST) {
        return text.to_owned();
    }
    removed.push("0:00".to_owned());
    let without = |line| leading_time(line).map_or(line, |(_, words)| words);
    let lines = text.lines().filter(|line| leading_time(line).is_none_or(|(_, w)| !w.is_empty()));
    lines.map(without).collect::<Vec<&str>>().join("\n")
}

/// Parses a time at the start of a line (`1:05 Then`). Returns the seconds and the words after it.
fn leading_time(line: &str) -> Option<(u32, &str)> {
    let line = line.trim();
    let (time, words) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let mut seconds = 0;
    let parts: Vec<&str> = time.split(':').collect();
    for (index, part) in parts.iter().enumerate() {
        let digits = if index == 0 { 1..=2 } else { 2..=2 };
        if !digits.contains(&part.len()) || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        seconds = seconds * 60 + part.parse::<u32>().ok()?;
    }
    (2..=3).contains(&parts.len()).then(|| (seconds, words.trim()))
}

/// Returns a cue's words for comparison, without tags such as `<c>`.
fn without_tags(line: &str) -> String {
    let pieces = line.split('<').enumerate();
    let words = pieces.map(|(index, piece)| match piece.split_once('>') {
        Some((_, words)) if index > 0 => words,
        _ => piece,
    });
    words.collect::<String>().trim().to_owned()
}

/// Removes SubStation Alpha overrides from a cue: `{\an8}`, `{\i1}`.
fn without_overrides(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = rest.find("{\\") {
        let Some(close) = rest[open..].find('}') else { break };
        out.push_str(&rest[..open]);
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

/// Removes word times from a cue: `and<00:00:03.900> welcome`.
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

/// Returns true for the line with a cue's times: `00:00:01,000 --> 00:00:03,000`, with or without settings after
/// them.
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
