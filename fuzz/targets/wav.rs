//! Fuzzes the parsing of WAV files from disk, and from voices.
//!
//! Samples are finite, and all channels have the same length.

#![no_main]

mod common;

use libfuzzer_sys::fuzz_target;
use pytoon_audio::wav;
use pytoon_voice::tts::take::Take;
use std::io::Cursor;

fuzz_target!(|data: &[u8]| {
    if let Ok(pcm) = wav::read(Cursor::new(data)) {
        let length = pcm.channels.first().map_or(0, Vec::len);
        assert!(pcm.channels.len() <= usize::from(wav::MAX_CHANNELS));
        assert!(pcm.channels.iter().all(|channel| channel.len() == length));
        assert!(pcm.channels.iter().flatten().all(|sample| sample.is_finite()));
        assert_eq!(pcm.mono().len(), length);
    }
    if let Ok(take) = Take::from_wav(data) {
        assert!(take.length_ms().is_finite());
        let _ = take.problem("Hi you.", 1.0);
        let _ = take.samples();
    }
});
