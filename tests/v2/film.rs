//! Tests that the film of an ordinary brief has its guaranteed properties.

use crate::support::{SCRIPT, quick, shared_film};
use pytoon_testkit::Workspace;
use pytoon_testkit::film::words;
use pytoon_testkit::measure::{decode_gray_frames, loudness, packets, probe, wav};

#[test]
fn picture_and_sound_are_coded_for_every_platform() {
    let probe = probe(&shared_film().film.output());
    let facts = [
        ("codec_name", "h264"),
        ("pix_fmt", "yuv420p"),
        ("color_space", "bt709"),
        ("color_transfer", "bt709"),
        ("color_primaries", "bt709"),
        ("color_range", "tv"),
        ("r_frame_rate", "30/1"),
        ("avg_frame_rate", "30/1"),
    ];
    for (name, value) in facts {
        assert_eq!(probe.video_fact(name), value, "{name}");
    }
    assert_eq!((&probe.video["width"], &probe.video["height"]), (&270.into(), &480.into()));
    assert_eq!(probe.audio["codec_name"], "aac");
    assert_eq!(probe.audio["sample_rate"], "48000");
}

/// Renders with the default profile, since the small profile of the other films is encoded too fast for the High
/// profile.
#[test]
fn the_default_profile_is_full_hd_in_h264_high() {
    let film = Workspace::new().render(&quick("").replace("profile: test\n", ""));
    let probe = probe(&film.output());
    assert_eq!(probe.video_fact("profile"), "High");
    assert_eq!((&probe.video["width"], &probe.video["height"]), (&1080.into(), &1920.into()));
    assert_eq!(probe.frames(), 75);
}

#[test]
fn the_length_is_the_timelines_to_the_frame() {
    let film = &shared_film().film;
    let probe = probe(&film.output());
    assert_eq!(probe.frames(), film.total_frames());
    let total_ms = film.timeline()["totalDuration"].as_f64().expect("a length");
    let off = (probe.seconds() - total_ms / 1000.0).abs();
    assert!(off <= 1.0 / 30.0, "the container is {off:.3} s off");
}

#[test]
fn the_mix_is_as_long_as_the_timeline_to_the_sample() {
    let film = &shared_film().film;
    for stem in ["voice", "music", "mixed"] {
        let wav = wav(&film.path(&format!("assembly/audio/{stem}.wav")));
        assert_eq!((wav.sample_rate, wav.frames), (48_000, film.total_frames() * 1600), "{stem}");
    }
}

#[test]
fn the_stems_add_up_to_the_mix_and_the_limiter_only_grazes_it() {
    let film = &shared_film().film;
    let read = |stem: &str| wav(&film.path(&format!("assembly/audio/{stem}.wav"))).samples;
    let (voice, music, mixed) = (read("voice"), read("music"), read("mixed"));
    let off = voice.iter().zip(&music).zip(&mixed).map(|((v, m), x)| (v + m - x).abs()).max();
    // Each of the three is rounded, with dither of one step either way.
    assert!(off.expect("samples") <= 6, "{off:?} steps of 24 bits");
    let limiting = film.metadata()["loudness"]["limitingDb"].as_f64().expect("a reduction");
    assert!(limiting <= 3.0, "{limiting} dB");
}

#[test]
fn the_decoded_sound_has_the_loudness_of_the_platforms() {
    let heard = loudness(&shared_film().film.output());
    assert!((heard.integrated_lufs + 14.0).abs() <= 0.3, "{heard:?}");
    assert!(heard.true_peak_dbtp <= -1.0, "{heard:?}");
}

#[test]
fn every_scene_begins_with_a_keyframe_none_is_two_seconds_off_and_groups_are_closed() {
    let film = &shared_film().film;
    let packets = packets(&film.output());
    let keys: Vec<usize> = (0..packets.len()).filter(|&i| packets[i].key).collect();
    let mut times: Vec<f64> = keys.iter().map(|&i| packets[i].pts - packets[0].pts).collect();
    let timeline = film.timeline();
    let clips = timeline["tracks"]["video"].as_array().expect("clips");
    let begin = clips.windows(2).filter(|pair| pair[0]["sceneId"] != pair[1]["sceneId"]);
    let begin: Vec<f64> = begin
        .map(|pair| {
            let (own, transition) =
                (&pair[1]["startFrame"], &pair[1]["transitionIn"]["startFrame"]);
            transition.as_f64().or(own.as_f64()).expect("a frame") / 30.0
        })
        .collect();
    assert!(begin.len() >= 2, "{begin:?}");
    for scene in &begin {
        assert!(times.iter().any(|time| (time - scene).abs() < 0.001), "{scene} s: {times:?}");
    }
    times.push(packets.len() as f64 / 30.0);
    assert!(times.windows(2).all(|pair| pair[1] - pair[0] < 2.001), "{times:?}");
    assert!(times.len() as f64 <= times[times.len() - 1] / 2.0 + begin.len() as f64 + 2.0);
    for key in keys {
        let pts = packets[key].pts;
        assert!(
            packets[..key].iter().all(|p| p.pts < pts),
            "a frame before {pts} s comes after it"
        );
        assert!(
            packets[key + 1..].iter().all(|p| p.pts > pts),
            "a frame after {pts} s is shown before"
        );
    }
}

#[test]
fn every_artifact_is_there_and_no_work_is_left() {
    let film = &shared_film().film;
    for name in [
        "output.mp4",
        "thumbnail.jpg",
        "brief.json",
        "scene_graph.json",
        "timeline.json",
        "metadata.json",
        "captions.srt",
        "captions.vtt",
        "captions.ass",
        "captions.json",
        "assembly/audio/voice.wav",
        "assembly/audio/music.wav",
        "assembly/audio/mixed.wav",
    ] {
        let size = std::fs::metadata(film.path(name)).map(|m| m.len()).unwrap_or(0);
        assert!(size > 0, "{name} is missing or empty");
    }
    assert!(!film.path(".work").exists());
    assert_eq!(probe(&film.path("thumbnail.jpg")).video["width"], 270);
}

#[test]
fn the_receipt_says_what_was_delivered() {
    let film = &shared_film().film;
    let receipt = film.metadata();
    assert_eq!(receipt["voice"]["provider"], "espeak");
    assert_eq!(receipt["degraded"], false);
    assert_eq!(film.findings(), Vec::<String>::new());
    assert_eq!(receipt["output"]["frames"], film.total_frames());
    let size = std::fs::metadata(film.output()).expect("a film").len();
    assert_eq!(receipt["output"]["sizeBytes"], size);
    let told = receipt["loudness"]["decodedLufs"].as_f64().expect("a loudness");
    let measured = loudness(&film.output()).integrated_lufs;
    assert!((told - measured).abs() < 0.1, "told {told}, measured {measured}");
}

#[test]
fn the_timeline_has_tracks_that_tile_the_film() {
    let timeline = shared_film().film.timeline();
    for track in ["video", "audio", "captions"] {
        assert!(!timeline["tracks"][track].as_array().expect("a track").is_empty(), "{track}");
    }
    let mut at = 0;
    for clip in timeline["tracks"]["video"].as_array().expect("clips") {
        assert_eq!(clip["startFrame"], at);
        at = clip["endFrame"].as_i64().expect("a frame");
    }
    assert_eq!(timeline["totalFrames"], at);
}

#[test]
fn captions_hold_every_word_of_the_script_in_order() {
    assert_eq!(shared_film().film.caption_words(), words(SCRIPT));
}

#[test]
fn cues_follow_each_other_within_the_film() {
    let film = &shared_film().film;
    let cues = film.cues();
    assert!(cues.iter().all(|cue| cue.start < cue.end), "{cues:?}");
    assert!(cues.windows(2).all(|pair| pair[0].end <= pair[1].start), "{cues:?}");
    let end = film.timeline()["totalDuration"].as_i64().expect("a length");
    assert!(cues.last().is_some_and(|cue| cue.end <= end), "{cues:?}");
}

#[test]
fn pictures_move_and_are_never_black() {
    let frames = decode_gray_frames(&shared_film().film.output(), 27, 48);
    let mean = |frame: &[u8]| frame.iter().map(|&p| f64::from(p)).sum::<f64>() / frame.len() as f64;
    assert!(frames.iter().all(|frame| mean(frame) > 12.0), "a frame is black");
    let still = frames.windows(16).filter(|run| run.iter().all(|f| *f == run[0])).count();
    assert_eq!(still, 0, "the picture stands still for half a second");
}
