//! Lists the voices of all providers for the API.

use pytoon_api::Voice;
use pytoon_config::tts::{ProviderKind, VoiceProvider};
use pytoon_core::text::without_folders;
use pytoon_pipeline::voices::providers;
use pytoon_pipeline::{Environment, PipelineError};
use pytoon_records::ledger::CallLimits;
use pytoon_vocabulary::JobId;
use pytoon_voice::installed::catalogue::{how_to_add, known_voices};
use pytoon_voice::installed::{Gender, VoiceFolders};
use pytoon_voice::tts::espeak::Espeak;
use std::collections::BTreeMap;
use std::path::Path;

/// A voice of a provider, before the state of the provider is known.
struct Named {
    name: String,
    language: String,
    description: String,
    /// The reason why this voice cannot speak, although its provider may.
    reason: Option<String>,
}

impl Named {
    fn new(name: &str, language: &str, description: impl Into<String>) -> Self {
        let (name, language) = (name.to_owned(), language.to_owned());
        Self { name, language, description: description.into(), reason: None }
    }
}

/// Returns the voices of all providers, in the order of their kinds. The voices of a service are those that the
/// configuration names.
pub(super) fn voice_list(env: &Environment) -> Result<Vec<Voice>, PipelineError> {
    let tts = &env.config.settings.tts;
    let chain = providers(env, None, &JobId::default(), CallLimits::default())?;
    let clouds: BTreeMap<&str, _> = tts.clouds().into_iter().collect();
    let mut list = Vec::new();
    for provider in tts.providers() {
        let name = provider.as_str();
        let left = chain.left_out.iter().find(|left| left.provider == name);
        let left = left.map(|left| without_folders(&left.reason));
        let cloud = clouds.get(name);
        let voices = match (&provider, cloud) {
            (_, Some(cloud)) => configured(&cloud.voice, &cloud.voices),
            (VoiceProvider::Server(server), _) => tts
                .openai_compatible
                .get(&**server)
                .map_or_else(Vec::new, |server| configured(&server.voice, &server.voices)),
            _ => local(env, name),
        };
        list.extend(voices.into_iter().map(|voice| {
            let reason = left.clone().or(voice.reason);
            Voice {
                provider: name.to_owned(),
                name: voice.name,
                language: voice.language,
                description: voice.description,
                is_paid: provider.kind() == ProviderKind::Service,
                is_usable: reason.is_none(),
                reason,
                usd_per_1000_chars: cloud.map(|cloud| cloud.price_per_1000_characters_usd),
            }
        }));
    }
    Ok(list)
}

/// Returns the voices that the block of a service or server names: the one for each language, and the one for all others.
fn configured(voice: &str, voices: &BTreeMap<String, String>) -> Vec<Named> {
    let mut named: Vec<Named> =
        voices.iter().map(|(language, name)| Named::new(name, language, "")).collect();
    if !named.iter().any(|known| known.name == voice) {
        let description = if voice.is_empty() { "the vendor's default voice" } else { "" };
        named.push(Named::new(voice, "", description));
    }
    named
}

/// Returns the voices of a provider of this machine.
fn local(env: &Environment, provider: &str) -> Vec<Named> {
    let tts = &env.config.settings.tts;
    match provider {
        "neural" => installed(&tts.neural.folder),
        "espeak" => {
            // A helper that does not run is reported by `pytoon doctor`; the list then lacks its voices.
            let mut listed =
                Espeak::new(&env.runner, &tts.espeak).list_voices().unwrap_or_default();
            // Several voices of one language are selected by the same name.
            listed.dedup_by(|next, first| next.language == first.language);
            listed
                .iter()
                .map(|voice| {
                    let description = format!("{}, synthetic", voice.name);
                    Named::new(&voice.language, &voice.language, description)
                })
                .collect()
        }
        "flite" => {
            // A voice file is on this machine: its path is not shown, and the brief need not name it.
            let voice = &tts.flite.voice;
            let name = if Path::new(voice).components().count() > 1 { "" } else { voice };
            vec![Named::new(name, "en", "synthetic")]
        }
        "piper" => {
            let languages: Vec<&str> = tts.piper.voices.keys().map(String::as_str).collect();
            match languages.as_slice() {
                [] => Vec::new(),
                [one] => vec![Named::new("", one, "the configured voice file")],
                all => vec![Named::new("", "", format!("voice files for {}", all.join(", ")))],
            }
        }
        _ => Vec::new(),
    }
}

/// Returns the gender that a voice sounds like; `None` if it is mixed or unknown.
fn gender(gender: Gender) -> Option<&'static str> {
    match gender {
        Gender::Female => Some("female"),
        Gender::Male => Some("male"),
        Gender::Mixed => None,
    }
}

/// Returns the installed neural voices, the ones that are unusable, and the known ones that can be installed.
fn installed(folder: &str) -> Vec<Named> {
    let (installed, broken) = VoiceFolders::new(folder).list();
    let mut voices: Vec<Named> = installed
        .iter()
        .map(|voice| {
            let manifest = &voice.manifest;
            let quality = manifest.quality.as_deref().unwrap_or("natural");
            let accent = manifest.accent.iter().map(String::as_str);
            let parts: Vec<&str> = accent.chain(gender(manifest.gender)).chain([quality]).collect();
            Named::new(&manifest.name, &manifest.language, parts.join(", "))
        })
        .collect();
    voices.extend(broken.iter().map(|voice| Named {
        reason: Some(without_folders(&voice.reason)),
        ..Named::new(&voice.name, "", "")
    }));
    for known in known_voices() {
        if !voices.iter().any(|voice| voice.name == known.name) {
            let quality = known.quality.clone().unwrap_or_else(|| "natural".to_owned());
            let reason = Some(format!("it is not installed: {}", how_to_add(&known)));
            voices.push(Named { reason, ..Named::new(&known.name, &known.language, quality) });
        }
    }
    voices
}
