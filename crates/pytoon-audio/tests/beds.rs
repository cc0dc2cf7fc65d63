//! Renders and measures every mood with several seeds.

use pytoon_audio::loudness::{measure, mono_loss_lu, sample_peak};
use pytoon_audio::music::{Bed, StoryArc, generate};
use pytoon_vocabulary::MusicMood;

const LEN: usize = 48_000 * 30;

fn rms(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    (sum / samples.len().max(1) as f64).sqrt()
}

/// Returns the level profile of a four-bar block, in dB: 16 slots per bar for a low and a high band.
fn shape(bed: &Bed, block: usize) -> Vec<f64> {
    let mono = bed.audio.mono();
    let mut low = 0.0_f32;
    let dull: Vec<f32> = mono
        .iter()
        .map(|s| {
            low += 0.05 * (s - low);
            low
        })
        .collect();
    let bright: Vec<f32> = mono.windows(2).map(|w| w[1] - w[0]).collect();
    let span = bed.bar_samples * 4;
    let slots = |samples: &[f32]| -> Vec<f64> {
        let end = ((block + 1) * span).min(samples.len());
        samples[block * span..end]
            .chunks(span / 64 + 1)
            .map(|c| 20.0 * (rms(c) + 1e-6).log10())
            .collect()
    };
    [slots(&dull), slots(&bright)].concat()
}

#[test]
fn every_bed_is_fit_to_ship() {
    for mood in MusicMood::ALL.iter().copied() {
        for seed in [1, 2, 3] {
            let bed = generate(mood, LEN, seed, &StoryArc::default());
            let name = format!("{mood}, seed {seed}");
            let audio = &bed.audio;
            assert_eq!((audio.left.len(), audio.right.len()), (LEN, LEN), "{name}");
            assert!(audio.left.iter().chain(&audio.right).all(|s| s.is_finite()), "{name}");
            assert!(sample_peak(audio) < 0.7079, "{name}: peak {}", sample_peak(audio));
            for channel in [&audio.left, &audio.right] {
                let dc = channel.iter().map(|&s| f64::from(s)).sum::<f64>() / LEN as f64;
                assert!(dc.abs() < 1e-3, "{name}: DC {dc}");
            }
            let level = measure(audio);
            assert!((level.integrated.0 + 20.0).abs() < 1.0, "{name}: {level:?}");
            assert!(mono_loss_lu(audio) < 2.0, "{name}: loses {} LU", mono_loss_lu(audio));
            let quietest = audio.mono().chunks(14_400).map(rms).fold(f64::MAX, f64::min);
            assert!(quietest > 0.0006, "{name}: a hole at {quietest}");
            assert!(bed.ends_on_bar, "{name}");
            let bars = LEN as f64 / bed.bar_samples as f64;
            assert!((bars - bars.round()).abs() < 1e-3, "{name}: {bars} bars");
            assert_eq!(bed.beats.len(), 4 * bars.round() as usize, "{name}");
            let blocks = (bars as usize) / 4;
            for pair in (0..blocks).collect::<Vec<_>>().windows(2) {
                let (a, b) = (shape(&bed, pair[0]), shape(&bed, pair[1]));
                let count = a.len().min(b.len());
                let change =
                    a.iter().zip(&b).map(|(x, y)| (x - y).abs()).sum::<f64>() / count as f64;
                assert!(change > 1.0, "{name}: blocks {pair:?} differ by {change} dB only");
            }
        }
    }
}

#[test]
fn equal_seeds_are_equal_and_others_are_not() {
    for mood in MusicMood::ALL.iter().copied() {
        let len = 48_000 * 12;
        let a = generate(mood, len, 11, &StoryArc::default());
        let b = generate(mood, len, 11, &StoryArc::default());
        assert_eq!(a, b, "{mood}");
        let c = generate(mood, len, 12, &StoryArc::default());
        let apart: Vec<f32> = a.audio.left.iter().zip(&c.audio.left).map(|(x, y)| x - y).collect();
        assert!(rms(&apart) > rms(&a.audio.left), "{mood}: seeds 11 and 12 sound alike");
    }
}

#[test]
fn any_length_and_arc_is_served() {
    for mood in MusicMood::ALL.iter().copied() {
        for len in [0, 1, 3000, 48_000, 150_000, 48_000 * 7 + 13] {
            for turn in [None, Some(len / 2)] {
                let arc = StoryArc { voice: Some(len / 4..len), turn };
                let bed = generate(mood, len, 5, &arc);
                assert_eq!(bed.audio.len(), len);
                assert!(bed.audio.left.iter().all(|s| s.is_finite()));
            }
        }
        assert_eq!(MusicMood::from_name(mood.as_str()), Some(mood));
    }
    assert!(MusicMood::from_name("polka").is_none());
}
