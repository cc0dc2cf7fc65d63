//! Warns about the voice of a brief before anything is rendered.
//!
//! Reads the installed voices and the configuration; synthesizes nothing and makes no paid calls.

use crate::Result;
use crate::environment::Environment;
use crate::voices::providers;
use pytoon_config::tts::{ProviderKind, TtsProviderName};
use pytoon_core::brief::Brief;
use pytoon_core::note::Note;
use pytoon_core::plan;
use pytoon_records::ledger::CallLimits;
use pytoon_vocabulary::JobId;
use pytoon_voice::installed::catalogue::known_voices;
use pytoon_voice::tts::TtsRequest;
use pytoon_voice::tts::chain::{Chain, LeftOut};

/// Returns the warnings about a brief's voice and language; none if the brief has a recording or no voice.
///
/// # Errors
/// Returns [`crate::PipelineError`] if a key or a setting of a voice provider cannot be used.
pub fn voice_warnings(env: &Environment, brief: &Brief) -> Result<Vec<Note>> {
    if brief.voice_file.is_some() || brief.voice_is_off() {
        return Ok(Vec::new());
    }
    let settings = brief.voice_settings();
    let language = plan::language_of(brief);
    let request = TtsRequest { language, voice: settings.name, ..TtsRequest::default() };
    let mut chain =
        providers(env, settings.provider.as_deref(), &JobId::default(), CallLimits::default())?;
    leave_out_who_has_no_voice(&mut chain, &request);
    let mut warnings: Vec<Note> = language_note(brief).into_iter().collect();
    if settings.provider.is_none()
        && let Some(first) = chain.providers.first()
    {
        warnings.extend(no_natural_voice(&chain.left_out, first.name(), &request.language));
    }
    Ok(warnings)
}

/// Returns a note if the brief does not state its language and the detected one may be wrong.
pub(super) fn language_note(brief: &Brief) -> Option<Note> {
    let is_guess = brief.language.is_none() && plan::detect_language(brief).is_assumed;
    is_guess.then(|| Note::LanguageAssumed { language: plan::language_of(brief) })
}

/// Returns a note if a formant voice speaks because no neural voice can, and a known voice of the language can be
/// added. The note names the command that adds it.
pub(super) fn no_natural_voice(
    left_out: &[LeftOut],
    provider: &str,
    language: &str,
) -> Option<Note> {
    let is_formant = TtsProviderName::from_name(provider)
        .is_some_and(|provider| provider.kind() == ProviderKind::Formant);
    let neural = TtsProviderName::Neural.as_str();
    if !is_formant || !left_out.iter().any(|left| left.provider == neural) {
        return None;
    }
    let known = known_voices();
    let wanted = primary(language);
    let voice = known.iter().find(|voice| primary(&voice.language) == wanted)?;
    let command = if voice.source.starts_with("https://") {
        format!("pytoon voices add {}", voice.name)
    } else {
        "make setup".to_owned()
    };
    let (language, provider) = (language.to_owned(), provider.to_owned());
    Some(Note::NoNaturalVoice { language, provider, command })
}

/// Moves the providers that have no voice for the language to the chain's excluded providers, each with the reason.
pub(crate) fn leave_out_who_has_no_voice(chain: &mut Chain, request: &TtsRequest) {
    let Chain { providers, left_out } = chain;
    providers.retain(|provider| match provider.has_no_voice(request) {
        Some(reason) => {
            left_out.push(LeftOut { provider: provider.name().to_owned(), reason });
            false
        }
        None => true,
    });
}

/// Returns the language of a tag without its region: `en` of `en-GB`.
pub(super) fn primary(tag: &str) -> String {
    tag.split(['-', '_']).next().unwrap_or_default().to_lowercase()
}
