//! Compares the plan of a film with the plan of its changed brief: which scenes and which parts are made again.
//!
//! Guarantees: pure; a scene that only moves, because one before it has another length, is not listed.

use serde::Serialize;
use serde_json::{Map, Value};
use std::path::Path;

/// A part of a film that is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// The voice, at least of one scene.
    Voice,
    /// The captions.
    Captions,
    /// The picture, at least of one scene.
    Picture,
    /// The music.
    Music,
}

/// The fields of a brief that change the whole voice.
const OF_VOICE: [&str; 6] =
    ["voice", "voice_file", "voice_script", "pronunciations", "language", "brand"];
/// The fields of a brief that change all captions.
const OF_CAPTIONS: [&str; 3] = ["captions", "brand", "brand_safe"];
/// The fields of a brief that change the picture of all scenes.
const OF_PICTURE: [&str; 6] = ["preset_id", "profile", "seed", "overlays", "brand", "captions"];
/// The fields of a brief that change the music.
const OF_MUSIC: [&str; 3] = ["music_source", "music_gain_db", "preset_id"];
/// The fields of a planned scene that change the voice.
const SPOKEN: [&str; 4] = ["sentences", "sentenceEnds", "sentencePauses", "leadPause"];
/// The fields of a planned scene that change its captions.
const SHOWN: [&str; 4] = ["caption", "shownAs", "captionShift", "emphasis"];

/// Returns the ids of the scenes that differ, in order, and the parts of the film that differ. The plans are scene
/// graphs as `scene_graph.json` has them.
pub(crate) fn changes(
    old_brief: &Value,
    new_brief: &Value,
    old_graph: &Value,
    new_graph: &Value,
) -> (Vec<String>, Vec<Part>) {
    let differs = |names: &[&str]| names.iter().any(|name| old_brief[*name] != new_brief[*name]);
    let mut parts = Vec::new();
    for (part, names) in [
        (Part::Voice, &OF_VOICE[..]),
        (Part::Captions, &OF_CAPTIONS[..]),
        (Part::Picture, &OF_PICTURE[..]),
        (Part::Music, &OF_MUSIC[..]),
    ] {
        if differs(names) {
            parts.push(part);
        }
    }
    let is_whole_picture = parts.contains(&Part::Picture);
    let none = Vec::new();
    let scenes = |graph: &Value| graph["scenes"].as_array().unwrap_or(&none).clone();
    let (old, new) = (scenes(old_graph), scenes(new_graph));
    let mut ids = Vec::new();
    for (index, scene) in new.iter().enumerate() {
        let mut own = old.get(index).map_or_else(
            || vec![Part::Voice, Part::Captions, Part::Picture],
            |old| parts_of_scene(old, scene),
        );
        if asks_other_picture(old_brief, new_brief, index + 1) {
            own.push(Part::Picture);
        }
        if is_whole_picture || !own.is_empty() {
            ids.push(scene["id"].as_str().unwrap_or_default().to_owned());
        }
        parts.extend(own);
    }
    if old.len() != new.len() {
        parts.push(Part::Picture);
    }
    // Words are in the picture.
    if parts.contains(&Part::Captions) {
        parts.push(Part::Picture);
    }
    parts.sort_unstable();
    parts.dedup();
    (ids, parts)
}

/// Returns the parts in which two plans of a scene differ.
fn parts_of_scene(old: &Value, new: &Value) -> Vec<Part> {
    let differs = |names: &[&str]| names.iter().any(|name| old[*name] != new[*name]);
    let mut parts = Vec::new();
    if differs(&SPOKEN) {
        parts.extend([Part::Voice, Part::Captions]);
    }
    if differs(&SHOWN) {
        parts.push(Part::Captions);
    }
    if look(old, new) != look(new, old) {
        parts.push(Part::Picture);
    }
    parts
}

/// The fields of a scene in a brief that change its picture.
const OF_SCENE_PICTURE: [&str; 8] = [
    "media",
    "prompt",
    "effect",
    "background",
    "transition",
    "engine",
    "take",
    "min_duration_seconds",
];

/// Returns true if two briefs ask for different pictures of a scene. `number` counts from 1.
fn asks_other_picture(old_brief: &Value, new_brief: &Value, number: usize) -> bool {
    let none = Vec::new();
    let own = |brief: &Value| -> Value {
        let scenes = brief["scenes"].as_array().unwrap_or(&none);
        scenes.iter().find(|scene| scene["scene"] == number).cloned().unwrap_or_default()
    };
    let (old, new) = (own(old_brief), own(new_brief));
    OF_SCENE_PICTURE.iter().any(|name| old[*name] != new[*name])
}

/// Returns what a scene shows, without its words, its estimated length and the state of its engines. Files are compared
/// by name, since another machine may have them in another folder. A published scene names the clip that an engine drew,
/// which the plan `other` of the same scene does not know; the clip is then left out.
fn look(scene: &Value, other: &Value) -> Value {
    let mut look = scene.as_object().cloned().unwrap_or_default();
    let is_clip = |scene: &Value| scene["media"]["type"] == "clip";
    if let Some(media) = look.get_mut("media").and_then(Value::as_object_mut) {
        // A published scene has the engine that drew it, a planned one the engine that was asked for.
        media.remove("engine");
        if is_clip(scene) != is_clip(other) {
            media.remove("type");
            media.remove("asset");
        }
    }
    for name in SPOKEN.iter().chain(&SHOWN).chain(&["engineChain", "duration", "description"]) {
        look.remove(*name);
    }
    let file_name = |media: &mut Map<String, Value>| {
        if let Some(Value::String(path)) = media.get_mut("asset")
            && let Some(name) = Path::new(path.as_str()).file_name()
        {
            *path = name.to_string_lossy().into_owned();
        }
    };
    if let Some(media) = look.get_mut("media").and_then(Value::as_object_mut) {
        file_name(media);
    }
    let more = look.get_mut("moreMedia").and_then(Value::as_array_mut);
    for media in more.into_iter().flatten().filter_map(Value::as_object_mut) {
        file_name(media);
    }
    Value::Object(look)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn graph(first: Value) -> Value {
        let scene = |id: &str| {
            json!({
                "id": id, "sentences": ["One."], "duration": 900,
                "media": {"asset": "/a/cup.jpg"}, "transition": "cut",
            })
        };
        let mut one = scene("scene_01");
        one.as_object_mut().expect("a scene").extend(first.as_object().expect("fields").clone());
        json!({"scenes": [one, scene("scene_02")]})
    }

    #[test]
    fn only_what_differs_is_made_again() {
        let before = graph(json!({}));
        let compare = |first: Value| changes(&json!({}), &json!({}), &before, &graph(first));
        assert_eq!(compare(json!({})), (vec![], vec![]));
        assert_eq!(compare(json!({"duration": 5, "engineChain": {}})), (vec![], vec![]));
        let elsewhere = json!({"media": {"asset": "/b/cup.jpg", "engine": "local"}});
        assert_eq!(compare(elsewhere), (vec![], vec![]));
        let first = || vec!["scene_01".to_owned()];
        let shown = compare(json!({"shownAs": "1."}));
        assert_eq!(shown, (first(), vec![Part::Captions, Part::Picture]));
        let said = compare(json!({"sentences": ["Two."]}));
        assert_eq!(said, (first(), vec![Part::Voice, Part::Captions, Part::Picture]));
        let moved = compare(json!({"transition": "wipe"}));
        assert_eq!(moved, (first(), vec![Part::Picture]));
    }

    #[test]
    fn fields_of_the_whole_film_change_their_parts() {
        let before = graph(json!({}));
        let compare = |brief: Value| changes(&json!({}), &brief, &before, &before);
        assert_eq!(compare(json!({"music_source": "calm"})), (vec![], vec![Part::Music]));
        assert_eq!(compare(json!({"voice": {"name": "x"}})), (vec![], vec![Part::Voice]));
        let (scenes, parts) = compare(json!({"profile": "master"}));
        assert_eq!((scenes.len(), parts), (2, vec![Part::Picture]));
    }
}
