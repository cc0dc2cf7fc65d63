//! Fuzzes the parsing of external programs' output about a recording: words with times (whisperx, stable-ts),
//! transcripts (whisper.cpp and both), and the replies of the local voice.
//!
//! The first byte selects the program. The script's words are returned unchanged, and their times increase.

#![no_main]

mod common;

use libfuzzer_sys::{Corpus, fuzz_target};
use pytoon_core::text;
use pytoon_voice::testing::{
    local_voice, parse_alignment, parse_program_transcript, parse_service_transcript,
};

const SCRIPT: &str = "It costs $5 a bag, today. Hi you.";

fuzz_target!(|data: &[u8]| -> Corpus {
    let [which, b'\n', rest @ ..] = data else { return Corpus::Reject };
    match which {
        b'a' => {
            if let Ok(Some(words)) = parse_alignment(rest, SCRIPT, 3000.0) {
                let script = text::words(SCRIPT);
                assert_eq!(words.len(), script.len());
                assert!(words.iter().zip(&script).all(|(word, own)| word.text == own.text));
                assert!(words.windows(2).all(|pair| pair[0].start < pair[1].start));
                assert!(words.iter().all(|word| word.start < word.end));
            }
        }
        b'w' => {
            if let Ok((text, _)) = parse_program_transcript(rest) {
                assert!(text.chars().any(char::is_alphanumeric));
            }
        }
        b'o' => {
            let http = common::service("openai");
            if let Err(error) = parse_service_transcript(&http, &common::reply(rest)) {
                common::check_secret(&format!("{error} {error:?}"));
            }
        }
        b'e' => {
            if let Ok(sentences) = local_voice(rest, &["Hi you.", "No, 5."]) {
                for sentence in sentences {
                    assert!(sentence.words.windows(2).all(|pair| pair[0].start < pair[1].start));
                }
            }
        }
        _ => return Corpus::Reject,
    }
    Corpus::Keep
});
