//! The voice providers of a configuration, with the ledger that paid ones need.

use crate::Result;
use crate::environment::Environment;
use crate::stage::StageContext;
use pytoon_config::Config;
use pytoon_config::settings::{AlignmentChoice, AlignmentSettings, TranscriptionService};
use pytoon_config::tts::TtsSettings;
use pytoon_engines::world::RealWorld;
use pytoon_process::Runner;
use pytoon_purchase::Buyer;
use pytoon_records::ledger::CallLimits;
use pytoon_vocabulary::JobId;
use pytoon_voice::alignment::AlignmentMethod;
use pytoon_voice::alignment::builtin::Builtin;
use pytoon_voice::alignment::chain::Aligner;
use pytoon_voice::breakers::VoiceBreakers;
use pytoon_voice::paid::PaidWork;
use pytoon_voice::transcript::OpenAi;
use pytoon_voice::tts::chain::{Chain, ChainError, chain};
use pytoon_voice::tts::neural::{Neural, Voices};
use pytoon_voice::tts::parts::ChainParts;
use std::sync::Arc;
use tokio::runtime::Handle;

impl StageContext<'_> {
    /// Returns the voice providers of these settings, in order; `first` comes before all others.
    pub(crate) fn providers(
        &self,
        tts: &TtsSettings,
        first: Option<&str>,
        limits: CallLimits,
    ) -> Result<Chain> {
        providers_of(self.env, tts, first, self.folder.job_id(), limits)
    }

    /// Returns the circuit breakers of voices; `None` if the ledger is not open.
    pub(crate) fn breakers(&self) -> Option<VoiceBreakers> {
        let ledger = self.engines().purchase_ledger()?;
        let runtime = ledger.runtime.handle().clone();
        Some(VoiceBreakers::new(ledger.store.clone(), Arc::new(RealWorld), runtime))
    }

    /// Returns the transcription service, or a phrase that states why it cannot be used: it has no key, purchases are
    /// not allowed, or the ledger is not open.
    pub(crate) fn transcriber(
        &self,
        settings: &TranscriptionService,
        limits: CallLimits,
    ) -> Result<Result<OpenAi, String>> {
        if !self.buys() {
            return Ok(Err("a plan makes no paid calls".to_owned()));
        }
        let Some(key) = self.engines().secrets().find(&settings.key_env)? else {
            return Ok(Err(format!("it has no key: set {}", settings.key_env.join(" or "))));
        };
        let Some((paid, runtime)) = open_paid_work(self.env, self.folder.job_id(), limits) else {
            return Ok(Err("the ledger cannot be opened, so no paid service is used".to_owned()));
        };
        let made = OpenAi::new(settings, &key, paid, runtime);
        made.map(Ok).map_err(|reason| {
            self.env.config.settings_at.error("transcription.openai.base_url", reason).into()
        })
    }

    /// Returns the chain of methods that align a recording's words.
    pub(crate) fn aligner(&self, settings: &AlignmentSettings, tts: &TtsSettings) -> Aligner {
        aligner_of(settings, tts, &self.env.runner, &self.env.voices)
    }
}

fn open_paid_work(
    env: &Environment,
    job: &JobId,
    limits: CallLimits,
) -> Option<(Arc<PaidWork>, Handle)> {
    let ledger = env.engines.purchase_ledger()?;
    let (store, storage) = (ledger.store.clone(), ledger.storage.clone());
    let buyer = Buyer::new(store, Arc::new(RealWorld), storage, env.runner.cancel.clone());
    let (buyer, fence) = (Arc::new(buyer), env.claim.clone());
    let work = PaidWork { buyer, job_id: job.clone(), fence, caller: env.caller.clone(), limits };
    Some((Arc::new(work), ledger.runtime.handle().clone()))
}

/// Returns the voice providers of a configuration, in order; `first` comes before all others. Purchases are charged
/// to `job`.
pub fn providers(
    env: &Environment,
    first: Option<&str>,
    job: &JobId,
    limits: CallLimits,
) -> Result<Chain> {
    providers_of(env, &env.config.settings.tts, first, job, limits)
}

fn providers_of(
    env: &Environment,
    settings: &TtsSettings,
    first: Option<&str>,
    job: &JobId,
    limits: CallLimits,
) -> Result<Chain> {
    let parts = ChainParts {
        settings,
        secrets: env.engines.secrets(),
        runner: &env.runner,
        voices: &env.voices,
        paid: open_paid_work(env, job, limits),
        first,
    };
    chain(&parts).map_err(|error| match error {
        ChainError::Keys(error) => error.into(),
        ChainError::Field((field, reason)) => env.config.settings_at.error(&field, reason).into(),
    })
}

/// Returns the configured chain of methods that align a recording's words.
pub fn aligner(config: &Config, runner: &Runner, voices: &Arc<Voices>) -> Aligner {
    aligner_of(&config.settings.alignment, &config.settings.tts, runner, voices)
}

fn aligner_of(
    settings: &AlignmentSettings,
    tts: &TtsSettings,
    runner: &Runner,
    voices: &Arc<Voices>,
) -> Aligner {
    let order = settings.order.iter().map_while(|choice| match choice {
        AlignmentChoice::Whisperx => Some(AlignmentMethod::Whisperx),
        AlignmentChoice::StableTs => Some(AlignmentMethod::StableTs),
        AlignmentChoice::Builtin => Some(AlignmentMethod::Builtin),
        AlignmentChoice::EvenSplit => None,
    });
    Aligner {
        order: order.collect(),
        builtin: Builtin {
            runner: runner.clone(),
            voices: tts.espeak.voices.clone(),
            natural: Some(Neural::new(tts.neural.clone(), runner.clone(), voices.clone())),
        },
    }
}
