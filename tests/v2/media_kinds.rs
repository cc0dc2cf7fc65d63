//! Tests of clips from phones, cameras, browsers and download tools: their visible part, its duration, and their
//! audio.

use crate::support::quick;
use pytoon_testkit::measure::{decode_audio, decode_gray_frames, probe, rgb_frame};
use pytoon_testkit::program::tool;
use pytoon_testkit::{Film, Workspace};
use serde_json::Value;

/// Creates a file of the workspace with FFmpeg; `{}` in an argument is the workspace's folder.
#[track_caller]
pub(crate) fn make(workspace: &Workspace, args: &str) {
    let folder = workspace.root().display().to_string();
    let args = args.replace("{}", &folder);
    tool("ffmpeg", ["-v", "error", "-y"].into_iter().chain(args.split_whitespace()));
}

/// Renders a film without speech from one media file.
#[track_caller]
fn film_of(workspace: &Workspace, medium: &str) -> Film {
    workspace.render(&brief_of(medium, 2.5))
}

fn brief_of(medium: &str, seconds: f64) -> String {
    let media = format!("captions: off\nmedia_files: [{medium}]\n");
    quick(&media).replace("2.5", &seconds.to_string())
}

fn source(film: &Film) -> Value {
    film.timeline()["tracks"]["video"][0]["source"].clone()
}

/// Returns the times at which a sequence of flags changes from false to true, in seconds.
fn onsets(there: impl Iterator<Item = bool>, step_s: f64) -> Vec<f64> {
    let mut before = false;
    let mut found = Vec::new();
    for (index, now) in there.enumerate() {
        if now && !before {
            found.push(index as f64 * step_s);
        }
        before = now;
    }
    found
}

/// Returns the onsets of the white flashes and of the beeps of a film.
fn flashes_and_beeps(film: &Film) -> (Vec<f64>, Vec<f64>) {
    let frames = decode_gray_frames(&film.output(), 8, 8);
    let is_white = |frame: &Vec<u8>| frame.iter().map(|&p| u32::from(p)).sum::<u32>() > 128 * 64;
    let flashes = onsets(frames.iter().map(is_white), 1.0 / 30.0);
    let sound = decode_audio(&film.output());
    // Consecutive steps of 10 ms without a gap longer than 50 ms are one beep.
    let loud: Vec<bool> =
        sound.chunks(960).map(|part| part.iter().any(|s| s.abs() > 0.02)).collect();
    let held = (0..loud.len()).map(|i| loud[i.saturating_sub(5)..=i].iter().any(|l| *l));
    (flashes, onsets(held, 0.01))
}

#[track_caller]
fn together(film: &Film, at_least: usize) {
    let (flashes, beeps) = flashes_and_beeps(film);
    assert!(flashes.len() >= at_least, "{flashes:?}");
    assert_eq!(flashes.len(), beeps.len(), "flashes at {flashes:?}, beeps at {beeps:?}");
    for (flash, beep) in flashes.iter().zip(&beeps) {
        assert!((flash - beep).abs() <= 0.04, "flashes at {flashes:?}, beeps at {beeps:?}");
    }
}

/// Writes a clip that flashes and beeps from 0.4 s to 0.6 s and again every second.
fn flashing(workspace: &Workspace, name: &str, seconds: f64) {
    let on = "lt(abs(mod(t,1)-0.5),0.105)";
    make(
        workspace,
        &format!(
            "-f lavfi -i color=black:s=180x320:r=30:d={seconds} \
             -f lavfi -i sine=f=1000:r=48000:samples_per_frame=96:d={seconds} -filter_complex \
             [0]drawbox=c=white:t=fill:enable='{on}'[v];[1]volume=0:enable='not({on})'[a] \
             -map [v] -map [a] -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a pcm_s16le {{}}/{name}"
        ),
    );
}

#[test]
fn a_kept_sound_stays_with_its_picture_at_every_length() {
    // Cut, slowed, slowed and held, looped: also the ends of each range.
    for (seconds, at_end, flashes) in [
        (6.0, "hold", 2),
        (2.5, "hold", 2),
        (2.2, "hold", 2),
        (2.0, "hold", 2),
        (1.96, "hold", 2),
        (1.7, "hold", 2),
        (1.2, "loop", 2),
        (0.8, "loop", 3),
    ] {
        let workspace = Workspace::new();
        flashing(&workspace, "a.mov", seconds);
        let brief = brief_of("{path: a.mov, keep_audio: true}", 2.5);
        workspace.write("plan.yaml", &brief);
        let planned = workspace.pytoon(&["plan", "plan.yaml", "--json"]).ok().json();
        let film = workspace.render(&brief);
        assert_eq!(planned["timeline"]["tracks"]["video"][0]["source"], source(&film));
        assert_eq!(source(&film)["atEnd"]["type"], at_end, "{seconds} s");
        together(&film, flashes);
    }
}

#[test]
fn streams_that_begin_apart_are_shown_together() {
    for (container, sound_later, picture_later) in [
        ("mp4", 1.0, 0.0),
        ("mkv", 0.7, 0.0),
        ("mov", 0.0, 0.7),
        ("ts", 0.3, 0.0),
        ("mkv", 0.0, 0.9),
    ] {
        let workspace = Workspace::new();
        flashing(&workspace, "both.mov", 4.0);
        let (sound, picture) = (format!("{sound_later}"), format!("{picture_later}"));
        let codec = if container == "ts" { "mp2" } else { "aac" };
        // Each stream loses its beginning and is moved back to its original time.
        make(&workspace, &format!("-ss {sound} -i {{}}/both.mov -vn -c:a {codec} {{}}/a.mkv"));
        make(
            &workspace,
            &format!(
                "-ss {picture} -i {{}}/both.mov -an -c:v libx264 -bf 0 -pix_fmt yuv420p {{}}/v.mkv"
            ),
        );
        make(
            &workspace,
            &format!(
                "-itsoffset {picture} -i {{}}/v.mkv -itsoffset {sound} -i {{}}/a.mkv \
                 -map 0:v -map 1:a -c copy {{}}/apart.{container}"
            ),
        );
        let film = film_of(&workspace, &format!("{{path: apart.{container}, keep_audio: true}}"));
        let (flashes, beeps) = flashes_and_beeps(&film);
        // The sound of the first flash may have been cut off.
        assert!(beeps.len() >= 2, "{container}: {beeps:?}");
        for beep in &beeps {
            let is_seen = flashes.iter().any(|flash| (flash - beep).abs() <= 0.04);
            assert!(is_seen, "{container}: flashes at {flashes:?}, beeps at {beeps:?}");
        }
    }
}

#[test]
fn a_sound_that_ends_early_is_followed_by_silence() {
    let workspace = Workspace::new();
    make(
        &workspace,
        "-f lavfi -i testsrc2=s=180x320:r=30:d=3 -f lavfi -i sine=f=500:d=1 -c:v libx264 \
         -pix_fmt yuv420p -c:a aac {}/a.mp4",
    );
    let film = film_of(&workspace, "{path: a.mp4, keep_audio: true}");
    let sound = decode_audio(&film.output());
    let loud = |from: f64, to: f64| {
        let part = &sound[(from * 96_000.0) as usize..(to * 96_000.0) as usize];
        part.iter().any(|sample| sample.abs() > 0.01)
    };
    assert!(loud(0.3, 0.8) && !loud(1.3, 2.4));
}

#[test]
fn a_clip_without_sound_keeps_none_and_says_so() {
    let workspace = Workspace::new();
    workspace.clip("a.mp4", "180x320", 3.0, &["-pix_fmt", "yuv420p"]);
    let film = film_of(&workspace, "{path: a.mp4, keep_audio: true}");
    assert!(film.warnings().contains("a.mp4: keep_audio has no effect"), "{}", film.warnings());
}

#[test]
fn a_header_without_a_length_is_measured() {
    for (muxer, codec) in
        [("webm", "libvpx -deadline realtime"), ("matroska", "libx264"), ("flv", "flv")]
    {
        let workspace = Workspace::new();
        let args = format!(
            "-v error -f lavfi -i testsrc2=s=180x320:r=30:d=5 -c:v {codec} -pix_fmt yuv420p -f {muxer} -"
        );
        // To a pipe: the muxer cannot seek back to fill in missing values.
        workspace.write("live", tool("ffmpeg", args.split(' ')));
        let film = film_of(&workspace, "live");
        let shown = source(&film);
        assert_eq!((&shown["speed"], &shown["type"]), (&1.0.into(), &"clip".into()), "{muxer}");
    }
}

#[test]
fn the_picture_that_moves_is_the_one_that_is_shown() {
    let workspace = Workspace::new();
    workspace.plain_picture("cover.jpg", (180, 320), [250, 250, 250]);
    make(&workspace, "-f lavfi -i testsrc2=s=180x320:r=30:d=3 -pix_fmt yuv420p {}/film.mp4");
    let join = "-i {}/film.mp4 -i {}/cover.jpg -map 1 -map 0 -c copy";
    make(&workspace, &format!("{join} {{}}/cover.mkv"));
    make(&workspace, &format!("{join} -disposition:v:0 attached_pic {{}}/cover.mp4"));
    make(
        &workspace,
        "-i {}/film.mp4 -i {}/cover.jpg -map 1 -map 0 -c copy -f matroska {}/seekless",
    );
    for name in ["cover.mkv", "cover.mp4", "seekless"] {
        let film = film_of(&workspace, name);
        let frames = decode_gray_frames(&film.output(), 54, 96);
        let moving = frames.windows(2).filter(|pair| pair[0] != pair[1]).count();
        assert!(moving > 50, "{name}: {moving} of {} frames move", frames.len());
    }
}

#[test]
fn a_clip_of_one_frame_is_a_picture() {
    let workspace = Workspace::new();
    workspace.picture("a.png", 180, 320);
    for name in ["one.mp4", "one.mkv", "one.mov"] {
        make(&workspace, &format!("-i {{}}/a.png -frames:v 1 -pix_fmt yuv420p {{}}/{name}"));
        assert_eq!(source(&film_of(&workspace, name))["type"], "picture", "{name}");
    }
}

#[test]
fn a_short_clip_is_decoded_once_for_all_its_rounds() {
    let workspace = Workspace::new();
    make(&workspace, "-f lavfi -i testsrc2=s=180x320:r=20:d=0.2 -pix_fmt yuv420p {}/a.mp4");
    workspace.write("brief.yaml", brief_of("a.mp4", 6.0));
    let run = workspace.pytoon(&["--verbose", "render", "brief.yaml", "--out", "out"]).ok();
    let decoders = run.stderr.lines().filter(|line| line.contains("decode a clip")).count();
    let pieces = std::fs::read_dir(workspace.path("out/.cache/chunks")).expect("chunks");
    let names = pieces.map(|piece| piece.expect("a piece").file_name());
    let chunks = names.filter(|name| name.to_string_lossy().ends_with(".mp4")).count();
    assert!(chunks >= 3, "{chunks} chunks for six seconds");
    assert!((1..=chunks).contains(&decoders), "{decoders} decoders, {chunks} chunks");
}

/// Returns the width and height of the white disc in the middle of a frame.
fn disc(film: &Film) -> (f64, f64) {
    let (width, height) = (270, 480);
    let frame = rgb_frame(&film.output(), 0.5, width, height);
    let white = |x: usize, y: usize| frame[y * width + x].iter().all(|&c| c > 200);
    let across = (0..width).filter(|&x| white(x, height / 2)).count();
    let down = (0..height).filter(|&y| white(width / 2, y)).count();
    (across as f64, down as f64)
}

#[test]
fn pixels_that_are_not_square_are_made_square() {
    let disc_in = "geq=lum='if(lt(hypot(X-270,Y-480),150),235,60)':cb=128:cr=128";
    for (width, height, aspect, more) in [
        (540, 960, "1/1", ""),
        (404, 960, "540/404", ""),
        (540, 720, "720/960", ""),
        (720, 960, "540/720", "-metadata:s:v:0 rotate=180"),
    ] {
        let workspace = Workspace::new();
        make(
            &workspace,
            &format!(
                "-f lavfi -i color=gray:s=540x960:r=25:d=3 -vf {disc_in},scale={width}:{height},\
                 setsar={aspect} -pix_fmt yuv420p {more} {{}}/a.mp4"
            ),
        );
        let (across, down) = disc(&film_of(&workspace, "a.mp4"));
        assert!((across - 150.0).abs() <= 2.0 && (down - 150.0).abs() <= 2.0, "{across} x {down}");
    }
}

#[test]
fn fields_are_taken_apart_where_the_stream_says_so() {
    // A fast bar: between its fields every other line is shifted.
    let bar = "color=black:s=270x480:r=50:d=3,format=yuv420p,\
               geq=lum='if(lt(mod(X-N*4+2700,90),45),235,16)':cb=128:cr=128";
    let comb = |film: &Film| {
        let frames = decode_gray_frames(&film.output(), 270, 480);
        let frame = &frames[20];
        let line = |y: usize| &frame[y * 270..(y + 1) * 270];
        let rows = (1..479).map(|y| {
            let around = line(y - 1)
                .iter()
                .zip(line(y + 1))
                .map(|(a, b)| (u32::from(*a) + u32::from(*b)) / 2);
            line(y)
                .iter()
                .zip(around)
                .map(|(here, around)| u32::from(*here).abs_diff(around))
                .sum::<u32>()
        });
        f64::from(rows.sum::<u32>()) / (270.0 * 478.0)
    };
    for (order, flags) in [("top", "tff=1"), ("bottom", "bff=1")] {
        let workspace = Workspace::new();
        let field = if order == "top" { "tff" } else { "bff" };
        let weave = format!("{bar},tinterlace=interleave_{order},setfield={field}");
        make(
            &workspace,
            &format!(
                "-f lavfi -i {weave} -flags +ildct+ilme -x264opts {flags} -c:v libx264 -crf 10 {{}}/a.mp4"
            ),
        );
        assert!(!probe(&workspace.path("a.mp4")).video_fact("field_order").contains("progressive"));
        let seen = comb(&film_of(&workspace, "a.mp4"));
        assert!(seen < 3.0, "{order}: lines differ by {seen:.1} from those around them");
    }
    // Without the flag nothing is deinterlaced: the comb stays.
    let workspace = Workspace::new();
    make(
        &workspace,
        &format!(
            "-f lavfi -i {bar},tinterlace=interleave_top,setfield=prog -c:v libx264 -crf 10 {{}}/a.mp4"
        ),
    );
    let film = film_of(&workspace, "a.mp4");
    assert!(source(&film)["reading"]["fields"].is_null());
    assert!(comb(&film) > 10.0);
}

#[test]
fn what_is_transparent_shows_the_ground() {
    let disc = "color=0x00ff00:s=180x320:r=25:d=3,format=rgba,\
                geq=r='if(lt(hypot(X-90,Y-160),60),230,0)':g='if(lt(hypot(X-90,Y-160),60),40,255)':b=0:\
                a='if(lt(hypot(X-90,Y-160),60),255,0)'";
    for (name, codec) in [
        ("a.mov", "qtrle"),
        ("b.mov", "prores_ks -profile:v 4444 -pix_fmt yuva444p10le"),
        ("c.webm", "libvpx-vp9 -pix_fmt yuva420p -b:v 2M"),
        ("d.webm", "libvpx -pix_fmt yuva420p -auto-alt-ref 0 -b:v 2M"),
    ] {
        let workspace = Workspace::new();
        make(&workspace, &format!("-f lavfi -i {disc} -c:v {codec} {{}}/{name}"));
        let film = film_of(&workspace, name);
        let frame = rgb_frame(&film.output(), 0.5, 27, 48);
        let (middle, corner) = (frame[24 * 27 + 13], frame[3 * 27 + 3]);
        assert!(middle[0] > 150 && middle[1] < 110, "{name}: {middle:?}");
        // Hidden green does not bleed in; the ground is a muted colour.
        let range = corner.iter().max().expect("three") - corner.iter().min().expect("three");
        assert!(range < 60, "{name}: {corner:?}");
    }
}

#[test]
fn a_wide_clip_is_shown_by_what_matters_in_it() {
    let workspace = Workspace::new();
    // Only a bright object at the right: a crop finds it.
    make(
        &workspace,
        "-f lavfi -i color=0x203040:s=640x360:r=25:d=4 -vf \
         drawbox=x=500:y=130:w=70:h=100:c=0xf0d020:t=fill,drawbox=x=520:y=150:w=30:h=60:c=0xd02020:t=fill \
         -pix_fmt yuv420p {}/right.mp4",
    );
    make(&workspace, "-f lavfi -i testsrc2=s=640x360:r=25:d=4 -pix_fmt yuv420p {}/all.mp4");
    let yellow = |film: &Film| {
        let frame = rgb_frame(&film.output(), 0.7, 27, 48);
        frame.iter().filter(|p| p[0] > 180 && p[1] > 150 && p[2] < 120).count()
    };
    let film = film_of(&workspace, "right.mp4");
    assert!(yellow(&film) > 30, "{} {}", yellow(&film), source(&film));
    assert!(film.warnings().contains("% of the picture is visible"), "{}", film.warnings());
    let film = film_of(&workspace, "all.mp4");
    assert_eq!(source(&film)["fit"]["type"], "whole");
    assert!(!film.warnings().contains("% of the picture"), "{}", film.warnings());
    // The brief overrides it.
    let asked =
        |name: &str, fit: &str| film_of(&workspace, &format!("{{path: {name}, fit: {fit}}}"));
    let whole = asked("right.mp4", "whole");
    assert_eq!(source(&whole)["fit"]["type"], "whole");
    assert!((5..30).contains(&yellow(&whole)), "{}", yellow(&whole));
    let pan = asked("all.mp4", "pan");
    let fit = source(&pan)["fit"].clone();
    assert_ne!(fit["from"], fit["to"]);
    let crop = asked("all.mp4", "crop");
    assert!(crop.warnings().contains("all.mp4: only 32 % of the picture is visible"));
    // A vertical clip is shown unchanged, and a picture obeys the same option.
    make(&workspace, "-f lavfi -i testsrc2=s=180x320:r=25:d=4 -pix_fmt yuv420p {}/up.mp4");
    assert!(source(&film_of(&workspace, "up.mp4"))["fit"].is_null());
    workspace.picture("wide.png", 900, 500);
    for (fit, expected) in [("whole", "blur_fill"), ("crop", "cover"), ("pan", "cover")] {
        assert_eq!(source(&asked("wide.png", fit))["fit"], expected, "{fit}");
    }
}

#[test]
fn an_unknown_fit_is_refused() {
    let workspace = Workspace::new();
    workspace.picture("a.png", 180, 320);
    workspace.refuse(&brief_of("{path: a.png, fit: stretch}", 2.5), 2, &["crop", "whole", "pan"]);
}

#[test]
fn a_name_is_found_in_every_normalisation() {
    let workspace = Workspace::new();
    workspace.picture("plain.png", 180, 320);
    let stored = workspace.path("Cafe\u{301}.png");
    std::fs::rename(workspace.path("plain.png"), &stored).expect("renames");
    workspace.refuse(&brief_of("Cafes.png", 2.5), 2, &["did you mean `Cafe\u{301}.png`"]);
    let film = film_of(&workspace, "\"Caf\u{e9}.png\"");
    assert!(source(&film)["asset"].as_str().expect("a path").ends_with("Cafe\u{301}.png"));
}
