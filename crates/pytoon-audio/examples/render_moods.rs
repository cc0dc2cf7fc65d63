//! Renders every mood for listening. Usage: `render_moods <folder> [seconds] [seed]`.

use std::error::Error;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::time::Instant;

use pytoon_audio::loudness::{measure, mono_loss_lu, sample_peak};
use pytoon_audio::mixer::{MixInput, Placed, Stems};
use pytoon_audio::music::{StoryArc, generate};
use pytoon_audio::voice_chain::VoiceChain;
use pytoon_audio::wav::write_stereo;
use pytoon_audio::{Db, Dbtp, Lufs};
use pytoon_vocabulary::{DuckRegion, Ms, MusicMood};

#[expect(clippy::print_stdout, reason = "a tool for the ear, run by hand")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let folder = args.next().unwrap_or_else(|| ".".to_owned());
    let seconds: usize = args.next().map_or(Ok(30), |a| a.parse())?;
    let seed: u64 = args.next().map_or(Ok(1), |a| a.parse())?;
    for mood in MusicMood::ALL.iter().copied() {
        let start = Instant::now();
        let bed = generate(mood, seconds * 48_000, seed, &StoryArc::default());
        let took = start.elapsed();
        let start = Instant::now();
        let level = measure(&bed.audio);
        println!(
            "{:18} {:.1} bpm  bar end {}  {:6.1} ms  I {:.2} LUFS  peak {:.2} dBFS  TP {:.2}  crest {:.1}  mono loss {:.2} LU  (measured in {:.0} ms)",
            mood.as_str(),
            bed.bpm,
            bed.ends_on_bar,
            took.as_secs_f64() * 1e3,
            level.integrated.0,
            20.0 * sample_peak(&bed.audio).log10(),
            level.true_peak.0,
            level.true_peak.0 - level.integrated.0,
            mono_loss_lu(&bed.audio),
            start.elapsed().as_secs_f64() * 1e3,
        );
        let path = Path::new(&folder).join(format!("{}_{seed}.wav", mood.as_str()));
        write_stereo(BufWriter::new(File::create(path)?), &bed.audio)?;
    }
    film(seconds * 48_000, seed);
    Ok(())
}

/// Measures and prints the processing time of a whole film: voice chain, mix and master over a finished bed.
#[expect(clippy::print_stdout, reason = "a tool for the ear, run by hand")]
fn film(len: usize, seed: u64) {
    let bed = generate(MusicMood::Calm, len, seed, &StoryArc::default());
    let mut voice: Vec<f32> = (0..len)
        .map(|n| {
            let t = n as f32 / 48_000.0;
            let syllable = (t * 13.0).sin().abs() * if n % 240_000 < 200_000 { 0.3 } else { 0.0 };
            syllable * ((t * 900.0).sin() + 0.5 * (t * 2700.0).sin() + 0.3 * (t * 40_000.0).sin())
        })
        .collect();
    let sentences: Vec<_> =
        (0..len / 240_000).map(|k| k * 240_000..k * 240_000 + 200_000).collect();
    let start = Instant::now();
    let chain = VoiceChain::default().process(&mut voice, &sentences);
    let chain_ms = start.elapsed().as_secs_f64() * 1e3;
    let ms = |sample: usize| Ms::new((sample / 48) as i64);
    let ducked = |sentence: &std::ops::Range<usize>| DuckRegion {
        start: ms(sentence.start),
        end: ms(sentence.end) + Ms::new(300),
        gain_db: -12.0,
        ramp_down: Ms::new(180),
        ramp_up: Ms::new(700),
    };
    let ducks: Vec<DuckRegion> = sentences.iter().map(ducked).collect();
    let input = MixInput {
        len,
        voice: vec![Placed { start: 0, audio: &voice, gain_db: Db(0.0) }],
        music: Some(bed.audio),
        music_gain_db: Db(0.0),
        bed_below_voice_lu: 19.0,
        ducks: &ducks,
        clips: Vec::new(),
        effects: Vec::new(),
        room_tone: true,
        target: Lufs(-14.0),
    };
    let start = Instant::now();
    let mixed = Stems::of(input).master(Lufs(-14.0), Dbtp(-1.5));
    println!(
        "film: chain {chain_ms:.0} ms, mix and master {:.0} ms, {:?} {:?}",
        start.elapsed().as_secs_f64() * 1e3,
        chain,
        mixed.report
    );
}
