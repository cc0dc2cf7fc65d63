//! Draws a film's audio, words and captions on one time axis.
//!
//! The film is cut into bands of ten seconds, so that words stay readable. Each band shows, from the top: the
//! scenes; the waveform of the mix with the voice over it; the words at their times (mismatches with the
//! voice in red, with the offset or `unheard`); the captions on screen, with the moment at which each word is
//! highlighted (late ones in red); and the level of the music with its ducking. The reasons for late captions
//! are at the top of the chart.

use super::reasons::distance;
use super::{Inspection, LateCue, OffWord};
use pytoon_graphics::Frame;
use pytoon_graphics::color::Rgb;
use pytoon_graphics::layer::{blend, rounded_rect};
use pytoon_graphics::text::{Align, TextEngine, TextStyle};
use pytoon_vocabulary::{DuckRegion, Ms};

const WIDTH: usize = 2400;
const LEFT: i64 = 150;
const RIGHT: i64 = 30;
const HEAD: i64 = 150;
/// The height of one line in the heading, in pixels.
const HEAD_LINE: i64 = 38;
const BAND: i64 = 620;
const BAND_MS: i64 = 10_000;

/// The width below which text is omitted, in pixels.
const NARROWEST: i64 = 14;

const GROUND: Rgb = Rgb::new(18, 20, 26);
const PANEL: Rgb = Rgb::new(28, 31, 40);
const LINE: Rgb = Rgb::new(70, 76, 92);
const TEXT: Rgb = Rgb::new(232, 234, 240);
const FAINT: Rgb = Rgb::new(160, 166, 182);
const MIX: Rgb = Rgb::new(92, 104, 132);
const VOICE: Rgb = Rgb::new(120, 214, 255);
const WORD: Rgb = Rgb::new(58, 92, 130);
const CUE: Rgb = Rgb::new(74, 66, 30);
const LIGHT: Rgb = Rgb::new(255, 214, 10);
const MUSIC: Rgb = Rgb::new(126, 211, 146);
/// The lowest music level in the chart, in dBFS.
const BED_FLOOR_DB: f64 = -60.0;
const BED: Rgb = Rgb::new(62, 84, 92);
const OFF: Rgb = Rgb::new(214, 62, 62);
/// The text colour of warnings.
const WARNING: Rgb = Rgb::new(255, 110, 96);

/// The vertical positions of a band's rows, relative to its top.
mod row {
    pub(super) const SCENES: (i64, i64) = (0, 34);
    pub(super) const WAVE: (i64, i64) = (44, 244);
    pub(super) const WORDS: [(i64, i64); 2] = [(254, 294), (298, 338)];
    pub(super) const CUES: (i64, i64) = (348, 392);
    pub(super) const DUCK: (i64, i64) = (402, 500);
    pub(super) const AXIS: (i64, i64) = (508, 550);
}

/// Draws the chart of an inspected job, with `name` as its heading.
pub fn draw(found: &Inspection, name: &str, text: &TextEngine) -> Frame {
    let bands = (found.facts.duration_ms + BAND_MS - 1) / BAND_MS;
    let lines = found.facts.reasons.len() + found.facts.missing.len();
    let head_height = HEAD + HEAD_LINE * lines as i64;
    let height = head_height + BAND * bands.max(1);
    let mut canvas = Canvas { frame: Frame::new(WIDTH, height as usize), text };
    canvas.frame.fill(GROUND.to_ycc());
    head(&mut canvas, found, name);
    for band in 0..bands.max(1) {
        let place = Band { top: head_height + band * BAND, from: band * BAND_MS };
        draw_band(&mut canvas, found, &place);
    }
    canvas.frame
}

/// Returns the texts of all captions, which [`draw`] may show.
pub fn texts(found: &Inspection) -> Vec<&str> {
    let cues = found.timeline.tracks.captions.iter();
    cues.map(|cue| cue.text.as_str()).collect()
}

struct Band {
    top: i64,
    from: i64,
}

impl Band {
    fn x(&self, at: Ms) -> i64 {
        LEFT + (at.get() - self.from) * (WIDTH as i64 - LEFT - RIGHT) / BAND_MS
    }

    fn row(&self, (top, bottom): (i64, i64)) -> (i64, i64) {
        (self.top + top, self.top + bottom)
    }

    /// Returns the horizontal pixel range of a time range in the band; `None` if the range lies outside it.
    fn visible_span(&self, start: Ms, end: Ms) -> Option<(i64, i64)> {
        let start = start.max(Ms::new(self.from));
        let end = end.min(Ms::new(self.from + BAND_MS));
        (start < end).then(|| (self.x(start), self.x(end)))
    }
}

struct Canvas<'a> {
    frame: Frame,
    text: &'a TextEngine,
}

impl Canvas<'_> {
    fn bar(&mut self, (x0, x1): (i64, i64), (y0, y1): (i64, i64), color: Rgb, opacity: f32) {
        let (width, height) = ((x1 - x0).max(1), (y1 - y0).max(1));
        let sprite = rounded_rect(width as f32, height as f32, 0.0, color, 1.0);
        blend(&mut self.frame, &sprite, x0 as i32 - 1, y0 as i32 - 1, opacity);
    }

    fn write(&mut self, what: &str, (x, y): (i64, i64), size: f32, color: Rgb, width: i64) {
        let width = width.min(WIDTH as i64 - RIGHT - x);
        if width < NARROWEST || what.is_empty() {
            return;
        }
        let mut style = TextStyle::new("Inter", 500, size, size * 1.25);
        style.fill = color;
        style.align = Align::Start;
        style.min_size_px = 11.0;
        let layout = self.text.layout(&style, what, width as f32, 1);
        if let Some(fill) = self.text.sprites(&layout, &style, &|_| true).fill {
            // Right-to-left lines end at the far end of their box.
            let indent = layout.lines.first().map_or(0.0, |line| line.x0).round() as i32;
            let place = (x as i32 + fill.x - indent, y as i32 + fill.y);
            blend(&mut self.frame, &fill.sprite, place.0, place.1, 1.0);
        }
    }
}

fn head(canvas: &mut Canvas<'_>, found: &Inspection, name: &str) {
    let (facts, receipt) = (&found.facts, &found.receipt);
    let lufs = |value: Option<f64>| value.map_or("silent".to_owned(), |v| format!("{v:.1} LUFS"));
    let confidence = receipt.voice.alignment_confidence.map_or(String::new(), |c| {
        format!(" (confidence {c:.2}{})", if c < 0.3 { ": word times are unreliable" } else { "" })
    });
    let voice = receipt.voice.provider.as_deref().unwrap_or("nobody");
    let offset = facts.av_offset_ms.map_or("not measured".to_owned(), |ms| format!("{ms:+.1} ms"));
    let width = WIDTH as i64 - 60;
    canvas.write(name, (30, 14), 34.0, TEXT, width);
    let line = format!(
        "voice: {voice}  ·  words timed by {}{confidence}  ·  loudness: {} before, {} delivered  ·  \
         sound against picture: {offset}  ·  words light up {} ms early",
        receipt.voice.alignment.as_str(),
        lufs(receipt.loudness.before_lufs),
        lufs(receipt.loudness.decoded_lufs),
        facts.lead_ms
    );
    canvas.write(&line, (30, 62), 24.0, TEXT, width);
    let (verdict, color) = if !facts.reasons.is_empty() {
        ("captions may be out of sync:", WARNING)
    } else if receipt.voice.provider.is_none() {
        ("no voice: each caption stays for its reading time", MUSIC)
    } else if found.sounds.voice.is_empty() {
        ("the words could not be compared with the voice", WARNING)
    } else {
        ("every word matches the voice, captions are on time", MUSIC)
    };
    canvas.write(verdict, (30, 100), 24.0, color, 730);
    let missing = facts.missing.iter().map(|what| format!("missing: {what}"));
    for (index, line) in facts.reasons.iter().cloned().chain(missing).enumerate() {
        let y = HEAD - 12 + HEAD_LINE * index as i64;
        canvas.write(&line, (60, y), 28.0, WARNING, width - 30);
    }
    let mut x = 800;
    for (color, what) in [
        (MIX, "mix"),
        (VOICE, "voice"),
        (WORD, "word"),
        (CUE, "caption on screen"),
        (LIGHT, "word lights up"),
        (BED, "music"),
        (MUSIC, "lowered"),
        (OFF, "off"),
    ] {
        canvas.bar((x, x + 26), (104, 126), color, 1.0);
        canvas.write(what, (x + 36, 100), 22.0, FAINT, 200);
        x += 60 + 12 * what.len() as i64;
    }
}

fn draw_band(canvas: &mut Canvas<'_>, found: &Inspection, band: &Band) {
    let duration = found.facts.duration_ms;
    let shown = band.visible_span(Ms::ZERO, Ms::new(duration)).unwrap_or((LEFT, LEFT + 1));
    for row in [row::WAVE, row::WORDS[0], row::WORDS[1], row::CUES, row::DUCK] {
        canvas.bar(shown, band.row(row), PANEL, 1.0);
    }
    for (row, what) in [
        (row::SCENES, "scenes"),
        (row::WAVE, "sound"),
        (row::WORDS[0], "words"),
        (row::CUES, "captions"),
        (row::DUCK, "music dB"),
    ] {
        canvas.write(what, (20, band.row(row).0 + 4), 22.0, FAINT, LEFT - 30);
    }
    waves(canvas, found, band);
    axis(canvas, band, duration);
    for scene in &found.timeline.timeline {
        let place = scene.range().to_ms(found.timeline.frame_rate);
        let Some((x0, x1)) = band.visible_span(place.start, place.end) else { continue };
        canvas.bar((x0 + 1, x1 - 1), band.row(row::SCENES), PANEL, 1.0);
        canvas.write(scene.scene_id.as_str(), (x0 + 8, band.top + 3), 22.0, TEXT, x1 - x0 - 12);
        if place.start.get() > band.from {
            canvas.bar((x0, x0 + 2), (band.top, band.row(row::DUCK).1), TEXT, 0.55);
        }
    }
    words(canvas, found, band);
    cues(canvas, found, band);
    bed(canvas, found, band);
    duck_curve(canvas, found, band);
}

/// Draws the waveforms of the mix and the voice: the peak level in each column, mirrored around the middle.
fn waves(canvas: &mut Canvas<'_>, found: &Inspection, band: &Band) {
    let (top, bottom) = band.row(row::WAVE);
    let (middle, reach) = ((top + bottom) / 2, (bottom - top) / 2 - 2);
    for (samples, color) in [(&found.sounds.mix, MIX), (&found.sounds.voice, VOICE)] {
        for x in LEFT..WIDTH as i64 - RIGHT {
            let at = |x: i64| {
                let ms = band.from * 48 + (x - LEFT) * BAND_MS * 48 / (WIDTH as i64 - LEFT - RIGHT);
                (ms as usize).min(samples.len())
            };
            let peak = samples[at(x)..at(x + 1)].iter().fold(0.0f32, |a, s| a.max(s.abs()));
            let tall = (peak.min(1.0) * reach as f32).round() as i64;
            if tall > 0 {
                canvas.bar((x, x + 1), (middle - tall, middle + tall), color, 0.9);
            }
        }
    }
}

fn axis(canvas: &mut Canvas<'_>, band: &Band, duration: i64) {
    let (top, _) = band.row(row::AXIS);
    for tick in (band.from..=(band.from + BAND_MS).min(duration)).step_by(200) {
        let x = band.x(Ms::new(tick));
        let (tall, second) = if tick % 1000 == 0 { (16, true) } else { (7, false) };
        canvas.bar((x, x + 2), (top, top + tall), FAINT, 1.0);
        if second && tick < band.from + BAND_MS {
            canvas.bar((x, x + 1), (band.row(row::WAVE).0, top), LINE, 0.6);
            canvas.write(&format!("{} s", tick / 1000), (x + 6, top + 8), 22.0, FAINT, 90);
        }
    }
}

fn words(canvas: &mut Canvas<'_>, found: &Inspection, band: &Band) {
    let all: Vec<_> = found.timeline.tracks.captions.iter().flat_map(|cue| &cue.words).collect();
    for (index, word) in all.iter().enumerate() {
        let Some((x0, x1)) = band.visible_span(word.start, word.end) else { continue };
        let (top, bottom) = band.row(row::WORDS[index % 2]);
        let is_word = |off: &&OffWord| off.start_ms == word.start.get() && off.word == word.text;
        let off = found.facts.off.iter().find(is_word);
        canvas.bar((x0, x1), (top, bottom), if off.is_some() { OFF } else { WORD }, 1.0);
        canvas.bar((x0, x0 + 2), (band.row(row::WAVE).0, bottom), TEXT, 0.25);
        // A word may be drawn over the gap after it, up to the next one in its row.
        let next = all.get(index + 2).map_or(x1 + 200, |next| band.x(next.start));
        let shown = match off.map(|off| off.heard_ms) {
            Some(Some(heard)) => format!("{} {}", word.text, distance(word.start.get() - heard)),
            Some(None) => format!("{} unheard", word.text),
            None => word.text.clone(),
        };
        // A word that spans two bands is labelled where the larger part of it is.
        if 2 * (x1 - x0) >= band.x(word.end) - band.x(word.start) {
            canvas.write(&shown, (x0 + 5, top + 6), 21.0, TEXT, next - x0 - 8);
        }
    }
}

fn cues(canvas: &mut Canvas<'_>, found: &Inspection, band: &Band) {
    let (top, bottom) = band.row(row::CUES);
    for cue in &found.timeline.tracks.captions {
        if let Some((x0, x1)) = band.visible_span(cue.start, cue.end) {
            let is_cue =
                |late: &&LateCue| late.start_ms == cue.start.get() && late.text == cue.text;
            let late = found.facts.late_cues.iter().find(is_cue);
            let color = if late.is_some() { OFF } else { CUE };
            canvas.bar((x0 + 1, x1 - 1), (top, bottom), color, 1.0);
            // The words are in the row above; the offset must stay readable.
            let text = late.map_or(cue.text.clone(), |late| distance(late.late_ms));
            // A cue that spans two bands is labelled where the larger part of it is.
            if 2 * (x1 - x0) >= band.x(cue.end) - band.x(cue.start) {
                canvas.write(&text, (x0 + 8, top + 12), 21.0, TEXT, x1 - x0 - 14);
            }
        }
        for word in &cue.words {
            let lights = (word.start - Ms::new(found.facts.lead_ms)).max(Ms::ZERO);
            if let Some((x, _)) = band.visible_span(lights, lights + Ms::new(1)) {
                canvas.bar((x, x + 3), (top, top + 12), LIGHT, 1.0);
            }
        }
    }
}

/// Draws the music level (RMS) of every 20 ms.
fn bed(canvas: &mut Canvas<'_>, found: &Inspection, band: &Band) {
    let (top, bottom) = band.row(row::DUCK);
    let samples = &found.sounds.music;
    let end = (band.from + BAND_MS).min(found.facts.duration_ms);
    for ms in (band.from..end).step_by(20) {
        let at = |ms: i64| (ms as usize * 48).min(samples.len());
        let part = &samples[at(ms)..at(ms + 20)];
        let power = part.iter().map(|s| f64::from(s * s)).sum::<f64>() / part.len().max(1) as f64;
        let share = 1.0 - (10.0 * power.max(1e-12).log10() / BED_FLOOR_DB).clamp(0.0, 1.0);
        let tall = (share * (bottom - top) as f64).round() as i64;
        if tall > 0 {
            let (x0, x1) = (band.x(Ms::new(ms)), band.x(Ms::new(ms + 20)));
            canvas.bar((x0, x1), (bottom - tall, bottom), BED, 1.0);
        }
    }
}

fn duck_curve(canvas: &mut Canvas<'_>, found: &Inspection, band: &Band) {
    let (top, bottom) = band.row(row::DUCK);
    let ducks = &found.facts.duck_regions;
    let deepest = found.facts.deepest_duck_db.min(-6.0);
    let end = (band.from + BAND_MS).min(found.facts.duration_ms);
    for ms in (band.from..end).step_by(5) {
        let (x0, x1) = (band.x(Ms::new(ms)), band.x(Ms::new(ms + 5)));
        let low =
            (gain_at(ducks, Ms::new(ms)) / deepest * (bottom - top - 26) as f64).round() as i64;
        canvas.bar((x0, x1), (top + 22 + low, top + 25 + low), MUSIC, 1.0);
    }
    for duck in ducks {
        if (band.from..end).contains(&duck.start.get()) {
            let label = format!("{:.1} dB", duck.gain_db);
            canvas.write(&label, (band.x(duck.start) + 6, top), 19.0, FAINT, 120);
        }
    }
}

/// Returns the ducking of the music at a moment, in dB.
fn gain_at(ducks: &[DuckRegion], at: Ms) -> f64 {
    let share_of = |part: Ms, ramp: Ms| part.get() as f64 / ramp.get().max(1) as f64;
    let share = |duck: &DuckRegion| {
        let down = duck.start - duck.ramp_down;
        let up = duck.end + duck.ramp_up;
        if at < down || at >= up {
            0.0
        } else if at < duck.start {
            share_of(at - down, duck.ramp_down)
        } else if at < duck.end {
            1.0
        } else {
            share_of(up - at, duck.ramp_up)
        }
    };
    ducks.iter().map(|duck| share(duck) * duck.gain_db).fold(0.0, f64::min)
}
