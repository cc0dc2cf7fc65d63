//! Scenes of outside engines by steps: in slices that any process may go on with, paid once, and
//! held or failed as the brief wants it.

use pytoon_config::secrets::Secrets;
use pytoon_config::{BriefFile, Config, ConfigSource, read_brief};
use pytoon_media::fonts::FontFinder;
use pytoon_media::process::{CancelToken, Programs, Runner};
use pytoon_pipeline::RenderOptions;
use pytoon_pipeline::engine_desk::EngineDesk;
use pytoon_pipeline::receipt::Receipt;
use pytoon_pipeline::render::Renderer;
use pytoon_pipeline::steps::{JobIdentity, SceneMemo, SceneProgress, Steps};
use pytoon_pipeline::{Environment, NoProgress, PipelineError};
use pytoon_testkit::simulator::{KEYS, Studio};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A film of two scenes whose engines the brief names.
fn brief(studio: &Studio, more: &str) -> BriefFile {
    let text = format!(
        "script: The kettle sings. The tea is ready.\nvoice: off\nmusic_source: none\n\
         profile: test\ntarget_duration_seconds: 4\nmax_scenes: 2\nscenes:\n  \
         - {{scene: 1, prompt: steam over a kettle, engine: runway}}\n  \
         - {{scene: 2, prompt: a cup on a table, engine: pika}}\n{more}"
    );
    read_brief("brief.yaml", &text, studio.workspace.root().to_owned()).expect("reads")
}

/// What a process of its own works with.
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
    let desk = EngineDesk::open(&config, &secrets, &runner, Arc::default()).expect("engines");
    Environment {
        config,
        engines: Arc::new(desk),
        fonts: FontFinder::search(&[]),
        progress: Arc::new(NoProgress),
        voices: Arc::default(),
        buys: true,
        keeps_voice: false,
        claim: None,
        clock: || "2026-01-01T00:00:00Z".to_owned(),
        runner,
    }
}

fn steps(studio: &Studio) -> Steps {
    let job = JobIdentity { id: "job-1".into(), started_at_ms: 1_795_000_000_000 };
    Steps::new(environment(studio), &studio.workspace.path("job"), job, false).expect("opens")
}

fn rest(studio: &Studio, file: &BriefFile, chunks: u32) -> Receipt {
    steps(studio).mix(file).expect("mixes");
    for chunk in 0..chunks {
        steps(studio).compose(file, chunk).expect("composes");
    }
    steps(studio).publish(file).expect("publishes")
}

/// Runs a scene to its end, each slice in a process of its own. Where `forgets`, every memo but the
/// first gets lost.
fn draw(studio: &Studio, file: &BriefFile, scene: &str, forgets: bool) -> (SceneProgress, u32) {
    let mut memo = SceneMemo::default();
    for slices in 0..200 {
        let process = steps(studio);
        let began = Instant::now();
        match process.scene(file, scene, memo.clone()).expect("no error") {
            SceneProgress::Later { memo: next, wait_ms } => {
                assert!(began.elapsed() < Duration::from_millis(1500), "a slice does not wait");
                std::thread::sleep(Duration::from_millis(wait_ms.min(100)));
                if !forgets {
                    memo = *next;
                }
            }
            done => return (done, slices),
        }
    }
    panic!("{scene} does not end");
}

fn used(progress: &SceneProgress) -> (&str, bool) {
    match progress {
        SceneProgress::Done { engine_used, fallback_used, .. } => (engine_used, *fallback_used),
        SceneProgress::Later { .. } => panic!("it is not done"),
    }
}

#[test]
fn scenes_in_slices_are_paid_once_and_make_the_film_of_one_go() {
    for forgets in [false, true] {
        let slow = json!({"defaults": {"queue_ms": 200, "run_ms": 400}});
        let studio = Studio::new(&slow, &json!({"default_chain": ["local"]}));
        let file = brief(&studio, "");
        steps(&studio).plan(&file).expect("plans");
        let voiced = steps(&studio).voice(&file).expect("speaks");
        assert!(voiced.scenes.iter().all(|scene| scene.drawn_outside));
        let asked: Vec<&str> = voiced.scenes.iter().map(|s| s.engine_asked.as_str()).collect();
        assert_eq!(asked, ["runway", "pika"]);
        let error = steps(&studio).mix(&file).expect_err("not yet").to_string();
        assert!(error.contains("scene_01 is not drawn yet"), "{error}");
        for (scene, engine) in [("scene_01", "runway"), ("scene_02", "pika")] {
            let (done, slices) = draw(&studio, &file, scene, forgets);
            assert_eq!(used(&done), (engine, false));
            assert!(slices >= 2, "{slices} slices test nothing");
            let (again, slices) = draw(&studio, &file, scene, false);
            assert_eq!((again, slices), (done, 0));
        }
        assert_eq!(steps(&studio).chunks(&file).expect("known"), voiced.chunks);
        let receipt = rest(&studio, &file, voiced.chunks);
        assert_eq!(receipt.self_check.findings, []);
        assert!(!receipt.degraded);
        let reused: Vec<bool> = receipt.scenes.iter().map(|scene| scene.clip_reused).collect();
        assert_eq!(reused, [forgets; 2], "what the walk bought itself is not an earlier purchase");
        assert!(receipt.spend_usd > 0.0);
        assert!((receipt.spend_usd - studio.simulator.charged()).abs() < 1e-6);
        // The same film in one go uses the clips that are paid for.
        let whole = studio.workspace.path("whole");
        let renderer = Renderer::new(environment(&studio), RenderOptions::default());
        renderer.render_brief(&file, &whole).expect("renders");
        let timeline = |folder: &Path| std::fs::read(folder.join("timeline.json")).expect("reads");
        assert_eq!(timeline(&whole), timeline(&studio.workspace.path("job")));
        assert_eq!((studio.simulator.accepted("runway"), studio.simulator.accepted("fal")), (1, 1));
    }
}

#[test]
fn a_held_job_goes_on_once_its_fallbacks_are_forgotten() {
    let refused = json!({"rules": [{"vendor": "fal", "step": "submit", "fault": "unavailable"}]});
    let studio = Studio::new(&refused, &json!({"default_chain": ["local"]}));
    let file = brief(&studio, "on_degrade: hold\n");
    steps(&studio).plan(&file).expect("plans");
    let voiced = steps(&studio).voice(&file).expect("speaks");
    assert_eq!(used(&draw(&studio, &file, "scene_01", false).0), ("runway", false));
    let (fell, _) = draw(&studio, &file, "scene_02", false);
    assert_eq!(used(&fell), ("local", true));
    let SceneProgress::Done { error: Some(error), .. } = &fell else { panic!("{fell:?}") };
    assert!(error.contains("pika"), "{error}");
    for result in [steps(&studio).mix(&file), steps(&studio).compose(&file, 0)] {
        assert!(matches!(result, Err(PipelineError::Held(_))), "{result:?}");
    }
    // It is over for the scene, until somebody wants it tried again.
    assert_eq!(draw(&studio, &file, "scene_02", false), (fell, 0));
    studio.simulator.becomes(&json!({}));
    assert_eq!(steps(&studio).forget_fallbacks(&file).expect("forgets"), ["scene_02"]);
    steps(&studio).voice(&file).expect("chooses again");
    assert_eq!(draw(&studio, &file, "scene_01", false).1, 0, "what is drawn stays");
    assert_eq!(used(&draw(&studio, &file, "scene_02", false).0), ("pika", false));
    let receipt = rest(&studio, &file, voiced.chunks);
    assert_eq!((receipt.degraded, receipt.self_check.findings.len()), (false, 0));
    assert_eq!(studio.simulator.accepted("runway"), 1);
}

#[test]
fn a_brief_that_wants_no_lesser_film_fails() {
    let refused = json!({"rules": [{"vendor": "fal", "step": "submit", "fault": "unauthorized"}]});
    let studio = Studio::new(&refused, &json!({"default_chain": ["local"]}));
    let file = brief(&studio, "on_degrade: fail\n");
    steps(&studio).plan(&file).expect("plans");
    steps(&studio).voice(&file).expect("speaks");
    for scene in ["scene_01", "scene_02"] {
        draw(&studio, &file, scene, false);
    }
    let result = steps(&studio).mix(&file);
    assert!(matches!(result, Err(PipelineError::Degraded(_))), "{result:?}");
}
