//! What a machine may lack, and programs that die.

use crate::small_disk::SmallDisk;
use crate::support::quick;
use pytoon_testkit::program::{alone, find_tool, other, run, run_with_input};
use pytoon_testkit::{Film, Run, Workspace};
use std::path::Path;

/// Writes a script `bin/NAME` that runs `body` and then the real program.
fn stand_in(workspace: &Workspace, name: &str, real: &Path, body: &str) {
    use std::os::unix::fs::PermissionsExt;
    let script = format!("#!/bin/sh\n{body}\nexec '{}' \"$@\"\n", real.display());
    let path = workspace.write(&format!("bin/{name}"), script);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

/// Renders `brief.yaml` with a copy of the program beside an encoder that is killed at its first frame.
fn render_with_dying_encoder(workspace: &Workspace) -> Run {
    let program = alone(&workspace.path("bin"), &["pytoon-espeak"]);
    let die = "head -c 2000000 >/dev/null; kill -9 $$";
    stand_in(workspace, "pytoon-x264", Path::new("/bin/true"), die);
    let mut command = other(&program);
    run(command.current_dir(workspace.root()).args(["render", "brief.yaml", "--out", "out"]))
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
    render_with_dying_encoder(&workspace).refused(1, &["`pytoon-x264`", "signal"]);
    assert!(!workspace.path("out").exists());
}

#[test]
fn a_failed_render_leaves_the_old_film_as_it_was() {
    let workspace = Workspace::new();
    let film = workspace.render(&quick(""));
    let before = std::fs::read(film.output()).expect("a film");
    workspace.write("brief.yaml", quick("seed: 5\ncaptions: off\n"));
    render_with_dying_encoder(&workspace).refused(1, &["`pytoon-x264`"]);
    let die = "case \" $* \" in *' -f concat '*) kill -9 $$;; esac";
    stand_in(&workspace, "ffmpeg", &find_tool("ffmpeg"), die);
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", workspace.path("bin").display());
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
    let program = alone(&workspace.path("alone/bin"), &["pytoon-x264"]);
    let mut command = other(&program);
    let run =
        run(command.current_dir(workspace.root()).args(["render", "brief.yaml", "--out", "out"]));
    run.ok();
    let film = Film::open(&workspace.path("out"));
    assert_eq!(film.metadata()["degraded"], true);
    assert!(film.warnings().contains("pytoon-espeak"), "{}", film.warnings());
    assert_eq!(film.caption_words(), ["Hello", "there", "friend."]);
}

#[test]
fn ffmpeg_encodes_the_same_film_where_the_encoder_program_is_missing() {
    let workspace = Workspace::new();
    // Frame rates whose frames last no whole number of ticks, and a bound on the bit rate.
    let rates = [("30", ""), ("24000/1001", ", max_rate_kbps: 900")];
    for (index, (rate, more)) in rates.into_iter().enumerate() {
        workspace.write(
            "config/profiles/odd.yaml",
            format!(
                "width: 270\nheight: 480\nframe_rate: {rate}\nvideo: {{encoder: libx264, preset: \
                 veryfast, crf: 26, gop_seconds: 0.7{more}}}\naudio: {{bit_rate_kbps: 128}}\n"
            ),
        );
        workspace.write("brief.yaml", quick("").replace("profile: test", "profile: odd"));
        let render = |program: &Path, out: &str| {
            let mut command = other(program);
            let args = ["render", "brief.yaml", "--out", out];
            run(command.current_dir(workspace.root()).args(args)).ok();
            let film = Film::open(&workspace.path(out));
            (std::fs::read(film.output()).expect("a film"), film.metadata()["encoder"].clone())
        };
        let folder = |name: &str| workspace.path(&format!("{name}-{index}/bin"));
        let with = alone(&folder("with"), &["pytoon-espeak", "pytoon-x264"]);
        let without = alone(&folder("without"), &["pytoon-espeak"]);
        let (own, encoder) = render(&with, &format!("own-{index}"));
        let (other, same) = render(&without, &format!("other-{index}"));
        assert!(own == other, "{rate} frames a second: the two films differ");
        assert_eq!(encoder, same);
    }
}

#[test]
fn films_go_into_folders_of_any_name() {
    use std::os::unix::ffi::OsStrExt;
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    // An option of the encoder, a protocol of FFmpeg, and no UTF-8.
    for name in [&b"--rate"[..], b"file:x", b"a\nb", b"caf\xe9"] {
        let mut out = std::ffi::OsString::from("--out=");
        out.push(std::ffi::OsStr::from_bytes(name));
        let mut command = workspace.command(&["render", "brief.yaml"]);
        run(command.arg(out)).ok();
        let folder = workspace.root().join(std::ffi::OsStr::from_bytes(name));
        assert!(folder.join("output.mp4").is_file(), "{}", folder.display());
    }
}

#[test]
fn the_encoder_says_what_it_does_not_take() {
    let encoder = pytoon_testkit::pytoon();
    let encoder = Path::new(encoder.get_program()).with_file_name("pytoon-x264");
    let workspace = Workspace::new();
    let good = "--size 16x16 --rate 30 --preset ultrafast --profile high --output a.mp4";
    let says = |args: &str, input: &str, message: &str| {
        let mut command = other(&encoder);
        command.current_dir(workspace.root()).args(args.split(' '));
        let run = run_with_input(&mut command, input);
        run.refused(1, &["pytoon-x264: ", message]);
    };
    says("--size 16x16 --rate 30", "", "--output, the file to write, is missing");
    says(&good.replace("16x16", "15x16"), "", "two even numbers");
    says(&good.replace("16x16", "16"), "", "`16` is not two numbers");
    says(&good.replace("30", "0"), "", "frames a second");
    says(&good.replace("ultrafast", "swift"), "", "no preset `swift`");
    says(&good.replace("high", "tall"), "", "cannot be opened");
    says(&format!("{good} --params keyint=30:speed=9"), "", "does not take speed=9");
    says(&format!("{good} --params keyint"), "", "`keyint` has no value");
    says(&format!("{good} --quick"), "", "unknown option --quick");
    says(&good.replace("a.mp4", "none/a.mp4"), "", "none/a.mp4: No such file");
    says(good, "", "there was no frame");
    says(good, "half a frame", "the last frame has only 12 bytes");
}
