//! The table of built-in providers with their constructors.
//!
//! A service is an adapter over [`super::cloud`]; the others are created from the parts of a chain.
//! `pytoon_config::tts::TtsProviderName` defines the name and kind of a provider. A speech server, such as one that
//! runs Kokoro, needs no entry and no code: `tts.openai_compatible` names it.

use super::cloud::{MadeAdapter, elevenlabs, google, openai};
use super::parts::{ChainParts, ProviderResult};
use super::{espeak, flite, neural};
use pytoon_config::tts::{CloudVoice, TtsProviderName};

/// The constructor of a service's adapter from its configuration block. It rejects invalid options.
pub(crate) type MakeAdapter = fn(&CloudVoice) -> MadeAdapter;

/// The constructor of a provider.
pub(crate) enum Entry {
    /// A service with a key.
    Service(MakeAdapter),
    /// A local voice.
    Local(fn(&ChainParts<'_>) -> ProviderResult),
}

/// Returns the table entry of a provider.
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
