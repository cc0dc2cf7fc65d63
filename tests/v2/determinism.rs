//! Tests that the same brief and seed produce the same film.

use crate::support::{shared_brief, shared_film};
use pytoon_testkit::Workspace;
use std::sync::atomic::{AtomicBool, Ordering};

fn hashes_of(workspace: &Workspace, args: &[&str]) -> String {
    workspace.pytoon(&[args, &["--frame-hashes", "again.txt"]].concat()).ok();
    std::fs::read_to_string(workspace.path("again.txt")).expect("hashes")
}

fn with_shared_media() -> Workspace {
    let workspace = Workspace::new();
    for name in ["wide.jpg", "tall.png", "square.webp"] {
        std::fs::copy(shared_film().workspace.path(name), workspace.path(name)).expect("copied");
    }
    workspace
}

#[test]
fn the_same_brief_gives_the_same_frames() {
    let workspace = with_shared_media();
    workspace.write("brief.yaml", shared_brief(7));
    let again = hashes_of(&workspace, &["render", "brief.yaml", "--out", "out"]);
    assert_eq!(again.lines().count() as u64, shared_film().film.total_frames());
    assert!(again == shared_film().hashes, "frames differ between two renders of one brief");
    let mix = |folder: std::path::PathBuf| std::fs::read(folder.join("assembly/audio/mixed.wav"));
    let same = mix(workspace.path("out")).expect("a mix")
        == mix(shared_film().workspace.path("out")).expect("a mix");
    assert!(same, "the sound differs between two renders of one brief");
}

#[test]
fn a_timeline_gives_the_frames_of_its_brief() {
    let workspace = Workspace::new();
    let timeline = shared_film().film.path("timeline.json").display().to_string();
    let again = hashes_of(&workspace, &["render", "--timeline", &timeline, "--out", "out"]);
    assert!(again == shared_film().hashes, "frames differ between a brief and its timeline");
}

#[test]
fn another_seed_gives_another_film() {
    let workspace = with_shared_media();
    workspace.write("brief.yaml", shared_brief(8));
    let other = hashes_of(&workspace, &["render", "brief.yaml", "--out", "out"]);
    assert!(other != shared_film().hashes, "the seed changes nothing");
}

/// A guard that stops the threads that keep the machine busy, even if the test fails.
struct Until<'a>(&'a AtomicBool);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_busy_machine_gives_the_same_frames() {
    // Frames are drawn in the encoder's idle time; here is none.
    let timeline = shared_film().film.path("timeline.json").display().to_string();
    let over = AtomicBool::new(false);
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        let _until = Until(&over);
        for _ in 0..threads {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            });
        }
        let workspace = Workspace::new();
        let again = hashes_of(&workspace, &["render", "--timeline", &timeline, "--out", "out"]);
        assert!(again == shared_film().hashes, "frames differ on a busy machine");
    });
}
