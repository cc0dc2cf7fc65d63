//! Speaks phonemes with a `heart` voice: `say FOLDER OUT.f32 PHONEMES RUNS`.
//!
//! FOLDER contains `hibari.onnx` and `vocab.json`. The program writes 32-bit float samples at 24 kHz, and prints the
//! loading and speaking times and the length of the audio.
#![allow(clippy::print_stdout, reason = "an example program")]

use pytoon_neural::heart::{Delivery, Heart};
use pytoon_neural::session::Limits;
use std::path::Path;
use std::time::{Duration, Instant};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, folder, out, phonemes, runs] = args.as_slice() else {
        return Err("say FOLDER OUT.f32 PHONEMES RUNS".into());
    };
    let runs: usize = runs.parse()?;
    let begun = Instant::now();
    let read = |name: &str| std::fs::read(Path::new(folder).join(name));
    // An emulated processor is slow.
    let limits = Limits { patience: Duration::from_secs(3600), ..Limits::default() };
    let voice = Heart::load(read("hibari.onnx")?, &read("vocab.json")?, limits)?;
    println!("load_ms={:.1}", begun.elapsed().as_secs_f64() * 1e3);
    for _ in 0..runs {
        let begun = Instant::now();
        let take = voice.speak(phonemes, Delivery { speed: 1.0, pitch: 1.0, seed: 1 })?;
        let (spoke, length) =
            (begun.elapsed().as_secs_f64(), take.samples.len() as f64 / f64::from(take.rate));
        println!("speak_ms={:.1} length_s={length:.2} ratio={:.1}", spoke * 1e3, length / spoke);
        let bytes: Vec<u8> = take.samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        std::fs::write(out, bytes)?;
    }
    Ok(())
}
