//! Tests of missing software on a machine, and of external programs that die.

use crate::small_disk::SmallDisk;
use crate::support::quick;
use pytoon_testkit::program::{Background, alone, find_tool, other, run, run_with_input};
use pytoon_testkit::{Film, Run, Workspace};
use std::fs::File;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

/// Writes an executable script `bin/NAME` that runs `body` and then the real program.
fn stand_in(workspace: &Workspace, name: &str, real: &Path, body: &str) {
    use std::os::unix::fs::PermissionsExt;
    let script = format!("#!/bin/sh\n{body}\nexec '{}' \"$@\"\n", real.display());
    let path = workspace.write(&format!("bin/{name}"), script);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("executable");
}

/// Renders `brief.yaml` with a copy of the binary whose encoder program is killed at its first command.
fn render_with_dying_encoder(workspace: &Workspace) -> Run {
    let program = alone(&workspace.path("bin"), &["pytoon-espeak"]);
    let die = "head -c 1 <&1 >/dev/null; kill -9 $$";
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
    let run = run.expect_failure(1, &["`ffmpeg`", "apt-get install"]);
    assert_eq!(run.stderr.matches("apt-get install").count(), 1, "said twice: {}", run.stderr);
    assert!(!workspace.path("out").exists());
}

#[test]
fn an_encoder_killed_in_the_middle_is_reported_and_leaves_nothing() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    render_with_dying_encoder(&workspace).expect_failure(1, &["`pytoon-x264`", "signal"]);
    assert!(!workspace.path("out").exists());
}

#[test]
fn a_render_that_was_stopped_resumes_when_it_is_continued() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "limits: {process_stall_seconds: 2}\n");
    let brief =
        "prompt: A quiet cup of tea\nvoice: off\nmusic_source: none\ntarget_duration_seconds: 8\n";
    workspace.write("brief.yaml", brief);
    let mut command = workspace.command(&["render", "brief.yaml", "--out", "out"]);
    let mut running = Background::start(&mut command);
    let chunks = workspace.path("out/.work/chunks");
    running.wait_until(|| std::fs::read_dir(&chunks).is_ok_and(|files| files.count() > 0));
    running.pause(Duration::from_secs(4));
    assert_eq!(running.end(), Some(0));
    assert_eq!(Film::open(&workspace.path("out")).findings(), Vec::<String>::new());
}

#[test]
fn an_encoder_that_is_damaged_is_no_mere_warning() {
    let workspace = Workspace::new();
    let program = alone(&workspace.path("bin"), &["pytoon-espeak"]);
    let verdict = |run: &Run| {
        let checks = run.json();
        let check = checks.as_array().into_iter().flatten().find(|it| it["name"] == "pytoon-x264");
        check.expect("a check")["verdict"].as_str().expect("a verdict").to_owned()
    };
    let doctor = || run(other(&program).current_dir(workspace.root()).args(["doctor", "--json"]));
    assert_eq!(verdict(&doctor()), "warning", "FFmpeg stands in");
    stand_in(&workspace, "pytoon-x264", Path::new("/bin/false"), "");
    assert_eq!(verdict(&doctor()), "failed", "no film can be made");
}

/// Checks that programs in the parent of the binary's folder are not started, since anybody may write to a parent
/// such as `/tmp`.
#[test]
fn programs_of_the_parent_folder_are_not_started() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    let program = alone(&workspace.path("bin/own"), &["pytoon-espeak", "pytoon-x264"]);
    stand_in(&workspace, "ffmpeg", &find_tool("ffmpeg"), "touch \"${0%/*}/started\"");
    let mut command = other(&program);
    run(command.current_dir(workspace.root()).args(["render", "brief.yaml", "--out", "out"])).ok();
    assert!(!workspace.path("bin/started").exists(), "a planted program ran");
}

#[test]
fn a_failed_render_leaves_the_old_film_as_it_was() {
    let workspace = Workspace::new();
    let film = workspace.render(&quick(""));
    let before = std::fs::read(film.output()).expect("a film");
    workspace.write("brief.yaml", quick("seed: 5\ncaptions: off\n"));
    render_with_dying_encoder(&workspace).expect_failure(1, &["`pytoon-x264`"]);
    let die = "case \" $* \" in *' -f concat '*) kill -9 $$;; esac";
    stand_in(&workspace, "ffmpeg", &find_tool("ffmpeg"), die);
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", workspace.path("bin").display());
    let mut command = workspace.command(&["render", "brief.yaml", "--out", "out"]);
    run(command.env("PATH", path)).expect_failure(1, &["`ffmpeg`"]);
    workspace.try_render(&quick("media_files: [none.jpg]\n")).expect_failure(2, &["none.jpg"]);
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
    run.expect_failure(1, &["min_free_disk_mib", "free some space"]);
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
    run.expect_failure(1, &["disk is full"]);
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
    // Frame rates whose frames are not a whole number of ticks, and a maximum bit rate.
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
    // An option of the encoder, a protocol of FFmpeg, and invalid UTF-8.
    for name in [&b"--rate"[..], b"file:x", b"a\nb", b"caf\xe9", b"Campaign #3", b"why?"] {
        let mut out = std::ffi::OsString::from("--out=");
        out.push(std::ffi::OsStr::from_bytes(name));
        let mut command = workspace.command(&["render", "brief.yaml"]);
        run(command.arg(out)).ok();
        let folder = workspace.root().join(std::ffi::OsStr::from_bytes(name));
        assert!(folder.join("output.mp4").is_file(), "{}", folder.display());
    }
}

/// Runs the encoder program with a file as its shared frame memory, and sends it the commands `orders`. Returns the
/// result of the run, and the replies.
fn encode(workspace: &Workspace, args: &str, memory: &[u8], orders: &[u8]) -> (Run, Vec<u8>) {
    let encoder = pytoon_testkit::pytoon();
    let encoder = Path::new(encoder.get_program()).with_file_name("pytoon-x264");
    let memory = workspace.write("memory", memory);
    let memory = File::options().read(true).write(true).open(memory).expect("the memory");
    let (mut line, theirs) = UnixStream::pair().expect("a line");
    let mut command = other(&encoder);
    command.current_dir(workspace.root()).args(args.split(' '));
    command.stdin(memory).stdout(OwnedFd::from(theirs)).stderr(Stdio::piped());
    let child = command.spawn().expect("starts");
    drop(command);
    // An encoder that rejects its settings reads no orders.
    let _ = line.write_all(orders).and_then(|()| line.shutdown(Shutdown::Write));
    let mut answers = Vec::new();
    let _ = line.read_to_end(&mut answers);
    (child.wait_with_output().expect("ends").into(), answers)
}

/// Returns the message that makes the encoder open an output file.
fn open(name: &str) -> Vec<u8> {
    [&b"o"[..], &(name.len() as u32).to_le_bytes(), name.as_bytes()].concat()
}

const SMALL: &str = "--size 16x16 --rate 30 --preset ultrafast --profile high";

#[test]
fn the_encoder_says_what_it_does_not_take() {
    let workspace = Workspace::new();
    let says = |args: &str, memory: &[u8], orders: &[u8], message: &str| {
        encode(&workspace, args, memory, orders).0.expect_failure(1, &["pytoon-x264: ", message]);
    };
    let frame = [128; 16 * 16 * 3 / 2];
    says(&SMALL.replace("16x16", "15x16"), &frame, b"", "two even numbers");
    says(&SMALL.replace("16x16", "16"), &frame, b"", "`16` is not two numbers");
    says(&SMALL.replace("30", "0"), &frame, b"", "frames per second");
    says(&SMALL.replace("ultrafast", "swift"), &frame, b"", "no preset `swift`");
    says(&SMALL.replace("high", "tall"), &frame, b"", "cannot be opened");
    says(
        &format!("{SMALL} --params keyint=30:speed=9"),
        &frame,
        b"",
        "rejects the parameter speed=9",
    );
    says(&format!("{SMALL} --params keyint"), &frame, b"", "`keyint` has no value");
    says(&format!("{SMALL} --quick"), &frame, b"", "unknown option --quick");
    says(
        SMALL,
        &frame[1..],
        b"",
        "standard input has 383 bytes, which is not a multiple of a frame of 384 bytes",
    );
    says(SMALL, &frame, &open("none/a.mp4"), "none/a.mp4: No such file");
    says(SMALL, &frame, &[&open("a.mp4")[..], b"e"].concat(), "the file has no frames");
    says(
        SMALL,
        &frame,
        &[&open("a.mp4")[..], b"f\x01"].concat(),
        "slot 1 does not exist: the memory has 1 slot",
    );
    says(SMALL, &frame, &[&open("a.mp4")[..], b"f\x00"].concat(), "while a file is open");
    says(SMALL, &frame, b"f\x00", "without an open file");
    says(SMALL, &frame, b"x", "unknown command: byte 120");
    says(SMALL, &frame, b"o\xff\xff\xff\xff", "at most 4096 are allowed");
    says(SMALL, &frame, b"o\x05\x00\x00\x00a", "failed to read a command from the parent");
    let encoder = pytoon_testkit::pytoon();
    let encoder = Path::new(encoder.get_program()).with_file_name("pytoon-x264");
    let run = run_with_input(other(&encoder).args(SMALL.split(' ')), "");
    run.expect_failure(1, &["pytoon-x264: ", "standard input is not memory"]);
}

#[test]
fn a_file_of_the_encoder_does_not_depend_on_those_before_it() {
    let workspace = Workspace::new();
    // The width is not a multiple of 16, so that macroblocks at the edge are partly empty.
    let (width, height, count) = (270_usize, 480_usize, 40_usize);
    // Moving noise: neighbouring frames share most of it.
    let noise: Vec<u8> = (0..width * height * 4).map(|i| (i * i / 7 % 251) as u8).collect();
    let frame = |n: usize| noise[n * 3 * width..][..width * height * 3 / 2].iter().copied();
    let memory: Vec<u8> = (0..count).flat_map(frame).collect();
    let file = |name: &str, frames: &[u8]| {
        let frames = frames.iter().flat_map(|&slot| [b'f', slot]);
        open(name).into_iter().chain(frames).chain([b'e']).collect::<Vec<u8>>()
    };
    let forth: Vec<u8> = (0..count as u8).collect();
    let back: Vec<u8> = forth.iter().rev().copied().collect();
    let args = "--size 270x480 --rate 30 --preset veryfast --profile high --params threads=1";
    let names: Vec<String> = (0..8).map(|index| format!("{index}.mp4")).collect();
    let orders = names
        .iter()
        .enumerate()
        .flat_map(|(index, name)| file(name, if index % 2 == 0 { &forth } else { &back[index..] }));
    let (run, answers) = encode(&workspace, args, &memory, &orders.collect::<Vec<u8>>());
    run.ok();
    assert_eq!(answers.iter().filter(|&&answer| answer == 255).count(), names.len());
    assert!(answers.starts_with(&forth), "slots come back in order: {answers:?}");
    let read = |name: &str| std::fs::read(workspace.path(name)).expect("a file");
    for name in names.iter().step_by(2) {
        assert!(read(name) == read("0.mp4"), "{name} is another file than 0.mp4");
    }
    for (index, name) in names.iter().enumerate().skip(1).step_by(2) {
        encode(&workspace, args, &memory, &file("alone.mp4", &back[index..])).0.ok();
        assert!(read(name) == read("alone.mp4"), "{name} is another file when it is the first");
    }
}
