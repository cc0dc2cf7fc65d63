//! Tests that invalid input is rejected with a reason, and that no files are left behind.

use crate::support::quick;
use pytoon_testkit::{Workspace, is_root};

#[test]
fn an_empty_brief() {
    for brief in ["", "{}\n", "script: \"  \"\n"] {
        Workspace::new().refuse(brief, 2, &["brief.yaml", "the brief is empty", "pytoon init"]);
    }
}

#[test]
fn a_brief_that_is_no_yaml() {
    Workspace::new().refuse("script: [unclosed\n", 2, &["brief.yaml:", "cannot be read as YAML"]);
    let unquoted = "script: Note: we open at nine.\n";
    Workspace::new().refuse(unquoted, 2, &["brief.yaml:1:", "quotation marks"]);
    Workspace::new().refuse("- a list\n", 2, &["brief.yaml", "a mapping of fields"]);
}

#[test]
fn a_brief_that_is_not_there() {
    let workspace = Workspace::new();
    workspace.pytoon(&["render", "none.yaml", "--out", "out"]).expect_failure(2, &["none.yaml"]);
    assert!(!workspace.path("out").exists());
}

#[test]
fn an_unknown_field() {
    let brief = quick("scirpt: hello\n");
    let line = format!("brief.yaml:{}:", brief.lines().count());
    Workspace::new().refuse(&brief, 2, &[&line, "`scirpt`", "did you mean `script`?"]);
}

#[test]
fn a_value_of_the_wrong_kind() {
    Workspace::new().refuse("prompt: a\nseed: many\n", 2, &["brief.yaml:2:", "`seed`"]);
    Workspace::new().refuse("prompt: a\ncaptions: {look: pup}\n", 2, &["brief.yaml:2:", "`pop`?"]);
}

#[test]
fn a_value_out_of_range() {
    let brief = "prompt: a\ntarget_duration_seconds: 90\n";
    Workspace::new().refuse(brief, 2, &["brief.yaml:2:", "`target_duration_seconds`", "1 and 60"]);
}

#[test]
fn names_that_do_not_exist() {
    let refuse = |more: &str, parts: &[&str]| {
        Workspace::new().refuse(&quick(more), 2, parts);
    };
    refuse("preset_id: meme_txt\n", &["brief.yaml:6:", "`preset_id`", "`meme_text`?"]);
    refuse("engine_override: locl\n", &["`engine_override`", "`local`?"]);
    refuse("brand: nobody\n", &["`brand`"]);
    refuse("language: klingonese\n", &["`language`"]);
    refuse("language: en_US\n", &["`language`", "`en-US`?"]);
    refuse("language: German\n", &["`language`", "`de`?"]);
    refuse("scenes: [{scene: 9, caption: x}]\n", &["`scenes[0].scene`"]);
    refuse("overlays: [{image: no.png}]\n", &["`overlays[0].image`", "no.png"]);
    refuse("brand: {palette: [red]}\n", &["`brand.palette[0]`", "`red`"]);
    let voice = "script: Hello there friend.\nvoice: {name: en-zz}\nprofile: test\n";
    Workspace::new().refuse(voice, 2, &["`voice.name`", "en-zz"]);
    let music = "prompt: a\nmusic_source: clam\n";
    Workspace::new().refuse(music, 2, &["`music_source`", "`calm`?"]);
}

/// Asserts that a media file is rejected at its field of the brief.
#[track_caller]
fn refuse_media(name: &str, make: impl Fn(&Workspace), parts: &[&str]) {
    let workspace = Workspace::new();
    make(&workspace);
    let brief = quick(&format!("media_files: [{name}]\n"));
    workspace.refuse(&brief, 2, &[&["brief.yaml:6:", "`media_files[0]`", name], parts].concat());
}

#[test]
fn a_missing_media_file_with_the_nearest_name() {
    refuse_media(
        "cup.jpg",
        |w| drop(w.picture("cups.jpg", 9, 9)),
        &["there is no file", "cups.jpg"],
    );
}

#[test]
fn an_empty_media_file() {
    refuse_media("a.jpg", |w| drop(w.write("a.jpg", "")), &["empty (0 bytes)"]);
}

#[test]
fn a_picture_that_is_cut_off() {
    refuse_media("a.jpg", |w| drop(w.truncated_jpeg("a.jpg")), &["truncated"]);
}

#[test]
fn a_picture_of_nine_hundred_megapixels() {
    refuse_media("a.png", |w| drop(w.png_bomb("a.png")), &["30000 x 30000", "900 megapixels"]);
}

#[test]
fn a_text_that_is_called_a_picture() {
    refuse_media("a.png", |w| drop(w.write("a.png", "I am only words.\n")), &["it contains text"]);
}

#[test]
fn a_clip_that_is_corrupt() {
    let make = |w: &Workspace| {
        let mut bytes = std::fs::read(w.clip("whole.mp4", "160x120", 1.0, &[])).expect("a clip");
        // The index at the end is lost, and the start is overwritten.
        bytes.truncate(bytes.len() / 2);
        bytes[..16].fill(0xee);
        w.write("a.mp4", bytes);
    };
    refuse_media("a.mp4", make, &["not a media file"]);
}

#[test]
fn a_sound_file_among_the_pictures() {
    refuse_media("a.wav", |w| drop(w.tone("a.wav", 0.5, 300.0)), &["no video"]);
}

#[test]
fn a_silent_voice_file() {
    let workspace = Workspace::new();
    workspace.tone("v.wav", 2.0, 0.0);
    let brief = "script: Hello there friend.\nvoice_file: v.wav\nprofile: test\n";
    workspace.refuse(brief, 2, &["brief.yaml:2:", "`voice_file`", "silent"]);
}

#[test]
fn a_voice_file_that_is_no_sound() {
    let workspace = Workspace::new();
    workspace.write("v.wav", "words");
    let brief = "script: Hello there friend.\nvoice_file: v.wav\nprofile: test\n";
    workspace.refuse(brief, 2, &["brief.yaml:2:", "`voice_file`"]);
}

#[test]
fn a_voice_file_too_short_for_a_word() {
    let workspace = Workspace::new();
    workspace.tone("v.wav", 0.05, 300.0);
    let brief = "script: Hello there friend.\nvoice_file: v.wav\nprofile: test\n";
    workspace.refuse(brief, 2, &["brief.yaml:2:", "`voice_file`", "50 ms", "too short"]);
}

#[test]
fn a_picture_or_a_folder_where_sound_is_wanted() {
    let workspace = Workspace::new();
    workspace.picture("p.jpg", 9, 9);
    for field in ["voice_file", "music_source"] {
        let brief = format!("script: Hello there friend.\n{field}: p.jpg\nprofile: test\n");
        workspace.refuse(&brief, 2, &["brief.yaml:2:", field, "p.jpg is a picture"]);
        let brief = format!("script: Hello there friend.\n{field}: .\nprofile: test\n");
        workspace.refuse(&brief, 2, &["brief.yaml:2:", field, "is a folder"]);
    }
}

#[test]
fn a_link_that_leads_nowhere_and_an_address() {
    let link = |w: &Workspace| {
        std::os::unix::fs::symlink("gone.jpg", w.path("a.jpg")).expect("a link");
    };
    refuse_media("a.jpg", link, &["is a link to gone.jpg", "there is no file there"]);
    let brief = quick("media_files: [\"https://example.com/a.jpg\"]\n");
    Workspace::new().refuse(&brief, 2, &["`media_files[0]`", "download the file"]);
}

#[test]
fn a_folder_that_cannot_be_made() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    workspace.write("file", "in the way");
    let run = workspace.pytoon(&["render", "brief.yaml", "--out", "file/out"]);
    run.expect_failure(1, &["write", "file/out"]);
    assert_eq!(std::fs::read(workspace.path("file")).expect("it stays"), b"in the way");
}

#[test]
fn a_folder_without_permission() {
    use std::os::unix::fs::PermissionsExt;
    // Permissions do not apply to root.
    if is_root() {
        return;
    }
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    std::fs::create_dir(workspace.path("locked")).expect("a folder");
    let lock = |mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(workspace.path("locked"), permissions).expect("its mode");
    };
    lock(0o555);
    let run = workspace.pytoon(&["render", "brief.yaml", "--out", "locked/out"]);
    lock(0o755);
    run.expect_failure(1, &["locked/out", "change the permissions"]);
}

#[test]
fn a_configuration_with_an_unknown_key() {
    let workspace = Workspace::new();
    workspace.write("cfg/defaults.yaml", "mix:\n  target_luffs: -16\n");
    workspace.write("brief.yaml", quick(""));
    let run = workspace.pytoon(&["render", "brief.yaml", "--out", "out", "--config", "cfg"]);
    run.expect_failure(2, &["cfg/defaults.yaml:2:3:", "`mix.target_luffs`", "`target_lufs`?"]);
    assert!(!workspace.path("out").exists());
}

#[test]
fn a_configuration_that_is_not_there() {
    let workspace = Workspace::new();
    workspace.write("brief.yaml", quick(""));
    let run = workspace.pytoon(&["render", "brief.yaml", "--config", "nowhere"]);
    run.expect_failure(2, &["nowhere", "no such configuration folder"]);
}

#[test]
fn a_timeline_that_contradicts_itself() {
    let workspace = Workspace::new();
    let film = workspace.render(&quick(""));
    let mut timeline = film.timeline();
    timeline["totalFrames"] = 76.into();
    workspace.write("t/timeline.json", timeline.to_string());
    let run = workspace.pytoon(&["render", "--timeline", "t/timeline.json", "--out", "again"]);
    run.expect_failure(2, &["t/timeline.json", "totalDuration"]);
    assert!(!workspace.path("again").exists());
}

#[test]
fn a_profile_that_no_encoder_takes_is_refused_before_any_work() {
    let workspace = Workspace::new();
    let profile = |change: (&str, &str)| {
        let own = "width: 270\nheight: 480\nframe_rate: 30\nvideo: {encoder: libx264, preset: veryfast, \
                   crf: 26, gop_seconds: 1.5, max_rate_kbps: null}\naudio: {bit_rate_kbps: 128}\n";
        assert!(own.contains(change.0), "{}", change.0);
        workspace.write("config/profiles/own.yaml", own.replace(change.0, change.1));
        workspace.refuse("prompt: Tea\nvoice: off\nprofile: own\n", 2, &["own.yaml:"]).stderr
    };
    for (change, told) in [
        (("libx264", "nonsense"), "`video.encoder`: `nonsense` is not one of libx264, h264_nvenc"),
        (("libx264", "libx265"), "`video.encoder`: `libx265` is not one of"),
        (("veryfast", "bogus"), "`video.preset`: `bogus` is not one of ultrafast"),
        (("veryfast", "''"), "`video.preset`: `` is not one of"),
        (("crf: 26", "crf: 0"), "`video.crf`: 0 is not between 1 and 51"),
        (
            ("crf: 26", "crf: -1"),
            "`video.crf`: wrong value: this is the whole number `-1`; a whole number from 0 to 255",
        ),
        (("max_rate_kbps: null", "max_rate_kbps: 0"), "`video.max_rate_kbps`: 0 is not a bit rate"),
        (
            ("frame_rate: 30", "frame_rate: 29.97"),
            "`29.97` is not a frame rate from 1 to 240: write 24",
        ),
        (("frame_rate: 30", "frame_rate: -1"), "`-1` is not a frame rate"),
    ] {
        let said = profile(change);
        assert!(said.contains(told), "{change:?}: {said}");
    }
}
