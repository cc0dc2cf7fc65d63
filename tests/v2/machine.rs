//! What a machine may lack, and programs that die.

use crate::small_disk::SmallDisk;
use crate::support::quick;
use pytoon_testkit::program::{find_tool, run};
use pytoon_testkit::{Film, Workspace};

/// Writes a script that stands in for `ffmpeg` and returns a PATH on which it comes first.
fn fake_ffmpeg(workspace: &Workspace, body: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    let real = find_tool("ffmpeg").display().to_string();
    let path = workspace.write("bin/ffmpeg", format!("#!/bin/sh\n{body}\nexec {real} \"$@\"\n"));
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let old = std::env::var("PATH").unwrap_or_default();
    format!("{}:{old}", workspace.path("bin").display())
}

#[test]
fn without_ffmpeg_a_render_says_how_to_get_it() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    std::fs::create_dir(workspace.path("empty")).expect("a folder");
    let mut command = workspace.command(&["render", "brief.yaml", "--out", "out"]);
    let run = run(command.env("PATH", workspace.path("empty")));
    let run = run.refused(1, &["`ffmpeg`", "apt-get install"]);
    assert_eq!(run.stderr.matches("apt-get install").count(), 1, "said twice: {}", run.stderr);
    assert!(!workspace.path("out").exists());
}

#[test]
fn an_encoder_killed_in_the_middle_is_reported_and_leaves_nothing() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    let die = "case \" $* \" in *' -f rawvideo '*) head -c 2000000 >/dev/null; kill -9 $$;; esac";
    let path = fake_ffmpeg(&workspace, die);
    let mut command = workspace.command(&["render", "brief.yaml", "--out", "out"]);
    run(command.env("PATH", path)).refused(1, &["`ffmpeg`", "signal"]);
    assert!(!workspace.path("out").exists());
}

#[test]
fn a_failed_render_leaves_the_old_film_as_it_was() {
    let workspace = Workspace::new();
    let film = workspace.render(&quick(""));
    let before = std::fs::read(film.output()).expect("a film");
    workspace.write("brief.yaml", quick("seed: 5\ncaptions: off\n"));
    let die = "case \" $* \" in *' -f rawvideo '*) head -c 2000000 >/dev/null; kill -9 $$;; esac";
    let path = fake_ffmpeg(&workspace, die);
    let mut command = workspace.command(&["render", "brief.yaml", "--out", "out"]);
    run(command.env("PATH", path)).refused(1, &["`ffmpeg`"]);
    workspace.try_render(&quick("media_files: [none.jpg]\n")).refused(2, &["none.jpg"]);
    assert!(std::fs::read(film.output()).expect("a film") == before, "the old film changed");
    assert!(!film.path(".work").exists());
    assert!(film.path("captions.srt").exists(), "the old captions are gone");
}

#[test]
fn a_disk_without_room_is_seen_before_work_begins() {
    let workspace = Workspace::new();
    workspace.write("cfg/defaults.yaml", "limits:\n  min_free_disk_mib: 999999999\n");
    workspace.write("brief.yaml", quick(""));
    let run = workspace.pytoon(&["render", "brief.yaml", "--out", "out", "--config", "cfg"]);
    run.refused(1, &["min_free_disk_mib", "free some space"]);
    assert!(!workspace.path("out").exists());
}

#[test]
fn a_disk_that_runs_full_is_named_as_the_cause() {
    let workspace = Workspace::new();
    let folder = workspace.path("disk");
    // Only root may mount, and not in every container.
    let Some(disk) = SmallDisk::mount(&folder) else { return };
    workspace.write("cfg/defaults.yaml", "limits:\n  min_free_disk_mib: 0\n");
    workspace.write("brief.yaml", quick("").replace("2.5", "8"));
    let run = workspace.pytoon(&["render", "brief.yaml", "--out", "disk/out", "--config", "cfg"]);
    run.refused(1, &["disk is full"]);
    assert!(!disk.folder().join("out").exists());
}

#[test]
fn without_the_voice_program_the_film_is_silent_and_says_so() {
    let workspace = Workspace::new();
    workspace
        .write("brief.yaml", "script: Hello there friend.\nmusic_source: none\nprofile: test\n");
    // A copy of the program alone in its folder finds no voice beside it.
    let program = workspace.path("alone/bin/pytoon");
    std::fs::create_dir_all(program.parent().expect("a folder")).expect("a folder");
    let own = pytoon_testkit::pytoon();
    std::fs::copy(own.get_program(), &program).expect("copied");
    let run: pytoon_testkit::Run = pytoon_testkit::program::run(
        pytoon_testkit::program::other(&program).current_dir(workspace.root()).args([
            "render",
            "brief.yaml",
            "--out",
            "out",
        ]),
    );
    run.ok();
    let film = Film::open(&workspace.path("out"));
    assert_eq!(film.metadata()["degraded"], true);
    assert!(film.warnings().contains("pytoon-espeak"), "{}", film.warnings());
    assert_eq!(film.caption_words(), ["Hello", "there", "friend."]);
}
