//! Tests of scenes by external engines, stage by stage: any process can resume them, each is paid for once, and
//! degraded ones are held or failed as the brief requires.

use pytoon_config::secrets::Secrets;
use pytoon_config::{BriefFile, Config, ConfigSource, read_brief};
use pytoon_core::graph::{FilmGraph, StageId};
use pytoon_media::fonts::FontFinder;
use pytoon_pipeline::RenderOptions;
use pytoon_pipeline::engine_session::EngineSession;
use pytoon_pipeline::film::{Film, FilmSource, JobIdentity, SceneEnd, StageEnd, VoicedFilm};
use pytoon_pipeline::receipt::Receipt;
use pytoon_pipeline::{Environment, NoProgress, PipelineError, SceneMemo, local};
use pytoon_process::{CancelToken, Programs, Runner};
use pytoon_testkit::simulator::{KEYS, Studio};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Returns a brief of two scenes without a voice, one for Runway and one for Pika. `more` is appended to its text.
fn brief(studio: &Studio, more: &str) -> BriefFile {
    let text = format!(
        "script: The kettle sings. The tea is ready.\nvoice: off\nmusic_source: none\n\
         profile: test\ntarget_duration_seconds: 4\nmax_scenes: 2\nscenes:\n  \
         - {{scene: 1, prompt: steam over a kettle, engine: runway}}\n  \
         - {{scene: 2, prompt: a cup on a table, engine: pika}}\n{more}"
    );
    read_brief("brief.yaml", &text, studio.workspace.root().to_owned()).expect("reads")
}

/// Returns an environment as a separate process would create it.
fn environment(studio: &Studio) -> Environment {
    let root = studio.workspace.root();
    let mut config =
        Config::load(&ConfigSource::Folder(root.join("config"))).expect("the configuration loads");
    config.settings.storage_dir = root.join("storage").display().to_string();
    let keys: Vec<String> = KEYS.iter().map(|(name, key)| format!("{name}={key}\n")).collect();
    studio.workspace.write(".env", keys.concat());
    let secrets = Secrets::load(&root.join(".env")).expect("keys");
    let stall = Duration::from_secs(60);
    let runner = Runner::new(Programs::beside_this_one(), CancelToken::default(), stall);
    let session = EngineSession::open(&config, &secrets, &runner, Arc::default()).expect("engines");
    Environment {
        config,
        engines: Arc::new(session),
        fonts: FontFinder::search(&[]),
        progress: Arc::new(NoProgress),
        voices: Arc::default(),
        buys: true,
        keeps_voice: false,
        claim: None,
        caller: None,
        clock: || "2026-01-01T00:00:00Z".to_owned(),
        runner,
    }
}

/// Opens a film as a separate process would.
fn film(studio: &Studio, file: &BriefFile) -> Film {
    let job = JobIdentity { id: "job-1".into(), started_at_ms: 1_795_000_000_000 };
    let (root, source) = (studio.workspace.path("job"), FilmSource::Brief(Box::new(file.clone())));
    let options = RenderOptions::default();
    Film::open(environment(studio), &root, job, source, options).expect("opens")
}

fn run(studio: &Studio, file: &BriefFile, stage: &StageId) -> Result<StageEnd, PipelineError> {
    film(studio, file).run(stage, SceneMemo::default())
}

/// Runs the plan and voice stages, and returns the film with its scene times.
fn run_voice(studio: &Studio, file: &BriefFile) -> VoicedFilm {
    run(studio, file, &StageId::Plan).expect("plans");
    match run(studio, file, &StageId::Voice).expect("speaks") {
        StageEnd::Voiced(voiced) => voiced,
        other => panic!("{other:?}"),
    }
}

/// Runs all stages after the scenes, and returns the receipt.
fn rest(studio: &Studio, file: &BriefFile, voiced: &VoicedFilm) -> Receipt {
    let mut receipt = None;
    for node in FilmGraph::after_voice(&voiced.shape()) {
        if matches!(node.stage, StageId::Scene(_)) {
            continue;
        }
        if let StageEnd::Published(published) = run(studio, file, &node.stage).expect("runs") {
            receipt = Some(*published);
        }
    }
    receipt.expect("is published")
}

/// Runs a scene's stage until it ends, each time in a separate process. Returns its result and the number of runs
/// that asked to be repeated. If `forgets` is true, every run gets an empty memo.
fn draw(studio: &Studio, file: &BriefFile, scene: &str, forgets: bool) -> (SceneEnd, u32) {
    let mut memo = SceneMemo::default();
    for slices in 0..200 {
        let process = film(studio, file);
        let began = Instant::now();
        let stage = StageId::Scene(scene.into());
        match process.run(&stage, memo.clone()).expect("no error") {
            StageEnd::Later { memo: next, wait } => {
                assert!(began.elapsed() < Duration::from_millis(1500), "a slice does not wait");
                std::thread::sleep(wait.min(Duration::from_millis(100)));
                if !forgets {
                    memo = *next;
                }
            }
            StageEnd::Scene(done) => return (done, slices),
            other => panic!("{other:?}"),
        }
    }
    panic!("{scene} does not end");
}

fn engine_used(end: &SceneEnd) -> (&str, bool) {
    (end.engine_used.as_str(), end.fallback_used)
}

#[test]
fn scenes_in_slices_are_paid_once_and_make_the_film_of_one_go() {
    for forgets in [false, true] {
        let slow = json!({"defaults": {"queue_ms": 200, "run_ms": 400}});
        let studio = Studio::new(&slow, &json!({"default_chain": ["local"]}));
        let file = brief(&studio, "");
        let voiced = run_voice(&studio, &file);
        assert!(voiced.scenes.iter().all(|scene| scene.drawn_outside));
        let asked: Vec<&str> = voiced.scenes.iter().map(|s| s.engine_asked.as_str()).collect();
        assert_eq!(asked, ["runway", "pika"]);
        let error = run(&studio, &file, &StageId::Mix).expect_err("not yet");
        let scene = StageId::Scene("scene_01".into());
        assert!(matches!(&error, PipelineError::NotReady(stage) if *stage == scene), "{error}");
        for (scene, engine) in [("scene_01", "runway"), ("scene_02", "pika")] {
            let (done, slices) = draw(&studio, &file, scene, forgets);
            assert_eq!(engine_used(&done), (engine, false));
            assert!(slices >= 2, "{slices} slices test nothing");
            let (again, slices) = draw(&studio, &file, scene, false);
            assert_eq!((again, slices), (done, 0));
        }
        let receipt = rest(&studio, &file, &voiced);
        assert_eq!(receipt.self_check.findings, []);
        assert!(!receipt.degraded);
        let reused: Vec<bool> = receipt.scenes.iter().map(|scene| scene.clip_reused).collect();
        assert_eq!(reused, [forgets; 2], "what the walk bought itself is not an earlier purchase");
        assert!(receipt.spend_usd > 0.0);
        assert!((receipt.spend_usd - studio.simulator.total_charged()).abs() < 1e-6);
        // The same film in one run uses the clips that are paid for.
        let whole = studio.workspace.path("whole");
        let source = FilmSource::Brief(Box::new(file.clone()));
        local::render(environment(&studio), source, &whole, RenderOptions::default())
            .expect("renders");
        let timeline = |folder: &Path| std::fs::read(folder.join("timeline.json")).expect("reads");
        assert_eq!(timeline(&whole), timeline(&studio.workspace.path("job")));
        assert_eq!(
            (studio.simulator.accepted_count("runway"), studio.simulator.accepted_count("fal")),
            (1, 1)
        );
    }
}

#[test]
fn a_held_job_asks_again_for_what_fell_back_when_it_is_made_once_more() {
    let refused = json!({"rules": [{"vendor": "fal", "step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&refused, &json!({"default_chain": ["local"]}));
    let file = brief(&studio, "on_degrade: hold\n");
    let voiced_film = run_voice(&studio, &file);
    assert_eq!(engine_used(&draw(&studio, &file, "scene_01", false).0), ("runway", false));
    let (fell, _) = draw(&studio, &file, "scene_02", false);
    assert_eq!(engine_used(&fell), ("local", true));
    assert!(fell.error.as_ref().is_some_and(|error| error.contains("pika")), "{fell:?}");
    for stage in [StageId::Mix, StageId::Chunk(0)] {
        let result = run(&studio, &file, &stage);
        assert!(matches!(result, Err(PipelineError::Held(_))), "{result:?}");
    }
    // The scene is finished until someone requests a retry.
    assert_eq!(draw(&studio, &file, "scene_02", false), (fell, 0));
    studio.simulator.becomes(&json!({}));
    run(&studio, &file, &StageId::Voice).expect("chooses again");
    assert_eq!(draw(&studio, &file, "scene_01", false).1, 0, "what is drawn stays");
    assert_eq!(engine_used(&draw(&studio, &file, "scene_02", false).0), ("pika", false));
    let receipt = rest(&studio, &file, &voiced_film);
    assert_eq!((receipt.degraded, receipt.self_check.findings.len()), (false, 0));
    assert_eq!(studio.simulator.accepted_count("runway"), 1);
}

#[test]
fn a_brief_that_wants_no_lesser_film_fails() {
    let refused = json!({"rules": [{"vendor": "fal", "step": "submit", "fault": "unauthorized"}]});
    let studio = Studio::new(&refused, &json!({"default_chain": ["local"]}));
    let file = brief(&studio, "on_degrade: fail\n");
    run_voice(&studio, &file);
    for scene in ["scene_01", "scene_02"] {
        draw(&studio, &file, scene, false);
    }
    let result = run(&studio, &file, &StageId::Mix);
    assert!(matches!(result, Err(PipelineError::Degraded(_))), "{result:?}");
}
