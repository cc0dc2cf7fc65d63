//! Groups timed words into caption cues and decides the end of each caption.
//!
//! Guarantees: every word is in exactly one cue, in order, with its text and times unchanged; cues never
//! overlap; a cue never crosses the end of a sentence or a long pause.
//!
//! `pytoon-graphics` breaks the lines inside a cue, since that depends on the fonts.

use super::reading;
use crate::script::sentence;
use crate::text;
use crate::time::MsRange;
use pytoon_vocabulary::{CaptionCue, CaptionLook, CaptionWord, CaptionZone, Ms, SceneId};
use unicode_width::UnicodeWidthStr;

/// The time from a cue's start to its first word, if there is room.
const LEAD_IN: Ms = Ms::new(100);
/// The time for which a cue stays after its last word, if there is room.
const TAIL: Ms = Ms::new(200);
/// The length above which a pause ends a cue.
const CUE_PAUSE: Ms = Ms::new(350);
/// Minimum duration of a cue, regardless of its words.
const SHORTEST: Ms = Ms::new(1);
/// The gap between two cues below which the earlier cue is extended to the later one.
const CLOSE_GAP: Ms = Ms::new(300);

/// The cost of a cue that gets half the reading time it needs. For comparison, the cost of uneven cue lengths
/// is usually below 1.
const TOO_FAST_COST: f64 = 6.0;

/// The words of one scene and the time available to show them.
#[derive(Debug, Clone)]
pub struct SceneWords {
    /// The id of the scene.
    pub scene_id: SceneId,
    /// The words of the scene in order, in film time.
    pub words: Vec<CaptionWord>,
    /// The index of the last word of each sentence. If empty, the punctuation of the words decides.
    pub sentence_ends: Vec<usize>,
    /// The scene's time range in the film.
    pub range: MsRange,
}

struct Limits {
    max_words: usize,
    max_chars: usize,
    shortest: Ms,
}

fn limits(look: CaptionLook, size: f64) -> Limits {
    let (max_words, max_chars, shortest_ms) = match look {
        CaptionLook::Classic => (9, 46, 830),
        CaptionLook::Karaoke => (6, 32, 500),
        CaptionLook::Pop => (3, 20, 250),
        CaptionLook::Bold => (4, 24, 400),
        CaptionLook::Boxed => (7, 38, 700),
        CaptionLook::Single => (1, 12, 150),
        CaptionLook::Typewriter => (8, 38, 700),
        CaptionLook::Minimal => (8, 44, 830),
    };
    Limits {
        max_words,
        max_chars: (max_chars as f64 / size.max(0.5)) as usize,
        shortest: Ms::new(shortest_ms),
    }
}

/// Groups the words of a film into cues and times the cues. `lead` is the time from the highlight of a word
/// to its onset.
///
/// ```
/// use pytoon_core::caption::{SceneWords, cues};
/// use pytoon_core::time::MsRange;
/// use pytoon_vocabulary::{CaptionLook, CaptionWord, CaptionZone, Ms};
///
/// let word = |text: &str, start: i64, end: i64| CaptionWord {
///     text: text.to_owned(),
///     start: Ms::new(start),
///     end: Ms::new(end),
///     emphasis: false,
///     joins_next: false,
/// };
/// let scene = SceneWords {
///     scene_id: "scene_01".into(),
///     words: vec![word("Baked", 100, 400), word("daily.", 450, 900), word("Gone", 1600, 1900)],
///     sentence_ends: vec![1, 2],
///     range: MsRange::new(Ms::ZERO, Ms::new(2500)),
/// };
/// let cues = cues(&[scene], CaptionLook::Karaoke, 1.0, Ms::new(50));
/// let texts: Vec<&str> = cues.iter().map(|cue| cue.text.as_str()).collect();
/// assert_eq!(texts, ["Baked daily.", "Gone"]);
/// ```
pub fn cues(scenes: &[SceneWords], look: CaptionLook, size: f64, lead: Ms) -> Vec<CaptionCue> {
    let limits = limits(look, size);
    let runs: Vec<Run<'_>> = scenes.iter().flat_map(runs).collect();
    let lay = |splits: &[&Split]| {
        let groups = runs.iter().zip(splits).flat_map(|(run, split)| {
            split.iter().map(|group| cue(run.scene, group)).collect::<Vec<_>>()
        });
        let mut cues: Vec<CaptionCue> = groups.collect();
        settle(&mut cues, &limits, scenes, lead);
        cues
    };
    let even: Vec<Split> = runs.iter().map(|run| split(run, &limits, false)).collect();
    let chosen: Vec<&Split> = even.iter().collect();
    let cues = lay(&chosen);
    let before = strains(&chosen, &cues, &limits);
    if before.iter().all(|strain| *strain <= 1.0) {
        return cues;
    }
    // Split a cue that is too fast or too short again, with reading time counted, and keep the better split.
    let timed: Vec<Split> = runs
        .iter()
        .zip(&even)
        .zip(&before)
        .map(
            |((run, even), strain)| {
                if *strain > 1.0 { split(run, &limits, true) } else { even.clone() }
            },
        )
        .collect();
    let tried: Vec<&Split> = timed.iter().collect();
    let after = strains(&tried, &lay(&tried), &limits);
    let better: Vec<&Split> = (0..runs.len())
        .map(|index| if after[index] < before[index] { tried[index] } else { chosen[index] })
        .collect();
    lay(&better)
}

/// The words between two sentence ends or pauses.
struct Run<'a> {
    scene: &'a SceneWords,
    words: &'a [CaptionWord],
    /// The time at which other content replaces these words on screen.
    until: Ms,
}

/// The words of a run, grouped by cue.
type Split = Vec<Vec<CaptionWord>>;

/// Returns, for each run, the factor by which its worst cue is too fast or too short. A factor of 1 is an exact fit.
fn strains(splits: &[&Split], cues: &[CaptionCue], limits: &Limits) -> Vec<f64> {
    let mut rest = cues.iter();
    splits
        .iter()
        .map(|split| {
            let own = rest.by_ref().take(split.len());
            own.map(|cue| strain(&cue.text, cue.end - cue.start, limits)).fold(0.0, f64::max)
        })
        .collect()
}

fn strain(text: &str, shown: Ms, limits: &Limits) -> f64 {
    let needed = reading::needed_time(text).max(limits.shortest);
    needed.get() as f64 / shown.max(SHORTEST).get() as f64
}

/// Returns the width of a text in units of a Latin letter (UAX #11): ideographs count as two, combining marks and
/// soft hyphens as none.
fn visual_chars(text: &str) -> usize {
    text.width()
}

/// Splits a scene's words at sentence ends and pauses.
fn runs(scene: &SceneWords) -> Vec<Run<'_>> {
    let mut rest = scene.words.as_slice();
    let mut out = Vec::new();
    while !rest.is_empty() {
        let first = scene.words.len() - rest.len();
        let ends_here = |at: usize| match scene.sentence_ends.as_slice() {
            [] => ends_sentence(&rest[at].text),
            ends => ends.contains(&(first + at)),
        };
        let is_pause = |pair: &[CaptionWord]| pair[1].start - pair[0].end > CUE_PAUSE;
        let length =
            (1..rest.len()).position(|at| ends_here(at - 1) || is_pause(&rest[at - 1..=at]));
        let (words, after) = rest.split_at(length.map_or(rest.len(), |last| last + 1));
        let until = after.first().map_or(scene.range.end, |next| next.start - LEAD_IN);
        out.push(Run { scene, words, until });
        rest = after;
    }
    out
}

fn ends_sentence(word: &str) -> bool {
    let bare = word.trim_end_matches(['"', '”', '’', ')', '」', '』']);
    bare.ends_with(['!', '?', '…', '。', '！', '？', '।', '؟', '۔'])
        || (bare.ends_with('.') && sentence::split(&format!("{bare} X")).len() > 1)
}

/// Splits a run into cues that fit the limits and are as even in length as possible. Prefers breaks after punctuation
/// and avoids connectives at the end of a cue. If `timed`, also avoids cues that are too fast or too short. Uses
/// dynamic programming over break points.
fn split(run: &Run<'_>, limits: &Limits, timed: bool) -> Split {
    let Run { words: run, until, .. } = *run;
    let count = run.len();
    let chars: Vec<usize> = run
        .iter()
        .map(|w| visual_chars(&text::on_screen(&w.text)) + usize::from(!w.joins_next))
        .collect();
    let total: usize = chars.iter().sum();
    let halves: usize = run.iter().map(|word| text::half_words(&word.text)).sum();
    let wanted = total.div_ceil(limits.max_chars).max(halves.div_ceil(2 * limits.max_words)).max(1);
    let ideal = total as f64 / wanted as f64;
    let mut best = vec![f64::INFINITY; count + 1];
    let mut from = vec![0usize; count + 1];
    best[0] = 0.0;
    for end in 1..=count {
        let (mut width, mut halves) = (0, 0);
        for start in (0..end).rev() {
            width += chars[start];
            halves += text::half_words(&run[start].text);
            let fits = width <= limits.max_chars + 1 && halves <= 2 * limits.max_words;
            // A single word always fits: it is shrunk, never dropped.
            if !fits && end - start > 1 {
                break;
            }
            let mut cost = best[start] + group_cost(run, end, width as f64, ideal);
            if timed {
                let gone = run.get(end).map_or(until, |next| next.start - LEAD_IN);
                let shown = gone - (run[start].start - LEAD_IN);
                let over = strain(&join_words(&run[start..end]), shown, limits) - 1.0;
                cost += TOO_FAST_COST * over.max(0.0);
            }
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

/// Returns true if the two words are a number and a short word after it, such as a unit, which belong in one cue.
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
        start: first - LEAD_IN,
        end: last + TAIL,
        text: join_words(&words),
        words,
        zone: CaptionZone::Lower,
        set_as_type: false,
    }
}

/// Joins the words into one text.
pub fn join_words(words: &[CaptionWord]) -> String {
    let plain: Vec<text::Word> = words
        .iter()
        .map(|w| text::Word { text: w.text.clone(), joins_next: w.joins_next })
        .collect();
    text::join(&plain)
}

/// Emphasises one word of a cue, unless the script emphasises a word in it: the first word with a digit, or else the
/// first negation or word such as "free". A cue without such a word stays unchanged.
fn emphasise(words: &mut [CaptionWord]) {
    // The script's own emphasis wins.
    if words.iter().any(|word| word.emphasis) {
        return;
    }
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

/// Moves cue boundaries: each cue stays in its scene, no two overlap, short gaps close, and a cue that is too short
/// or too fast gets more time if there is room.
fn settle(cues: &mut [CaptionCue], limits: &Limits, scenes: &[SceneWords], lead: Ms) {
    let range_of = |id: &SceneId| scenes.iter().find(|s| s.scene_id == *id).map(|s| s.range);
    let mut previous_end = Ms::ZERO;
    for cue in cues.iter_mut() {
        if let Some(range) = range_of(&cue.scene_id) {
            cue.start = cue.start.max(range.start);
            cue.end = cue.end.min(range.end);
        }
        let first_word = cue.words.first().map_or(cue.start, |w| w.start);
        cue.start = cue.start.max(previous_end).max(Ms::ZERO).min(first_word.max(previous_end));
        let last_word = cue.words.last().map_or(cue.end, |w| w.end);
        cue.end = cue.end.max(last_word).max(cue.start + SHORTEST);
        previous_end = cue.end;
    }
    for index in 0..cues.len() {
        let next_word = cues.get(index + 1).map(|n| n.words.first().map_or(n.start, |w| w.start));
        let scene_end = range_of(&cues[index].scene_id).map_or(Ms::MAX, |r| r.end);
        let Some(next_word) = next_word else { continue };
        // The next cue starts just before its first word, not after this one's tail: at the latest when that word
        // lights up, even while this one's last word is still spoken. A single word appears when it lights up; its cue
        // has nothing to show before.
        let lead_in = if limits.max_words == 1 { lead } else { LEAD_IN };
        let last_end = cues[index].words.last().map_or(Ms::ZERO, |w| w.end);
        let next_start = (next_word - lead_in).max(last_end.min(next_word - lead));
        let next_scene_start = range_of(&cues[index + 1].scene_id).map_or(Ms::ZERO, |r| r.start);
        let next_start = next_start.max(next_scene_start).min(next_word.max(next_scene_start));
        let cue = &mut cues[index];
        if cue.end > next_start || next_start - cue.end < CLOSE_GAP {
            cue.end = next_start.min(scene_end.max(cue.words.last().map_or(Ms::ZERO, |w| w.end)));
        }
        let wanted = cue.start + limits.shortest;
        if cue.end < wanted {
            cue.end = wanted.min(next_start).min(scene_end).max(cue.end);
        }
        let end = cue.end;
        cues[index + 1].start = next_start.max(end);
    }
    if let Some(last) = cues.last_mut() {
        let scene_end = range_of(&last.scene_id).map_or(last.end, |r| r.end);
        last.end = last.end.max((last.start + limits.shortest).min(scene_end));
    }
    // Start a cue that is still too short earlier, if the cue before it has time to spare.
    for index in 0..cues.len() {
        let missing = limits.shortest - (cues[index].end - cues[index].start);
        let scene_start = range_of(&cues[index].scene_id).map_or(Ms::ZERO, |r| r.start);
        if missing <= Ms::ZERO {
            continue;
        }
        let spare_from = index.checked_sub(1).map_or(scene_start, |before| {
            let before = &cues[before];
            let needed = before.start + reading::needed_time(&before.text).max(limits.shortest);
            needed.max(before.words.last().map_or(Ms::ZERO, |word| word.end)).max(scene_start)
        });
        let start = (cues[index].start - missing).max(spare_from).min(cues[index].start);
        cues[index].start = start;
        if let Some(before) = index.checked_sub(1) {
            cues[before].end = cues[before].end.min(start);
        }
    }
    // Extend a cue that is read too fast until the next cue starts.
    for index in 0..cues.len() {
        let free_until = cues.get(index + 1).map_or(Ms::MAX, |next| next.start);
        let cue = &mut cues[index];
        let free_until = free_until.min(range_of(&cue.scene_id).map_or(Ms::MAX, |r| r.end));
        let wanted = cue.start + reading::needed_time(&cue.text);
        cue.end = cue.end.max(wanted.min(free_until));
    }
}

/// Spreads words over a time range without gaps. Words with more syllables get more time.
pub fn spread(words: &[text::Word], range: MsRange) -> Vec<CaptionWord> {
    let weights: Vec<i64> =
        words.iter().map(|w| i64::from(text::syllables(&w.text)) * 2 + 1).collect();
    let total: i64 = weights.iter().sum::<i64>().max(1);
    let mut seen = 0;
    words
        .iter()
        .zip(weights)
        .map(|(word, weight)| {
            let start = range.start + range.duration() * seen / total;
            seen += weight;
            CaptionWord {
                text: word.text.clone(),
                start,
                end: range.start + range.duration() * seen / total,
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

    fn timed_words(text: &str, range: MsRange) -> Vec<CaptionWord> {
        spread(&text::words(text), range)
    }

    fn range(start: i64, end: i64) -> MsRange {
        MsRange::new(Ms::new(start), Ms::new(end))
    }

    fn scene(text: &str, start: i64, end: i64) -> SceneWords {
        SceneWords {
            scene_id: format!("scene_{start}").into(),
            words: timed_words(text, range(start + 100, end - 300)),
            sentence_ends: Vec::new(),
            range: range(start, end),
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
            Ms::new(50),
        );
        assert_eq!(texts(&cues), ["Wake up.", "Fresh coffee is here."]);
    }

    #[test]
    fn breaks_fall_after_punctuation_and_not_after_an_article() {
        let cues = cues(
            &[scene("Slow roasted in small batches, ground in the morning", 0, 5000)],
            CaptionLook::Karaoke,
            1.0,
            Ms::new(50),
        );
        assert!(
            texts(&cues).iter().all(|t| !t.ends_with(" the") && !t.ends_with(" in")),
            "{cues:?}"
        );
        assert!(texts(&cues).iter().any(|t| t.ends_with("batches,")), "{:?}", texts(&cues));
    }

    #[test]
    fn numbers_are_set_off_once() {
        let cues =
            cues(&[scene("Only $5 for 2 cups", 0, 2000)], CaptionLook::Classic, 1.0, Ms::new(50));
        let marked: Vec<_> =
            cues[0].words.iter().filter(|w| w.emphasis).map(|w| w.text.as_str()).collect();
        assert_eq!(marked, ["$5"]);
    }

    #[test]
    fn a_cue_that_is_too_fast_is_split_again() {
        // Two long words spoken quickly, then short ones slowly.
        let times = [
            ("Extraordinary", 0, 250),
            ("circumstances", 250, 500),
            ("may", 500, 1500),
            ("be", 1500, 2300),
            ("so,", 2300, 3200),
        ];
        let words = times.map(|(text, start, end)| CaptionWord {
            text: text.to_owned(),
            start: Ms::new(start + 100),
            end: Ms::new(end + 100),
            emphasis: false,
            joins_next: false,
        });

        let scene = SceneWords {
            scene_id: "scene_01".into(),
            words: words.to_vec(),
            sentence_ends: Vec::new(),
            range: range(0, 3600),
        };
        let even = split(&runs(&scene)[0], &limits(CaptionLook::Karaoke, 1.0), false);
        assert_eq!(even[0].len(), 1, "the even split shows the first word for 250 ms");
        let cues = cues(&[scene], CaptionLook::Karaoke, 1.0, Ms::new(50));
        assert!(
            cues.iter().all(|cue| reading::speed(cue) <= reading::limit(&cue.text)),
            "{cues:?}"
        );
    }

    #[test]
    fn a_short_cue_comes_earlier_where_the_one_before_can_spare_it() {
        let words = |text: &str, start, end| timed_words(text, range(start, end));
        let scenes = [SceneWords {
            scene_id: "scene_01".into(),
            words: [
                words("A quiet morning.", 100, 1300),
                words("Go!", 1700, 1800),
                words("Now we begin our day.", 1900, 4000),
            ]
            .concat(),
            sentence_ends: Vec::new(),
            range: range(0, 4300),
        }];
        let cues = cues(&scenes, CaptionLook::Karaoke, 1.0, Ms::new(50));
        assert_eq!(texts(&cues)[1], "Go!");
        assert_eq!(cues[1].end - cues[1].start, Ms::new(500), "{cues:?}");
        assert!(cues[0].end >= Ms::new(1300) && cues[0].end == cues[1].start, "{cues:?}");
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_cue_overlaps(
            sentences in proptest::collection::vec(
                "[a-zA-Z0-9'%:\\\\,.!🔥<>&{}-]{1,18}( [a-z<&{\\\\]{1,12}){0,9}", 1..6),
            which in 0usize..CaptionLook::ALL.len(),
            pace in 50i64..420,
        ) {
            let look = CaptionLook::ALL[which];
            let mut scenes = Vec::new();
            let mut at = 0;
            for sentence in &sentences {
                let end = at + 450 + pace * sentence.split_whitespace().count() as i64;
                scenes.push(scene(sentence, at, end));
                at = end;
            }
            let cues = cues(&scenes, look, 1.0, Ms::new(50));
            let shown: Vec<String> = cues.iter().flat_map(|c| c.words.iter().map(|w| w.text.clone())).collect();
            let asked: Vec<String> =
                sentences.iter().flat_map(|s| s.split_whitespace().map(str::to_owned)).collect();
            prop_assert_eq!(shown, asked);
            let slack = Ms::new(250);
            let shortest = limits(look, 1.0).shortest;
            for (index, cue) in cues.iter().enumerate() {
                prop_assert!(cue.end > cue.start);
                let range = scenes.iter().find(|s| s.scene_id == cue.scene_id).expect("scene").range;
                prop_assert!(cue.start >= range.start - slack && cue.end <= range.end + slack);
                let before = index.checked_sub(1).map(|before| &cues[before]);
                prop_assert!(before.is_none_or(|before| before.end <= cue.start), "{:?}", cues);
                // A cue is too short to see or too fast to read only if there is no room.
                let room = cues.get(index + 1).map_or(range.end, |next| next.start.min(range.end));
                let needed = shortest.max(reading::needed_time(&cue.text));
                prop_assert!(cue.end - cue.start >= needed || cue.end >= room, "{:?}", cue);
                if cue.end - cue.start < shortest {
                    let spared = before.map_or(range.start, |before| {
                        let seen = before.start + shortest.max(reading::needed_time(&before.text));
                        seen.max(before.words.last().expect("a word").end).max(range.start)
                    });
                    prop_assert!(cue.start <= spared, "{:?} after {:?}", cue, before);
                }
            }
            super::super::sidecar::tests::check_back(&cues);
        }
    }
}
