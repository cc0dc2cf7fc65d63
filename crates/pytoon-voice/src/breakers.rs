//! Circuit breakers of speech services and servers, in the store that all processes share.
//!
//! Guarantees: every process skips a provider that fails repeatedly; if the store does not respond, the provider is
//! called; purchased results are used regardless of the breaker.
//!
//! Local voices have no breaker, since skipping them would save nothing.

use crate::tts::{Guarded, SpokenSentence, TtsProvider, TtsRequest};
use crate::{Result, VoiceError};
use pytoon_records::ledger::{BreakerRow, PurchaseStore};
use pytoon_telemetry::{Breaker, Metrics};
use pytoon_vendor::VendorErrorKind;
use pytoon_vendor::breaker::Advice;
use pytoon_vendor::breakers::{self, Breakers, Passage, voice_switch_row};
use pytoon_vendor::world::World;
use std::sync::Arc;
use tokio::runtime::Handle;

/// The circuit breakers, with the runtime on which calls to their store run.
#[derive(Debug, Clone)]
pub struct VoiceBreakers {
    breakers: Breakers,
    runtime: Handle,
}

/// The state of the breaker at the start of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entered {
    /// The breaker does not count the call: the provider has none, the store failed, or all results are
    /// stored.
    Unguarded,
    /// No failures are on record.
    Clean,
    /// Failures are on record, or this call is the probe.
    Marked,
}

fn row_of(provider: &str, guarded: Guarded<'_>) -> String {
    breakers::voice_row(provider, guarded.account)
}

impl VoiceBreakers {
    /// Creates the breakers on a store. `runtime` runs the futures that access the store.
    pub fn new(store: Arc<dyn PurchaseStore>, world: Arc<dyn World>, runtime: Handle) -> Self {
        let show = Metrics::voice_breaker;
        Self { breakers: Breakers { store, world, show, advice }, runtime }
    }

    /// Permits a call to a provider, or fails if its breaker is open. A request whose results are all stored is
    /// always permitted.
    pub(crate) fn pass(&self, provider: &dyn TtsProvider, request: &TtsRequest) -> Result<Entered> {
        let Some(guarded) = provider.guarded_account() else { return Ok(Entered::Unguarded) };
        let (name, row) = (provider.name(), row_of(provider.name(), guarded));
        let switch = self.runtime.block_on(self.breakers.row(&voice_switch_row(provider.name())));
        if let Ok(Some(off)) = switch.map(|row| row.switched_off)
            && !provider.is_kept(request)
        {
            let passage = Passage::SwitchedOff {
                row: BreakerRow { switched_off: Some(off), ..BreakerRow::default() },
            };
            if let Some(error) = breakers::refusal(provider.name(), "start", &passage) {
                return Err(VoiceError::vendor(provider.name(), error));
            }
        }
        let passage = self.runtime.block_on(self.breakers.row(&row)).and_then(|known| {
            if known != BreakerRow::default() && provider.is_kept(request) {
                return Ok(None);
            }
            self.runtime.block_on(self.breakers.pass(&row, Some(known))).map(Some)
        });
        let Some(passage) = passage.inspect_err(|failed| failed.log(name)).ok().flatten() else {
            return Ok(Entered::Unguarded);
        };
        let (state, entered) = match passage {
            Passage::Clean => (Breaker::Closed, Entered::Clean),
            Passage::Counting => (Breaker::Closed, Entered::Marked),
            Passage::Probing => (Breaker::HalfOpen, Entered::Marked),
            Passage::Cooling { .. } | Passage::SwitchedOff { .. } | Passage::Contended => {
                (Breaker::Open, Entered::Unguarded)
            }
        };
        Metrics::voice_breaker(name, state);
        match breakers::refusal(name, "start", &passage) {
            None => Ok(entered),
            Some(error) => Err(VoiceError::vendor(name, error)),
        }
    }

    /// Records the result of a call in the provider's breaker.
    pub(crate) fn note(
        &self,
        provider: &dyn TtsProvider,
        entered: Entered,
        spoken: &Result<Vec<SpokenSentence>>,
    ) {
        let Some(guarded) = provider.guarded_account().filter(|_| entered != Entered::Unguarded)
        else {
            return;
        };
        let (name, row) = (provider.name(), row_of(provider.name(), guarded));
        let (kind, retry_after) = match spoken {
            Ok(_) if entered == Entered::Clean => return,
            Ok(_) => return self.runtime.block_on(self.breakers.record_success(name, &row)),
            Err(VoiceError::Vendor { source, .. }) => (source.kind, source.retry_after),
            Err(VoiceError::BadAudio { .. }) => (VendorErrorKind::BadOutput, None),
            Err(
                VoiceError::Unavailable { .. }
                | VoiceError::Refused { .. }
                | VoiceError::CannotSpeak { .. }
                | VoiceError::BadVoice { .. }
                | VoiceError::Recording(_)
                | VoiceError::Processing(_),
            ) => (VendorErrorKind::InvalidRequest, None),
        };
        let counted = self.breakers.record_failure(name, &row, kind, retry_after, guarded.breaker);
        self.runtime.block_on(counted);
    }
}

/// Returns the advice to the operator about a voice's breaker, or an empty text if it is enough to wait.
fn advice(advice: Advice) -> &'static str {
    match advice {
        Advice::Key => "the key is wrong or lacks permission: put a valid one into .env",
        Advice::Account => "the account is empty or over its quota: top it up with the provider",
        Advice::FewerRequests | Advice::FewerAtOnce => {
            "reduce the provider's max_concurrent under tts in defaults.yaml if this persists"
        }
        Advice::Wait => "",
    }
}
