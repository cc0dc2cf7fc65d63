//! Synthesizes the script with the first provider of the chain that can speak it, and cuts the speech into the
//! utterances of scenes.
//!
//! Guarantees: the provider's own timestamps are used if there are any; a fallback is in the log and in the
//! receipt; a film that gets no voice reports the reason.
//!
//! Start with [`synthetic`]; [`time_words`] times the words of providers without timestamps.

use super::voice_order::{
    KeptVoice, Refuse, VoiceInput, VoiceResult, VoiceStage, silent, write_take,
};
use super::voice_warnings::{leave_out_who_has_no_voice, no_natural_voice, primary};
use crate::PipelineError;
use crate::engine_session::EngineSession;
use crate::sources::Sources;
use crate::stage::StageContext;
use crate::stages::budget::budget;
use pytoon_config::tts::{OLD_LOCAL_NAME, TtsSettings, VoiceProvider};
use pytoon_core::artifact;
use pytoon_core::note::Note;
use pytoon_core::scene::SceneGraph;
use pytoon_core::text;
use pytoon_core::timeline::build::needs;
use pytoon_core::timeline::fit;
use pytoon_core::timeline::utterance::Utterance;
use pytoon_records::ledger::CallLimits;
use pytoon_telemetry::Event;
use pytoon_vocabulary::{CaptionWord, MicroUsd, Ms};
use pytoon_voice::VoiceError;
use pytoon_voice::alignment::AlignmentMethod;
use pytoon_voice::alignment::chain::{Aligner, Outcome};
use pytoon_voice::alignment::recorded::Recorded;
use pytoon_voice::health;
use pytoon_voice::installed::VoiceFolders;
use pytoon_voice::tts::chain::{Chain, LeftOut};
use pytoon_voice::tts::{Quote, SpokenSentence, TtsRequest, speech_ms};
use pytoon_voice::tts_manager::{FailedAttempt, Spoken, TtsManager};
use pytoon_voice::voice_processor::{self, SAMPLES_PER_MS, Timbre};

/// The gap between sentences that are aligned together, in samples (300 ms at 48 kHz), so that no sentence is matched
/// into the next.
const GAP: usize = 14_400;

/// Times the words of sentences whose voice returned no timestamps, with the configured chain. All sentences are
/// aligned at once, which works better than one short sentence at a time; the words of each sentence stay within its
/// own samples. Returns `None` if the voice timed every sentence.
fn time_words(
    aligner: &Aligner,
    request: &TtsRequest,
    sentences: &mut [SpokenSentence],
) -> Result<Option<Outcome>, VoiceError> {
    let untimed: Vec<usize> =
        (0..sentences.len()).filter(|&index| sentences[index].needs_alignment).collect();
    if untimed.is_empty() {
        return Ok(None);
    }
    let (mut samples, mut speech, mut starts) = (Vec::new(), Vec::new(), Vec::new());
    for &index in &untimed {
        let own = &sentences[index].samples;
        let start = samples.len() as i64 / SAMPLES_PER_MS;
        starts.push(start);
        speech.extend(speech_ms(own).into_iter().map(|range| range.shifted(Ms::new(start))));
        samples.extend_from_slice(own);
        samples.resize(samples.len() + GAP, 0.0);
    }
    let words: Vec<_> = untimed.iter().map(|&index| request.sentences[index].clone()).collect();
    let timed = aligner.align(Recorded {
        samples: &samples,
        speech: &speech,
        sentences: &words,
        language: &request.language,
    })?;
    let mut found = timed.words.iter();
    for ((&index, start), asked) in untimed.iter().zip(starts).zip(&words) {
        let sentence = &mut sentences[index];
        let length = sentence.samples.len() as i64 / SAMPLES_PER_MS;
        let own: Vec<CaptionWord> = found.by_ref().take(asked.len()).cloned().collect();
        sentence.words = within(own, start, length);
    }
    Ok(Some(timed))
}

/// Shifts the times of words to be relative to their sentence, which begins at `start` and has the given `length`.
/// Clamps them to the sentence.
fn within(words: Vec<CaptionWord>, start: i64, length: i64) -> Vec<CaptionWord> {
    let count = words.len() as i64;
    let mut earliest = 0;
    words
        .into_iter()
        .enumerate()
        .map(|(index, word)| {
            let latest = (length - (count - index as i64)).max(earliest);
            let from = (word.start.get() - start).clamp(earliest, latest);
            earliest = from + 1;
            let end = (word.end.get() - start).clamp(earliest, length.max(earliest));
            CaptionWord { start: Ms::new(from), end: Ms::new(end), ..word }
        })
        .collect()
}

/// Returns the identities of the installed voices, as part of the cache key. An added or replaced voice invalidates
/// the speech.
fn installed_voices(tts: &TtsSettings) -> Vec<String> {
    let folders = VoiceFolders::new(&tts.neural.folder);
    let (voices, broken) = folders.list();
    let sound = voices.iter().map(|voice| {
        let has_files =
            voice.manifest.files.values().all(|entry| voice.folder.join(&entry.file).is_file());
        format!("{} {} {has_files}", voice.manifest.name, voice.fingerprint())
    });
    sound.chain(broken.iter().map(ToString::to_string)).collect()
}

/// Returns a key that identifies the available voices and services: the installed voices, and the services that
/// cannot be used at present.
pub(crate) fn means(context: &StageContext<'_>, tts: &TtsSettings) -> String {
    let chain = context.providers(tts, None, CallLimits::default());
    let left_out = chain.map(|chain| chain.left_out).unwrap_or_default();
    context.folder.hash(&(installed_voices(tts), left_out))
}

/// Returns the budgets that limit voice purchases for a film.
pub(crate) fn limits(engines: &EngineSession, sources: &Sources) -> CallLimits {
    let own = &engines.engines().settings.budget;
    CallLimits {
        job_budget: budget(engines, sources),
        day_budget: own.per_day_usd.map(MicroUsd::from_usd),
        key_budget: own.per_key_usd.map(MicroUsd::from_usd),
        ..CallLimits::default()
    }
}

/// Returns the request to speak a film's script.
pub(crate) fn request_of(input: &VoiceInput) -> TtsRequest {
    let (settings, preset) = (&input.settings, &input.preset);
    let speed = settings.speed.unwrap_or(1.0);
    let sentences = input.graph.scenes.iter().flat_map(|scene| scene.sentences.iter());
    TtsRequest {
        sentences: sentences.map(|sentence| text::words(sentence)).collect(),
        language: input.graph.language.clone(),
        voice: settings.name.clone(),
        variant: preset.voice.variant.clone(),
        words_per_minute: preset.voice.words_per_minute * speed,
        speed,
        pitch: settings.pitch.unwrap_or(0.0),
        style: Some(preset.voice.style),
        comma_pause_ms: Some(preset.pacing.comma_pause_ms),
        pronunciations: input.pronunciations.clone(),
    }
}

/// Returns the error for a provider that the configuration does not contain; `None` if it does.
pub(crate) fn unknown_provider(
    context: &StageContext<'_>,
    known: &TtsSettings,
    wanted: Option<&str>,
) -> Option<PipelineError> {
    let wanted = wanted.filter(|wanted| known.provider(wanted).is_none())?;
    let names = known.names();
    let reason = format!("`{wanted}` is not one of the voice providers {}", names.join(", "));
    let names = names.iter().map(String::as_str);
    Some(context.field_error("voice.provider", reason).suggest(wanted, names).into())
}

pub(super) fn synthetic(
    context: &StageContext<'_>,
    input: &VoiceInput,
    stage: &VoiceStage<'_>,
) -> Result<VoiceResult, PipelineError> {
    let (graph, settings) = (&input.graph, &input.settings);
    let mut request = request_of(input);
    if request.sentences.is_empty() {
        return Ok(silent(graph));
    }
    let known = &input.tts;
    if let Some(error) = unknown_provider(context, known, settings.provider.as_deref()) {
        return Err(error);
    }
    let kept = stage.kept.clone().filter(|kept| known.provider(&kept.provider).is_some());
    let first = settings.provider.as_deref();
    let front = first.or(kept.as_ref().map(|kept| kept.provider.as_str()));
    let mut chain = context.providers(known, front, stage.limits)?;
    leave_out_who_has_no_voice(&mut chain, &request);
    let lost = kept.and_then(|kept| keep_voice(&chain, &mut request, kept));
    let quote = if context.buys() { None } else { leave_out_what_costs(&mut chain, &request)? };
    let mut warnings = old_names(known, first);
    warnings.extend(input.assumed_language.clone());
    warnings.extend(lost);
    let asked_for = first.and_then(|name| known.provider(name));
    let is_asked_for =
        |left: &LeftOut| asked_for.as_ref().map(VoiceProvider::as_str) == Some(&left.provider);
    for left in &chain.left_out {
        Event::TtsProviderLeftOut { provider: &left.provider, reason: &left.reason }.emit();
        if is_asked_for(left) {
            warnings.push(skipped_note(left));
        }
    }
    let asked_and_left_out = chain.left_out.iter().any(is_asked_for);
    if context.buys() {
        refuse_before_buying(input, (&chain, &request), stage.refuse)?;
        health::report_in_background(&chain.providers);
    }
    let manager = TtsManager::new(chain.providers).with_breakers(context.breakers());
    let mut spoken = manager.speak(&request);
    if let Err(error @ VoiceError::Refused { .. }) = &spoken
        && settings.name.is_none()
    {
        let voice = request
            .voice
            .as_ref()
            .map_or_else(|| "of this language".to_owned(), |name| format!("`{name}`"));
        warnings.push(Note::VoiceLost { voice, reason: error.to_string() });
        request.voice = None;
        spoken = manager.speak(&request);
    }
    let spoken = spoken.map_err(|error| match error {
        VoiceError::Refused { .. } => context.field_error("voice.name", error.to_string()).into(),
        other => PipelineError::from(other),
    })?;
    if let Some(quote) = &quote {
        warnings.push(Note::VoiceBoughtLater {
            provider: quote.provider.clone(),
            estimate: quote.estimated.to_string(),
        });
    }
    if let Spoken::By { provider, .. } = &spoken
        && first.is_none()
    {
        warnings.extend(no_natural_voice(&chain.left_out, provider, &graph.language));
    }
    let (provider, is_local, voice, sentences, attempts) = match spoken {
        Spoken::By { provider, is_local, voice, sentences, attempts } => {
            (provider, is_local, voice, sentences, attempts)
        }
        Spoken::Nobody { attempts } => {
            let mut result = silent(graph);
            warnings.extend(attempts.iter().map(no_voice));
            warnings
                .extend(chain.left_out.iter().filter(|left| !is_asked_for(left)).map(skipped_note));
            warnings.push(Note::FilmSilent {});
            result.warnings = warnings;
            result.attempts = attempts;
            result.quote = quote;
            return Ok(result);
        }
    };
    warnings.extend(attempts.iter().map(no_voice));
    if !attempts.is_empty() || asked_and_left_out {
        warnings.push(Note::VoiceFallback { provider: provider.clone() });
    }
    let other = voice.as_ref().and_then(|voice| {
        let own =
            voice.language.as_deref().filter(|own| primary(own) != primary(&graph.language))?;
        Some(Note::VoiceOfOtherLanguage {
            voice: voice.name.clone(),
            speaks: own.to_owned(),
            words: graph.language.clone(),
        })
    });
    warnings.extend(other);
    // A local voice that the brief names is missed like that of a service.
    let is_missed = |attempt: &FailedAttempt| {
        !attempt.is_local || settings.name.is_some() || settings.provider.is_some()
    };
    let stepped_down = is_local && (attempts.iter().any(is_missed) || asked_and_left_out);
    let mut result = process_speech(context, input, &request, &provider, sentences)?;
    result.warnings = warnings;
    result.attempts = attempts;
    result.voice = voice;
    result.stepped_down = stepped_down;
    result.quote = quote;
    Ok(result)
}

/// Sets the request's voice to the one that a resumed job keeps. Returns a note if that voice cannot speak.
fn keep_voice(chain: &Chain, request: &mut TtsRequest, kept: KeptVoice) -> Option<Note> {
    let who = match &kept.name {
        Some(name) => format!("`{name}` ({})", kept.provider),
        None => format!("`{}`", kept.provider),
    };
    let lost = |reason: &str| Some(Note::VoiceLost { voice: who, reason: reason.to_owned() });
    let Some(provider) = chain.providers.iter().find(|p| p.name() == kept.provider) else {
        let left_out = chain.left_out.iter().find(|left| left.provider == kept.provider);
        return lost(
            left_out.map_or("it is disabled: enable it under `tts` in defaults.yaml", |left| {
                left.reason.as_str()
            }),
        );
    };
    let name = kept.name?;
    let named = TtsRequest { voice: Some(name.clone()), ..request.clone() };
    if provider.voice_used(&named).is_none_or(|voice| voice.name != name) {
        return lost("the provider no longer offers it; run `pytoon voices` for a list");
    }
    request.voice = Some(name);
    None
}

/// Removes the voices that would cost money or cannot speak the text. Returns the price of the first paid
/// voice; `None` if there is none or a free voice precedes it.
fn leave_out_what_costs(
    chain: &mut Chain,
    request: &TtsRequest,
) -> Result<Option<Quote>, VoiceError> {
    let mut quote = None;
    let mut kept = Vec::new();
    for provider in std::mem::take(&mut chain.providers) {
        match provider.quote(request) {
            Ok(None) => kept.push(provider),
            Ok(Some(asked)) if kept.is_empty() => quote = quote.or(Some(asked)),
            Ok(Some(_)) | Err(VoiceError::CannotSpeak { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    chain.providers = kept;
    Ok(quote)
}

/// The duration of speech by the fastest voice, as a fraction of the local voice's.
const QUICKEST: f64 = 0.8;

/// Rejects, before anything is purchased, a script that no voice can speak within the length of a film, and a
/// film that exceeds its budget. The length is estimated with a voice of this machine. Accepts everything if
/// no voice would be purchased or if no voice of this machine can speak the script.
fn refuse_before_buying(
    input: &VoiceInput,
    (chain, request): (&Chain, &TtsRequest),
    refuse: Refuse<'_>,
) -> Result<(), PipelineError> {
    let (graph, preset) = (&input.graph, &input.preset);
    let before = chain.providers.iter().take_while(|provider| !provider.is_local());
    let quotes: Vec<Quote> =
        before.filter_map(|provider| provider.quote(request).ok().flatten()).collect();
    let Some(voice) = quotes.iter().map(|quote| quote.estimated).min() else { return Ok(()) };
    let tts = &input.tts;
    let speed = quotes.iter().map(|quote| tts.speed_of(&quote.provider)).fold(0.0, f64::max);
    let mut own = chain.providers.iter().rev();
    let own = own.find(|provider| provider.is_local() && provider.guarded_account().is_none());
    let own_speed = own.map_or(1.0, |own| tts.speed_of(own.name()));
    let slower = own_speed / speed;
    let request = TtsRequest { voice: None, ..request.clone() };
    // A failure of the local voice is reported when its turn comes.
    let Some(Ok(sentences)) = own.map(|own| own.speak(&request)) else { return Ok(()) };
    let fits = |share: f64| {
        let mut speech = by_scene(graph, &sentences);
        for utterance in speech.iter_mut().flatten() {
            utterance.duration_ms = (utterance.duration_ms as f64 * share * slower) as i64;
        }
        fit::fit(&needs(graph, preset, &speech), input.target_ms, &preset.pacing)
    };
    let shortest = match fits(QUICKEST) {
        Ok(scenes) => scenes,
        Err(error) => return Err(fits(1.0).err().unwrap_or(error).into()),
    };
    refuse(&shortest, voice)
}

/// Levels the spoken sentences, times their words, fits them to the film's length, and writes them as takes. Returns
/// them by scene.
fn process_speech(
    context: &StageContext<'_>,
    input: &VoiceInput,
    request: &TtsRequest,
    provider: &str,
    mut sentences: Vec<SpokenSentence>,
) -> Result<VoiceResult, PipelineError> {
    let graph = &input.graph;
    let who = input.tts.provider(provider);
    let timbre = who.map_or(Timbre::Natural, |who| Timbre::of(who.kind()));
    voice_processor::level_sentences(&mut sentences, timbre);
    let by_provider: usize =
        sentences.iter().filter(|s| !s.needs_alignment).map(|s| s.words.len()).sum();
    let timed =
        time_words(&context.aligner(&input.alignment, &input.tts), request, &mut sentences)?;
    if by_provider > 0 || timed.is_none() {
        Event::AlignmentProviderTimes { provider, words: by_provider }.emit();
    }
    // The film reports the least exact method.
    let method = timed.as_ref().map_or(AlignmentMethod::Provider, |timed| timed.method);
    let tempo = fit_tempo(input, &mut sentences)?;
    let word_count = sentences.iter().map(|s| s.words.len()).sum();
    let used_ms = sentences.iter().map(|s| s.samples.len() as i64 / SAMPLES_PER_MS).sum();
    voice_processor::report(provider, used_ms, used_ms, -90.0, word_count, false);
    for (index, sentence) in sentences.iter().enumerate() {
        write_take(context.folder, &artifact::voice_take(index), &sentence.samples)?;
    }
    let mut result = VoiceResult::new(by_scene(graph, &sentences), Some(provider), method);
    result.tempo = tempo;
    result.confidence = Some(timed.map_or(1.0, |timed| timed.confidence));
    Ok(result)
}

fn no_voice(attempt: &FailedAttempt) -> Note {
    Note::VoiceProviderFailed { provider: attempt.provider.clone(), reason: attempt.reason.clone() }
}

fn skipped_note(left: &LeftOut) -> Note {
    Note::VoiceProviderFailed { provider: left.provider.clone(), reason: left.reason.clone() }
}

/// Returns a note for each setting that uses the obsolete name of the local voice.
fn old_names(settings: &TtsSettings, first: Option<&str>) -> Vec<Note> {
    let places = [
        ("voice.provider", first),
        ("tts.primary_provider", Some(settings.primary_provider.as_str())),
        ("tts.backup_provider", settings.backup_provider.as_deref()),
    ];
    places
        .into_iter()
        .filter(|(_, name)| *name == Some(OLD_LOCAL_NAME))
        .map(|(field, name)| Note::OldProviderName {
            field: field.to_owned(),
            name: name.unwrap_or_default().to_owned(),
        })
        .collect()
}

/// Speeds up the voice, at most 1.1 times, if the film would otherwise be too long, and returns the tempo. Rejects
/// the film if that is not enough.
fn fit_tempo(input: &VoiceInput, sentences: &mut [SpokenSentence]) -> Result<f64, PipelineError> {
    let VoiceInput { graph, preset, .. } = input;
    let speech = by_scene(graph, sentences);
    let fitted = fit::fit(&needs(graph, preset, &speech), input.target_ms, &preset.pacing)?;
    if fitted.tempo > 1.0 {
        for sentence in sentences.iter_mut() {
            voice_processor::speed_up(sentence, fitted.tempo)?;
        }
    }
    Ok(fitted.tempo)
}

fn by_scene(graph: &SceneGraph, sentences: &[SpokenSentence]) -> Vec<Vec<Utterance>> {
    let mut index = 0;
    graph
        .scenes
        .iter()
        .map(|scene| {
            scene
                .sentences
                .iter()
                .filter_map(|_| {
                    let sentence = sentences.get(index)?;
                    let asset = artifact::voice_take(index);
                    index += 1;
                    let duration_ms = sentence.samples.len() as i64 / SAMPLES_PER_MS;
                    // Emoji alone have nothing to say; they are shown with their neighbours' timing.
                    Some(Utterance {
                        asset,
                        source_start_ms: 0,
                        duration_ms: duration_ms.max(1),
                        words: sentence.words.clone(),
                    })
                })
                .collect()
        })
        .collect()
}
