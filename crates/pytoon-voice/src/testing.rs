//! Fuzzing entry points for the parsers of vendor responses and helper output. They make no network calls and run no
//! programs.
//!
//! Guarantees: every parser called here is the product's; this module contains none of its own.

use crate::VoiceError;
use crate::alignment::outside;
use crate::helper;
use crate::paid::StoredGoods;
use crate::spoken::{SpokenText, spoken_text};
use crate::transcript::{openai, parse_transcript};
use crate::tts::cloud::{self, Speech};
use crate::tts::piece::{Limit, Piece, pieces};
use crate::tts::providers::{Entry, entry};
use crate::tts::take::Take;
use crate::tts::{SpokenSentence, cut, espeak};
use pytoon_config::tts::{CloudVoice, TtsProviderName};
use pytoon_core::text::{self, Word};
use pytoon_normalize::Pronunciations;
use pytoon_vendor::http::{Reply, VendorHttp};
use pytoon_vendor::{Result, VendorError, VendorErrorKind};
use pytoon_vocabulary::CaptionWord;

/// A simulated service with one request, which contains as much of a script as the service accepts.
#[derive(Debug)]
pub struct Service {
    name: String,
    http: VendorHttp,
    adapter: Box<dyn cloud::CloudAdapter>,
    sentences: Vec<Vec<Word>>,
    piece: Piece,
}

impl Service {
    /// Creates a service by name, with one request for as many of the given sentences as fit. Fails if the name, the
    /// settings or the sentences are unusable.
    pub fn new(
        name: &str,
        settings: &CloudVoice,
        http: VendorHttp,
        script: &[&str],
    ) -> Result<Self, String> {
        let provider = TtsProviderName::from_name(name).ok_or("there is no such provider")?;
        let Entry::Service(make) = entry(provider) else {
            return Err("it is not a service".into());
        };
        let adapter = make(settings)?;
        let all: Vec<Vec<Word>> = script.iter().map(|sentence| text::words(sentence)).collect();
        let (scope, size) = (adapter.scope(), |text: &SpokenText| adapter.size(text));
        let limit = Limit { most: scope.most, size: &size, one_by_one: !scope.gives_times };
        let piece = pieces(&all, &limit).map_err(|word| word.0)?.into_iter().next();
        let piece = piece.ok_or("there is nothing to say")?;
        let spoken = piece.parts.last().map_or(0, |part| part.sentence + 1);
        let sentences = all.into_iter().take(spoken).collect();
        Ok(Self { name: name.to_owned(), http, adapter, sentences, piece })
    }

    /// Returns the text of the service's request.
    pub fn text(&self) -> &str {
        &self.piece.text
    }

    /// Parses the sentences in a reply, each with its word times.
    pub fn read(&self, reply: &Reply) -> Result<Vec<SpokenSentence>> {
        let speech = Speech {
            piece: &self.piece,
            before: "",
            after: "",
            language: "en",
            voice: "",
            speed: 1.0,
        };
        let take = cloud::read_take(&self.name, &self.http, self.adapter.as_ref(), reply, &speech)?;
        cut::sentences(&self.sentences, &[(self.piece.clone(), take)]).map_err(|error| {
            let kind = VendorErrorKind::BadOutput;
            VendorError::new(&self.name, cloud::SPEAK, kind, error.to_string())
        })
    }
}

/// Parses the local voice helper's output for the given sentences.
pub fn local_voice(bytes: &[u8], script: &[&str]) -> Result<Vec<SpokenSentence>, VoiceError> {
    let mut rest = bytes;
    script
        .iter()
        .map(|sentence| {
            let words = text::words(sentence);
            let said = helper::next_reply(&mut rest)?;
            espeak::sentence(&words, &spoken_text(&words, "en", &Pronunciations::default()), &said)
        })
        .collect()
}

/// Parses an external aligner's output into the script's timed words, or returns `None` if it recognised none.
pub fn parse_alignment(
    bytes: &[u8],
    script: &str,
    length_ms: f64,
) -> Result<Option<Vec<CaptionWord>>, String> {
    let words = text::words(script);
    let words: Vec<&Word> = words.iter().collect();
    Ok(outside::read(bytes, &words, length_ms)?.map(|found| found.words))
}

/// Parses the transcript of an external program, with its language.
pub fn parse_program_transcript(bytes: &[u8]) -> Result<(String, Option<String>), String> {
    parse_transcript(bytes)
}

/// Parses the transcript of a service, with its language.
pub fn parse_service_transcript(
    http: &VendorHttp,
    reply: &Reply,
) -> Result<(String, Option<String>)> {
    openai::read_transcript(http, reply, 1000.0).map(|found| (found.text, found.language))
}

/// Parses a stored take. Returns `None` if it is damaged.
pub fn parse_take(bytes: &[u8]) -> Option<Take> {
    Take::from_bytes(bytes)
}

/// Serializes a take in its storage format.
pub fn take_to_keep(take: &Take) -> Vec<u8> {
    take.to_bytes()
}
