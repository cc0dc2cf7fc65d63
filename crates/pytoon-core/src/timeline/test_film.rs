//! A small film for timeline tests.

use crate::time::FrameRate;
use pytoon_vocabulary::Frame;
use serde_json::{Value, json};

/// Returns a silent film of drawn scenes. Each scene is (length in frames, frames of the transition into it).
pub(super) fn drawn_film(rate: Value, gop_seconds: f64, scenes: &[(i64, i64)]) -> Value {
    let frame_rate: FrameRate = serde_json::from_value(rate.clone()).expect("a rate");
    let mut at = 0;
    let (mut places, mut clips) = (Vec::new(), Vec::new());
    for (index, &(frames, transition)) in scenes.iter().enumerate() {
        let (scene, first, end) = (format!("scene_{:02}", index + 1), at, at + frames);
        let at_ms = |frame| frame_rate.frame_to_ms(Frame::new(frame));
        let (start_ms, end_ms) = (at_ms(first), at_ms(end));
        places.push(json!({"sceneId": scene, "engine": "local", "startFrame": first,
            "endFrame": end, "start": start_ms, "end": end_ms}));
        let transition = (transition > 0).then(|| {
            json!({"kind": "crossfade", "startFrame": first - transition / 2,
                "endFrame": first + transition / 2, "duration": 0})
        });
        clips.push(json!({"id": scene, "sceneId": scene, "startFrame": first, "endFrame": end,
            "start": start_ms, "end": end_ms, "grade": "clean", "transitionIn": transition,
            "source": {"type": "background", "kind": "aurora", "seed": 1, "headline": null,
                "originFrame": first}}));
        at = end;
    }
    json!({
        "version": 1, "frameRate": rate, "totalFrames": at,
        "totalDuration": frame_rate.frame_to_ms(Frame::new(at)), "seed": 1, "language": "en",
        "look": {
            "gradeStrength": 0.5, "font": null,
            "palette": {"baseHue": 0.0, "accentHue": 0.0, "chroma": 1.0,
                "brandAccent": null, "brandGround": null},
            "captions": {"burnIn": true, "look": "karaoke", "platform": "universal",
                "size": 1.0, "leadMs": 50},
        },
        "profile": {
            "width": 270, "height": 480, "frame_rate": rate,
            "video": {"encoder": "libx264", "preset": "ultrafast", "crf": 26,
                "gop_seconds": gop_seconds, "max_rate_kbps": null},
            "audio": {"bit_rate_kbps": 96, "coder": "fast"},
        },
        "timeline": places,
        "tracks": {"video": clips, "overlays": [], "audio": [], "captions": []},
    })
}
