//! Fuzzes the handling of clip vendors' responses: one run from request to clip, with the responses in the input.
//!
//! The first byte selects the engine, the second the request. No message contains the API key; progress is from 0 to
//! 1, and amounts are never negative.

#![no_main]

mod common;

use libfuzzer_sys::{Corpus, fuzz_target};
use pytoon_config::engines::EngineConfig;
use pytoon_config::{Config, ConfigSource, strict};
use pytoon_engines::VendorError;
use pytoon_engines::adapter::{
    Durations, ExternalEngineAdapter, GenerateRequest, Lookup, Prepared, TaskState,
};
use pytoon_engines::engine_adapters::{AdapterParts, make};
use pytoon_vendor::http::Reply;
use pytoon_vocabulary::MicroUsd;
use std::path::PathBuf;
use std::sync::{Arc, LazyLock};
use tokio::runtime::Runtime;

/// The name of an engine and its configuration block.
type Engine = (&'static str, EngineConfig);

struct Base {
    engines: Vec<Engine>,
    picture: PathBuf,
    runtime: Runtime,
}

/// A picture of one pixel.
const PNG: &[u8] = include_bytes!("../seeds/picture/one.png");

static BASE: LazyLock<Base> = LazyLock::new(|| {
    let folder = common::folder();
    let picture = folder.join("frame.png");
    std::fs::write(&picture, PNG).expect("written");
    let workflow = folder.join("workflow.json");
    std::fs::write(&workflow, include_str!("../../fixtures/engines/comfyui/workflow.json"))
        .expect("written");
    let config = Config::load(&ConfigSource::Optional("/nonexistent".into())).expect("built in");
    let block = |name: &str| config.engines.engines.external[name].clone();
    let mut comfyui = block("comfyui");
    let workflow = workflow.display().to_string();
    comfyui.options.insert("workflow".into(), workflow.into());
    let mut dream_machine = block("luma");
    dream_machine.options.insert("api".into(), "dream_machine".into());
    dream_machine.options.insert("model".into(), "ray-2".into());
    let engines = vec![
        ("runway", block("runway")),
        ("pika", block("pika")),
        ("luma", block("luma")),
        ("luma", dream_machine),
        ("comfyui", comfyui),
        ("pexels", block("pexels")),
        ("pixabay", block("pixabay")),
        ("acme", acme()),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    Base { engines, picture, runtime: runtime.expect("a runtime") }
});

/// Returns the engine from the guide's example, which uses the `http` adapter.
fn acme() -> EngineConfig {
    let guide = include_str!("../../docs/guides/adding-an-engine.md");
    let yaml = guide.split("```yaml\n").nth(1).and_then(|text| text.split("```").next());
    let document = strict::parse("guide", yaml.expect("a block")).expect("YAML");
    let block = document.value.pointer("/v2/engines/acme").expect("acme");
    strict::read("guide", &document, block).expect("a block")
}

fn adapter(engine: &Engine, replies: Vec<Reply>) -> Arc<dyn ExternalEngineAdapter> {
    let (name, config) = engine;
    let http = common::service(name).answering(replies);
    make(&AdapterParts { name, config, http }).expect("its options are right")
}

fn request(adapter: &dyn ExternalEngineAdapter, with_picture: bool) -> GenerateRequest {
    let sold = adapter.capabilities();
    let with_picture = with_picture && adapter.supports_image_input() || sold.from_words.is_none();
    let offer = sold.offer(with_picture).expect("it sells something");
    GenerateRequest {
        call_id: "0b7c2a34-5d6e-4f70-8192-a3b4c5d6e7f8".into(),
        prompt: "Steam over a cup of coffee".into(),
        negative_prompt: None,
        image: with_picture.then(|| BASE.picture.clone()),
        duration_ms: match &offer.durations {
            Durations::Fixed(all) => all[0],
            Durations::Range { min, .. } => *min,
        },
        ratio: offer.ratios[0],
        seed: 7,
    }
}

fn check_error(error: &VendorError) {
    common::check_secret(&format!("{error} {error:?}"));
    check_money(error.charged);
}

fn check_money(sum: Option<MicroUsd>) {
    assert!(sum.is_none_or(|sum| sum >= MicroUsd::ZERO), "{sum:?}");
}

fn check_state(state: &TaskState) {
    match state {
        TaskState::Queued { .. } => {}
        TaskState::Running { progress, unknown_status } => {
            assert!(progress.is_none_or(|share| (0.0..=1.0).contains(&share)), "{progress:?}");
            common::check_secret(unknown_status.as_deref().unwrap_or_default());
        }
        TaskState::Succeeded { cost, .. } => check_money(*cost),
        TaskState::Failed(error) => check_error(error),
    }
}

async fn run(adapter: &dyn ExternalEngineAdapter, prepared: &Prepared) -> Result<(), VendorError> {
    let task = adapter.submit(prepared).await?;
    // A task is stored between steps, for this process or another.
    let kept = serde_json::to_string(&task).expect("plain data");
    assert_eq!(serde_json::from_str::<pytoon_engines::adapter::Task>(&kept).expect("kept"), task);
    for _ in 0..3 {
        match adapter.poll(&task).await {
            Ok(state) => {
                check_state(&state);
                if matches!(state, TaskState::Succeeded { .. } | TaskState::Failed(_)) {
                    break;
                }
            }
            Err(error) => check_error(&error),
        }
    }
    adapter.cancel(&task).await.map(|_| ())
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let [who, what, b'\n', rest @ ..] = data else { return Corpus::Reject };
    let Some(engine) = BASE.engines.get(usize::from(who.wrapping_sub(b'0'))) else {
        return Corpus::Reject;
    };
    let adapter = adapter(engine, common::replies(rest));
    let adapter = adapter.as_ref();
    let outcome = BASE.runtime.block_on(async {
        if *what == b'h' {
            let health = adapter.health_check().await?;
            check_money(health.balance);
            return Ok(());
        }
        let request = request(adapter, *what == b'p');
        let prepared = adapter.prepare(&request).await?;
        if *what == b'l' {
            if let Lookup::Found(task) = adapter.lookup(&prepared).await? {
                assert!(!task.id.is_empty(), "a task without a name was found");
            }
            return Ok(());
        }
        run(adapter, &prepared).await
    });
    if let Err(error) = outcome {
        check_error(&error);
    }
    Corpus::Keep
});
