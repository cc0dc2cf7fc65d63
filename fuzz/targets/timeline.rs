//! Fuzzes the parsing of a handwritten timeline (`render --timeline`), and the subtitles of accepted timelines in
//! every format.
//!
//! An accepted timeline survives a JSON round trip, covers the film without gaps, and yields at least one SubRip
//! block per cue.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use pytoon_config::strict;
use pytoon_core::caption::{reading, sidecar};
use pytoon_core::timeline::Timeline;
use pytoon_core::timeline::format::TimelineFile;
use pytoon_vocabulary::Frame;

fn read(text: &str) -> Result<TimelineFile, pytoon_config::ConfigError> {
    let document = strict::parse("timeline", text)?;
    strict::read("timeline", &document, &document.value)
}

fuzz_target!(|text: &str| {
    let file = match read(text) {
        Ok(file) => file,
        Err(error) => return common::check_place(&error, text),
    };
    let timeline = Timeline::from(file.clone());
    let written = serde_json::to_string(&timeline).expect("plain data");
    let read_again = read(&written).expect("was read before");
    assert_eq!(Timeline::from(read_again.clone()), timeline);
    let timeline = match file.try_into_timeline() {
        Ok(timeline) => timeline,
        Err((field, reason)) => {
            assert!(!field.is_empty() && !reason.is_empty());
            return;
        }
    };
    assert_eq!(read_again.try_into_timeline().as_ref(), Ok(&timeline));
    let frames: Frame = timeline.tracks.video.iter().map(|clip| clip.range().len()).sum();
    assert_eq!(frames, timeline.total_frames);
    for overlay in &timeline.tracks.overlays {
        let _ = overlay.range().len();
    }
    let cues = &timeline.tracks.captions;
    let size = (timeline.profile.width, timeline.profile.height);
    let _ = (sidecar::to_vtt(cues), sidecar::to_ass(cues, size), reading::warning(cues, false));
    let srt = sidecar::to_srt(cues);
    assert_eq!(srt.matches(" --> ").count() >= cues.len(), true, "{srt}");
});
