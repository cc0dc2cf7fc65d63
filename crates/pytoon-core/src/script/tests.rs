//! Tests of script parsing: scripts and their parse results.

use super::*;
use crate::preset::{Grade, Move};
use crate::text;
use proptest::prelude::*;

fn sentence_texts(beat: &Beat) -> Vec<&str> {
    beat.sentences.iter().map(|sentence| sentence.text.as_str()).collect()
}

#[test]
fn plain_text_is_one_beat_a_sentence() {
    let beats = read("Wake up. Coffee is ready!").beats;
    assert_eq!(beats.len(), 2);
    assert_eq!(sentence_texts(&beats[1]), ["Coffee is ready!"]);
    assert!(!beats[0].is_shot);
}

#[test]
fn directions_are_not_spoken() {
    let script = "<SHOT 1>\nCamera: slow push in, golden hour\nWake up to better coffee.\n\
                  <SHOT 2> Wide shot of a kitchen, calm mood. [steam rises] Freshly ground.\n\
                  <shot 3>\nA cup on a table.\nVoice: \"Only $5 today.\"";
    let beats = read(script).beats;
    assert_eq!(beats.len(), 3);
    assert_eq!(sentence_texts(&beats[0]), ["Wake up to better coffee."]);
    assert_eq!(beats[0].style.movement, Some(Move::PushIn));
    assert_eq!(beats[0].style.grade, Some(Grade::WarmFilm));
    assert_eq!(sentence_texts(&beats[1]), ["Freshly ground."]);
    assert_eq!(beats[1].style.movement, Some(Move::PullOut));
    assert_eq!(beats[1].style.energy, Some(0.7));
    assert!(beats[1].direction.contains("steam rises"));
    assert_eq!(sentence_texts(&beats[2]), ["Only $5 today."]);
    assert_eq!(beats[2].direction, "A cup on a table.");
}

#[test]
fn words_before_the_first_marker_are_kept() {
    let beats = read("Hello there. <SHOT 1> Bye now.").beats;
    assert_eq!(beats.len(), 2);
    assert_eq!(sentence_texts(&beats[0]), ["Hello there."]);
}

#[test]
fn an_attribute_is_found_by_its_whole_name() {
    let beats = read(r#"Wait <break data-time="4s" time="1s"/> for it."#).beats;
    assert_eq!(beats[0].sentences[0].pauses, [Pause { after_word: 1, ms: Some(1000) }]);
}

#[test]
fn a_cdata_section_is_text() {
    let beats = read("<speak><![CDATA[Fresh bread > cake.]]> Come by.</speak>").beats;
    assert_eq!(sentence_texts(&beats[0]), ["Fresh bread > cake."]);
    assert_eq!(sentence_texts(&beats[1]), ["Come by."]);
}

#[test]
fn angle_brackets_in_prose_are_words() {
    let beats = read("Prices < $5 and > $1. I <3 you.").beats;
    assert_eq!(sentence_texts(&beats[0]), ["Prices < $5 and > $1."]);
}

#[test]
fn style_words_match_whole_words_only() {
    assert_eq!(style_words("a warmup act").grade, None);
    assert_eq!(style_words("warm light").grade, Some(Grade::WarmFilm));
}

#[test]
fn a_pause_belongs_to_the_sentence_before_it() {
    let read = read("[pause: 2s] Wait [pause] for it. [pause: 9s]");
    let sentence = &read.beats[0].sentences[0];
    assert_eq!(sentence.text, "Wait for it.");
    let pause = |after_word, ms| Pause { after_word, ms };
    let expected = [pause(0, Some(2000)), pause(1, None), pause(3, Some(5000))];
    assert_eq!(sentence.pauses, expected);
    assert_eq!(read.notes, [Note::PauseShortened { asked_ms: 9000, used_ms: 5000 }]);
}

/// Returns a strategy for texts of marks, words and line breaks in any order.
fn scripts() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        prop::sample::select(vec![
            "*",
            "**",
            "_",
            "`",
            "```",
            "#",
            "> ",
            "- ",
            "1. ",
            "---",
            "[",
            "]",
            "(",
            ")",
            "<b>",
            "</b>",
            "<br>",
            "<p>",
            "&amp;",
            "&",
            "<",
            ">",
            "[pause: 1s]",
            "<break/>",
            "(music)",
            "Narrator: ",
            "\n",
            "\n\n",
            "\r\n",
            " ",
            ". ",
            "! ",
            "? ",
            "... ",
            "\"",
            "“",
            "”",
            "a.m. ",
            "etc. ",
            "<SHOT 1>",
            "|",
            "~~",
            "\\",
            "\u{2028}",
            "สวัสดี",
            "今天。",
            "🔥",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z]{1,8}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(part, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn any_script_is_read(script in scripts()) {
        for sentence in sentences(&script) {
            prop_assert_eq!(sentence.text.trim(), &sentence.text);
            prop_assert!(!sentence.text.is_empty());
            let words = text::words(&sentence.text).len();
            prop_assert!(sentence.emphasis.iter().all(|word| *word < words));
            prop_assert!(sentence.pauses.iter().all(|pause| pause.after_word <= words));
        }
    }

    #[test]
    fn no_word_of_plain_text_is_lost(
        words in prop::collection::vec("[a-zA-Z\u{e4}\u{416}]{1,9}[.!?,]?", 1..40),
        blanks in prop::collection::vec(prop::sample::select(vec![" ", "\n", "\n\n", "  "]), 40),
    ) {
        let script: String =
            words.iter().zip(&blanks).map(|(word, blank)| format!("{word}{blank}")).collect();
        let read: Vec<String> = sentences(&script)
            .iter()
            .flat_map(|sentence| text::words(&sentence.text))
            .map(|word| word.text)
            .collect();
        prop_assert_eq!(read, words);
    }
}
