//! The voice providers of a configuration, with the ledger that paid ones need.

use crate::Result;
use crate::environment::Environment;
use pytoon_config::Config;
use pytoon_config::settings::{AlignmentChoice, AlignmentSettings, TranscriptionService};
use pytoon_config::tts::TtsSettings;
use pytoon_engines::world::RealWorld;
use pytoon_process::Runner;
use pytoon_purchase::Buyer;
use pytoon_records::ledger::CallLimits;
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

fn paid(env: &Environment, job: &str, limits: CallLimits) -> Option<(Arc<PaidWork>, Handle)> {
    env.engines.books().map(|books| {
        let work = PaidWork {
            buyer: Arc::new(Buyer::new(
                books.store.clone(),
                Arc::new(RealWorld),
                books.storage.clone(),
                env.runner.cancel.clone(),
            )),
            job_id: job.to_owned(),
            fence: env.claim.clone(),
            limits,
        };
        (Arc::new(work), books.runtime.handle().clone())
    })
}

/// The circuit breakers of voices, where a service or a server can be asked at all.
pub fn breakers(env: &Environment) -> Option<VoiceBreakers> {
    let books = env.engines.books()?;
    let runtime = books.runtime.handle().clone();
    Some(VoiceBreakers::new(books.store.clone(), Arc::new(RealWorld), runtime))
}

/// The service that writes recordings down, or why it cannot be asked.
pub(crate) fn transcriber(
    env: &Environment,
    settings: &TranscriptionService,
    job: &str,
    limits: CallLimits,
) -> Result<Result<OpenAi, String>> {
    if !env.buys {
        return Ok(Err("a plan buys nothing".to_owned()));
    }
    let Some(key) = env.engines.secrets().find(&settings.key_env)? else {
        return Ok(Err(format!("it has no key: set {}", settings.key_env.join(" or "))));
    };
    let Some((paid, runtime)) = paid(env, job, limits) else {
        return Ok(Err("the ledger of paid work is not open".to_owned()));
    };
    let made = OpenAi::new(settings, &key, paid, runtime);
    made.map(Ok).map_err(|reason| {
        env.config.settings_at.error("transcription.openai.base_url", reason).into()
    })
}

/// The providers of a configuration, in order; `job` pays for what is bought.
pub fn providers(
    env: &Environment,
    first: Option<&str>,
    job: &str,
    limits: CallLimits,
) -> Result<Chain> {
    providers_of(env, &env.config.settings.tts, first, job, limits)
}

/// Returns the providers of these settings, in order; `job` pays for what is bought.
pub(crate) fn providers_of(
    env: &Environment,
    settings: &TtsSettings,
    first: Option<&str>,
    job: &str,
    limits: CallLimits,
) -> Result<Chain> {
    let paid = paid(env, job, limits);
    let parts = ChainParts {
        settings,
        secrets: env.engines.secrets(),
        runner: &env.runner,
        voices: &env.voices,
        paid,
        first,
    };
    chain(&parts).map_err(|error| match error {
        ChainError::Keys(error) => error.into(),
        ChainError::Field((field, reason)) => env.config.settings_at.error(&field, reason).into(),
    })
}

/// Returns the configured chain of methods that time a recording's words.
pub fn aligner(config: &Config, runner: &Runner, voices: &Arc<Voices>) -> Aligner {
    aligner_of(&config.settings.alignment, &config.settings.tts, runner, voices)
}

pub(crate) fn aligner_of(
    settings: &AlignmentSettings,
    tts: &TtsSettings,
    runner: &Runner,
    voices: &Arc<Voices>,
) -> Aligner {
    let order = settings.order.iter().map(|choice| match choice {
        AlignmentChoice::Whisperx => AlignmentMethod::Whisperx,
        AlignmentChoice::StableTs => AlignmentMethod::StableTs,
        AlignmentChoice::Builtin => AlignmentMethod::Builtin,
        AlignmentChoice::EvenSplit => AlignmentMethod::EvenSplit,
    });
    Aligner {
        order: order.take_while(|method| *method != AlignmentMethod::EvenSplit).collect(),
        builtin: Builtin {
            runner: runner.clone(),
            voices: tts.espeak.voices.clone(),
            natural: Some(Neural::new(tts.neural.clone(), runner.clone(), voices.clone())),
        },
    }
}
