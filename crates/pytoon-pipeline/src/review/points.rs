//! Judges the twenty points of a review. The limits are a film-maker's for short films on phones; standards are named
//! where they are the source.

use super::{Film, Place, Point, Verdict};
use pytoon_core::caption::reading;
use pytoon_core::layout::{Format, safe_area};
use pytoon_core::preset::TransitionKind;
use pytoon_core::timeline::{ClipSource, Timeline, VideoClip, is_loop};
use pytoon_vocabulary::{CaptionLook, Frame, Ms};

/// The smallest film in which fine details are measured: the shorter side in pixels.
const SMALLEST: u32 = 540;
const FIRST_DEVIATION: f64 = 20.0;
const FIRST_SOUND_MS: i64 = 300;
const FIRST_CHANGE_S: f64 = 1.2;
/// The distance by which a text box may exceed the safe area, as a fraction of the frame: antialiasing and a stroke.
const SAFE_TOLERANCE: f64 = 0.006;
/// The share of words whose times may not match the voice.
const OFF_WORDS: f64 = 0.05;
/// The contrast of text with a plate or stroke, and of large type without one (WCAG 2 asks for 4.5 and 3). Type is drawn
/// with 4.5; encoding softens thin letters and takes a tenth of it.
const CONTRAST: f64 = 7.0;
const TYPE_CONTRAST: f64 = 4.0;
/// The share of a text box over a label or a face that counts as covering it, and the longest time for that.
const COVERS: f64 = 0.1;
const COVERED: Ms = Ms::new(1000);
const ZOOM_PCT: f64 = 5.0;
/// The jitter of a still in pixels of a 1080-pixel frame: 0.15 is visible, and the measure itself adds up to 0.05.
const JITTER: f64 = 0.2;
const BAR: f64 = 0.01;
const BANDS: f64 = 0.2;
const SCENE_SECONDS: std::ops::RangeInclusive<f64> = 1.5..=3.2;
const LONGEST_SCENE: f64 = 5.0;
const CUTS: f64 = 0.8;
const LOUDNESS_TOLERANCE: f64 = 0.5;
const TRUE_PEAK: f64 = -1.0;
const OFFSET: f64 = 0.005;
const BED_BELOW: std::ops::RangeInclusive<f64> = 12.0..=24.0;
const SILENCE_MS: i64 = 100;
const MONO_LOSS: f64 = 2.0;
const END_MS: i64 = 1000;
const AV_OFFSET_MS: f64 = 20.0;

/// A judgement: whether the point is passed, the measurements, and the place where it is lost.
struct Found {
    passed: bool,
    measured: String,
    at: Option<i64>,
}

fn found(passed: bool, measured: String, at: Option<i64>) -> Option<Found> {
    Some(Found { passed, measured, at })
}

/// Judges all points of a film, in order.
pub(super) fn judge(film: &Film) -> Vec<Point> {
    let timeline = &film.inspection.timeline;
    // These points need the film's frames without text.
    let failure = film.text.failure.as_ref();
    let why_not = |number: u8| {
        failure.filter(|_| [3, 6, 8].contains(&number)).map(|why| format!("not measured: {why}"))
    };
    let point = |number: u8,
                 starred: bool,
                 name: &'static str,
                 advice: &'static str,
                 found: Option<Found>| {
        let verdict = match &found {
            None => Verdict::Look,
            Some(found) if found.passed => Verdict::Passed,
            Some(_) => Verdict::Lost,
        };
        let is_lost = verdict == Verdict::Lost;
        let at = found.as_ref().and_then(|found| found.at).filter(|_| is_lost);
        let place = |frame: i64| Place {
            frame,
            seconds: timeline.frame_rate.frame_to_seconds(Frame::new(frame)),
        };
        let measured = found.map(|found| found.measured).or_else(|| why_not(number));
        let advice = is_lost.then_some(advice);
        Point { number, name, starred, verdict, measured, at: at.map(place), advice }
    };
    vec![
        point(
            1,
            true,
            "the first frame is a finished, clear picture",
            "begin with a picture that has light and dark parts, or with a title",
            first_frame(film),
        ),
        point(
            2,
            true,
            "a sound within 0.3 s and a visible change within 1.2 s",
            "begin with a word or a beat, and with a picture that moves",
            opening(film),
        ),
        point(
            3,
            true,
            "all text is inside the safe area",
            "choose the platform of the film in `captions.platform`, or a smaller `captions.size`",
            safe_text(film),
        ),
        point(
            4,
            false,
            "captions can be read: pace, length and breaks",
            "slow the voice, shorten the sentence, or choose a look with more words in a caption",
            captions(film),
        ),
        point(
            5,
            true,
            "words light up with the voice",
            "run `pytoon inspect` to find the words, and correct the script or `captions.lead_ms`",
            word_times(film),
        ),
        point(
            6,
            false,
            "text stands out from what is behind it",
            "choose a look with a stroke or a plate, or a brand colour with more contrast",
            contrast(film),
        ),
        point(
            7,
            true,
            "every letter is drawn, and captions say what is spoken",
            "install the missing font, or render the film again",
            letters(film),
        ),
        point(
            8,
            false,
            "no text covers a face or a label",
            "set `captions.position`, or `fit: whole` for the picture",
            covering(film),
        ),
        point(
            9,
            false,
            "cameras move evenly, at most 5 % a second",
            "choose another `effect` for the scene, or a larger picture",
            moves(film),
        ),
        point(
            10,
            false,
            "neighbouring camera moves differ",
            "choose another `effect` for one of the scenes",
            neighbours(timeline),
        ),
        point(
            11,
            false,
            "no black bars",
            "set `fit` of the picture, or crop its borders",
            bars(film),
        ),
        point(
            12,
            false,
            "no visible bands in smooth areas",
            "render with the profile `master`, or add grain to the picture",
            bands(film),
        ),
        point(13, false, "one palette, one grade, at most two faces", "", None),
        point(
            14,
            false,
            "scenes are 1.5 to 3.2 s long in the middle, and mostly cut",
            "split long sentences, join short ones, or choose a preset that cuts",
            lengths(timeline),
        ),
        point(
            15,
            true,
            "loudness is on target, with room for peaks",
            "render the film again; `mix.target_lufs` sets the target",
            loudness(film),
        ),
        point(16, false, "the music is well below the voice", "change `music_gain_db`", bed(film)),
        point(
            17,
            false,
            "no holes in the sound, and nothing lost in mono",
            "give the film a bed (`music_source`), or a recording without gaps",
            holes(film),
        ),
        point(18, false, "the music changes and ends on a bar", "", None),
        point(
            19,
            false,
            "the film ends soon after its last word, and runs into its beginning if it loops",
            "leave out `target_duration_seconds`, or set a shorter one; make the last scene longer for a loop",
            ending(film),
        ),
        point(
            20,
            true,
            "sound and picture are together, and the file says its colours and rate",
            "render the film again, without another program in between",
            file(film),
        ),
    ]
}

fn first_frame(film: &Film) -> Option<Found> {
    let (deviation, mean) = (film.picture.first_deviation, film.picture.first_mean);
    let passed = deviation > FIRST_DEVIATION && mean > 20.0;
    found(passed, format!("luma varies by {deviation:.0} codes about {mean:.0}"), Some(0))
}

fn opening(film: &Film) -> Option<Found> {
    let sound = film.sound.first_ms;
    let rate = film.inspection.timeline.frame_rate.as_f64();
    let change = film.picture.first_change.map(|frame| frame as f64 / rate);
    let passed = sound.is_some_and(|ms| ms <= FIRST_SOUND_MS)
        && change.is_some_and(|seconds| seconds <= FIRST_CHANGE_S);
    let text = |what: &str, at: Option<f64>| {
        at.map_or_else(|| format!("no {what}"), |at| format!("{what} after {at:.2} s"))
    };
    let sound = text("sound", sound.map(|ms| ms as f64 / 1000.0));
    found(passed, format!("{sound}, {}", text("change", change)), Some(0))
}

fn safe_text(film: &Film) -> Option<Found> {
    let timeline = &film.inspection.timeline;
    let format = Format::nearest(timeline.profile.width, timeline.profile.height);
    let safe = safe_area(timeline.look.captions.platform, format).area;
    let beyond = |text: &super::text::SeenText| {
        let area = &text.area;
        (safe.x0 - area.x0).max(area.x1 - safe.x1).max(safe.y0 - area.y0).max(area.y1 - safe.y1)
    };
    let texts = texts(film)?;
    let worst = texts.iter().max_by(|a, b| beyond(a).total_cmp(&beyond(b)))?;
    let by = beyond(worst);
    let passed = by <= SAFE_TOLERANCE;
    let measured = match passed {
        true => format!("{} texts are inside", texts.len()),
        false => format!("a text reaches {:.1} % of the frame beyond it", by * 100.0),
    };
    found(passed, measured, Some(worst.frame))
}

fn texts(film: &Film) -> Option<&[super::text::SeenText]> {
    (!film.text.seen.is_empty()).then_some(film.text.seen.as_slice())
}

fn captions(film: &Film) -> Option<Found> {
    let timeline = &film.inspection.timeline;
    let shortest = match timeline.look.captions.look {
        CaptionLook::Pop | CaptionLook::Single | CaptionLook::Bold => 150,
        CaptionLook::Classic | CaptionLook::Minimal => 500,
        _ => 400,
    };
    let cues: Vec<_> = timeline.tracks.captions.iter().filter(|cue| !cue.set_as_type).collect();
    let over = |cue: &&&pytoon_vocabulary::CaptionCue| {
        reading::speed(cue) > reading::limit(&cue.text) || (cue.end - cue.start).get() < shortest
    };
    let first = cues.first()?;
    let bad: Vec<_> = cues.iter().filter(over).collect();
    let fastest = cues.iter().map(|cue| reading::speed(cue)).fold(0.0, f64::max);
    let at = bad.first().unwrap_or(&first).start;
    let measured = format!(
        "{} of {} are too fast or too short; at most {fastest:.0} characters a second",
        bad.len(),
        cues.len()
    );
    found(bad.is_empty(), measured, Some(timeline.frame_rate.ms_to_frame_round(at).get()))
}

fn word_times(film: &Film) -> Option<Found> {
    let facts = &film.inspection.facts;
    let words: usize = facts.scenes.iter().map(|scene| scene.words).sum();
    if words == 0 || film.inspection.receipt.voice.provider.is_none() {
        return None;
    }
    let off = facts.off.len();
    let passed = off as f64 <= OFF_WORDS * words as f64 && facts.late_cues.is_empty();
    let first = facts.off.iter().map(|word| word.start_ms);
    let first = first.chain(facts.late_cues.iter().map(|cue| cue.start_ms)).min();
    let rate = film.inspection.timeline.frame_rate;
    let at = first.map(|ms| rate.ms_to_frame_round(Ms::new(ms)).get());
    let measured = format!(
        "{off} of {words} words are off, {} captions are late; words light up {} ms early",
        facts.late_cues.len(),
        facts.lead_ms
    );
    found(passed, measured, at)
}

/// Returns true if the film has too few pixels to measure edges of letters, steps of tone and shifts of a fraction of a
/// pixel, as drafts have.
fn is_small(film: &Film) -> bool {
    let profile = &film.inspection.timeline.profile;
    profile.width.min(profile.height) < SMALLEST
}

fn contrast(film: &Film) -> Option<Found> {
    if is_small(film) {
        return None;
    }
    let limit = |text: &super::text::SeenText| if text.is_type { TYPE_CONTRAST } else { CONTRAST };
    let margin = |text: &super::text::SeenText| text.contrast / limit(text);
    let worst = texts(film)?.iter().min_by(|a, b| margin(a).total_cmp(&margin(b)))?;
    let measured = format!("at least {:.1} to 1", worst.contrast);
    found(margin(worst) >= 1.0, measured, Some(worst.frame))
}

fn letters(film: &Film) -> Option<Found> {
    let receipt = &film.inspection.receipt;
    let findings = receipt.self_check.findings.iter();
    let missing = findings.filter(|finding| finding.check == "glyphs").count();
    let plain = |text: &str| -> String { text.chars().filter(|c| c.is_alphanumeric()).collect() };
    let cues = &film.inspection.timeline.tracks.captions;
    let spoken: String = cues.iter().map(|cue| plain(&cue.text)).collect();
    let written = film.sidecar.as_ref();
    let written = written.map(|texts| texts.iter().map(|text| plain(text)).collect::<String>());
    let differs = written.is_some_and(|written| written != spoken);
    let measured = match (missing, differs) {
        (0, false) => format!("{} captions are complete", cues.len()),
        (0, true) => "the sidecar file says something else than the film".to_owned(),
        _ => "some characters have no font".to_owned(),
    };
    found(missing == 0 && !differs, measured, None)
}

fn covering(film: &Film) -> Option<Found> {
    let texts = texts(film)?;
    let covers: Vec<_> = texts.iter().filter(|text| text.covers > COVERS).collect();
    let time: Ms = covers.iter().map(|text| text.shown).sum();
    let worst = texts.iter().map(|text| text.covers).fold(0.0, f64::max);
    let measured = format!(
        "{:.1} s over text or faces, at most {:.0} % of a caption",
        time.get() as f64 / 1000.0,
        worst * 100.0
    );
    found(time <= COVERED, measured, covers.first().map(|text| text.frame))
}

fn moves(film: &Film) -> Option<Found> {
    let timeline = &film.inspection.timeline;
    let zooms = timeline.tracks.video.iter().filter_map(|clip| {
        let ClipSource::Picture { motion, .. } = &clip.source else { return None };
        Some((motion.zoom_pct_per_second(timeline.frame_rate).abs(), clip.start_frame.get()))
    });
    let most = |a: (f64, i64), b: (f64, i64)| if b.0 > a.0 { b } else { a };
    let zoom = zooms.reduce(most)?;
    let jitter = film.picture.jitter.iter().copied().reduce(most).filter(|_| !is_small(film));
    let shakes = jitter.is_some_and(|(jitter, _)| jitter > JITTER);
    let passed = zoom.0 <= ZOOM_PCT && !shakes;
    let at = if shakes { jitter.map(|(_, at)| at) } else { Some(zoom.1) };
    let jitter = jitter.map_or_else(
        || "jitter not measured".to_owned(),
        |(jitter, _)| format!("jitter {jitter:.2} pixels"),
    );
    found(passed, format!("at most {:.1} % a second, {jitter}", zoom.0), at)
}

/// The kind of a camera move, and its rate.
fn kind_and_rate(clip: &VideoClip, timeline: &Timeline) -> Option<(&'static str, f64)> {
    let ClipSource::Picture { motion, .. } = &clip.source else { return None };
    let zoom = motion.zoom_pct_per_second(timeline.frame_rate);
    let seconds = timeline.frame_rate.frame_to_seconds(motion.end_frame - motion.start_frame);
    let middle = |window: &pytoon_core::timeline::Window| {
        (window.x + window.width / 2.0, window.y + window.height / 2.0)
    };
    let (from, to) = (middle(&motion.from), middle(&motion.to));
    let (x, y) = ((to.0 - from.0) / seconds * 100.0, (to.1 - from.1) / seconds * 100.0);
    Some(match () {
        () if zoom > 0.4 => ("in", zoom),
        () if zoom < -0.4 => ("out", -zoom),
        () if x.abs() > 0.4 && x.abs() >= y.abs() => {
            (if x > 0.0 { "right" } else { "left" }, x.abs())
        }
        () if y.abs() > 0.4 => (if y > 0.0 { "down" } else { "up" }, y.abs()),
        () => ("hold", 0.0),
    })
}

fn neighbours(timeline: &Timeline) -> Option<Found> {
    let clips = &timeline.tracks.video;
    let moves: Vec<_> = clips.iter().map(|clip| kind_and_rate(clip, timeline)).collect();
    let mut pairs = 0;
    let mut same = None;
    for (index, pair) in moves.windows(2).enumerate() {
        let (Some(one), Some(other)) = (pair[0], pair[1]) else { continue };
        pairs += 1;
        let is_close = one.1.min(other.1) >= 0.8 * one.1.max(other.1);
        if one.0 == other.0 && one.0 != "hold" && is_close {
            same.get_or_insert((index + 1, one.0));
        }
    }
    if pairs == 0 {
        return None;
    }
    let measured = match same {
        None => format!("{pairs} pairs differ"),
        Some((_, kind)) => format!("two pictures in a row move {kind} at one rate"),
    };
    found(same.is_none(), measured, same.map(|(index, _)| clips[index].start_frame.get()))
}

fn bars(film: &Film) -> Option<Found> {
    let bar = film.picture.bar;
    found(bar <= BAR, format!("at most {:.1} % of the frame", bar * 100.0), Some(0))
}

fn bands(film: &Film) -> Option<Found> {
    if is_small(film) {
        return None;
    }
    let (share, frame) = film.picture.bands;
    found(share <= BANDS, format!("steps in {:.0} % of the columns", share * 100.0), Some(frame))
}

fn lengths(timeline: &Timeline) -> Option<Found> {
    let seconds: Vec<f64> = timeline
        .timeline
        .iter()
        .map(|scene| timeline.frame_rate.frame_to_seconds(scene.end_frame - scene.start_frame))
        .collect();
    // Two scenes have no rhythm.
    if seconds.len() < 3 {
        return None;
    }
    let mut sorted = seconds.clone();
    sorted.sort_by(f64::total_cmp);
    let (median, longest) = (sorted[sorted.len() / 2], sorted[sorted.len() - 1]);
    let joins = seconds.len() - 1;
    let clips = timeline.tracks.video.iter();
    let soft = clips.filter_map(|clip| clip.transition_in.as_ref());
    let soft = soft.filter(|t| t.kind != TransitionKind::Cut).count();
    let cuts = 1.0 - soft as f64 / joins as f64;
    let mostly_cuts = cuts >= CUTS || soft <= 1;
    let passed = SCENE_SECONDS.contains(&median) && longest <= LONGEST_SCENE && mostly_cuts;
    let at = seconds.iter().position(|length| *length == longest);
    let at = at.map(|index| timeline.timeline[index].start_frame.get());
    let measured =
        format!("median {median:.1} s, longest {longest:.1} s, {:.0} % cuts", cuts * 100.0);
    found(passed, measured, at)
}

fn loudness(film: &Film) -> Option<Found> {
    let target = film.inspection.receipt.loudness.target_lufs;
    let Some((lufs, peak)) = film.sound.loudness else {
        let is_wanted = !film.inspection.timeline.tracks.audio.is_empty();
        return is_wanted.then(|| Found { passed: false, measured: "silent".to_owned(), at: None });
    };
    let passed = (lufs - target).abs() <= LOUDNESS_TOLERANCE
        && peak <= TRUE_PEAK
        && film.sound.offset <= OFFSET;
    found(passed, format!("{lufs:.1} LUFS of {target:.0}, true peak {peak:.1} dBTP"), None)
}

fn bed(film: &Film) -> Option<Found> {
    let below = film.sound.bed_below_lu?;
    found(BED_BELOW.contains(&below), format!("{below:.1} LU below the voice"), None)
}

fn holes(film: &Film) -> Option<Found> {
    film.sound.loudness?;
    let ((silence, start), loss) = (film.sound.silence_ms, film.sound.mono_loss_lu);
    let rate = film.inspection.timeline.frame_rate;
    let passed = silence <= SILENCE_MS && loss < MONO_LOSS;
    let at = rate.ms_to_frame_round(Ms::new(start)).get();
    let measured = format!("{silence} ms of digital silence, {loss:.1} LU lost in mono");
    found(passed, measured, Some(at))
}

/// The largest difference between the ends of a film that loops, in luma codes.
const LOOP_CODES: f64 = 14.0;

fn ending(film: &Film) -> Option<Found> {
    let timeline = &film.inspection.timeline;
    let apart = film.picture.ends_apart;
    if is_loop(timeline) && apart > LOOP_CODES {
        let last = timeline.total_frames.get() - 1;
        let what = format!("the first and the last frame differ by {apart:.0} codes");
        return found(false, what, Some(last));
    }
    let words = timeline.tracks.captions.iter().flat_map(|cue| &cue.words);
    let last = words.map(|word| word.end).max()?;
    let rest = (timeline.total_duration() - last).get();
    let at = timeline.frame_rate.ms_to_frame_round(last).get();
    let seconds = rest.max(0) as f64 / 1000.0;
    found(rest <= END_MS, format!("{seconds:.2} s after the last word"), Some(at))
}

fn file(film: &Film) -> Option<Found> {
    let video = film.probe.video.as_ref()?;
    let is_tagged = [&video.colour_space, &video.primaries, &video.transfer]
        .iter()
        .all(|tag| tag.as_str() == "bt709")
        && video.range == "tv";
    let is_constant = video.frame_rate == video.base_rate;
    let offset = film.inspection.facts.av_offset_ms;
    let passed = is_tagged && is_constant && offset.is_none_or(|ms| ms.abs() < AV_OFFSET_MS);
    let offset = offset.map_or_else(|| "not measured".to_owned(), |ms| format!("{ms:+.0} ms"));
    let tags = if is_tagged { "BT.709" } else { "other colour tags" };
    let rate = if is_constant { "constant rate" } else { "changing rate" };
    found(passed, format!("sound {offset}, {tags}, {rate}"), None)
}
