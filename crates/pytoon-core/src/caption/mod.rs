//! Groups timed words into caption cues; [`sidecar`] writes them as files, [`reading`] says how fast
//! they have to be read.
//!
//! Guarantees: every word is in exactly one cue, in order and unchanged; cues never overlap; a
//! cue never crosses a sentence end or a long pause.
//!
//! Lines inside a cue are broken where fonts are known (`pytoon-graphics`).

pub mod reading;
pub mod sidecar;

use crate::preset::CaptionLook;
use crate::text;
use crate::time::MsRange;
use crate::timeline::{CaptionCue, CaptionWord};

/// A cue appears this long before its first word.
const LEAD_IN_MS: i64 = 100;
/// A cue stays this long after its last word, when there is room.
const TAIL_MS: i64 = 200;
/// A pause longer than this ends a cue.
const CUE_PAUSE_MS: i64 = 350;
/// Gaps between cues shorter than this are closed by holding the earlier one.
const CLOSE_GAP_MS: i64 = 300;

/// The words of one scene and its room on screen.
#[derive(Debug, Clone)]
pub struct SceneWords {
    /// The scene.
    pub scene_id: String,
    /// Its words in order, in film time.
    pub words: Vec<CaptionWord>,
    /// Its place in the film.
    pub range: MsRange,
}

struct Limits {
    max_words: usize,
    max_chars: usize,
    min_ms: i64,
}

fn limits(look: CaptionLook, size: f64) -> Limits {
    let (max_words, max_chars, min_ms) = match look {
        CaptionLook::Classic => (9, 46, 830),
        CaptionLook::Karaoke => (6, 32, 500),
        CaptionLook::Pop => (3, 20, 250),
    };
    Limits { max_words, max_chars: (max_chars as f64 / size.max(0.5)) as usize, min_ms }
}

/// The cues of a film, whose words light up `lead_ms` before they are said.
pub fn cues(scenes: &[SceneWords], look: CaptionLook, size: f64, lead_ms: i64) -> Vec<CaptionCue> {
    let limits = limits(look, size);
    let mut out: Vec<CaptionCue> = Vec::new();
    for scene in scenes {
        for group in groups(&scene.words, &limits) {
            out.push(cue(scene, &group));
        }
    }
    settle(&mut out, &limits, scenes, lead_ms);
    out
}

/// Width of a text in units of a Latin letter: ideographs are about twice as wide.
fn visual_chars(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{2e80}' { 2 } else { 1 }).sum()
}

/// Splits a scene's words at sentence ends and pauses, then each run into even groups.
fn groups(words: &[CaptionWord], limits: &Limits) -> Vec<Vec<CaptionWord>> {
    let mut runs: Vec<Vec<CaptionWord>> = Vec::new();
    for (index, word) in words.iter().enumerate() {
        let breaks = index == 0 || ends_run(&words[index - 1], word);
        if breaks {
            runs.push(Vec::new());
        }
        if let Some(run) = runs.last_mut() {
            run.push(word.clone());
        }
    }
    runs.into_iter().flat_map(|run| even_groups(run, limits)).collect()
}

fn ends_run(previous: &CaptionWord, next: &CaptionWord) -> bool {
    ends_sentence(&previous.text) || next.start - previous.end > CUE_PAUSE_MS
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '”', '’', ')', '」', '』']);
    bare.ends_with(['!', '?', '…', '。', '！', '？', '।', '؟', '۔'])
        || (bare.ends_with('.') && text::sentences(&format!("{bare} X")).len() > 1)
}

/// The split with the least raggedness, preferring breaks after punctuation and never leaving a
/// connective at the end of a cue. Dynamic programming over break points.
fn even_groups(run: Vec<CaptionWord>, limits: &Limits) -> Vec<Vec<CaptionWord>> {
    let count = run.len();
    let chars: Vec<usize> =
        run.iter().map(|w| visual_chars(&w.text) + usize::from(!w.joins_next)).collect();
    let total: usize = chars.iter().sum();
    let wanted = total.div_ceil(limits.max_chars).max(count.div_ceil(limits.max_words)).max(1);
    let ideal = total as f64 / wanted as f64;
    let mut best = vec![f64::INFINITY; count + 1];
    let mut from = vec![0usize; count + 1];
    best[0] = 0.0;
    for end in 1..=count {
        let mut width = 0;
        for start in (0..end).rev() {
            width += chars[start];
            let fits = width <= limits.max_chars + 1 && end - start <= limits.max_words;
            // A single word always fits: it is shrunk, never dropped.
            if !fits && end - start > 1 {
                break;
            }
            let cost = best[start] + group_cost(&run, end, width as f64, ideal);
            if cost < best[end] {
                best[end] = cost;
                from[end] = start;
            }
        }
    }
    let mut bounds = vec![count];
    while let Some(&end) = bounds.last()
        && end > 0
    {
        bounds.push(from[end]);
    }
    bounds.reverse();
    bounds.windows(2).map(|pair| run[pair[0]..pair[1]].to_vec()).collect()
}

fn group_cost(run: &[CaptionWord], end: usize, width: f64, ideal: f64) -> f64 {
    let slack = (width - ideal) / ideal;
    let mut cost = slack * slack + 0.08;
    if end < run.len() {
        let last = &run[end - 1].text;
        if last.ends_with([',', ';', ':', '—', '–', '،', '、', '，']) {
            cost -= 0.25;
        } else if text::is_connective(last) || is_bound_number(last, &run[end].text) {
            cost += 0.6;
        }
    }
    cost
}

/// A number and its unit belong on one line.
fn is_bound_number(word: &str, next: &str) -> bool {
    word.chars().all(|c| c.is_ascii_digit() || ".,$€£".contains(c))
        && next.chars().count() <= 4
        && !next.is_empty()
}

fn cue(scene: &SceneWords, words: &[CaptionWord]) -> CaptionCue {
    let first = words.first().map_or(scene.range.start, |w| w.start);
    let last = words.last().map_or(first, |w| w.end);
    let mut words = words.to_vec();
    emphasise(&mut words);
    CaptionCue {
        scene_id: scene.scene_id.clone(),
        start: first - LEAD_IN_MS,
        end: last + TAIL_MS,
        text: shown_text(&words),
        words,
    }
}

/// The words as one text.
pub fn shown_text(words: &[CaptionWord]) -> String {
    let plain: Vec<text::Word> = words
        .iter()
        .map(|w| text::Word { text: w.text.clone(), joins_next: w.joins_next })
        .collect();
    text::join(&plain)
}

/// At most one word of a cue is set off: a number or price, a negation, or "free" and its like.
fn emphasise(words: &mut [CaptionWord]) {
    const STRONG: &[&str] = &["never", "not", "no", "free", "new", "only", "now", "zero", "best"];
    let rank = |word: &str| {
        let bare: String =
            word.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
        if word.chars().any(|c| c.is_ascii_digit()) {
            2
        } else {
            i32::from(STRONG.contains(&bare.as_str()))
        }
    };
    let best = (0..words.len()).max_by_key(|&i| (rank(&words[i].text), std::cmp::Reverse(i)));
    if let Some(best) = best
        && rank(&words[best].text) > 0
    {
        words[best].emphasis = true;
    }
}

/// Keeps cues in their scene and off each other, and closes short gaps.
fn settle(cues: &mut [CaptionCue], limits: &Limits, scenes: &[SceneWords], lead_ms: i64) {
    let range_of = |id: &str| scenes.iter().find(|s| s.scene_id == id).map(|s| s.range);
    let mut previous_end = 0;
    for cue in cues.iter_mut() {
        if let Some(range) = range_of(&cue.scene_id) {
            cue.start = cue.start.max(range.start);
            cue.end = cue.end.min(range.end);
        }
        let first_word = cue.words.first().map_or(cue.start, |w| w.start);
        cue.start = cue.start.max(previous_end).max(0).min(first_word.max(previous_end));
        let last_word = cue.words.last().map_or(cue.end, |w| w.end);
        cue.end = cue.end.max(last_word).max(cue.start + 1);
        previous_end = cue.end;
    }
    for index in 0..cues.len() {
        let next_word = cues.get(index + 1).map(|n| n.words.first().map_or(n.start, |w| w.start));
        let scene_end = range_of(&cues[index].scene_id).map_or(i64::MAX, |r| r.end);
        let Some(next_word) = next_word else { continue };
        // The next cue takes the screen just before its first word, not after this one's tail: at
        // the latest when that word lights up, even where this one's last word still sounds.
        let last_end = cues[index].words.last().map_or(0, |w| w.end);
        let next_start = (next_word - LEAD_IN_MS).max(last_end.min(next_word - lead_ms));
        let next_scene_start = range_of(&cues[index + 1].scene_id).map_or(0, |r| r.start);
        let next_start = next_start.max(next_scene_start).min(next_word.max(next_scene_start));
        let cue = &mut cues[index];
        if cue.end > next_start || next_start - cue.end < CLOSE_GAP_MS {
            cue.end = next_start.min(scene_end.max(cue.words.last().map_or(0, |w| w.end)));
        }
        let wanted = cue.start + limits.min_ms;
        if cue.end < wanted {
            cue.end = wanted.min(next_start).min(scene_end).max(cue.end);
        }
        let end = cue.end;
        cues[index + 1].start = next_start.max(end);
    }
    if let Some(last) = cues.last_mut() {
        let scene_end = range_of(&last.scene_id).map_or(last.end, |r| r.end);
        last.end = last.end.max((last.start + limits.min_ms).min(scene_end));
    }
    // What goes by too fast is held while nothing else wants the screen.
    for index in 0..cues.len() {
        let free_until = cues.get(index + 1).map_or(i64::MAX, |next| next.start);
        let cue = &mut cues[index];
        let free_until = free_until.min(range_of(&cue.scene_id).map_or(i64::MAX, |r| r.end));
        let stretch = reading::speed(cue) / reading::limit(&cue.text);
        let wanted = cue.start + ((cue.end - cue.start) as f64 * stretch).ceil() as i64;
        cue.end = cue.end.max(wanted.min(free_until));
    }
}

/// Spreads words evenly by their syllables over a stretch of time.
pub fn spread(words: &[text::Word], range: MsRange) -> Vec<CaptionWord> {
    let weights: Vec<i64> =
        words.iter().map(|w| i64::from(text::syllables(&w.text)) * 2 + 1).collect();
    let total: i64 = weights.iter().sum::<i64>().max(1);
    let mut seen = 0;
    words
        .iter()
        .zip(weights)
        .map(|(word, weight)| {
            let start = range.start + range.duration_ms() * seen / total;
            seen += weight;
            CaptionWord {
                text: word.text.clone(),
                start,
                end: range.start + range.duration_ms() * seen / total,
                emphasis: false,
                joins_next: word.joins_next,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn timed(text: &str, range: MsRange) -> Vec<CaptionWord> {
        spread(&text::words(text), range)
    }

    fn scene(text: &str, start: i64, end: i64) -> SceneWords {
        SceneWords {
            scene_id: format!("scene_{start}"),
            words: timed(text, MsRange::new(start + 100, end - 300)),
            range: MsRange::new(start, end),
        }
    }

    fn texts(cues: &[CaptionCue]) -> Vec<&str> {
        cues.iter().map(|c| c.text.as_str()).collect()
    }

    #[test]
    fn a_cue_never_crosses_a_sentence_end() {
        let cues = cues(
            &[scene("Wake up. Fresh coffee is here.", 0, 3000)],
            CaptionLook::Karaoke,
            1.0,
            50,
        );
        assert_eq!(texts(&cues), ["Wake up.", "Fresh coffee is here."]);
    }

    #[test]
    fn breaks_fall_after_punctuation_and_not_after_an_article() {
        let cues = cues(
            &[scene("Slow roasted in small batches, ground in the morning", 0, 5000)],
            CaptionLook::Karaoke,
            1.0,
            50,
        );
        assert!(
            texts(&cues).iter().all(|t| !t.ends_with(" the") && !t.ends_with(" in")),
            "{cues:?}"
        );
        assert!(texts(&cues).iter().any(|t| t.ends_with("batches,")), "{:?}", texts(&cues));
    }

    #[test]
    fn numbers_are_set_off_once() {
        let cues = cues(&[scene("Only $5 for 2 cups", 0, 2000)], CaptionLook::Classic, 1.0, 50);
        let marked: Vec<_> =
            cues[0].words.iter().filter(|w| w.emphasis).map(|w| w.text.as_str()).collect();
        assert_eq!(marked, ["$5"]);
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_cue_overlaps(
            sentences in proptest::collection::vec("[a-zA-Z0-9'%:\\\\,.!🔥]{1,18}( [a-z]{1,12}){0,9}", 1..6),
            which in 0usize..3,
        ) {
            let look = CaptionLook::ALL[which];
            let mut scenes = Vec::new();
            let mut at = 0;
            for sentence in &sentences {
                let end = at + 400 + 280 * sentence.split_whitespace().count() as i64;
                scenes.push(scene(sentence, at, end));
                at = end;
            }
            let cues = cues(&scenes, look, 1.0, 50);
            let shown: Vec<String> = cues.iter().flat_map(|c| c.words.iter().map(|w| w.text.clone())).collect();
            let asked: Vec<String> =
                sentences.iter().flat_map(|s| s.split_whitespace().map(str::to_owned)).collect();
            prop_assert_eq!(shown, asked);
            for pair in cues.windows(2) {
                prop_assert!(pair[0].end <= pair[1].start, "{:?}", pair);
            }
            for cue in &cues {
                prop_assert!(cue.end > cue.start);
                let range = scenes.iter().find(|s| s.scene_id == cue.scene_id).expect("scene").range;
                prop_assert!(cue.start >= range.start - 250 && cue.end <= range.end + 250);
            }
        }
    }
}
