//! What FFprobe says of a clip: containers, streams and packets.
//!
//! Any answer is understood or refused in words; numbers that are understood are finite.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pytoon_ffmpeg::probe;

fuzz_target!(|text: &str| {
    // An answer, and one with a list of packets behind a line of its own.
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
