//! Fuzzes the parsing of FFprobe's output about a clip: containers, streams and packets.
//!
//! Any output is parsed or rejected with a message; parsed numbers are finite.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pytoon_ffmpeg::probe;

fuzz_target!(|text: &str| {
    // An output, and one with a list of packets after a separator line.
    let (header, packets) = text.split_once("\n---\n").unwrap_or((text, "{}"));
    for probed in [probe::parse(text), probe::parse_with_packets(header, packets)] {
        match probed {
            Ok(probe) => {
                assert!(probe.duration_s.is_finite() && probe.start_s.is_finite());
                if let Some(video) = &probe.video {
                    assert!(video.duration_s.is_finite() && video.start_s.is_finite());
                }
                if let Some(audio) = &probe.audio {
                    assert!(audio.duration_s.is_finite() && audio.start_s.is_finite());
                }
            }
            Err(reason) => assert!(!reason.is_empty()),
        }
    }
});
