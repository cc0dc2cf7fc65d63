//! Tests of briefs from any source, in YAML or JSON.

use crate::support::quick;
use pytoon_testkit::program::{run, run_with_input};
use pytoon_testkit::{Film, Workspace};

#[test]
fn a_brief_may_come_from_standard_input() {
    let workspace = Workspace::new();
    workspace.picture("a.png", 200, 300);
    let mut command = workspace.command(&["render", "-", "--out", "out"]);
    run_with_input(&mut command, &quick("media_files: [a.png]\n")).ok();
    Film::open(&workspace.path("out"));
}

#[test]
fn a_brief_may_be_json() {
    let workspace = Workspace::new();
    let brief = r#"{"prompt": "Tea", "voice": "off", "profile": "test", "music_source": "none",
        "target_duration_seconds": 3}"#;
    workspace.write("brief.json", brief);
    workspace.pytoon(&["render", "brief.json", "--out", "out"]).ok();
    assert_eq!(Film::open(&workspace.path("out")).total_frames(), 90);
}

#[test]
fn paths_are_relative_to_the_brief_not_to_the_working_folder() {
    let workspace = Workspace::new();
    workspace.picture("kit/media/a.jpg", 200, 300);
    workspace.write("kit/brief.yaml", quick("media_files: [media/a.jpg]\n"));
    std::fs::create_dir(workspace.path("elsewhere")).expect("a folder");
    let mut command = workspace.command(&["render", "../kit/brief.yaml", "--out", "film"]);
    run(command.current_dir(workspace.path("elsewhere"))).ok();
    let film = Film::open(&workspace.path("elsewhere/film"));
    let asset = film.timeline()["tracks"]["video"][0]["source"]["asset"].clone();
    assert!(asset.as_str().is_some_and(|path| path.ends_with("kit/media/a.jpg")), "{asset}");
}

#[test]
fn folders_may_have_spaces_and_any_letters() {
    let workspace = Workspace::new();
    workspace.picture("Ümläut 日本 dir/it's 100%, ok; [a].jpg", 200, 300);
    let brief = quick("media_files: [\"it's 100%, ok; [a].jpg\"]\n");
    let brief = workspace.write("Ümläut 日本 dir/brief.yaml", brief).display().to_string();
    let out = workspace.path("Ümläut 日本 dir/dé jà").display().to_string();
    workspace.pytoon(&["render", &brief, "--out", &out]).ok();
    Film::open(out.as_ref());
}

#[test]
fn without_a_name_a_job_gets_a_folder_of_its_own() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    let run = workspace.pytoon(&["render", "brief.yaml"]).ok();
    let output = workspace.path(run.stdout.trim());
    assert!(output.is_file(), "{}", run.stdout);
    assert!(output.starts_with(workspace.path("storage/jobs")), "{}", run.stdout);
}

#[test]
fn a_draft_is_a_quarter_of_the_size() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick("").replace("profile: test\n", ""));
    workspace.pytoon(&["render", "brief.yaml", "--draft", "--out", "out"]).ok();
    let metadata = Film::open(&workspace.path("out")).metadata();
    assert_eq!(metadata["output"]["width"], 270);
    assert_eq!(metadata["output"]["height"], 480);
}

#[test]
fn max_scenes_is_kept() {
    let workspace = Workspace::new();
    workspace.write(
        "brief.yaml",
        format!("max_scenes: 2\nvoice: off\nscript: {}\n", crate::support::SCRIPT),
    );
    let plan = workspace.pytoon(&["plan", "brief.yaml", "--json"]).ok().json();
    assert_eq!(plan["sceneGraph"]["scenes"].as_array().map(Vec::len), Some(2));
}
