//! Tests in which another program reads the caption files, and the result is compared with the timeline.

use pytoon_testkit::film::words;
use pytoon_testkit::{Film, Workspace, program};
use serde_json::Value;

/// A script with characters that have a special meaning in at least one of the caption formats.
const SCRIPT: &str =
    "Beans & {milk} cost <5$> a\\\\q cup. Come by! Wir öffnen früh, お茶 and قهوة too.";

fn film() -> (Workspace, Film) {
    let workspace = Workspace::new();
    let film =
        workspace.render(&format!("script: \"{SCRIPT}\"\nmusic_source: none\nprofile: test\n"));
    (workspace, film)
}

/// Returns a file's cues as FFmpeg reads them: start and end in milliseconds, and the text without tags.
fn read(film: &Film, name: &str) -> Vec<(i64, i64, String)> {
    let path = film.path(name).display().to_string();
    let srt = program::tool("ffmpeg", ["-v", "error", "-i", &path, "-f", "srt", "-"]);
    let srt = String::from_utf8(srt).expect("text").replace('\r', "");
    let ms = |clock: &str| -> i64 {
        let number = |part: &str| part.parse::<i64>().expect("a number");
        let (time, rest) = clock.split_once(',').expect("a time");
        time.split(':').map(number).fold(0, |sum, part| sum * 60 + part) * 1000 + number(rest)
    };
    let cue = |block: &str| {
        let mut lines = block.lines().skip(1);
        let (start, end) = lines.next().expect("times").split_once(" --> ").expect("times");
        let text = lines.collect::<Vec<_>>().join(" ").replace('\u{2060}', "");
        (ms(start), ms(end), strip_tags(&text))
    };
    srt.trim_end().split("\n\n").map(cue).collect()
}

/// Removes the `<font>` and `<b>` tags that FFmpeg adds.
fn strip_tags(text: &str) -> String {
    let mut out = String::new();
    for part in text.split_inclusive('>') {
        const TAGS: [&str; 4] = ["<font", "</font", "<b>", "</b>"];
        match part.rfind('<') {
            Some(at) if TAGS.iter().any(|tag| part[at..].starts_with(tag)) => {
                out.push_str(&part[..at]);
            }
            _ => out.push_str(part),
        }
    }
    out
}

fn list<'a>(value: &'a Value, name: &str) -> &'a Vec<Value> {
    value[name].as_array().expect("a list")
}

#[test]
fn another_program_reads_the_same_cues_from_every_file() {
    let (_workspace, film) = film();
    assert_eq!(film.caption_words(), words(&SCRIPT.replace("\\\\", "\\")));
    let wanted: Vec<(i64, i64, String)> = list(&film.timeline()["tracks"], "captions")
        .iter()
        .map(|cue| {
            let at = |name: &str| cue[name].as_i64().expect("a time");
            (at("start"), at("end"), cue["text"].as_str().expect("text").to_owned())
        })
        .collect();
    assert!(wanted.len() > 3, "{wanted:?}");
    for name in ["captions.vtt", "captions.ass"] {
        let found = read(&film, name);
        assert_eq!(found.len(), wanted.len(), "{name}");
        for (found, wanted) in found.iter().zip(&wanted) {
            assert!((found.0 - wanted.0).abs() <= 5 && (found.1 - wanted.1).abs() <= 5, "{name}");
            let plain = |text: &str| text.replace("\\{", "{").replace("\\}", "}");
            assert_eq!(plain(&found.2), wanted.2, "{name}");
        }
    }
}

#[test]
fn word_times_are_those_of_the_timeline() {
    let (_workspace, film) = film();
    let timeline = film.timeline();
    let cues = list(&timeline["tracks"], "captions");
    let spoken: Vec<&Value> = cues.iter().flat_map(|cue| list(cue, "words")).collect();
    let file = film.json("captions.json");
    let told = list(&file, "words");
    assert_eq!((told.len(), list(&file, "cues").len()), (spoken.len(), cues.len()));
    for (told, spoken) in told.iter().zip(&spoken) {
        assert_eq!(told["word"], spoken["text"]);
        assert_eq!((&told["start_ms"], &told["end_ms"]), (&spoken["start"], &spoken["end"]));
    }
    // WebVTT has a time for each word after the start of its cue, all in order.
    let vtt = std::fs::read_to_string(film.path("captions.vtt")).expect("a file");
    let late = cues
        .iter()
        .flat_map(|cue| list(cue, "words").iter().map(move |word| (cue, word)))
        .filter(|(cue, word)| word["start"].as_i64() > cue["start"].as_i64());
    assert_eq!(vtt.matches("<00:00:").count(), late.count(), "{vtt}");
    // A cue of the ASS script highlights its words over its whole duration.
    let ass = std::fs::read_to_string(film.path("captions.ass")).expect("a file");
    for (line, cue) in ass.lines().filter(|line| line.starts_with("Dialogue")).zip(cues) {
        let turned: i64 = line
            .split("{\\k")
            .skip(1)
            .map(|part| part.split('}').next().expect("a length").parse::<i64>().expect("digits"))
            .sum();
        let shown = cue["end"].as_i64().expect("a time") - cue["start"].as_i64().expect("a time");
        assert!((turned * 10 - shown).abs() <= 10, "{line}: {shown} ms");
    }
}

#[test]
fn captions_that_are_too_fast_to_read_are_reported() {
    let workspace = Workspace::new();
    workspace.plain_picture("ground.png", (360, 640), [52, 58, 64]);
    let film = |text: &str, picture: &str| {
        workspace.render(&format!(
            "script: {text}\nvoice: {{speed: 2.0}}\nmusic_source: none\nprofile: test\n{picture}"
        ))
    };
    let (fast, picture) = (
        "Incomprehensibilities characteristically overwhelm counterrevolutionaries.",
        "media_files: [ground.png]\n",
    );
    let told = |film: &Film| film.warnings().contains("are too fast to read");
    assert!(told(&film(fast, picture)));
    assert!(!told(&film("Tea is hot.", picture)));
    // Words that are set as type stay on screen until the end of their page.
    assert!(!told(&film(fast, "")));
}
