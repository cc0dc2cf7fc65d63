//! Measures when a caption's word is highlighted, in the decoded frames of a finished film.

use pytoon_testkit::Workspace;
use pytoon_testkit::measure::decode_gray_frames;

/// A script of twelve words in two sentences. The tests render it over a still picture, so that the highlight is the
/// only motion.
const SCRIPT: &str = "Fresh bread waits for you here. Come early and bring friends along.";
const SIZE: (usize, usize) = (270, 480);
/// The number of unchanged frames that separate two highlights.
const REST: usize = 7;

/// Returns the difference of each frame from the previous one, summed over clearly changed pixels.
fn changes(frames: &[Vec<u8>]) -> Vec<u64> {
    let moved = |pair: &[Vec<u8>]| -> u64 {
        let steps = pair[0].iter().zip(&pair[1]).map(|(a, b)| u64::from(a.abs_diff(*b)));
        steps.filter(|step| *step > 24).sum()
    };
    std::iter::once(0).chain(frames.windows(2).map(moved)).collect()
}

#[test]
fn a_word_lights_up_within_a_frame_of_its_time() {
    for (look, lead) in [
        ("karaoke", 50),
        ("classic", 50),
        ("pop", 50),
        ("karaoke", 0),
        ("bold", 50),
        ("boxed", 50),
        ("typewriter", 50),
        ("minimal", 50),
    ] {
        let workspace = Workspace::new();
        workspace.plain_picture("ground.png", (1080, 1920), [52, 58, 64]);
        workspace.write("config/defaults.yaml", format!("captions: {{lead_ms: {lead}}}\n"));
        let film = workspace.render(&format!(
            "script: {SCRIPT}\nmedia_files: [ground.png]\ncaptions: {{look: {look}}}\n\
             voice: {{speed: 0.7}}\n\
             music_source: none\nprofile: test\n"
        ));
        let timeline = film.timeline();
        let rate = timeline["profile"]["frameRate"].as_f64().unwrap_or(30.0);
        // A blink of the caret is a change of about 3,300, a word one of more than 20,000.
        let least = if look == "typewriter" { 5000 } else { 2000 };
        let changes = changes(&decode_gray_frames(&film.output(), SIZE.0, SIZE.1));
        let at = |value: &serde_json::Value| value.as_f64().expect("a time");
        let mut judged = 0;
        for cue in timeline["tracks"]["captions"].as_array().expect("cues") {
            let words = cue["words"].as_array().expect("words");
            let starts: Vec<f64> =
                words.iter().map(|word| at(&word["start"]) - f64::from(lead)).collect();
            // The first word's cue is on screen by then; its appearance is a change too.
            assert!(at(&cue["start"]) <= starts[0].max(0.0), "{look}: {cue}");
            for pair in starts.windows(2) {
                let (before, wanted) = (pair[0] * rate / 1000.0, pair[1] * rate / 1000.0);
                if wanted - before < (REST + 2) as f64 {
                    continue;
                }
                let from = wanted.floor() as usize - 2;
                let first = (from..from + 8).find(|&frame| changes[frame] > least);
                let late = (first.expect("a change") as f64 - wanted) * 1000.0 / rate;
                assert!(late.abs() <= 1000.0 / rate + 0.5, "{look}: {late:.0} ms, {changes:?}");
                judged += 1;
            }
        }
        assert!(judged >= 3, "{look}: only {judged} words stand apart enough");
    }
}
