//! Checks the values of a brief beyond their types: lengths, ranges and contradictions. Reports the first invalid
//! value with its field and the reason.

use super::{Brief, ClipsFor, FieldProblem, MAX_FILM_SECONDS, MAX_SCENES, MAX_SCRIPT_CHARS};
use serde_json::Value;

impl Brief {
    /// Returns the first problem that these checks find, or `None`.
    pub fn problem(&self) -> Option<FieldProblem> {
        self.emptiness()
            .or_else(|| self.text_problem())
            .or_else(|| self.size_problem())
            .or_else(|| self.number_problem())
            .or_else(|| self.format_problem())
            .or_else(|| self.deadline_problem())
            .or_else(|| self.card_problem())
            .or_else(|| self.overlay_problem())
            .or_else(|| self.scene_problem())
    }

    fn emptiness(&self) -> Option<FieldProblem> {
        let has_text = [&self.prompt, &self.script, &self.voice_script]
            .into_iter()
            .flatten()
            .any(|text| !text.trim().is_empty());
        let empty = !has_text && self.media_files.is_empty() && self.voice_file.is_none();
        empty.then(|| {
            FieldProblem::new(
                "",
                "the brief is empty: give at least a `prompt`, a `script`, `media_files` or a \
                 `voice_file` (`pytoon init` writes an example)",
            )
        })
    }

    fn text_problem(&self) -> Option<FieldProblem> {
        let texts = [
            ("prompt", &self.prompt),
            ("script", &self.script),
            ("voice_script", &self.voice_script),
        ];
        for (field, text) in texts {
            let chars = text.as_deref().map_or(0, |text| text.chars().count());
            if chars > MAX_SCRIPT_CHARS {
                return Some(FieldProblem::new(
                    field,
                    format!(
                        "{chars} characters are too many for a film of {MAX_FILM_SECONDS} s: \
                             shorten the text to {MAX_SCRIPT_CHARS} characters"
                    ),
                ));
            }
        }
        if self.voice_is_off() && self.voice_file.is_some() {
            return Some(FieldProblem::new(
                "voice",
                "`voice: off` contradicts `voice_file`: remove one of them",
            ));
        }
        None
    }

    /// Returns a problem if a text, list or mapping is larger than a film can use. The cost of layout grows
    /// with the length of texts, and no viewer reads a caption that fills a page.
    fn size_problem(&self) -> Option<FieldProblem> {
        let brief = serde_json::to_value(self).ok()?;
        too_large("", &brief)
    }

    fn deadline_problem(&self) -> Option<FieldProblem> {
        let text = self.deadline.as_deref()?;
        let reason = deadline(text, 0).err()?;
        Some(FieldProblem::new("deadline", reason))
    }

    fn number_problem(&self) -> Option<FieldProblem> {
        let voice = self.voice_settings();
        let captions = self.caption_settings();
        let ranges = [
            ("target_duration_seconds", self.target_duration_seconds, 1.0, MAX_FILM_SECONDS),
            ("music_gain_db", self.music_gain_db, -30.0, 12.0),
            ("max_scenes", self.max_scenes.map(f64::from), 1.0, f64::from(MAX_SCENES)),
            ("voice.speed", voice.speed, 0.5, 2.0),
            ("voice.pitch", voice.pitch, -3.0, 3.0),
            ("captions.size", captions.size, 0.6, 1.6),
            ("budget", self.budget, 0.0, 10_000.0),
        ];
        ranges
            .into_iter()
            .find_map(|(field, value, low, high)| out_of_range(field, value, low, high))
    }

    fn format_problem(&self) -> Option<FieldProblem> {
        if self.format.is_some() && !self.formats.is_empty() {
            let reason = "`formats` contradicts `format`: name all formats in `formats`, the most important one first";
            return Some(FieldProblem::new("formats", reason));
        }
        if self.clips == Some(ClipsFor::PerFormat) && self.formats.len() < 2 {
            let reason = "there is only one format: name several in `formats`, or leave this out";
            return Some(FieldProblem::new("clips", reason));
        }
        let repeated = |(index, format)| self.formats[..index].contains(format);
        let index = self.formats.iter().enumerate().position(repeated)?;
        let reason = format!("{} is named twice: remove one", self.formats[index].as_str());
        Some(FieldProblem::new(format!("formats[{index}]"), reason))
    }

    fn scene_problem(&self) -> Option<FieldProblem> {
        let mut seen = std::collections::BTreeSet::new();
        self.scenes.iter().enumerate().find_map(|(index, scene)| {
            let field = |name: &str| format!("scenes[{index}].{name}");
            if !seen.insert(scene.scene) {
                return Some(FieldProblem::new(
                    field("scene"),
                    format!(
                        "scene {} has two entries: put its changes into one entry",
                        scene.scene
                    ),
                ));
            }
            let problem = scene.problem(self.voice_file.is_some())?;
            Some(FieldProblem::new(field(&problem.field), problem.reason))
        })
    }
}

/// Parses a deadline and returns it in milliseconds since 1970 (UTC). The text is a time such as
/// `2026-11-24T18:00:00Z`, or a positive span such as `15m`, which is added to `started_at`.
pub fn deadline(text: &str, started_at: i64) -> Result<i64, String> {
    let text = text.trim();
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    match text.parse::<jiff::SignedDuration>() {
        Ok(span) if span.is_positive() => {
            let ms = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
            Ok(started_at.saturating_add(ms))
        }
        _ => Err(format!(
            "`{text}` is neither a time such as `2026-11-24T18:00:00Z` nor a positive span such as `90s`, `15m` or `2h`"
        )),
    }
}

/// Maximum number of characters in a name, or in a text that has no limit of its own.
const MAX_TEXT_CHARS: usize = 4_000;
/// Maximum number of characters in a caption or in the text of an overlay.
const MAX_SHOWN_CHARS: usize = 500;
/// Maximum number of entries in a list or mapping that has no limit of its own.
const MAX_ENTRIES: usize = 1_000;

fn too_large(field: &str, value: &Value) -> Option<FieldProblem> {
    let name = field.rsplit(['.', ']']).next().unwrap_or_default();
    let limited = |count: usize, most: usize, what: &str| {
        (count > most).then(|| {
            FieldProblem::new(field, format!("{count} {what} are too many; the maximum is {most}"))
        })
    };
    match value {
        // Their own limit has been checked.
        Value::String(_) if ["prompt", "script", "voice_script"].contains(&field) => None,
        Value::String(text) => {
            let is_shown = matches!(name, "caption" | "shown_as" | "say_instead" | "text");
            let most = if is_shown { MAX_SHOWN_CHARS } else { MAX_TEXT_CHARS };
            limited(text.chars().count(), most, "characters")
        }
        Value::Array(items) => {
            let most = match name {
                "overlays" => 100,
                "palette" => 32,
                _ => MAX_ENTRIES,
            };
            limited(items.len(), most, "entries").or_else(|| {
                let entry = |(index, item)| too_large(&format!("{field}[{index}]"), item);
                items.iter().enumerate().find_map(entry)
            })
        }
        Value::Object(entries) => limited(entries.len(), MAX_ENTRIES, "entries").or_else(|| {
            entries.iter().find_map(|(name, value)| {
                let inner = if field.is_empty() { name.clone() } else { format!("{field}.{name}") };
                let chars = name.chars().count();
                limited(chars, MAX_TEXT_CHARS, "characters in a name")
                    .or_else(|| too_large(&inner, value))
            })
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

pub(super) fn out_of_range(
    field: &str,
    value: Option<f64>,
    low: f64,
    high: f64,
) -> Option<FieldProblem> {
    let value = value?;
    (!(low..=high).contains(&value))
        .then(|| FieldProblem::new(field, format!("{value} is not between {low} and {high}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected_field: Option<&str>) {
        let brief: Brief = serde_json::from_str(json).expect("parses");
        assert_eq!(brief.problem().map(|p| p.field).as_deref(), expected_field, "{json}");
    }

    #[test]
    fn impossible_values_are_named() {
        check("{}", Some(""));
        check(r#"{"script":"  "}"#, Some(""));
        check(r#"{"prompt":"x"}"#, None);
        check(r#"{"prompt":"x","target_duration_seconds":61}"#, Some("target_duration_seconds"));
        check(r#"{"prompt":"x","target_duration_seconds":0}"#, Some("target_duration_seconds"));
        check(r#"{"prompt":"x","max_scenes":0}"#, Some("max_scenes"));
        check(r#"{"prompt":"x","budget":-1}"#, Some("budget"));
        check(r#"{"prompt":"x","deadline":"soon"}"#, Some("deadline"));
        check(r#"{"prompt":"x","deadline":"15m","on_degrade":"hold","budget":0.5}"#, None);
        check(r#"{"prompt":"x","voice":{"speed":9}}"#, Some("voice.speed"));
        check(r#"{"prompt":"x","voice":{"pitch":-4}}"#, Some("voice.pitch"));
        check(r#"{"voice_file":"a.wav","voice":"off"}"#, Some("voice"));
        check(r#"{"prompt":"x","overlays":[{}]}"#, Some("overlays[0]"));
        check(
            r#"{"prompt":"x","overlays":[{"text":"a","opacity":2}]}"#,
            Some("overlays[0].opacity"),
        );
        check(r#"{"prompt":"x","scenes":[{"scene":1},{"scene":1}]}"#, Some("scenes[1].scene"));
        let scene = |fields: &str, field: Option<&str>| {
            check(&format!(r#"{{"voice_file":"a.wav","scenes":[{{"scene":1,{fields}}}]}}"#), field);
        };
        scene(r#""shown_as":"a","caption_shift_seconds":-0.2"#, None);
        scene(r#""shown_as":"a","caption":"b""#, Some("scenes[0].shown_as"));
        scene(r#""shown_as":" ""#, Some("scenes[0].shown_as"));
        scene(r#""say_instead":"a""#, Some("scenes[0].say_instead"));
        scene(r#""caption_shift_seconds":2"#, Some("scenes[0].caption_shift_seconds"));
        scene(r#""min_duration_seconds":0"#, Some("scenes[0].min_duration_seconds"));
    }

    #[test]
    fn deadlines_are_times_or_spans() {
        assert_eq!(deadline("1970-01-01T00:00:02Z", 99), Ok(2000));
        assert_eq!(deadline("90s", 1000), Ok(91_000));
        assert_eq!(deadline("2h", 0), Ok(7_200_000));
        assert!(deadline("-5m", 0).is_err());
    }

    #[test]
    fn both_forms_of_a_media_file_parse() {
        let brief: Brief = serde_json::from_str(
            r#"{"media_files":["a.jpg",{"path":"b.mp4","keep_audio":true}],"voice":"off"}"#,
        )
        .expect("parses");
        assert_eq!(brief.media_files[0].path(), "a.jpg");
        assert!(brief.media_files[1].keep_audio());
        assert!(brief.voice_is_off());
    }
}
