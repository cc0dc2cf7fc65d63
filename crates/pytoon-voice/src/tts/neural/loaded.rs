//! A cache of loaded voices. A loaded voice is reused until [`Voices::clear`] unloads it.

use crate::installed::catalogue::{how_to_add, known_voice};
use crate::installed::manifest::read_at_most;
use crate::installed::{
    BrokenVoice, Family, InstalledVoice, MAX_FILE, VoiceFolders, install_again,
};
use pytoon_english::{Accent, English, EnglishFiles};
use pytoon_neural::NeuralError;
use pytoon_neural::heart::Heart;
use pytoon_neural::piper::Piper;
use pytoon_neural::session::Limits;
use pytoon_process::threads;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A voice of the `heart` family with its pronunciation front end.
#[derive(Debug)]
pub(crate) struct HeartVoice {
    pub(crate) model: Heart,
    pub(crate) english: English,
    pub(crate) accent: Accent,
}

/// A loaded voice.
#[derive(Debug)]
pub(crate) enum Loaded {
    Heart(Box<HeartVoice>),
    Piper(Piper),
}

/// The loaded voices, by the identity of their files. A voice that failed to load is not retried, unless the machine
/// ran out of a resource.
#[derive(Debug, Default)]
pub struct Voices {
    loaded: Mutex<BTreeMap<String, Result<Arc<Loaded>, BrokenVoice>>>,
}

impl Voices {
    /// Unloads every voice, since a render needs the memory for its pictures after the speech.
    pub fn clear(&self) {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns an installed voice with its front end, loaded on first use.
    pub(crate) fn get(
        &self,
        voice: &InstalledVoice,
        folders: &VoiceFolders,
        limits: Limits,
    ) -> Result<Arc<Loaded>, BrokenVoice> {
        let key = format!("{} {}", voice.folder.display(), voice.fingerprint());
        self.once(key, || load(voice, folders, limits))
    }

    /// Returns the Piper voice with the given model path, loaded on first use.
    pub(crate) fn get_file(&self, file: &Path, limits: Limits) -> Result<Arc<Loaded>, BrokenVoice> {
        let key = format!("{} {:?}", file.display(), std::fs::metadata(file).map(|m| m.modified()));
        self.once(key, || load_file(file, limits))
    }

    fn once(
        &self,
        key: String,
        load: impl FnOnce() -> Result<Loaded, BrokenVoice>,
    ) -> Result<Arc<Loaded>, BrokenVoice> {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let voice = match loaded.remove(&key) {
            Some(voice) => voice,
            None => load().map(Arc::new),
        };
        // A voice that could not be read for lack of a descriptor or thread may be intact.
        if !voice.as_ref().is_err_and(|broken| broken.exhausted) {
            loaded.insert(key, voice.clone());
        }
        voice
    }
}

fn load(
    voice: &InstalledVoice,
    folders: &VoiceFolders,
    limits: Limits,
) -> Result<Loaded, BrokenVoice> {
    let wrong = |error: NeuralError| BrokenVoice {
        exhausted: matches!(error, NeuralError::NoThread(_)),
        ..voice.broken_report(load_message(&error))
    };
    match voice.manifest.family {
        Family::Heart => {
            let front_end = match &voice.manifest.front_end {
                Some(name) => folders.find(name)?.ok_or_else(|| {
                    let how = known_voice(name).map_or_else(
                        || "run `pytoon voices` for instructions".to_owned(),
                        |known| how_to_add(&known),
                    );
                    voice.broken_report(format!(
                        "it needs the pronunciation files of `{name}`: {how}"
                    ))
                })?,
                None => voice.clone(),
            };
            let accent = accent(&voice.manifest.language);
            let vocabulary = front_end.read("vocabulary")?;
            // Both take about the same time, and a render waits for both.
            let load_model =
                || Heart::load(voice.read("model")?, &vocabulary, limits).map_err(wrong);
            let (english, model) =
                threads::side_by_side(|| english(&front_end, accent), load_model);
            let model = model?;
            let unreadable =
                |_| voice.broken_report("reading its files ended unexpectedly".to_owned());
            let english = english.map_err(unreadable)??;
            Ok(Loaded::Heart(Box::new(HeartVoice { model, english, accent })))
        }
        Family::Piper => {
            let model = voice.read("model")?;
            let config = voice.read("config")?;
            Piper::load(model, &config, limits).map(Loaded::Piper).map_err(wrong)
        }
    }
}

fn load_file(file: &Path, limits: Limits) -> Result<Loaded, BrokenVoice> {
    let name = file.display().to_string();
    let broken = |reason, exhausted| BrokenVoice { name: name.clone(), reason, exhausted };
    let read = |path: &Path, role: &str| {
        let bytes = read_at_most(path, MAX_FILE, "a voice");
        bytes.map_err(|it| broken(format!("{role}{}", it.reason), it.exhausted))
    };
    let beside = "its `.onnx.json` file beside it: ";
    let config = read(&file.with_added_extension("json"), beside)?;
    let model = read(file, "")?;
    Piper::load(model, &config, limits)
        .map(Loaded::Piper)
        .map_err(|error| broken(load_message(&error), matches!(error, NeuralError::NoThread(_))))
}

/// Returns the message of a voice that cannot be loaded. The content of an installed file is verified, so another
/// installation would not change it.
fn load_message(error: &NeuralError) -> String {
    match error {
        NeuralError::BadFile { .. } => format!("{error}; choose another voice"),
        _ => error.to_string(),
    }
}

fn accent(language: &str) -> Accent {
    let tag = language.replace('_', "-").to_lowercase();
    if tag == "en-gb" { Accent::British } else { Accent::American }
}

/// Loads the English front end for an accent from the files of a voice.
fn english(voice: &InstalledVoice, accent: Accent) -> Result<English, BrokenVoice> {
    let read = |role: &str| voice.read(role);
    let of_accent = |role: &str| match accent {
        Accent::American => format!("{role}_us"),
        Accent::British => format!("{role}_gb"),
    };
    let files = EnglishFiles {
        gold: &read(&of_accent("gold"))?,
        silver: &read(&of_accent("silver"))?,
        oov_model: &read(&of_accent("unknown_words"))?,
        oov_meta: &read(&of_accent("unknown_words_meta"))?,
        tagger: &read("tagger")?,
        tokenizer_exceptions: &read("tokenizer_exceptions")?,
    };
    let again = install_again(&voice.manifest.name);
    English::load(&files, accent).map_err(|error| voice.broken_report(format!("{error}; {again}")))
}
