//! Speaks a text as a film would, so that a person can hear a voice before the film is made.
//!
//! Guarantees: the request is the one of a film with this script, so that speech that was paid for a preview is not
//! paid for again by the film; nothing is purchased above the accepted price; no other voice is used.
//!
//! Start with [`speak`].

use crate::Result;
use crate::environment::Environment;
use crate::film::{Film, FilmSource};
use crate::local::run_until;
use crate::stage::StageContext;
use crate::stages::speech::{limits, request_of, unknown_provider};
use crate::stages::voice_warnings::leave_out_who_has_no_voice;
use pytoon_audio::wav;
use pytoon_config::BriefFile;
use pytoon_core::graph::StageId;
use pytoon_records::ledger::CallLimits;
use pytoon_vocabulary::MicroUsd;
use pytoon_voice::VoiceError;
use pytoon_voice::tts_manager::{Spoken, TtsManager};
use pytoon_voice::voice_processor::{self, Timbre};
use std::io::Cursor;
use std::path::Path;

/// The gap between sentences, in samples (240 ms at 48 kHz).
const GAP: usize = 11_520;

/// The outcome of a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VoicePreview {
    /// The speech as a WAV file.
    Wav(Vec<u8>),
    /// The speech has to be purchased at this estimated price, which is more than the caller accepts.
    NotAccepted(MicroUsd),
    /// The provider failed.
    Failed {
        /// The name of the provider.
        provider: String,
        /// The reason.
        reason: String,
    },
}

/// Speaks the script of a brief with the provider that the brief names, or else with the first one that can.
/// `accepted` is the price that the caller accepts.
///
/// # Errors
/// Returns an error at a field of the brief if the brief is invalid or its voice is unavailable.
pub fn speak(
    env: Environment,
    file: BriefFile,
    scratch: &Path,
    accepted: MicroUsd,
) -> Result<VoicePreview> {
    let source = FilmSource::Brief(Box::new(file));
    let film = run_until(&StageId::Plan, env, source, scratch, None)?;
    film.with_context(|context| speak_in(context, &film, accepted))
}

fn speak_in(context: &StageContext<'_>, film: &Film, accepted: MicroUsd) -> Result<VoicePreview> {
    let (input, sources) = film.voice_input()?;
    let request = request_of(&input);
    if request.sentences.is_empty() {
        return Err(context.field_error("script", "the text contains no words").into());
    }
    let (tts, first) = (&input.tts, input.settings.provider.as_deref());
    if let Some(error) = unknown_provider(context, tts, first) {
        return Err(error);
    }
    let own = limits(context.engines(), &sources);
    let limits = CallLimits { job_budget: Some(accepted), ..own };
    let mut chain = context.providers(tts, first, limits)?;
    leave_out_who_has_no_voice(&mut chain, &request);
    let named = first.and_then(|name| tts.provider(name));
    let wanted = |name: &str| named.as_ref().is_none_or(|named| named.as_str() == name);
    let Some(provider) = chain.providers.into_iter().find(|provider| wanted(provider.name()))
    else {
        let left = chain.left_out.iter().find(|left| wanted(&left.provider));
        let reason = left.map_or("no voice can speak this text", |left| left.reason.as_str());
        return Err(context.field_error("voice.provider", reason).into());
    };
    if let Some(quote) = provider.quote(&request)?
        && quote.estimated > accepted
    {
        return Ok(VoicePreview::NotAccepted(quote.estimated));
    }
    let timbre = tts.provider(provider.name()).map_or(Timbre::Natural, |p| Timbre::of(p.kind()));
    let manager = TtsManager::new(vec![provider]).with_breakers(context.breakers());
    let mut sentences = match manager.speak(&request) {
        Ok(Spoken::By { sentences, .. }) => sentences,
        Ok(Spoken::Nobody { attempts }) => {
            let failed = attempts.into_iter().next();
            let (provider, reason) =
                failed.map(|failed| (failed.provider, failed.reason)).unwrap_or_default();
            return Ok(VoicePreview::Failed { provider, reason });
        }
        Err(VoiceError::Refused { reason, .. }) => {
            return Err(context.field_error("voice.name", reason).into());
        }
        Err(error) => return Err(error.into()),
    };
    voice_processor::level_sentences(&mut sentences, timbre);
    let mut samples = Vec::new();
    for sentence in sentences {
        samples.extend(sentence.samples);
        samples.resize(samples.len() + GAP, 0.0);
    }
    let mut wav = Cursor::new(Vec::new());
    wav::write_mono(&mut wav, &samples)?;
    Ok(VoicePreview::Wav(wav.into_inner()))
}
