//! Tests that a render may be stopped at any time and run again.

use pytoon_testkit::measure::probe;
use pytoon_testkit::program::{Background, processes_naming};
use pytoon_testkit::{Film, Workspace};
use std::path::Path;

/// The brief of a film of 25 s, long enough to be interrupted while it is drawn.
const LONG: &str = "script: The kettle sings in the morning.\nmusic_source: none\nprofile: test\n\
                    target_duration_seconds: 25\n";
const RENDER: [&str; 4] = ["render", "brief.yaml", "--out", "out"];

/// Starts to render the long film, and returns once frames reach the encoder.
fn under_way(workspace: &Workspace) -> Background {
    workspace.write("brief.yaml", LONG);
    let mut command = workspace.command(&RENDER);
    let mut render = Background::start(&mut command);
    render.wait_for_line("stage draw");
    let chunks = workspace.path("out/.work/chunks");
    render.wait_until(|| !files(&chunks, |name| name.ends_with(".mp4")).is_empty());
    render
}

/// Returns the names of the files below a folder that satisfy `matches`.
fn files(folder: &Path, matches: fn(&str) -> bool) -> Vec<String> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.path().is_dir() {
            out.extend(files(&entry.path(), matches));
        } else if matches(&name) {
            out.push(name);
        }
    }
    out
}

#[test]
fn ctrl_c_ends_cleanly_and_the_same_command_finishes_the_film() {
    let workspace = Workspace::new();
    let render = under_way(&workspace);
    assert_eq!(render.interrupt(), Some(130));
    assert_eq!(processes_naming(&workspace.path("out")), Vec::<String>::new());
    let half = files(&workspace.path("out"), |n| n.contains(".part") || n == "output.mp4");
    assert_eq!(half, Vec::<String>::new());
    workspace.pytoon(&RENDER).ok();
    let film = Film::open(&workspace.path("out"));
    assert_eq!(probe(&film.output()).frames(), 750);
    assert!(!film.path(".work").exists());
}

#[test]
fn after_a_kill_the_same_command_resumes() {
    let workspace = Workspace::new();
    let render = under_way(&workspace);
    assert_eq!(render.kill(), None);
    assert!(!workspace.path("out/output.mp4").exists());
    workspace.pytoon(&RENDER).ok();
    let film = Film::open(&workspace.path("out"));
    assert!(film.has_reused("voice"), "the voice was made again");
    assert_eq!(probe(&film.output()).frames(), 750);
    assert_eq!(film.findings(), Vec::<String>::new());
}
