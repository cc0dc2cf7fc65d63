//! Tests of the routes that show a film in detail: its inspection, its waveforms and its frames.

use pytoon_testkit::measure::{decode_audio, probe};
use pytoon_testkit::program::tool;
use pytoon_testkit::{Film, Service, Workspace};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const WORDS: &str = "Fresh bread, baked at dawn. Come by before it is gone.";

fn bread() -> Value {
    json!({"script": WORDS, "profile": "test"})
}

fn path(id: &str, rest: &str) -> String {
    format!("/api/v2/jobs/{id}{rest}")
}

/// Returns the folder of a job.
fn folder(workspace: &Workspace, id: &str) -> PathBuf {
    workspace.path(&format!("storage/jobs/{id}"))
}

/// The size of the compared frames.
const SIZE: (usize, usize) = (90, 160);

/// Returns every frame of a video, or the one of a picture, as FFmpeg decodes it to RGB.
#[track_caller]
fn decode_frames(path: &Path) -> Vec<Vec<u8>> {
    let (input, scale) =
        (path.display().to_string(), format!("scale={}:{}:flags=area", SIZE.0, SIZE.1));
    let args =
        ["-v", "error", "-i", &input, "-vf", &scale, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
    tool("ffmpeg", args).chunks_exact(SIZE.0 * SIZE.1 * 3).map(<[u8]>::to_vec).collect()
}

/// Returns the mean difference between a JPEG picture and a decoded frame, from 0 to 255.
#[track_caller]
fn difference(workspace: &Workspace, jpeg: &[u8], frame: &[u8]) -> f64 {
    workspace.write("frame.jpg", jpeg);
    let picture = decode_frames(&workspace.path("frame.jpg")).remove(0);
    let sum: f64 = picture.iter().zip(frame).map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
    sum / frame.len() as f64
}

/// Writes a clip whose grey differs much between neighbouring frames.
fn flicker(workspace: &Workspace, name: &str) {
    workspace.write(name, b"");
    let to = workspace.path(name).display().to_string();
    let source = "nullsrc=s=270x480:r=30:d=6,geq=lum='40+mod(37*N,170)':cb=128:cr=128";
    tool(
        "ffmpeg",
        ["-v", "error", "-y", "-f", "lavfi", "-i", source, "-c:v", "libx264", "-qp", "4", &to],
    );
}

/// Returns a response's entity tag after a check that the route answers 304 to it.
#[track_caller]
fn tag(service: &Service, route: &str) -> String {
    let tag = service.call("GET", route, None).is(200).headers["etag"].clone();
    let bearer = format!("Bearer {}", service.key);
    let headers = [("Authorization", bearer.as_str()), ("If-None-Match", tag.as_str())];
    let unchanged = service.ask("GET", route, &headers, None).is(304);
    assert_eq!(unchanged.body, b"");
    tag
}

#[test]
fn an_inspection_has_the_facts_of_the_command_and_the_loudness_over_time() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let id = service.submit(&bread());
    service.until(&id, "done");
    let route = path(&id, "/inspection");
    let answer = service.call("GET", &route, None).is(200);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "private, no-cache");
    let (found, command) =
        (answer.json(), workspace.pytoon(&["--json", "inspect", &id]).ok().json());
    assert_eq!(found["facts"], command["facts"]);
    assert_eq!(found["loudness"], command["loudness_over_time"]);
    assert_eq!(found["facts"]["missing"], json!([]));
    let loudness = &found["loudness"];
    assert_eq!(loudness["step_ms"], 100);
    let values = |name: &str| loudness[name].as_array().expect("values").clone();
    let (momentary, short_term) = (values("momentary_lufs"), values("short_term_lufs"));
    let steps = found["facts"]["duration_ms"].as_i64().expect("a length") / 100;
    assert!((momentary.len() as i64 - steps).abs() <= 1, "{} of {steps}", momentary.len());
    assert_eq!(momentary.len(), short_term.len());
    assert!(momentary[..3].iter().chain(&short_term[..29]).all(Value::is_null), "{loudness}");
    // The film is mastered to -14 LUFS. No window of 3 s is far from that, and some are louder than the whole.
    let short_term: Vec<f64> = short_term.iter().filter_map(Value::as_f64).collect();
    assert!(short_term.iter().all(|lufs| (-24.0..-9.0).contains(lufs)), "{short_term:?}");
    let loudest = momentary.iter().filter_map(Value::as_f64).fold(f64::MIN, f64::max);
    assert!((-14.5..-5.0).contains(&loudest), "{loudest}");
    // Measured once: the second response comes from the cache, although the stems are gone.
    std::fs::remove_file(folder(&workspace, &id).join("assembly/audio/mixed.wav"))
        .expect("removed");
    assert_eq!(service.call("GET", &route, None).is(200).body, answer.body);
    tag(&service, &route);
}

#[test]
fn peaks_are_the_lowest_and_highest_samples_of_a_stem() {
    let workspace = Workspace::new();
    let service = workspace.serve();
    let id = service.submit(&bread());
    service.until(&id, "done");
    for (track, stem) in [("voice", "voice"), ("music", "music"), ("mixed", "mixed")] {
        let samples =
            decode_audio(&folder(&workspace, &id).join(format!("assembly/audio/{stem}.wav")));
        let mono: Vec<f32> =
            samples.chunks_exact(2).map(|pair| (pair[0] + pair[1]) / 2.0).collect();
        for (query, size) in [("", 256), ("?samples_per_pair=2048", 2048)] {
            let route = path(&id, &format!("/peaks/{track}{query}"));
            let answer = service.call("GET", &route, None).is(200);
            assert_eq!(answer.headers["content-type"], "application/octet-stream");
            let (head, values) = answer.body.split_at(24);
            let number = |at: usize| {
                let bytes = head[4 * at..4 * at + 4].try_into().expect("four bytes");
                i32::from_le_bytes(bytes)
            };
            let pairs = mono.len().div_ceil(size);
            let expected = [2, 1, 48_000, size as i32, pairs as i32, 1];
            assert_eq!((0..6).map(number).collect::<Vec<_>>(), expected, "{track}");
            assert_eq!(values.len(), 2 * pairs);
            for (group, pair) in mono.chunks(size).zip(values.chunks_exact(2)) {
                let (min, max) = (f32::from(pair[0] as i8), f32::from(pair[1] as i8));
                let lowest = 128.0 * group.iter().copied().fold(f32::MAX, f32::min);
                let highest = 128.0 * group.iter().copied().fold(f32::MIN, f32::max);
                // FFmpeg and pytoon round the 24 bits of a stem differently.
                let near = |a: f32, b: f32| (a - b.min(127.0)).abs() < 0.51;
                assert!(near(min, lowest) && near(max, highest), "{track}: {min} {max}");
            }
        }
        tag(&service, &path(&id, &format!("/peaks/{track}")));
    }
    let ask = |rest: &str| service.call("GET", &path(&id, rest), None);
    ask("/peaks/drums").problem(404, "no_such_track", &["drums", "voice, music and mixed"]);
    let wrong = ask("/peaks/voice?samples_per_pair=300");
    wrong.problem(422, "invalid_request", &["samples_per_pair", "256 or 2048"]);
}

#[test]
fn a_frame_is_the_one_with_its_number() {
    let workspace = Workspace::new();
    flicker(&workspace, "media/flicker.mp4");
    let allowed =
        format!("assets: {{allowed_dirs: [\"{}\"]}}\n", workspace.path("media").display());
    workspace.write("config/defaults.yaml", allowed);
    let service = workspace.serve();
    let id = service.submit(&json!({
        "script": WORDS, "profile": "test", "media_files": ["flicker.mp4"], "captions": "off",
        "voice": "off", "music_source": "none", "target_duration_seconds": 5,
    }));
    service.until(&id, "done");
    let film = Film::open(&folder(&workspace, &id));
    let frames = decode_frames(&film.output());
    for n in [0, 1, 2, 37, 74, 75, 76, 77, 78, 79, 80, frames.len() - 2, frames.len() - 1] {
        let answer = service.call("GET", &path(&id, &format!("/frames/{n}.jpg")), None).is(200);
        assert_eq!(answer.headers["content-type"], "image/jpeg");
        let own = difference(&workspace, &answer.body, &frames[n]);
        assert!(own < 3.0, "frame {n} differs by {own}");
        let neighbours = [n.wrapping_sub(1), n + 1].into_iter().filter_map(|n| frames.get(n));
        for other in neighbours {
            let other = difference(&workspace, &answer.body, other);
            assert!(other > 10.0, "frame {n} differs by {own}, and its neighbour by {other}");
        }
    }
    let size = |query: &str| {
        let route = path(&id, &format!("/frames/3.jpg{query}"));
        workspace.write("size.jpg", service.call("GET", &route, None).is(200).body);
        let video = probe(&workspace.path("size.jpg")).video;
        (video["width"].as_u64(), video["height"].as_u64())
    };
    assert_eq!(size(""), (Some(90), Some(160)));
    assert_eq!(size("?height=320"), (Some(180), Some(320)));
    assert_eq!(size("?height=1920"), (Some(270), Some(480)), "it is not enlarged");
    tag(&service, &path(&id, "/frames/3.jpg"));
    let ask = |rest: &str| service.call("GET", &path(&id, rest), None);
    let beyond = ask(&format!("/frames/{}.jpg", frames.len()));
    beyond.problem(404, "no_such_frame", &[&format!("has {} frames", frames.len())]);
    for name in ["x.jpg", "3.png", "-1.jpg", "03.jpg"] {
        ask(&format!("/frames/{name}")).problem(404, "no_such_frame", &["number", "12.jpg"]);
    }
    for height in ["15", "1921"] {
        let wrong = ask(&format!("/frames/3.jpg?height={height}"));
        wrong.problem(422, "invalid_request", &["height", "between 16 and 1920"]);
    }
}

#[test]
fn a_film_in_detail_needs_the_key_of_its_job() {
    let workspace = Workspace::new();
    let api =
        Service::start(&mut workspace.command(&["api", "--port", "0"]), workspace.root(), "api");
    let id = api.submit(&bread());
    let other = workspace.pytoon(&["keys", "add", "other", "--scope", "submit"]).ok().stdout;
    for rest in ["/inspection", "/peaks/voice", "/frames/0.jpg"] {
        let waits = api.call("GET", &path(&id, rest), None);
        waits.problem(409, "not_yet", &["status is `queued`"]);
        api.ask("GET", &path(&id, rest), &[], None).problem(401, "unauthorized", &[]);
        let foreign = api.ask("GET", &path(&id, rest), &[("X-API-Key", other.trim())], None);
        foreign.problem(404, "no_such_job", &[]);
    }
}

/// Waits until a worker has finished `count` chunks.
#[track_caller]
fn until_chunks(worker: &Service, count: usize) {
    let begun = Instant::now();
    let is_chunk = |line: &&Value| line["stage"] == "compose";
    while worker.events("task_finished").iter().filter(is_chunk).count() < count {
        assert!(begun.elapsed() < Duration::from_secs(60), "no chunk is finished");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns the range of frames of a chunk.
fn range(record: &Path) -> std::ops::Range<usize> {
    let record: Value =
        serde_json::from_slice(&std::fs::read(record).expect("a record")).expect("JSON");
    let at = |name: &str| record["output"]["range"][name].as_u64().expect("a frame") as usize;
    at("start")..at("end")
}

#[test]
fn frames_of_finished_chunks_are_there_before_the_film() {
    let workspace = Workspace::new();
    workspace.write("config/defaults.yaml", "service: {worker_tasks: 1, lease_seconds: 2}\n");
    let api =
        Service::start(&mut workspace.command(&["api", "--port", "0"]), workspace.root(), "api");
    let mut worker =
        Service::start(&mut workspace.command(&["worker"]), workspace.root(), "worker");
    let id =
        api.submit(&json!({"script": WORDS, "profile": "test", "target_duration_seconds": 20}));
    until_chunks(&worker, 2);
    worker.kill();
    assert_eq!(api.job(&id)["status"], "composing");
    let work = folder(&workspace, &id).join(".work");
    let timeline = std::fs::read(work.join("timeline.json")).expect("a timeline");
    let timeline: Value = serde_json::from_slice(&timeline).expect("JSON");
    let total = timeline["totalFrames"].as_u64().expect("a number") as usize;
    let ask = |n: usize| api.call("GET", &path(&id, &format!("/frames/{n}.jpg")), None);
    let records: Vec<PathBuf> = (0..100)
        .map(|index| work.join(format!("chunks/{index:03}.json")))
        .filter(|record| record.is_file())
        .collect();
    assert!(records.len() >= 2, "{records:?}");
    for record in &records {
        let (range, frames) = (range(record), decode_frames(&record.with_extension("mp4")));
        assert_eq!(range.len(), frames.len());
        for n in [range.start, range.start + 1, range.end - 1] {
            let answer = ask(n).is(200);
            let off = difference(&workspace, &answer.body, &frames[n - range.start]);
            assert!(off < 3.0, "frame {n} differs by {off}");
        }
    }
    let is_missing = |n: &usize| records.iter().all(|record| !range(record).contains(n));
    let missing = (0..total).find(is_missing).expect("a frame that is not rendered");
    ask(missing).problem(409, "not_yet", &[&format!("no frame {missing} yet"), "`composing`"]);
    ask(total).problem(404, "no_such_frame", &[]);
    let waits = api.call("GET", &path(&id, "/inspection"), None);
    waits.problem(409, "not_yet", &["`composing`"]);
    let _second = Service::start(&mut workspace.command(&["worker"]), workspace.root(), "second");
    api.until(&id, "done");
    ask(missing).is(200);
}
