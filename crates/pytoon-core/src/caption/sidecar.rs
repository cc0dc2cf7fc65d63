//! Caption files: SubRip, WebVTT and Advanced SubStation Alpha (ASS) with word times, and JSON.
//!
//! Guarantees: every word of the cues is in every file, in order; the content of a word is text and never
//! markup; in WebVTT and ASS, word times ascend and stay inside their cue.

use super::cues::join_words;
use pytoon_vocabulary::{CaptionCue, CaptionWord, Ms};
use serde::{Deserialize, Serialize};

/// The version of [`CaptionsFile`].
pub const CAPTIONS_VERSION: u32 = 1;

/// Returns the cues as SubRip text.
pub fn to_srt(cues: &[CaptionCue]) -> String {
    let mut out = String::new();
    for (index, cue) in cues.iter().enumerate() {
        let (start, end) = (clock(cue.start, ','), clock(cue.end, ','));
        out.push_str(&format!("{}\n{start} --> {end}\n{}\n\n", index + 1, one_line(&cue.text)));
    }
    out
}

/// Returns the cues as WebVTT, with timestamps before words that begin after their cue does. Escapes `&`, `<`
/// and `>`.
pub fn to_vtt(cues: &[CaptionCue]) -> String {
    let mut out = String::from("WEBVTT\n\n");
    for cue in cues {
        let mut text = String::new();
        let mut latest = cue.start;
        for (index, word) in cue.words.iter().enumerate() {
            // WebVTT forbids a time outside its cue or not after the previous one.
            if word.start > latest && word.start < cue.end {
                text.push_str(&format!("<{}>", clock(word.start, '.')));
                latest = word.start;
            }
            text.push_str(&escape_vtt(&word_with_space(&cue.words, index)));
        }
        if cue.words.is_empty() {
            text = escape_vtt(&cue.text);
        }
        out.push_str(&format!("{} --> {}\n{text}\n\n", clock(cue.start, '.'), clock(cue.end, '.')));
    }
    out
}

/// Returns the cues as an ASS script (v4.00+) for a film of the given size in pixels: white words that turn
/// yellow when spoken, near the default position of the burnt-in captions.
pub fn to_ass(cues: &[CaptionCue], (width, height): (u32, u32)) -> String {
    let part = |share: f64| (share * f64::from(height)).round() as u32;
    let mut out = format!(
        "[Script Info]\nScriptType: v4.00+\nPlayResX: {width}\nPlayResY: {height}\nWrapStyle: 0\n\
         ScaledBorderAndShadow: yes\n\n[V4+ Styles]\n\
         Format: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, \
         Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, \
         Shadow, Alignment, MarginL, MarginR, MarginV, Encoding\n\
         Style: Default,Inter,{size},&H000AD6FF,&H00FFFFFF,&H00111111,&H80000000,-1,0,0,0,100,100,0,0,\
         1,{outline},0,2,{side},{side},{bottom},1\n\n[Events]\n\
         Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n",
        size = part(0.0375),
        outline = part(0.0026),
        side = width / 12,
        // The lower edge of the block, as burnt in.
        bottom = part(0.35),
    );
    for cue in cues {
        let (start, end) = (centiseconds(cue.start), centiseconds(cue.end));
        let mut text = String::new();
        let mut at = start;
        for index in 0..cue.words.len() {
            let begins = centiseconds(cue.words[index].start).clamp(at, end);
            if begins > at {
                // No highlight until the word begins.
                text.push_str(&format!("{{\\k{}}}", begins - at));
            }
            let next = cue.words.get(index + 1);
            let until = next.map_or(end, |next| centiseconds(next.start)).clamp(begins, end);
            let word = escape_ass(&word_with_space(&cue.words, index));
            text.push_str(&format!("{{\\k{}}}{word}", until - begins));
            at = until;
        }
        if cue.words.is_empty() {
            text = escape_ass(&cue.text);
        }
        out.push_str(&format!(
            "Dialogue: 0,{},{},Default,,0,0,0,,{text}\n",
            ass_clock(start),
            ass_clock(end)
        ));
    }
    out
}

/// The contents of `captions.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CaptionsFile {
    /// The version of the file format.
    pub version: u32,
    /// The language of the captions, a BCP 47 tag.
    pub language: String,
    /// All words in order.
    pub words: Vec<WordEntry>,
    /// The cues in order.
    pub cues: Vec<CueEntry>,
}

/// A word of `captions.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WordEntry {
    /// The word as written.
    pub word: String,
    /// The start of the word in the film, in milliseconds.
    pub start_ms: i64,
    /// The end of the word in the film, in milliseconds.
    pub end_ms: i64,
    /// The index of the word's cue, from 0.
    pub cue: usize,
}

/// A cue of `captions.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CueEntry {
    /// The text of the cue.
    pub text: String,
    /// The start of the cue in the film, in milliseconds.
    pub start_ms: i64,
    /// The end of the cue in the film, in milliseconds.
    pub end_ms: i64,
    /// The id of the cue's scene.
    pub scene_id: String,
}

impl CaptionsFile {
    /// Creates the caption data of a film from its cues.
    pub fn of(cues: &[CaptionCue], language: &str) -> Self {
        let words = cues.iter().enumerate().flat_map(|(cue, c)| {
            c.words.iter().map(move |word| WordEntry {
                word: word.text.clone(),
                start_ms: word.start.get(),
                end_ms: word.end.get(),
                cue,
            })
        });
        let entries = cues.iter().map(|cue| CueEntry {
            text: cue.text.clone(),
            start_ms: cue.start.get(),
            end_ms: cue.end.get(),
            scene_id: cue.scene_id.to_string(),
        });
        Self {
            version: CAPTIONS_VERSION,
            language: language.to_owned(),
            words: words.collect(),
            cues: entries.collect(),
        }
    }
}

/// Returns a word with the space after it, if a space follows.
fn word_with_space(words: &[CaptionWord], index: usize) -> String {
    let pair = &words[index..(index + 2).min(words.len())];
    let alone = words[index].text.as_str();
    // `join_words` decides about the space between two words.
    let joined = join_words(pair);
    let next = pair.get(1).map_or("", |next| next.text.as_str());
    match joined.strip_suffix(next) {
        Some(with_space) if pair.len() == 2 => with_space.to_owned(),
        _ => alone.to_owned(),
    }
}

/// Replaces line breaks with spaces. A handwritten timeline may contain line breaks, and an empty line would end a
/// cue.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

fn escape_vtt(text: &str) -> String {
    one_line(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Escapes ASS markup and replaces line breaks with spaces. A brace gets a backslash before it. A backslash, which
/// begins a command, gets an invisible word joiner after it.
fn escape_ass(text: &str) -> String {
    one_line(text).replace('\\', "\\\u{2060}").replace('{', "\\{").replace('}', "\\}")
}

fn centiseconds(at: Ms) -> i64 {
    (at.max(Ms::ZERO) + Ms::new(5)).get() / 10
}

fn ass_clock(cs: i64) -> String {
    format!("{}:{:02}:{:02}.{:02}", cs / 360_000, cs / 6000 % 60, cs / 100 % 60, cs % 100)
}

fn clock(at: Ms, separator: char) -> String {
    let ms = at.get().max(0);
    format!(
        "{:02}:{:02}:{:02}{separator}{:03}",
        ms / 3_600_000,
        ms / 60_000 % 60,
        ms / 1000 % 60,
        ms % 1000
    )
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use pytoon_vocabulary::CaptionZone;

    /// Asserts that the WebVTT and ASS output, parsed as players do, has the times and texts of the cues.
    pub(crate) fn check_back(cues: &[CaptionCue]) {
        let ms = |clock: &str| -> i64 {
            let (time, rest) = clock.split_once('.').expect("a time");
            let number = |part: &str| part.parse::<i64>().expect("a number");
            let unit = if rest.len() == 3 { 1 } else { 10 };
            time.split(':').map(number).fold(0, |sum, part| sum * 60 + part) * 1000
                + number(rest) * unit
        };
        let vtt = to_vtt(cues);
        let blocks: Vec<&str> = vtt.trim_end_matches('\n').split("\n\n").collect();
        assert_eq!((blocks[0], blocks.len()), ("WEBVTT", cues.len() + 1));
        for (block, cue) in blocks[1..].iter().zip(cues) {
            let (times, payload) = block.split_once('\n').expect("two lines");
            assert!(!payload.contains('\n') && !payload.contains("-->"), "{block}");
            assert_eq!(
                times.split_once(" --> ").map(|(a, b)| (ms(a), ms(b))),
                Some((cue.start.get(), cue.end.get()))
            );
            let mut parts = payload.split('<');
            let mut text = parts.next().expect("text").to_owned();
            let mut latest = cue.start.get();
            for part in parts {
                let (time, after) = part.split_once('>').expect("a whole tag");
                assert!(ms(time) > latest && ms(time) < cue.end.get(), "{block}");
                latest = ms(time);
                text += after;
            }
            let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
            assert_eq!(text, cue.text);
        }
        let ass = to_ass(cues, (1080, 1920));
        let lines: Vec<&str> = ass.lines().filter(|line| line.starts_with("Dialogue: ")).collect();
        assert_eq!(lines.len(), cues.len());
        let mut gone = 0;
        for (line, cue) in lines.iter().zip(cues) {
            let fields: Vec<&str> = line.splitn(10, ',').collect();
            let (start, end) = (ms(fields[1]), ms(fields[2]));
            assert!(start >= gone && end >= start && (end - cue.end.get()).abs() <= 5, "{line}");
            gone = end;
            // A brace without a backslash before it begins an override.
            let mut parts = fields[9].split("{\\k");
            let mut text = parts.next().expect("text").to_owned();
            let mut turned = 0;
            for part in parts {
                let (length, after) = part.split_once('}').expect("a whole override");
                turned += length.parse::<i64>().expect("centiseconds");
                text += after;
            }
            assert_eq!(turned * 10, end - start, "{line}");
            let text = text.replace("\\{", "{").replace("\\}", "}").replace('\u{2060}', "");
            assert_eq!(text, cue.text);
        }
    }

    fn cue(start: i64, end: i64, words: &[(&str, i64, i64)]) -> CaptionCue {
        let words: Vec<CaptionWord> = words
            .iter()
            .map(|(text, start, end)| CaptionWord {
                text: (*text).to_owned(),
                start: Ms::new(*start),
                end: Ms::new(*end),
                emphasis: false,
                joins_next: false,
            })
            .collect();
        let (start, end) = (Ms::new(start), Ms::new(end));
        let text = join_words(&words);
        let (zone, set_as_type) = (CaptionZone::Lower, false);
        CaptionCue { scene_id: "scene_01".into(), start, end, text, words, zone, set_as_type }
    }

    #[test]
    fn a_line_break_in_a_word_ends_no_cue() {
        let cue = cue(1000, 2000, &[("two\n\nlines", 1100, 1500)]);
        assert_eq!(to_srt(std::slice::from_ref(&cue)).matches("\n\n").count(), 1);
        assert!(to_vtt(std::slice::from_ref(&cue)).contains(">two  lines\n\n"));
        assert!(
            to_ass(&[cue], (1080, 1920)).lines().last().is_some_and(|l| l.ends_with("two  lines"))
        );
    }

    #[test]
    fn srt_is_plain() {
        let cue = cue(61_001, 62_000, &[("Beans", 61_001, 61_400), ("&", 61_400, 61_500)]);
        assert_eq!(to_srt(&[cue]), "1\n00:01:01,001 --> 00:01:02,000\nBeans &\n\n");
    }

    #[test]
    fn vtt_times_lie_inside_their_cue_and_ascend() {
        let words =
            [("Beans", 900, 1400), ("&", 1400, 1500), ("<milk>", 1400, 1900), ("x", 2000, 2100)];
        let vtt = to_vtt(&[cue(1000, 2000, &words)]);
        assert!(vtt.contains("Beans <00:00:01.400>&amp; &lt;milk&gt; x\n"), "{vtt}");
    }

    #[test]
    fn ass_turns_each_word_at_its_time() {
        let words = [("Only", 1100, 1400), ("{5}", 1404, 1900), ("a\\n", 2000, 2100)];
        let ass = to_ass(&[cue(1000, 2200, &words)], (1080, 1920));
        let line = ass.lines().last().expect("a line");
        let text = "{\\k10}{\\k30}Only {\\k60}\\{5\\} {\\k20}a\\\u{2060}n";
        assert_eq!(line, format!("Dialogue: 0,0:00:01.00,0:00:02.20,Default,,0,0,0,,{text}"));
    }
}
