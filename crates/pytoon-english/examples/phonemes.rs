//! Reads JSON lines of text and writes JSON lines of phonemes.
//!
//! `phonemes FOLDER [--british]`: FOLDER contains the files of the front end, as in the voice's package. Each line of
//! standard input is a JSON string; each line of standard output is `{"phonemes": TEXT, "words": [[START, END,
//! PHONEMES], ...]}`. Timings go to standard error.

use pytoon_english::{Accent, English, EnglishFiles, join};
use serde_json::{Value, json};
use std::error::Error;
use std::io::{BufRead, BufWriter, Write};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: phonemes FOLDER [--british]")?;
    let accent = match arguments.next().as_deref() {
        Some("--british") => Accent::British,
        Some(other) => return Err(format!("unknown argument `{other}`").into()),
        None => Accent::American,
    };
    let english = load(Path::new(&folder), accent)?;
    let started = Instant::now();
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut sentences = 0_u32;
    for line in std::io::stdin().lock().lines() {
        let text: String = serde_json::from_str(&line?)?;
        let words = english.phonemes(&text, &[]);
        let listed: Vec<Value> = words
            .iter()
            .map(|word| json!([word.chars.start, word.chars.end, word.phonemes]))
            .collect();
        writeln!(out, "{}", json!({ "phonemes": join(&words), "words": listed }))?;
        sentences += 1;
    }
    out.flush()?;
    writeln!(std::io::stderr(), "{sentences} sentences in {:?}", started.elapsed())?;
    Ok(())
}

fn load(folder: &Path, accent: Accent) -> Result<English, Box<dyn Error>> {
    let read = |name: &str| std::fs::read(folder.join(name));
    let (gold, silver, model, meta) = match accent {
        Accent::American => ("us_gold", "us_silver", "oov.onnx", "oov.json"),
        Accent::British => ("gb_gold", "gb_silver", "oov_gb.onnx", "oov_gb.json"),
    };
    let gold = read(&format!("lexicon_{gold}.json.gz"))?;
    let silver = read(&format!("lexicon_{silver}.json.gz"))?;
    let (tagger, exceptions) = (read("tagger.json.gz")?, read("tokenizer_exceptions.json")?);
    let (model, meta) = (read(model)?, read(meta)?);
    let files = EnglishFiles {
        gold: &gold,
        silver: &silver,
        tagger: &tagger,
        tokenizer_exceptions: &exceptions,
        oov_model: &model,
        oov_meta: &meta,
    };
    let started = Instant::now();
    let english = English::load(&files, accent)?;
    writeln!(std::io::stderr(), "loaded in {:?}", started.elapsed())?;
    Ok(english)
}
