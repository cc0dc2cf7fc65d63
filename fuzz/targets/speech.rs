//! Fuzzes the parsing of speech services' responses, and of stored speech.
//!
//! The first byte selects the service. Every word of the script is returned, in order, with increasing times; audio
//! samples are finite; no message contains the API key.

#![no_main]

mod common;

use libfuzzer_sys::{Corpus, fuzz_target};
use pytoon_config::{Config, ConfigSource};
use pytoon_vocabulary::Ms;
use pytoon_voice::testing::{Service, parse_take, take_to_keep};
use pytoon_voice::tts::SpokenSentence;
use std::sync::LazyLock;

const SCRIPT: [&str; 2] = ["A b.", "C d."];

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    let config = Config::load(&ConfigSource::Optional("/nonexistent".into())).expect("built in");
    let clouds = config.settings.tts.clouds();
    let service = |(name, settings)| {
        Service::new(name, settings, common::service(name), &SCRIPT).expect("a service")
    };
    clouds.into_iter().map(service).collect()
});

fn check(sentences: &[SpokenSentence]) {
    for sentence in sentences {
        assert!(sentence.samples.iter().all(|sample| sample.is_finite()));
        assert!(sentence.words.windows(2).all(|pair| pair[0].start < pair[1].start));
        assert!(sentence.words.iter().all(|word| word.start >= Ms::ZERO && word.start <= word.end));
    }
}

fuzz_target!(|data: &[u8]| -> Corpus {
    let [who, b'\n', rest @ ..] = data else { return Corpus::Reject };
    if *who == b't' {
        if let Some(take) = parse_take(rest) {
            let again = parse_take(&take_to_keep(&take));
            assert_eq!(again, Some(take));
        }
        return Corpus::Keep;
    }
    let Some(service) = SERVICES.get(usize::from(who.wrapping_sub(b'0'))) else {
        return Corpus::Reject;
    };
    match service.read(&common::reply(rest)) {
        Ok(sentences) => check(&sentences),
        Err(error) => common::check_secret(&format!("{error} {error:?}")),
    }
    Corpus::Keep
});
