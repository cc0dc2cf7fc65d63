//! Tests of films in both executors: both render the same film, both redraw only what changed, and a stage may run
//! repeatedly or in several processes.

use super::*;
use crate::engine_session::EngineSession;
use crate::environment::NoProgress;
use crate::local;
use crate::receipt::Receipt;
use crate::rendition::Rendition;
use crate::stages::picture::chunk::{ChunkInput, ChunkStage};
use pytoon_config::secrets::Secrets;
use pytoon_config::{Config, ConfigSource, read_brief};
use pytoon_core::artifact;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::{ClipSource, VideoClip};
use pytoon_media::fonts::FontFinder;
use pytoon_process::{CancelToken, CommandLine, Programs, Runner};
use pytoon_vocabulary::{Frame, Ms, SceneId};
use std::os::unix::fs::MetadataExt;

/// A folder with pictures, a clip, and the films that a test renders from them.
struct Bench {
    folder: tempfile::TempDir,
    env: Environment,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("folder");
        let mut config = Config::load(&ConfigSource::Optional("/nowhere".into())).expect("loads");
        config.settings.storage_dir = folder.path().join("storage").display().to_string();
        let stall = Duration::from_secs(60);
        let runner = Runner::new(Programs::beside_this_one(), CancelToken::default(), stall);
        let session = EngineSession::open(&config, &Secrets::default(), &runner, Arc::default());
        let env = Environment {
            config,
            engines: Arc::new(session.expect("engines")),
            fonts: FontFinder::search(&[]),
            progress: Arc::new(NoProgress),
            voices: Arc::default(),
            buys: true,
            keeps_voice: false,
            claim: None,
            caller: None,
            clock: || "2026-01-01T00:00:00Z".to_owned(),
            runner,
        };
        Self { folder, env }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn ffmpeg(&self, args: &[&str]) -> Vec<u8> {
        let command = CommandLine::new("ffmpeg", "test").args(["-v", "error", "-y"]);
        self.env.runner.run(&command.args(args.iter().copied()), Vec::new()).expect("runs")
    }

    fn picture(&self, name: &str, size: &str) {
        let source = format!("testsrc2=size={size}:duration=1,format=yuvj420p");
        let path = self.path(name).display().to_string();
        self.ffmpeg(&["-f", "lavfi", "-i", &source, "-frames:v", "1", &path]);
    }

    fn clip(&self, name: &str, seconds: u32) {
        let source = format!("testsrc=size=320x400:rate=25:duration={seconds},format=yuv420p");
        let path = self.path(name).display().to_string();
        self.ffmpeg(&["-f", "lavfi", "-i", &source, &path]);
    }

    fn brief(&self, text: &str) -> BriefFile {
        read_brief("brief.yaml", text, self.folder.path().to_owned()).expect("reads")
    }

    /// Opens a film in its own folder, as a separate process would.
    fn film(&self, name: &str, file: &BriefFile) -> Film {
        self.film_with(name, file, RenderOptions::default())
    }

    fn film_with(&self, name: &str, file: &BriefFile, options: RenderOptions) -> Film {
        let id = format!("job-{name}").into();
        let job = JobIdentity { id, started_at_ms: 1_795_000_000_000 };
        let source = FilmSource::Brief(Box::new(file.clone()));
        Film::open(self.env.clone(), &self.path(name), job, source, options).expect("opens")
    }

    /// Runs a stage in a separate process.
    fn run(&self, name: &str, file: &BriefFile, stage: &StageId) -> StageEnd {
        let end = self.film(name, file).run(stage, SceneMemo::default());
        end.unwrap_or_else(|error| panic!("{stage}: {error}"))
    }

    /// Runs the plan and voice stages in separate processes, and returns the voiced film.
    fn run_voice(&self, name: &str, file: &BriefFile) -> VoicedFilm {
        assert_eq!(self.run(name, file, &StageId::Plan), StageEnd::Done);
        let StageEnd::Voiced(voiced) = self.run(name, file, &StageId::Voice) else {
            panic!("the voice gives the film its shape");
        };
        voiced
    }

    /// Renders a film as the queue may: each stage in a separate process, and the stages between voice and publishing
    /// in reverse order.
    fn by_queue(&self, name: &str, file: &BriefFile) -> Receipt {
        let voiced = self.run_voice(name, file);
        let mut stages: Vec<StageId> =
            FilmGraph::after_voice(&voiced.shape()).into_iter().map(|node| node.stage).collect();
        let publish = stages.pop().expect("stages");
        for stage in stages.iter().rev() {
            self.run(name, file, stage);
        }
        let StageEnd::Published(receipt) = self.run(name, file, &publish) else {
            panic!("publishing gives the receipt");
        };
        *receipt
    }

    fn locally(&self, name: &str, file: &BriefFile) -> Receipt {
        self.locally_with(name, file, RenderOptions::default())
    }

    fn locally_with(&self, name: &str, file: &BriefFile, options: RenderOptions) -> Receipt {
        let source = FilmSource::Brief(Box::new(file.clone()));
        let rendered = local::render(self.env.clone(), source, &self.path(name), options);
        rendered.expect("renders").receipt
    }

    /// Draws a range of frames as one chunk, and returns the hash of each frame.
    fn frame_hashes(&self, timeline: &Timeline, range: FrameRange) -> Vec<String> {
        let hashes = self.path("range.txt");
        let _ = std::fs::remove_file(&hashes);
        let options =
            RenderOptions { frame_hashes: Some(hashes.clone()), ..RenderOptions::default() };
        let job = JobIdentity { id: "job-range".into(), started_at_ms: 0 };
        let mut silent = timeline.clone();
        silent.tracks.audio.clear();
        let takes = self.path("job");
        let source = FilmSource::Timeline { timeline: Box::new(silent), takes };
        let film = Film::open(self.env.clone(), &self.path("range"), job, source, options);
        let drawn = film.expect("opens").with_context(|context| {
            let input = ChunkInput::of(timeline, range);
            ChunkStage { rendition: Rendition::First, index: 900 }.run(context, &input).map(|_| ())
        });
        drawn.expect("draws");
        let bytes = std::fs::read(hashes).expect("hashes");
        let text =
            String::from_utf8(bytes[range.start.get() as usize * 33..].to_vec()).expect("text");
        text.lines().map(str::to_owned).collect()
    }

    fn timeline(&self, name: &str) -> Timeline {
        let bytes = std::fs::read(self.path(name).join(artifact::TIMELINE)).expect("a timeline");
        serde_json::from_slice(&bytes).expect("reads")
    }

    /// Returns FFprobe's report on the film's video packets, its video stream and its length.
    fn packets(&self, name: &str) -> String {
        let film = self.path(name).join(artifact::OUTPUT).display().to_string();
        let entries = "packet=pts,dts,duration,flags:format=duration:stream=nb_frames,time_base,\
                       avg_frame_rate,duration_ts,color_space,level";
        let command = CommandLine::new("ffprobe", "test")
            .args(["-v", "error", "-select_streams", "v", "-show_entries", entries])
            .args(["-of", "csv", &film]);
        let out = self.env.runner.run(&command, Vec::new()).expect("runs");
        String::from_utf8(out).expect("text")
    }

    /// Returns the presentation times of the frames, and the properties of the stream and the film. Ignores the
    /// storage order of frames, which depends on the encoder's lookahead.
    fn presentation_times(&self, name: &str) -> (Vec<i64>, String) {
        let packets = self.packets(name);
        let (times, rest): (Vec<&str>, Vec<&str>) =
            packets.lines().partition(|line| line.starts_with("packet"));
        let mut times: Vec<i64> = times
            .iter()
            .map(|line| line.split(',').nth(1).and_then(|n| n.parse().ok()).expect("a time"))
            .collect();
        times.sort_unstable();
        (times, rest.join("\n"))
    }

    /// Returns the decoded video in shades of grey, one item per frame.
    fn frames(&self, name: &str) -> Vec<Vec<u8>> {
        let film = self.path(name).join(artifact::OUTPUT).display().to_string();
        let bytes = self.ffmpeg(&["-i", &film, "-an", "-f", "rawvideo", "-pix_fmt", "gray", "-"]);
        bytes.chunks_exact(270 * 480).map(<[u8]>::to_vec).collect()
    }

    /// Returns every file of a job with its inode and modification time, which change when the file is rewritten.
    fn files(&self, name: &str) -> BTreeMap<String, (u64, i64)> {
        let mut out = BTreeMap::new();
        collect(&self.path(name), "", &mut out);
        out
    }
}

fn collect(folder: &Path, prefix: &str, out: &mut BTreeMap<String, (u64, i64)>) {
    for entry in std::fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry")) {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let metadata = entry.metadata().expect("metadata");
        if metadata.is_dir() {
            collect(&entry.path(), &format!("{name}/"), out);
        } else {
            out.insert(name, (metadata.ino(), metadata.mtime_nsec()));
        }
    }
}

fn difference(a: &[u8], b: &[u8]) -> f64 {
    let sum: u64 = a.iter().zip(b).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.len() as f64
}

/// A brief with two pictures and a moving clip that spans chunks, with speech, captions, music and an overlay.
const FILM: &str = "script: |\n  Good mornings start with better coffee. We roast small batches \
    every single day. Slow water does the rest. Try your first bag for only five dollars.\n\
    media_files: [wide.jpg, moving.mp4, tall.png]\nmusic_source: calm\nprofile: test\nseed: 7\n\
    overlays: [{text: Fresh, position: top, start_seconds: 1, end_seconds: 5}]\n";

fn film_bench() -> Bench {
    let bench = Bench::new();
    bench.picture("wide.jpg", "600x250");
    bench.picture("tall.png", "300x700");
    bench.clip("moving.mp4", 3);
    bench
}

#[test]
fn both_executors_make_the_same_film() {
    let bench = film_bench();
    let file = bench.brief(FILM);
    let whole = bench.locally("whole", &file);
    let steps = bench.by_queue("steps", &file);
    let read = |folder: &str, name: &str| std::fs::read(bench.path(folder).join(name)).ok();
    let same = [
        artifact::BRIEF,
        artifact::SCENE_GRAPH,
        artifact::TIMELINE,
        artifact::CAPTIONS_VTT,
        artifact::MIXED,
        artifact::VOICE_STEM,
        artifact::THUMBNAIL,
        "voice/take_001.wav",
    ];
    for name in same {
        assert!(read("steps", name).is_some(), "{name} is missing");
        assert_eq!(read("whole", name), read("steps", name), "{name}");
    }
    let chunks = chunks_of(&bench, "steps");
    assert!(chunks >= 4, "{chunks} chunks test nothing");
    assert_eq!(bench.packets("whole"), bench.packets("steps"));
    assert_eq!(bench.frames("steps").len() as i64, steps.output.frames);
    assert_eq!(read("whole", artifact::OUTPUT), read("steps", artifact::OUTPUT), "byte for byte");
    assert_eq!(steps.self_check.findings, []);
    assert_eq!(whole.self_check.findings, []);
    assert_eq!(steps.scenes, whole.scenes);
    assert_eq!((&steps.voice, &steps.loudness), (&whole.voice, &whole.loudness));
    assert_eq!((&steps.warnings, &steps.asked), (&whole.warnings, &whole.asked));
    let stages = |receipt: &Receipt| -> Vec<String> {
        receipt.stages.iter().map(|time| time.stage.clone()).collect()
    };
    assert_eq!(stages(&steps), stages(&whole));
    let comparable = |receipt: &Receipt| {
        let mut receipt = receipt.clone();
        receipt.stages.clear();
        receipt
    };
    assert_eq!(comparable(&steps), comparable(&whole));
    assert!(bench.path("steps/.work").is_dir());
    assert!(bench.path("whole/.cache").is_dir() && !bench.path("whole/.work").exists());
}

fn chunks_of(bench: &Bench, name: &str) -> usize {
    let timeline = bench.timeline(name);
    timeline.chunks().len()
}

#[test]
fn any_range_of_frames_is_drawn_as_in_the_whole() {
    let bench = film_bench();
    let file = bench.brief(FILM);
    let hashes = bench.path("whole.txt");
    let options = RenderOptions { frame_hashes: Some(hashes.clone()), ..RenderOptions::default() };
    bench.locally_with("whole", &file, options);
    let whole = std::fs::read_to_string(&hashes).expect("hashes");
    let whole: Vec<&str> = whole.lines().collect();
    let timeline = bench.timeline("whole");
    let in_one_go =
        bench.frame_hashes(&timeline, FrameRange::new(Frame::ZERO, timeline.total_frames));
    assert_eq!(whole, in_one_go, "where the film is cut changes no frame");
    let moving = |clip: &&VideoClip| matches!(clip.source, ClipSource::Clip { .. });
    let moving = timeline.tracks.video.iter().find(moving).expect("a moving clip");
    let total = timeline.total_frames.get();
    // One range begins inside the moving clip.
    let inside = (moving.start_frame + moving.range().len() / 2).get();
    for (start, end) in [(0, 7), (inside, inside + 20), (61, 125), (total - 9, total)] {
        let range = FrameRange::new(Frame::new(start), Frame::new(end));
        let own = bench.frame_hashes(&timeline, range);
        assert_eq!(own, whole[start as usize..end as usize], "{range:?}");
    }
}

#[test]
fn a_caption_is_gone_in_the_frame_at_its_end() {
    let bench = film_bench();
    bench.by_queue("job", &bench.brief(&captioned_brief("Third words")));
    let frames = |text: &str| {
        let mut timeline = bench.timeline("job");
        // Frame 62 is at 2066.67 ms, which rounds to 2067 where times are whole milliseconds.
        assert_eq!(timeline.frame_rate.frame_to_ms(Frame::new(62)), Ms::new(2067));
        timeline.tracks.captions.truncate(1);
        let cue = &mut timeline.tracks.captions[0];
        (cue.start, cue.end, cue.text) = (Ms::ZERO, Ms::new(2067), text.to_owned());
        cue.words.truncate(1);
        (cue.words[0].start, cue.words[0].end) = (cue.start, cue.end);
        cue.words[0].text = text.to_owned();
        bench.frame_hashes(&timeline, FrameRange::new(Frame::new(61), Frame::new(63)))
    };
    let (one, other) = (frames("One"), frames("Other"));
    assert_ne!(one[0], other[0], "no caption is seen: this tests nothing");
    assert_eq!(one[1], other[1]);
}

#[test]
fn chunks_join_at_any_rate() {
    let mut bench = film_bench();
    let profile = "width: 270\nheight: 480\nframe_rate: 30000/1001\nvideo: {encoder: libx264, \
                   preset: veryfast, crf: 23, gop_seconds: 0.7, max_rate_kbps: 4000}\n\
                   audio: {bit_rate_kbps: 96, coder: fast}\n";
    let config = bench.path("config");
    std::fs::create_dir_all(config.join("profiles")).expect("a folder");
    std::fs::write(config.join("profiles/odd.yaml"), profile).expect("writes");
    bench.env.config = Config::load(&ConfigSource::Folder(config)).expect("loads");
    // With a voice and without: films of different lengths, with different reordered frames.
    for (name, more) in [("voiced", ""), ("silent", "voice: off\n")] {
        let text = FILM.replace("profile: test", "profile: odd") + more;
        let file = bench.brief(&text);
        let (whole, steps) = (format!("{name}-whole"), format!("{name}-steps"));
        bench.locally(&whole, &file);
        let receipt = bench.by_queue(&steps, &file);
        assert_eq!(receipt.self_check.findings, []);
        assert!(chunks_of(&bench, &steps) >= 4);
        let shown = (bench.presentation_times(&whole), bench.presentation_times(&steps));
        assert_eq!(shown.0, shown.1, "{name}");
        assert_eq!(shown.1.0.len() as i64, receipt.output.frames);
        let exact: Vec<i64> = (0..receipt.output.frames).map(|n| n * 3003).collect();
        assert_eq!(shown.1.0, exact, "{name}: every frame at its own time");
        let (a, b) = (bench.frames(&whole), bench.frames(&steps));
        assert_eq!(a.len(), b.len());
        let worst = a.iter().zip(&b).map(|(a, b)| difference(a, b)).fold(0.0, f64::max);
        assert!(worst < 2.5, "{name}: a frame differs by {worst} of 255");
    }
}

#[test]
fn a_stage_that_is_done_does_nothing() {
    let bench = film_bench();
    let file = bench.brief(FILM);
    let first = bench.by_queue("job", &file);
    let before = bench.files("job");
    let second = bench.by_queue("job", &file);
    assert_eq!(bench.files("job"), before);
    assert_eq!(first, second);
}

/// Returns a brief with three scenes of at least three seconds, each with its own caption. `third` is the last
/// caption.
fn captioned_brief(third: &str) -> String {
    let scene = |n: usize, caption: &str| {
        format!("  - {{scene: {n}, caption: {caption}, min_duration_seconds: 3}}\n")
    };
    format!(
        "script: One two three four. Five six seven eight. Nine ten eleven twelve.\n\
         media_files: [wide.jpg, tall.png]\nvoice: off\nmusic_source: lofi\nprofile: test\n\
         scenes:\n{}{}{}",
        scene(1, "First words"),
        scene(2, "Second words"),
        scene(3, third)
    )
}

#[test]
fn a_changed_caption_redraws_only_the_chunks_that_show_it() {
    let bench = film_bench();
    bench.by_queue("job", &bench.brief(&captioned_brief("Third words")));
    let (before, earlier) = (bench.files("job"), bench.timeline("job"));
    let receipt = bench.by_queue("job", &bench.brief(&captioned_brief("Other words")));
    let (after, timeline) = (bench.files("job"), bench.timeline("job"));
    assert_eq!(receipt.self_check.findings, []);
    assert_eq!(earlier.tracks.video, timeline.tracks.video, "only captions changed");
    assert_ne!(earlier.tracks.captions, timeline.tracks.captions);
    let changed_from = earlier
        .tracks
        .captions
        .iter()
        .zip(&timeline.tracks.captions)
        .find(|(a, b)| a != b)
        .map(|(_, cue)| cue.start)
        .expect("a changed cue");
    let ranges = timeline.chunks();
    let mut anew = 0;
    for (index, range) in ranges.iter().enumerate() {
        let name = format!(".work/chunks/{index:03}.mp4");
        let shows = timeline.frame_rate.frame_to_ms(range.last()) >= changed_from;
        assert_eq!(before[&name] != after[&name], shows, "chunk {index} of {ranges:?}");
        anew += usize::from(shows);
    }
    assert!(anew > 0 && anew < ranges.len(), "{anew} of {} test nothing", ranges.len());
    for name in [".work/audio.m4a", ".work/assembly/audio/mixed.wav", ".work/voice.json"] {
        assert_eq!(before[name], after[name], "{name} is made anew");
    }
    assert_ne!(before[artifact::OUTPUT], after[artifact::OUTPUT]);
}

#[test]
fn an_artifact_of_another_film_is_made_again() {
    let bench = film_bench();
    let file = bench.brief(&captioned_brief("Third words"));
    bench.by_queue("job", &file);
    bench.by_queue("other", &bench.brief(&captioned_brief("Other words")));
    let (film, own) = (bench.frames("job"), bench.files("job"));
    assert!(film != bench.frames("other"), "the films are the same: this tests nothing");
    let last = chunks_of(&bench, "job") - 1;
    for ending in ["mp4", "json"] {
        // As by a worker that was suspended while it uploaded the chunk: no note is written.
        let name = format!(".work/chunks/{last:03}.{ending}");
        std::fs::copy(bench.path("other").join(&name), bench.path("job").join(&name))
            .expect("copies");
        bench.run("job", &file, &StageId::Publish);
        assert!(bench.frames("job") == film, "{ending}: another film's frames are seen");
        let first = ".work/chunks/000.mp4";
        assert_eq!(bench.files("job")[first], own[first], "{ending}");
    }
}

#[test]
fn a_changed_scene_redraws_only_the_chunks_that_show_it() {
    let bench = film_bench();
    let text = captioned_brief("Third words");
    bench.by_queue("job", &bench.brief(&text));
    let before = bench.files("job");
    let changed = text.replace("{scene: 3,", "{scene: 3, effect: pull_out,");
    assert_ne!(text, changed);
    bench.by_queue("job", &bench.brief(&changed));
    let (after, timeline) = (bench.files("job"), bench.timeline("job"));
    let third = timeline.tracks.video.iter().find(|clip| clip.scene_id == "scene_03");
    let third = third.expect("a clip");
    let from = third.transition_in.as_ref().map_or(third.start_frame, |t| t.start_frame);
    let ranges = timeline.chunks();
    assert!(ranges[0].end <= from, "no chunk stays: this tests nothing");
    for (index, range) in ranges.iter().enumerate() {
        let name = format!(".work/chunks/{index:03}.mp4");
        let (is_anew, shows) = (before[&name] != after[&name], range.end > from);
        assert_eq!(is_anew, shows, "chunk {index} of {ranges:?}, scene from {from}");
    }
    assert_eq!(before[".work/audio.m4a"], after[".work/audio.m4a"]);
}

#[test]
fn killed_attempts_and_two_at_a_time_leave_a_whole_film() {
    let bench = film_bench();
    let file = bench.brief(&captioned_brief("Third words"));
    let voiced = bench.run_voice("job", &file);
    // A kill leaves a partial file, and an artifact whose stage has no note.
    let chunks = bench.path("job/.work/chunks");
    std::fs::create_dir_all(&chunks).expect("a folder");
    std::fs::write(chunks.join("000.mp4.0123-4.part"), b"half").expect("writes");
    std::fs::write(chunks.join("001.mp4"), b"old").expect("writes");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| bench.run("job", &file, &StageId::Mix));
            for chunk in 0..voiced.chunks {
                let (bench, file) = (&bench, &file);
                scope.spawn(move || bench.run("job", file, &StageId::Chunk(chunk)));
            }
        }
    });
    let StageEnd::Published(receipt) = bench.run("job", &file, &StageId::Publish) else {
        panic!("publishing gives the receipt");
    };
    assert_eq!(receipt.self_check.findings, []);
    assert_eq!(bench.frames("job").len() as i64, receipt.output.frames);
    let left: Vec<_> = bench.files("job").into_keys().filter(|n| n.ends_with(".part")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[test]
fn a_scene_whose_engine_no_one_can_ask_has_no_stage() {
    let bench = film_bench();
    let text = "prompt: A quiet cup of tea\nvoice: off\nmusic_source: none\nprofile: test\n\
                target_duration_seconds: 2\nengine_override: runway\n";
    let file = bench.brief(text);
    let voiced = bench.run_voice("job", &file);
    assert!(voiced.scenes.iter().all(|s| !s.drawn_outside && s.engine_asked == "runway"));
    assert_eq!(voiced.shape().scenes, Vec::<SceneId>::new());
    let receipt = bench.by_queue("job", &file);
    assert!(receipt.degraded && receipt.scenes.iter().all(|scene| scene.fallback_used));
    let end = bench.run("job", &file, &StageId::Scene("scene_01".into()));
    let StageEnd::Scene(SceneEnd { engine_used, fallback_used, error }) = end else {
        panic!("no one is waited for: {end:?}");
    };
    assert_eq!((engine_used.as_str(), fallback_used), ("local", true));
    assert!(error.is_some_and(|error| error.contains("runway")));
    assert_eq!(bench.run("job", &file, &StageId::Voice), StageEnd::Voiced(voiced));
}

#[test]
fn chunks_that_are_missing_when_the_film_is_joined_are_drawn_then() {
    let bench = film_bench();
    let file = bench.brief(&captioned_brief("Third words"));
    let voiced = bench.run_voice("job", &file);
    bench.run("job", &file, &StageId::Mix);
    // Tasks of a version that cut the film into more chunks, some of which are lost.
    for chunk in [0, voiced.chunks - 1, voiced.chunks, 99] {
        bench.run("job", &file, &StageId::Chunk(chunk));
    }
    std::fs::remove_file(bench.path("job/.work/chunks/000.mp4")).expect("is lost");
    let StageEnd::Published(receipt) = bench.run("job", &file, &StageId::Publish) else {
        panic!("publishing gives the receipt");
    };
    assert_eq!(receipt.self_check.findings, []);
    assert_eq!(bench.frames("job").len() as i64, receipt.output.frames);
}

#[test]
fn stages_out_of_order_say_what_is_missing() {
    let bench = film_bench();
    let file = bench.brief(&captioned_brief("Third words"));
    let error = |file: &BriefFile, stage: &StageId| {
        bench.film("job", file).run(stage, SceneMemo::default()).expect_err("refused")
    };
    let lacks = |file: &BriefFile, stage: StageId| match error(file, &stage) {
        PipelineError::NotReady(lacking) => lacking,
        other => panic!("{stage}: {other}"),
    };
    assert_eq!(lacks(&file, StageId::Voice), StageId::Plan);
    bench.run("job", &file, &StageId::Plan);
    assert_eq!(lacks(&file, StageId::Mix), StageId::Voice);
    bench.run("job", &file, &StageId::Voice);
    assert_eq!(lacks(&file, StageId::Publish), StageId::Mix);
    bench.run("job", &file, &StageId::Mix);
    let other = bench.brief(&captioned_brief("Other words"));
    let outdated = error(&other, &StageId::Mix);
    assert!(matches!(outdated, PipelineError::Outdated(StageId::Voice)), "{outdated}");
    let unknown = error(&file, &StageId::Scene("scene_09".into()));
    assert!(unknown.to_string().contains("scene_09"), "{unknown}");
}

#[test]
fn a_film_that_is_rendered_again_is_drawn_again_only_where_it_changed() {
    let bench = film_bench();
    let first = bench.locally("job", &bench.brief(&captioned_brief("Third words")));
    let before = bench.files("job");
    let same = bench.locally("job", &bench.brief(&captioned_brief("Third words")));
    assert_eq!(first, same);
    let output = |files: &BTreeMap<String, (u64, i64)>| files[artifact::OUTPUT];
    assert_eq!(output(&before), output(&bench.files("job")), "nothing changed");
    let changed = bench.locally("job", &bench.brief(&captioned_brief("Other words")));
    assert_eq!(changed.self_check.findings, []);
    let after = bench.files("job");
    let chunks = before.keys().filter(|name| name.starts_with(".cache/chunks/"));
    let chunks: Vec<&String> = chunks.filter(|name| name.ends_with(".mp4")).collect();
    let drawn = chunks.iter().filter(|name| before[**name] != after[**name]).count();
    assert!(drawn > 0 && drawn < chunks.len(), "{drawn} of {} chunks were drawn", chunks.len());
    assert_eq!(before[".cache/audio.m4a"], after[".cache/audio.m4a"]);
}

#[test]
fn a_timeline_makes_the_film_that_it_was_written_for() {
    let bench = film_bench();
    let first = bench.locally("job", &bench.brief(FILM));
    let timeline = Box::new(bench.timeline("job"));
    let source = FilmSource::Timeline { timeline, takes: bench.path("job") };
    let options = RenderOptions::default();
    let again = local::render(bench.env.clone(), source, &bench.path("again"), options);
    let again = again.expect("renders").receipt;
    assert_eq!((again.output, again.self_check), (first.output, first.self_check));
    assert!(bench.frames("again") == bench.frames("job"));
}
