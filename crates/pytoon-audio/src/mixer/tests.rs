use std::ops::Range;

use super::*;
use crate::loudness::{block_powers, loudness_of_power, mean_power, measure};
use crate::music::{StoryArc, generate};
use pytoon_vocabulary::{DuckRegion, Ms, MusicMood};

/// All tracks at their level in the mix.
struct Heard {
    voice: Stereo,
    music: Stereo,
    mixed: Stereo,
    report: MixReport,
}

const TARGET: Lufs = Lufs(-14.0);

/// Returns the input of an empty mix with the given number of samples.
fn nothing_in(len: usize) -> MixInput<'static> {
    MixInput {
        len,
        voice: Vec::new(),
        music: None,
        music_gain_db: Db(0.0),
        bed_below_voice_lu: 19.0,
        ducks: &[],
        clips: Vec::new(),
        effects: Vec::new(),
        room_tone: true,
        target: TARGET,
    }
}

/// Returns duck regions under speech. Pauses shorter than a second stay ducked, and each region has a hold of 300 ms.
fn ducks_under(speech: &[std::ops::Range<usize>]) -> Vec<DuckRegion> {
    let mut regions: Vec<DuckRegion> = Vec::new();
    for range in speech {
        let ms = |sample: usize| Ms::new((sample / 48) as i64);
        let (start, end) = (ms(range.start), ms(range.end) + Ms::new(300));
        match regions.last_mut() {
            Some(last) if start <= last.end + Ms::new(700) => last.end = end,
            _ => regions.push(DuckRegion {
                start,
                end,
                gain_db: -12.0,
                ramp_down: Ms::new(180),
                ramp_up: Ms::new(700),
            }),
        }
    }
    regions
}

/// Returns the level of the bed below the voice in the mood's preset, in LU.
fn bed_below_voice_lu(mood: MusicMood) -> f64 {
    match mood {
        MusicMood::UpbeatCorporate | MusicMood::Lofi => 19.0,
        MusicMood::Cinematic => 18.5,
        MusicMood::Calm => 21.0,
        MusicMood::Energetic => 16.5,
    }
}

fn mix(input: MixInput<'_>) -> Heard {
    let stems = Stems::of(input);
    let Mix { mixed, stem_gain, report } = stems.master(TARGET, Dbtp(-1.5));
    let gains: Vec<f32> = (0..stems.voice.len()).map(|n| stem_gain.at(n)).collect();
    let mut voice = Stereo::from_mono(stems.voice);
    voice.apply_gain(&gains);
    let mut music = stems.music;
    music.apply_gain(&gains);
    Heard { voice, music, mixed, report }
}

const LEN: usize = 48_000 * 20;

/// Returns syllables with a pause of 3 s in the middle, and their ranges.
fn speech() -> (Vec<f32>, Vec<Range<usize>>) {
    let ranges = vec![24_000..400_000, 544_000..900_000];
    let samples = (0..LEN)
        .map(|n| {
            if !ranges.iter().any(|r| r.contains(&n)) {
                return 0.0;
            }
            let t = n as f64 / 48_000.0;
            let syllable = 0.15 + (std::f64::consts::TAU * 2.1 * t).sin().abs();
            let vowel: f64 = (1..20)
                .map(|h| (std::f64::consts::TAU * 150.0 * f64::from(h) * t).sin() / f64::from(h))
                .sum();
            (0.08 * syllable * vowel) as f32
        })
        .collect();
    (samples, ranges)
}

#[test]
fn voice_over_music_lands_where_it_should() {
    let (take, ranges) = speech();
    let ducks = ducks_under(&ranges);
    for mood in [MusicMood::UpbeatCorporate, MusicMood::Calm, MusicMood::Energetic] {
        let bed = generate(mood, LEN, 3, &StoryArc::default());
        let mut input = nothing_in(LEN);
        input.voice = vec![Placed { start: 0, audio: &take, gain_db: Db(0.0) }];
        input.music = Some(bed.audio);
        input.ducks = &ducks;
        input.bed_below_voice_lu = bed_below_voice_lu(mood);
        let got = mix(input);
        assert_eq!((got.mixed.len(), got.voice.len(), got.music.len()), (LEN, LEN, LEN));
        let level = measure(&got.mixed);
        assert!((level.integrated.0 + 14.0).abs() <= 0.1, "{mood}: {level:?}");
        assert!(level.true_peak.0 <= -1.499);
        assert!(got.report.mono_loss_lu < 2.0);

        // Measured on the stems, independently of the report.
        let voice = block_powers(&[&got.voice.left, &got.voice.right]);
        let music = block_powers(&[&got.music.left, &got.music.right]);
        let level_in = |powers: &[f64], range: Range<usize>| {
            loudness_of_power(mean_power(powers, &range).unwrap())
        };
        let under = level_in(&voice, 48_000..384_000) - level_in(&music, 48_000..384_000);
        let wanted = bed_below_voice_lu(mood);
        assert!((under - wanted).abs() < 3.0, "{mood}: {under} LU under the voice, not {wanted}");
        // More than the requested distance only if the least gap in pauses requires it.
        let below = got.report.bed_below_voice_lu.unwrap();
        assert!((wanted - 0.1..wanted + 2.0).contains(&below), "{mood}: {:?}", got.report);
        let gap = level_in(&music, 460_000..510_000) - level_in(&music, 300_000..380_000);
        assert!(gap > 4.0, "{mood}: music rises by {gap} LU in the pause");
    }
}

#[test]
fn stems_add_up_to_the_mix() {
    let (take, ranges) = speech();
    let ducks = ducks_under(&ranges);
    let bed = generate(MusicMood::Calm, LEN, 5, &StoryArc::default());
    let mut input = nothing_in(LEN);
    input.voice = vec![Placed { start: 0, audio: &take, gain_db: Db(0.0) }];
    input.music = Some(bed.audio);
    input.ducks = &ducks;
    let got = mix(input);
    for n in 0..LEN {
        let sum = got.voice.left[n] + got.music.left[n];
        assert!((sum - got.mixed.left[n]).abs() < 1e-5, "sample {n}");
    }
}

#[test]
fn speech_without_music_never_falls_silent() {
    let (take, _) = speech();
    let mut input = nothing_in(LEN);
    input.voice = vec![Placed { start: 0, audio: &take, gain_db: Db(0.0) }];
    input.room_tone = false;
    let got = mix(input);
    let quiet = got
        .mixed
        .left
        .chunks(2400)
        .map(|c| crate::dsp::power_db(crate::dsp::mean_square(c)))
        .fold(f32::MAX, f32::min);
    assert!((-71.0..-62.0).contains(&quiet), "room tone at {quiet} dBFS");
    assert!((measure(&got.mixed).integrated.0 + 14.0).abs() <= 0.1);
}

#[test]
fn music_alone_is_mastered() {
    let bed = generate(MusicMood::Energetic, LEN, 9, &StoryArc::default());
    let mut input = nothing_in(LEN);
    input.music = Some(bed.audio);
    let got = mix(input);
    assert!((measure(&got.mixed).integrated.0 + 14.0).abs() <= 0.1, "{:?}", got.report);
    assert_eq!(got.report.voice, None);
}

#[test]
fn clips_land_at_their_level_and_duck() {
    let (take, ranges) = speech();
    let ducks = ducks_under(&ranges);
    let mut rng = crate::dsp::rng(6);
    let street = Stereo::from_mono((0..LEN).map(|_| 0.1 * rng.bipolar()).collect());
    let mut input = nothing_in(LEN);
    input.voice = vec![Placed { start: 0, audio: &take, gain_db: Db(0.0) }];
    input.clips = vec![PlacedStereo { start: 0, audio: &street, level: Lufs(-28.0) }];
    input.ducks = &ducks;
    let got = mix(input);
    let powers = block_powers(&[&got.music.left, &got.music.right]);
    let level = |range: Range<usize>| loudness_of_power(mean_power(&powers, &range).unwrap());
    assert!((level(470_000..510_000) + 28.0).abs() < 1.5, "{}", level(470_000..510_000));
    assert!((level(100_000..300_000) + 40.0).abs() < 1.5);
}

#[test]
fn odd_inputs_are_survived() {
    let nothing = mix(nothing_in(0));
    assert!(nothing.mixed.is_empty());
    let bad = vec![f32::NAN; 5000];
    let tiny = Stereo { left: vec![f32::INFINITY; 10], right: vec![0.5; 7] };
    let mut input = nothing_in(4800);
    input.voice = vec![
        Placed { start: 100, audio: &bad, gain_db: Db(f32::NAN) },
        Placed { start: usize::MAX, audio: &bad, gain_db: Db(0.0) },
        Placed { start: 4799, audio: &[0.5; 9], gain_db: Db(0.0) },
    ];
    input.music = Some(tiny.clone());
    input.clips = vec![PlacedStereo { start: 4700, audio: &tiny, level: Lufs(-28.0) }];
    let got = mix(input);
    assert!(got.mixed.left.iter().chain(&got.mixed.right).all(|s| s.is_finite()));
    assert_eq!(got.mixed.len(), 4800);
}

#[test]
fn an_effect_is_heard_but_never_masks_a_word() {
    let (samples, ranges) = speech();
    let whoosh = crate::effects::generate_effect(pytoon_vocabulary::SoundEffect::Whoosh, 1);
    let with = |starts: &[usize]| {
        let voice = vec![Placed { start: 0, audio: &samples, gain_db: Db(0.0) }];
        let effects =
            starts.iter().map(|start| PlacedEffect { start: *start, audio: &whoosh }).collect();
        mix(MixInput { voice, effects, ..nothing_in(LEN) })
    };
    let (in_words, in_pause) = (ranges[0].start + 48_000, ranges[0].end + 48_000);
    let heard = with(&[in_words]);
    let below = heard.report.effects_below_words_lu.expect("words and an effect");
    assert!(below >= effects::LEAST_BELOW_WORDS_LU - 1e-6, "{below} LU");
    let silent = with(&[]);
    assert_eq!(silent.report.effects_below_words_lu, None);
    // In a pause it is the loudest sound there.
    let heard = with(&[in_pause]);
    assert_eq!(heard.report.effects_below_words_lu, None);
    let level = |heard: &Heard| {
        let part = in_pause..in_pause + whoosh.len();
        crate::dsp::power_db(crate::dsp::mean_square(&heard.mixed.left[part]))
    };
    assert!(level(&heard) > level(&silent) + 15.0, "{} {}", level(&heard), level(&silent));
}
