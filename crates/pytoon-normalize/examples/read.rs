//! Reads lines that contain a language tag, a tab and a sentence, and prints the text that a voice speaks.
//!
//! ```text
//! printf 'en-GB\ton 3/4/2026\n' | cargo run -p pytoon-normalize --example read
//! ```
//!
//! With the argument `words`, it prints each written word with the words spoken for it.

#![allow(clippy::print_stdout, reason = "an example prints its answer")]

use pytoon_core::text::words;
use pytoon_normalize::{Pronunciations, join_spoken, normalize};
use std::io::BufRead;

fn main() -> std::io::Result<()> {
    let by_word = std::env::args().nth(1).is_some_and(|argument| argument == "words");
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (language, text) = line.split_once('\t').unwrap_or(("en", &line));
        let written = words(text);
        let spoken = normalize(&written, language, &Pronunciations::default());
        if by_word {
            let shares: Vec<String> = written
                .iter()
                .zip(&spoken)
                .map(|(w, s)| format!("{} = {}", w.text, s.text))
                .collect();
            println!("{}", shares.join(" | "));
        } else {
            println!("{}", join_spoken(&spoken).text);
        }
    }
    Ok(())
}
