//! Tests of pasted scripts with `pytoon plan`: the spoken and shown text, the pauses, and the removed parts. The
//! scripts and their expected results are in `tests/scripts/`.

use pytoon_config::document::Document;
use pytoon_testkit::Workspace;
use serde_json::{Value, json};
use std::path::Path;

/// The character that marks a pause in an expected sentence. The length in milliseconds follows if the script states
/// one.
const PAUSE: char = '⏸';
/// The pause of the default preset if the script states no length, in milliseconds.
const PRESET_PAUSE: u64 = 360;

/// Reads a file with test cases from `scripts/`.
fn cases(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts").join(name);
    let text = std::fs::read_to_string(&path).expect("a file of scripts");
    let document = Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error:?}"));
    document.value.as_array().expect("a list").clone()
}

fn texts(value: &Value) -> Vec<String> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|text| text.as_str().expect("text").to_owned()).collect()
}

/// Plans a script without a voice. The error is the command's standard error.
fn plan(workspace: &Workspace, script: &str, language: &Value) -> Result<Value, String> {
    let mut brief =
        json!({"script": script, "voice": "off", "music_source": "none", "profile": "test"});
    if let Some(language) = language.as_str() {
        brief["language"] = language.into();
    }
    workspace.write("brief.json", brief.to_string());
    let run = workspace.pytoon(&["-q", "plan", "brief.json", "--json"]);
    if run.code == Some(0) { Ok(run.json()) } else { Err(run.stderr) }
}

/// A run of text between two pauses, and the length of the pause after it, in milliseconds.
type Piece = (String, u64);

/// Returns the sentences of a plan, each with the pause after it.
fn pieces(plan: &Value) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for scene in plan["sceneGraph"]["scenes"].as_array().expect("scenes") {
        let pauses = scene["sentencePauses"].as_array();
        for (index, sentence) in texts(&scene["sentences"]).into_iter().enumerate() {
            let pause = pauses.and_then(|all| all[index].as_u64()).unwrap_or(0);
            pieces.push((sentence, pause));
        }
    }
    pieces
}

/// The expected result of parsing a test script.
#[derive(Debug, Default, PartialEq)]
struct Reading {
    pieces: Vec<Piece>,
    /// The pause before the first sentence, in milliseconds.
    lead: u64,
    /// The index in `pieces` at which each sentence begins.
    starts: Vec<usize>,
}

impl Reading {
    fn of(sentences: &[String]) -> Self {
        let mut reading = Self::default();
        for sentence in sentences {
            let mut parts = sentence.split(PAUSE);
            let first = parts.next().unwrap_or_default().trim();
            reading.starts.push(reading.pieces.len());
            if !first.is_empty() {
                reading.pieces.push((first.to_owned(), 0));
            }
            for part in parts {
                let digits =
                    part.len() - part.trim_start_matches(|c: char| c.is_ascii_digit()).len();
                let ms = part[..digits].parse().unwrap_or(PRESET_PAUSE);
                match reading.pieces.last_mut() {
                    Some((_, pause)) => *pause = ms,
                    None => reading.lead = ms,
                }
                let words = part[digits..].trim();
                if !words.is_empty() {
                    reading.pieces.push((words.to_owned(), 0));
                }
            }
        }
        reading
    }
}

/// Returns the differences between a plan and the expectations of a test case.
fn wrong(case: &Value, plan: &Value) -> Vec<String> {
    let scenes = plan["sceneGraph"]["scenes"].as_array().expect("scenes");
    let wanted = Reading::of(&texts(&case["sentences"]));
    let mut wrong = Vec::new();
    let mut check = |what: &str, found: Value, wanted: Value| {
        if found != wanted {
            wrong.push(format!("{what}: {found} instead of {wanted}"));
        }
    };
    let found = pieces(plan);
    check("sentences", json!(found), json!(wanted.pieces));
    check("lead", json!(scenes[0]["leadPause"].as_u64().unwrap_or(0)), json!(wanted.lead));
    if !case["paragraphs"].is_null() {
        let ends: Vec<String> =
            scenes.iter().flat_map(|scene| texts(&scene["sentenceEnds"])).collect();
        let starts = (1..wanted.starts.len())
            .filter(|&n| ends.get(wanted.starts[n] - 1).is_some_and(|end| end == "paragraph"));
        check("paragraphs", json!(starts.collect::<Vec<_>>()), case["paragraphs"].clone());
    }
    if !case["emphasis"].is_null() {
        let mut found = Vec::new();
        for scene in scenes {
            let sentences = texts(&scene["sentences"]);
            for place in scene["emphasis"].as_array().map(Vec::as_slice).unwrap_or_default() {
                let number = |name: &str| place[name].as_u64().expect("a number") as usize;
                let word = sentences[number("sentence")].split_whitespace().nth(number("word"));
                let is_mark = |c: char| ".,!?:;".contains(c);
                found.push(word.expect("a word").trim_matches(is_mark).to_owned());
            }
        }
        check("emphasis", json!(found), case["emphasis"].clone());
    }
    if !case["directions"].is_null() {
        let warnings = plan["warnings"].as_array().expect("a list");
        let told = warnings.iter().find(|warning| warning["code"] == "directions_removed");
        let found = told.map_or(json!([]), |warning| warning["params"]["directions"].clone());
        check("directions", found, case["directions"].clone());
    }
    if !case["words"].is_null() {
        let cues = plan["timeline"]["tracks"]["captions"].as_array().expect("captions");
        let words = cues.iter().flat_map(|cue| cue["words"].as_array().expect("words"));
        let found: Vec<&Value> = words.map(|word| &word["text"]).collect();
        let wanted: Vec<String> =
            case["words"].as_array().expect("a list").iter().flat_map(texts).collect();
        check("words", json!(found), json!(wanted));
    }
    wrong
}

#[track_caller]
fn all_are_read(files: &[&str]) {
    let workspace = Workspace::new();
    let mut failures = Vec::new();
    let mut count = 0;
    for case in files.iter().flat_map(|file| cases(file)) {
        count += 1;
        let text = case["text"].as_str().expect("a text");
        let wrong = match plan(&workspace, text, &case["language"]) {
            Ok(plan) => wrong(&case, &plan),
            Err(error) => vec![error],
        };
        if !wrong.is_empty() {
            failures.push(format!("{}:\n  {}", case["name"], wrong.join("\n  ")));
        }
    }
    assert!(count > 0);
    assert!(failures.is_empty(), "{} of {count}:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn english_scripts_are_read_as_meant() {
    all_are_read(&["en.yaml"]);
}

#[test]
fn scripts_in_european_languages_are_read_as_meant() {
    all_are_read(&["de.yaml", "fr.yaml", "es.yaml", "pt.yaml", "ru.yaml"]);
}

#[test]
fn scripts_in_other_languages_are_read_as_meant() {
    let files = ["ar", "hi", "th", "zh", "ja", "km", "my"].map(|name| format!("{name}.yaml"));
    all_are_read(&files.each_ref().map(String::as_str));
}

#[test]
fn scripts_pasted_from_other_programs_are_read_as_meant() {
    all_are_read(&["pasted.yaml"]);
}

/// Returns scripts that contain these sentences in several markups, each with the name of its markup.
fn markup_variants(sentences: &[String], joint: &str) -> Vec<(&'static str, String)> {
    let each = |mark: &dyn Fn(usize, &String) -> String, joint: &str| {
        let all: Vec<String> = sentences.iter().enumerate().map(|(n, s)| mark(n, s)).collect();
        all.join(joint)
    };
    vec![
        ("one line", sentences.join(joint)),
        ("list", each(&|_, s| format!("- {s}"), "\r\n")),
        ("headings", each(&|_, s| format!("## {s}"), "\n")),
        ("html", each(&|_, s| format!("<p class=\"a > b\">{s}</p>"), "")),
        ("quote", each(&|_, s| format!("> {s}"), "\n>\n")),
        ("bold and rules", each(&|_, s| format!("**{s}**"), "\n\n---\n\n")),
        ("speakers", each(&|n, s| format!("Speaker {}: {s}", n + 1), "\n")),
        ("directions", each(&|_, s| format!("[camera moves]\n{s}"), "\n\n")),
    ]
}

/// Checks that a plain script has the same sentences in two of the markups. The scripts together cover all markups.
#[test]
fn marks_change_no_sentence() {
    let workspace = Workspace::new();
    let mut failures = Vec::new();
    let mut count = 0;
    for (number, base) in cases("bases.yaml").into_iter().enumerate() {
        let sentences = texts(&base["sentences"]);
        let is_solid = matches!(base["language"].as_str(), Some("zh" | "ja"));
        let dresses = markup_variants(&sentences, if is_solid { "" } else { " " });
        // Two markups for each script, all of them over the corpus.
        for (name, script) in dresses.into_iter().cycle().skip(2 * number).take(2) {
            count += 1;
            let found = plan(&workspace, &script, &base["language"]).map(|plan| pieces(&plan));
            let wanted: Vec<Piece> = sentences.iter().map(|s| (s.clone(), 0)).collect();
            if found.as_ref() != Ok(&wanted) {
                failures.push(format!("{name}: {found:?} instead of {wanted:?}"));
            }
        }
    }
    assert!(count >= 80, "{count}");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_plan_lists_what_was_taken_out() {
    let workspace = Workspace::new();
    let script = "# Big **news**\n\nNarrator: It is here. [pause: 9s] [drum roll]\nBuy [it](https://a.example).";
    let brief = json!({"script": script, "voice": "off", "music_source": "none"});
    workspace.write("brief.json", brief.to_string());
    let shown = workspace.pytoon(&["-q", "plan", "brief.json"]).ok();
    let told = format!("{}{}", shown.stdout, shown.stderr);
    for part in [
        "note: left out of captions and voice: the marks \"#\", \"**\", the URL of a link",
        "note: left out of captions and voice: the labels \"Narrator\"",
        "note: directions for the picture, which the voice does not speak: \"drum roll\"",
        "note: pytoon shortened a pause of 9.0 s to 5.0 s",
    ] {
        assert!(told.contains(part), "{part} is missing in {told}");
    }
}
