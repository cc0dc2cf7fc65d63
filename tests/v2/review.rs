//! Tests of `pytoon review`: a good film loses nothing, and each planted fault loses exactly its own point.

use pytoon_testkit::program::tool;
use pytoon_testkit::{Film, Workspace};
use serde_json::{Value, json};

const SCRIPT: &str = "Good mornings start with better coffee. We roast small batches every day. \
                      Try your first bag this week.";
/// The colour tags of a film, which FFmpeg does not keep on its own.
const TAGS: [&str; 8] = [
    "-color_primaries",
    "bt709",
    "-color_trc",
    "bt709",
    "-colorspace",
    "bt709",
    "-color_range",
    "tv",
];

/// Returns a workspace with three smooth pictures and a profile of 540 x 960 pixels, in which details are measured.
fn workspace(colour: impl Fn(usize, f64, f64) -> [u8; 3]) -> Workspace {
    let workspace = Workspace::new();
    for index in 0..3 {
        let name = format!("p{index}.png");
        workspace.drawn_picture(&name, (720, 1280), |u, v| colour(index, u, v));
    }
    workspace.write(
        "config/profiles/half.yaml",
        "width: 540\nheight: 960\nvideo: {preset: ultrafast, crf: 16}\n",
    );
    workspace
}

/// Soft hills of light.
fn hills(index: usize, u: f64, v: f64) -> [u8; 3] {
    let turn = index as f64 * 1.7;
    let wave = ((u * 9.0 + turn).sin() * (v * 13.0 - turn).cos() + 1.0) / 2.0;
    [(40.0 + 170.0 * wave) as u8, (60.0 + 110.0 * wave) as u8, (150.0 - 90.0 * wave) as u8]
}

fn brief(extra: &str) -> String {
    format!(
        "script: {SCRIPT}\nmedia_files: [p0.png, p1.png, p2.png]\nmusic_source: calm\nprofile: half\nseed: 5\n\
         captions: {{look: karaoke}}\nlanguage: en\n{extra}"
    )
}

/// Returns the review of the film in `out`, whose exit code reports a lost starred point.
#[track_caller]
fn review(workspace: &Workspace) -> Value {
    let run = workspace.pytoon(&["--json", "review", "out"]);
    let review = run.json();
    let has_starred = review["starred_lost"].as_array().is_some_and(|lost| !lost.is_empty());
    assert_eq!(run.code, Some(i32::from(has_starred)), "{review}");
    review
}

fn lost(review: &Value) -> Vec<u64> {
    let lost = review["lost"].as_array().expect("a list");
    lost.iter().map(|number| number.as_u64().expect("a number")).collect()
}

#[track_caller]
fn assert_loses(workspace: &Workspace, what: &str, point: u64) {
    let review = review(workspace);
    assert_eq!(lost(&review), [point], "{what}: {review:#}");
    let own = &review["points"][point as usize - 1];
    assert!(own["advice"].as_str().is_some_and(|advice| advice.len() > 10), "{own}");
}

#[test]
fn a_good_film_passes_and_faults_of_the_file_lose_their_points() {
    let workspace = workspace(hills);
    let film = workspace.render(&brief(""));
    let good = review(&workspace);
    assert_eq!(lost(&good), [0; 0], "{good:#}");
    assert_eq!((&good["passed"], &good["measured"]), (&json!(18), &json!(18)));
    let text = workspace.pytoon(&["review", "out"]).ok().stdout;
    assert!(text.contains("18 of 18 measured points passed"), "{text}");

    let (output, whole) = (film.output(), film.path("whole.mp4"));
    std::fs::rename(&output, &whole).expect("renames");
    let (to, from) = (output.display().to_string(), whole.display().to_string());
    let picture = |filter: &str| {
        let encode = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "8", "-c:a", "copy"];
        let args = ["-v", "error", "-y", "-i", &from, "-vf", filter];
        tool("ffmpeg", args.iter().chain(&encode).chain(&TAGS).chain(&[to.as_str()]).copied());
    };
    let sound = |filter: &str| {
        let args = ["-v", "error", "-y", "-i", &from, "-c:v", "copy", "-af", filter];
        tool("ffmpeg", args.iter().chain(&["-c:a", "aac", "-b:a", "192k", &to]).copied());
    };
    picture("drawbox=c=black:t=fill:enable='eq(n,0)'");
    assert_loses(&workspace, "a black first frame", 1);
    sound("volume=0:enable='lt(t,0.6)'");
    assert_loses(&workspace, "a silent beginning", 2);
    picture("drawbox=x=8:y=560:w=40:h=30:c=white:t=fill");
    assert_loses(&workspace, "text at the edge", 3);
    picture("split[a][b];[b]crop=540:140:0:510,eq=contrast=0.5[c];[a][c]overlay=0:510");
    assert_loses(&workspace, "pale text", 6);
    picture("crop=536:956:'2+mod(n*7,3)':'2+mod(n*5,3)',scale=540:960");
    assert_loses(&workspace, "a shaking picture", 9);
    sound("volume=-6dB");
    assert_loses(&workspace, "a soft film", 15);
    sound("volume=0:enable='between(t,3,3.4)'");
    assert_loses(&workspace, "a hole in the sound", 17);
    let retag = "h264_metadata=matrix_coefficients=5:colour_primaries=5";
    tool("ffmpeg", ["-v", "error", "-y", "-i", &from, "-c", "copy", "-bsf:v", retag, &to]);
    assert_loses(&workspace, "other colour tags", 20);
    std::fs::rename(&whole, &output).expect("renames");

    let plan = film.timeline();
    let change = |change: &dyn Fn(&mut Value)| {
        let mut timeline = plan.clone();
        change(&mut timeline);
        std::fs::write(film.path("timeline.json"), timeline.to_string()).expect("a file");
    };
    change(&|timeline| {
        let cue = &mut timeline["tracks"]["captions"][1];
        cue["end"] = json!(cue["start"].as_i64().expect("a time") + 90);
    });
    assert_loses(&workspace, "a caption of 90 ms", 4);
    change(&|timeline| {
        for cue in timeline["tracks"]["captions"].as_array_mut().expect("cues") {
            for word in cue["words"].as_array_mut().expect("words") {
                for end in ["start", "end"] {
                    word[end] = json!(word[end].as_i64().expect("a time") + 450);
                }
            }
        }
    });
    assert_loses(&workspace, "words that are late", 5);
    change(&|_| {});
    let srt = film.path("captions.srt");
    let text = std::fs::read_to_string(&srt).expect("a file");
    std::fs::write(&srt, text.replace("coffee", "tea")).expect("a file");
    assert_loses(&workspace, "other words in the captions", 7);
    std::fs::write(&srt, text).expect("a file");
    let music = film.path("assembly/audio/music.wav").display().to_string();
    let louder = film.path("louder.wav").display().to_string();
    tool("ffmpeg", ["-v", "error", "-y", "-i", &music, "-af", "volume=12dB", &louder]);
    std::fs::rename(&louder, &music).expect("renames");
    assert_loses(&workspace, "loud music", 16);
}

#[test]
fn faults_of_the_brief_lose_their_points() {
    // Letters low in the picture, and captions that must stay there.
    let label = workspace(|index, u, v| {
        let (x, y) = (u * 1080.0, v * 1920.0);
        let in_row = |top: f64| (top..top + 44.0).contains(&y);
        let is_letter = (240.0..840.0).contains(&x) && x % 34.0 < 16.0;
        let is_label = (200.0..880.0).contains(&x) && (1080.0..1270.0).contains(&y);
        match is_label {
            true if is_letter && (in_row(1110.0) || in_row(1190.0)) => [20, 20, 24],
            true => [236, 232, 224],
            false => hills(index, u, v),
        }
    });
    label.render(
        &brief("scenes: [{scene: 2, effect: hold}]\n")
            .replace("karaoke", "karaoke, position: lower"),
    );
    assert_loses(&label, "captions over a label", 8);

    let bars = workspace(
        |index, u, v| {
            if (0.08..0.92).contains(&v) { hills(index, u, v) } else { [0, 0, 0] }
        },
    );
    let hold =
        "scenes: [{scene: 1, effect: hold}, {scene: 2, effect: hold}, {scene: 3, effect: hold}]\n";
    bars.render(&brief(hold));
    assert_loses(&bars, "pictures with bars", 11);

    let bands = workspace(|index, u, v| {
        let step = (v * 12.0).floor() * 7.0 + (u * 2.0).floor() * 60.0;
        [(40.0 + step) as u8, (60.0 + step) as u8, (50.0 + step + 9.0 * index as f64) as u8]
    });
    bands.render(&brief(hold));
    assert_loses(&bands, "a picture with bands", 12);

    let long = workspace(hills);
    long.render(&brief("scenes: [{scene: 2, min_duration_seconds: 7}]\n"));
    assert_loses(&long, "a scene of seven seconds", 14);
}

#[test]
fn moves_and_the_end_are_judged_by_the_timeline_that_was_drawn() {
    let workspace = workspace(hills);
    let film = workspace.render(&brief(""));
    let render = |change: &dyn Fn(&mut Value)| {
        let mut timeline = film.timeline();
        change(&mut timeline);
        let file = film.path("changed.json");
        std::fs::write(&file, timeline.to_string()).expect("a file");
        let _ = std::fs::remove_dir_all(workspace.path("other"));
        let file = file.display().to_string();
        workspace.pytoon(&["render", "--timeline", &file, "--out", "other"]).ok();
        let run = workspace.pytoon(&["--json", "review", "other"]);
        lost(&run.json())
    };
    assert_eq!(render(&|_| {}), [0; 0]);
    let same_move = |timeline: &mut Value| {
        let clips = timeline["tracks"]["video"].as_array_mut().expect("clips");
        let length = |motion: &Value| {
            motion["endFrame"].as_i64().expect("a frame")
                - motion["startFrame"].as_i64().expect("a frame")
        };
        let first = clips[0]["source"]["motion"].clone();
        let own = &mut clips[1]["source"]["motion"];
        own["from"] = first["from"].clone();
        own["to"] = first["to"].clone();
        own["endFrame"] = json!(own["startFrame"].as_i64().expect("a frame") + length(&first));
    };
    assert_eq!(render(&same_move), [10]);
    let late_end = |timeline: &mut Value| {
        let later = |value: &mut Value| *value = json!(value.as_i64().expect("a frame") + 45);
        later(&mut timeline["totalFrames"]);
        timeline["totalDuration"] =
            json!(timeline["totalDuration"].as_i64().expect("a time") + 1500);
        let scenes = timeline["timeline"].as_array_mut().expect("scenes");
        later(&mut scenes.last_mut().expect("a scene")["endFrame"]);
        let clips = timeline["tracks"]["video"].as_array_mut().expect("clips");
        let clip = clips.last_mut().expect("a clip");
        later(&mut clip["endFrame"]);
        later(&mut clip["source"]["motion"]["endFrame"]);
    };
    assert_eq!(render(&late_end), [19]);
}

#[test]
fn only_finished_films_and_their_formats_are_reviewed() {
    let workspace = Workspace::new();
    std::fs::create_dir(workspace.path("empty")).expect("a folder");
    workspace
        .pytoon(&["review", "empty"])
        .expect_failure(2, &["empty", "no finished film", "pytoon render"]);
    workspace.plain_picture("ground.png", (360, 640), [90, 110, 130]);
    workspace.render(
        "script: Tea is hot.\nmedia_files: [ground.png]\nmusic_source: none\nprofile: test\n\
         formats: [\"9:16\", \"1:1\"]\n",
    );
    let square = workspace.pytoon(&["--json", "review", "out", "--format", "1:1"]).json();
    assert_eq!(square["film"], "output.1x1.mp4");
    workspace
        .pytoon(&["review", "out", "--format", "4:5"])
        .expect_failure(2, &["metadata.4x5.json"]);
    workspace.pytoon(&["review", "out", "--format", "3:4"]).expect_failure(2, &["3:4", "16:9"]);
    assert!(Film::open(&workspace.path("out")).path("output.1x1.mp4").is_file());
}
