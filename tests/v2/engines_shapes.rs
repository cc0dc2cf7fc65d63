//! Tests every engine and model in films of every aspect ratio, with and without pictures of any aspect ratio: every
//! purchased clip is used.
//!
//! The table is printed (`cargo test -p tests --test v2 engines_shapes -- --nocapture`).

use pytoon_testkit::Studio;
use pytoon_testkit::measure::probe;
use pytoon_testkit::simulator::{engines_used, quick_engine};
use serde_json::{Value, json};

/// The aspect ratios of the films, with their sizes in pixels.
const FILMS: [(&str, u32, u32); 4] =
    [("9:16", 270, 480), ("4:5", 288, 360), ("1:1", 300, 300), ("16:9", 480, 270)];
/// The input of a clip: only words, or a picture of a given size.
const INPUTS: [(&str, Option<(u32, u32)>); 3] =
    [("words", None), ("2:3 picture", Some((400, 600))), ("3:1 picture", Some((900, 300)))];

/// Returns the name of each engine in this test, its vendor, and its configuration block.
fn engines(url: &str) -> Vec<(&'static str, &'static str, Value)> {
    let luma = |api: &str, model: &str| {
        json!({
            "kind": "luma",
            "key_env": ["LUMA_API_KEY"],
            "price": {"models": {"default": {"per_second_usd": 0.1}}},
            "options": {"api": api, "model": model, "resolution": "540p"},
        })
    };
    let runway = |model: &str| {
        json!({
            "kind": "runway",
            "key_env": ["RUNWAY_API_KEY"],
            "price": {"models": {"default": {"per_second_usd": 0.1}}},
            "options": {"image_model": model, "text_model": if model == "gen4_turbo" { "gen4.5" } else { model }},
        })
    };
    let pika = json!({"options": {
        "upload_url": format!("{url}/fal-rest"), "account_url": format!("{url}/fal-api"),
    }});
    let block = |path: &str, more: &Value| quick_engine(&format!("{url}/{path}"), more);
    let dream_machine =
        |model: &str| block("luma-dm/dream-machine/v1", &luma("dream_machine", model));
    vec![
        ("runway", "runway", block("runway", &runway("gen4_turbo"))),
        ("runway_45", "runway", block("runway", &runway("gen4.5"))),
        ("runway_veo", "runway", block("runway", &runway("veo3.1"))),
        ("runway_veo_fast", "runway", block("runway", &runway("veo3.1_fast"))),
        ("pika", "fal", block("fal", &pika)),
        ("luma", "luma-agents", block("luma-agents/v1", &luma("agents", "ray-3.2"))),
        ("luma_dm", "luma-dm", dream_machine("ray-2")),
        ("luma_dm_flash", "luma-dm", dream_machine("ray-flash-2")),
    ]
}

/// Creates a studio with all engines and a profile `shape` for films of the given size.
fn studio(width: u32, height: u32) -> Studio {
    let studio = Studio::new(&json!({}), &json!({}));
    let url = studio.simulator.url();
    let blocks: serde_json::Map<String, Value> =
        engines(&url).into_iter().map(|(name, _, block)| (name.to_owned(), block)).collect();
    studio.configure(&json!({ "default_chain": ["local"], "engines": blocks }));
    let profile = format!(
        "width: {width}\nheight: {height}\nframe_rate: 30\n\
         video: {{encoder: libx264, preset: ultrafast, crf: 26, gop_seconds: 2.0, \
         max_rate_kbps: null}}\naudio: {{bit_rate_kbps: 96, coder: fast}}\n"
    );
    studio.workspace.write("config/profiles/shape.yaml", profile);
    studio
}

/// Returns a brief with a scene of `seconds` for each engine, from only words or from one picture.
fn brief(
    studio: &Studio,
    engines: &[(&str, &str, Value)],
    picture: Option<(u32, u32)>,
    seconds: f64,
) -> String {
    let words: Vec<String> = (1..=engines.len()).map(|n| format!("This is number {n}.")).collect();
    let mut brief = format!(
        "script: {}\nvoice: off\ncaptions: off\nmusic_source: none\nprofile: shape\n\
         target_duration_seconds: {}\nmax_scenes: {}\n",
        words.join(" "),
        seconds * engines.len() as f64,
        engines.len(),
    );
    if let Some((width, height)) = picture {
        let name = format!("picture-{width}x{height}.jpg");
        studio.workspace.picture(&name, width, height);
        brief += &format!("media_files: [{name}]\n");
    }
    brief += "scenes:\n";
    for (index, (engine, ..)) in engines.iter().enumerate() {
        // A unique prompt, so that each scene is a separate purchase.
        let idea = format!("a cup of tea for {seconds} s on table {}", index + 1);
        brief += &format!("  - scene: {}\n    prompt: {idea}\n    engine: {engine}\n", index + 1);
    }
    brief
}

#[test]
#[expect(clippy::print_stdout, reason = "the table is what a reader of this test wants")]
fn nothing_that_is_bought_is_thrown_away_for_its_shape() {
    let mut table = String::from("| film | from | engine | bought |\n| --- | --- | --- | --- |\n");
    for (shape, width, height) in FILMS {
        let studio = studio(width, height);
        let engines = engines(&studio.simulator.url());
        let mut bought = 0;
        for (from, picture) in INPUTS {
            let before = studio.simulator.submissions().len();
            let film = studio.render(&brief(&studio, &engines, picture, 1.0), from);
            let submissions = studio.simulator.submissions().split_off(before);
            for (index, (engine, ..)) in engines.iter().enumerate() {
                let idea = format!("table {}", index + 1);
                let is_own = |s: &&Value| s["prompt"].as_str().is_some_and(|p| p.contains(&idea));
                let own: Vec<&Value> = submissions.iter().filter(is_own).collect();
                let used = &engines_used(&film)[index];
                let cell = match own.as_slice() {
                    [] => {
                        assert_eq!(used, "local", "{shape} {from} {engine}");
                        let reason = &film.metadata()["scenes"][index]["reason"];
                        format!("nothing: {}", reason.as_str().unwrap_or_default())
                    }
                    [one] => {
                        assert_eq!(used, engine, "{shape} {from}: {:?}", studio.fallbacks());
                        format!("{}x{}, used", one["job"]["width"], one["job"]["height"])
                    }
                    many => panic!("{shape} {from} {engine}: bought {} times", many.len()),
                };
                table += &format!("| {shape} | {from} | {engine} | {cell} |\n");
            }
            bought += submissions.len();
            let video = probe(&film.output()).video;
            assert_eq!((&video["width"], &video["height"]), (&json!(width), &json!(height)));
        }
        let rows = studio.rows(&[]);
        assert!(rows.iter().all(|row| row["state"] == "kept"), "{shape}: {rows:?}");
        assert_eq!(rows.len(), bought);
        // All but Luma's older API with its two models, which accepts no pictures.
        assert_eq!(bought, 8 + 6 + 6, "{shape}");
    }
    println!("{table}");
}

#[test]
fn nothing_that_is_bought_is_thrown_away_for_its_length() {
    let studio = studio(270, 480);
    let engines = engines(&studio.simulator.url());
    for (index, half) in engines.chunks(4).enumerate() {
        // Longer than most clips, and longer than any.
        for seconds in [4.4, 9.3, 14.0] {
            let before = studio.simulator.submissions().len();
            let out = format!("{index}-{seconds}");
            let film = studio.render(&brief(&studio, half, None, seconds), &out);
            let submissions = studio.simulator.submissions().split_off(before);
            let used = engines_used(&film);
            let outside = used.iter().filter(|engine| *engine != "local").count();
            assert_eq!(submissions.len(), outside, "{seconds} s: {used:?}");
            assert!(outside > 0, "{seconds} s: nothing is drawn");
            assert_eq!(film.metadata()["wastedUsd"], 0.0);
        }
    }
    let rows = studio.rows(&[]);
    assert!(rows.iter().all(|row| row["state"] == "kept"), "{rows:?}");
}
