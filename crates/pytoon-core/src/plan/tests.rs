use super::*;
use crate::preset::*;
use pytoon_vocabulary::{Background, CaptionLook};

pub(crate) fn preset() -> Preset {
    Preset {
        description: "test".into(),
        grade: Grade::Clean,
        grade_strength: 0.7,
        palette: PaletteSpec { base_hue: 255.0, accent_hue: 50.0, chroma: 1.0 },
        backgrounds: vec![Background::Mesh, Background::Swiss],
        motion: MotionSpec {
            moves: vec![Move::PushIn, Move::PanRight],
            min_zoom_pct_per_s: 2.0,
            max_zoom_pct_per_s: 3.5,
        },
        captions: CaptionSpec { look: CaptionLook::Karaoke, size: 1.0 },
        music: MusicSpec { mood: "calm".into(), bed_below_voice_lu: 19.0 },
        transitions: TransitionSpec { house: TransitionKind::Zoom, seconds: 0.3, every: 3 },
        voice: VoiceSpec {
            style: VoiceStyle::Bright,
            variant: String::new(),
            words_per_minute: 165.0,
        },
        pacing: PacingSpec {
            max_shot_seconds: 3.6,
            comma_pause_ms: 140,
            sentence_pause_ms: 180,
            list_item_pause_ms: 220,
            paragraph_pause_ms: 400,
            scene_pause_ms: 250,
            silent_scene_seconds: 2.5,
        },
        sound_effects: Vec::new(),
        opening_title: false,
    }
}

fn graph(json: &str, media: &[&str]) -> SceneGraph {
    let brief: Brief = serde_json::from_str(json).expect("brief");
    let media: Vec<MediaInfo> = media
        .iter()
        .map(|path| MediaInfo { path: (*path).into(), kind: MediaKind::Picture, fit: None })
        .collect();
    let preset = preset();
    plan(&PlanInput {
        brief: &brief,
        preset_id: "test",
        preset: &preset,
        media: &media,
        override_media: &[],
        seed: 1,
    })
    .expect("plans")
}

fn graph_of(json: &str) -> SceneGraph {
    graph(json, &["a", "b"])
}

fn assets(graph: &SceneGraph) -> Vec<Vec<&str>> {
    graph
        .scenes
        .iter()
        .map(|s| s.all_media().filter_map(|m| m.asset.as_deref()).collect())
        .collect()
}

#[test]
fn pictures_are_cycled_over_scenes() {
    let graph = graph(
        r#"{"script":"First thing here. Second thing here. Third thing here."}"#,
        &["a", "b"],
    );
    assert_eq!(assets(&graph), [["a"], ["b"], ["a"]]);
}

#[test]
fn many_pictures_share_scenes() {
    let graph = graph(r#"{"script":"First thing here. Second thing here."}"#, &["a", "b", "c"]);
    assert_eq!(assets(&graph), [vec!["a"], vec!["b", "c"]]);
}

#[test]
fn pictures_without_text_are_a_scene_each() {
    let graph = graph(r#"{"media_files":["a","b"]}"#, &["a", "b"]);
    assert_eq!(graph.scenes.len(), 2);
    assert!(graph.scenes[0].sentences.is_empty());
}

#[test]
fn text_without_pictures_gets_backgrounds() {
    let graph = graph(r#"{"prompt":"A quiet morning. A cup of tea."}"#, &[]);
    assert!(graph.scenes.iter().all(|s| s.media.kind == MediaKind::Background));
    assert_eq!(graph.scenes[0].sentences, ["A quiet morning."]);
}

#[test]
fn titles_are_never_mixed_with_titles() {
    let script = "First thing here. Second thing here. Third thing here. Fourth thing here.";
    let typeset = graph(&format!(r#"{{"script":"{script}"}}"#), &[]);
    assert!(typeset.scenes.iter().all(|s| s.transition == TransitionKind::Cut));
    let pictured = graph(&format!(r#"{{"script":"{script}"}}"#), &["a", "b", "c", "d"]);
    assert!(pictured.scenes.iter().any(|s| s.transition == TransitionKind::Zoom));
}

#[test]
fn with_a_script_the_prompt_is_only_the_idea() {
    let graph = graph(r#"{"prompt":"A cosy café","script":"We open at seven."}"#, &[]);
    assert_eq!(graph.scenes[0].sentences, ["We open at seven."]);
    assert!(graph.scenes[0].description.starts_with("A cosy café"));
}

#[test]
fn max_scenes_merges_and_loses_nothing() {
    let graph = graph(
        r#"{"script":"One two three. Four five six. Seven eight nine. Ten and more.","max_scenes":2}"#,
        &[],
    );
    assert_eq!(graph.scenes.len(), 2);
    let all: Vec<_> = graph.scenes.iter().flat_map(|s| s.sentences.clone()).collect();
    assert_eq!(all.len(), 4);
}

#[test]
fn overrides_reach_their_scene_and_only_it() {
    let graph = graph(
        r#"{"script":"First thing here. Second thing here.",
            "scenes":[{"scene":2,"caption":"Hi","effect":"hold","transition":"zoom"}]}"#,
        &["a"],
    );
    assert_eq!(graph.scenes[1].caption.as_deref(), Some("Hi"));
    assert_eq!(graph.scenes[1].media.effect, Move::Hold);
    assert_eq!(graph.scenes[1].transition, TransitionKind::Zoom);
    assert_eq!(graph.scenes[0].media.effect, Move::Auto);
}

#[test]
fn a_scene_that_does_not_exist_is_refused() {
    let brief: Brief =
        serde_json::from_str(r#"{"prompt":"x y z w","scenes":[{"scene":9}]}"#).expect("brief");
    let preset = preset();
    let problem = plan(&PlanInput {
        brief: &brief,
        preset_id: "test",
        preset: &preset,
        media: &[],
        override_media: &[],
        seed: 1,
    })
    .expect_err("refused");
    assert_eq!(problem.field, "scenes[0].scene");
}

#[test]
fn a_brand_safe_film_keeps_to_plain_joins() {
    let graph = graph(
        r#"{"script":"First thing here. Second thing here. Third thing here. Fourth thing here.","brand_safe":true}"#,
        &["a", "b", "c", "d"],
    );
    assert!(graph.scenes.iter().all(|s| s.transition != TransitionKind::Zoom));
    let asked = graph_of(
        r#"{"script":"First thing here. Second thing here.","brand_safe":true,
            "scenes":[{"scene":2,"transition":"swipe_left"}]}"#,
    );
    assert_eq!(asked.scenes[1].transition, TransitionKind::Crossfade);
    assert!(asked.warnings.iter().any(|w| w.to_string().contains("swipe_left")));
}
