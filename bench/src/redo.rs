//! Compares the redo of each scene, and of each caption, with the first render of the film.
//!
//! The film has six scenes in 30 s at the delivery profile, each drawn by a simulated engine whose clips take a tenth
//! of a second. A real vendor's minutes would only lengthen the first render and so reduce the ratio. The purchases
//! are counted too.

use anyhow::ensure;
use pytoon_testkit::{Service, Studio};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::Instant;

const SENTENCES: [&str; 6] = [
    "Steam rises over the first kettle of the day, slow and white.",
    "Sunlight falls through the window and finds the blue cup.",
    "Somebody opens the door, and the whole street smells of bread.",
    "Rain taps on the roof while the butter is getting soft.",
    "Two friends share a table, a newspaper and a long silence.",
    "Come by before noon, and bring a little time along.",
];

pub(crate) fn run() -> anyhow::Result<()> {
    let studio = Studio::new(&json!({}), &json!({"default_chain": ["runway", "local"]}));
    let root = studio.workspace.root().to_owned();
    let service = Service::start(&mut studio.command(&["serve", "--port", "0"]), &root, "serve");
    let scenes: Vec<Value> =
        (1..=SENTENCES.len()).map(|n| json!({"scene": n, "engine": "runway"})).collect();
    let brief = json!({
        "script": SENTENCES.join(" "), "max_scenes": SENTENCES.len(),
        "target_duration_seconds": 30, "scenes": scenes,
    });
    let bought = || studio.simulator.accepted_count("runway");
    let begun = Instant::now();
    let id = service.submit(&brief);
    let job = service.until(&id, "done");
    let first = begun.elapsed().as_secs_f64();
    ensure!(job["scene_count"] == SENTENCES.len(), "it has other scenes: {job}");
    let calls_first = bought();
    let mut told = 0;
    tasks("first", &service, &mut told);
    let redo = |scene: usize, change: &Value| {
        let begun = Instant::now();
        service
            .call("POST", &format!("/api/v2/jobs/{id}/scenes/{scene}/redo"), Some(change))
            .is(202);
        service.until(&id, "done");
        begun.elapsed().as_secs_f64()
    };
    let mut scenes = Vec::new();
    let mut captions = Vec::new();
    for scene in 1..=SENTENCES.len() {
        let prompt = format!("A red door in the evening sun, the {scene}. of its street");
        scenes.push(redo(scene, &json!({"prompt": prompt})));
    }
    let calls_scenes = bought() - calls_first;
    tasks("all scenes anew", &service, &mut told);
    for scene in 1..=SENTENCES.len() {
        captions.push(redo(scene, &json!({"caption": "Two friends, one newspaper"})));
    }
    let calls_captions = bought() - calls_first - calls_scenes;
    tasks("all captions anew", &service, &mut told);
    let [scene, worst_scene] = middle_and_most(scenes);
    let [caption, worst_caption] = middle_and_most(captions);
    println!(
        "redo: first {first:.2} s; a scene anew {scene:.2} s, a caption anew {caption:.2} s (medians \
         of six; goal: a fifth)"
    );
    println!(
        "bench-redo first_s={first:.2} scene_s={scene:.2} scene_ratio={:.3} scene_worst={:.3} \
         caption_s={caption:.2} caption_ratio={:.3} caption_worst={:.3} calls_first={calls_first} \
         calls_scenes={calls_scenes} calls_captions={calls_captions}",
        scene / first,
        worst_scene / first,
        caption / first,
        worst_caption / first
    );
    Ok(())
}

/// Returns the median and the maximum of the values.
fn middle_and_most(mut all: Vec<f64>) -> [f64; 2] {
    all.sort_by(f64::total_cmp);
    [all[(all.len() - 1) / 2].midpoint(all[all.len() / 2]), all[all.len() - 1]]
}

/// Prints the durations of the tasks that have finished since the last call, by kind.
fn tasks(what: &str, service: &Service, told: &mut usize) {
    let all = service.events("task_finished");
    let mut took: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for task in &all[*told..] {
        let stage = task["stage"].as_str().unwrap_or_default();
        took.entry(stage).or_default().push(task["duration_ms"].as_u64().unwrap_or_default());
    }
    *told = all.len();
    println!("redo: {what}, milliseconds of each task:");
    for (stage, each) in took {
        let sum: u64 = each.iter().sum();
        println!("  {stage:<8} {sum:>6} = {each:?}");
    }
}
