//! The table of built-in providers and their constructors.
//!
//! A service is an adapter over [`super::cloud`]; the others are made from the parts of a chain. Name and kind of a
//! provider are in `pytoon_config::tts::TtsProviderName`. A speech server, such as one that speaks with Kokoro, needs
//! no entry and no code: `tts.openai_compatible` names it.

use super::cloud::{MadeAdapter, elevenlabs, google, openai};
use super::parts::{ChainParts, ProviderResult};
use super::{espeak, flite, neural};
use pytoon_config::tts::{CloudVoice, TtsProviderName};

/// Makes a service's adapter from its block; fails with the defect in its options.
pub(crate) type MakeAdapter = fn(&CloudVoice) -> MadeAdapter;

/// The constructor of a provider.
pub(crate) enum Entry {
    /// A service with a key.
    Service(MakeAdapter),
    /// A voice of this machine.
    Local(fn(&ChainParts<'_>) -> ProviderResult),
}

/// Returns the entry of a provider.
pub(crate) fn entry(provider: TtsProviderName) -> Entry {
    match provider {
        TtsProviderName::Elevenlabs => Entry::Service(elevenlabs::adapter),
        TtsProviderName::Openai => Entry::Service(openai::adapter),
        TtsProviderName::Google => Entry::Service(google::adapter),
        TtsProviderName::Neural => Entry::Local(neural::installed_provider),
        TtsProviderName::Piper => Entry::Local(neural::piper_provider),
        TtsProviderName::Espeak => Entry::Local(espeak::provider),
        TtsProviderName::Flite => Entry::Local(flite::provider),
    }
}
