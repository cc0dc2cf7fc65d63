//! `pytoon voices`: lists voices, speaks a text with one, and adds or removes voices.

use crate::cli::{AddVoice, VoicesAction, VoicesArgs};
use crate::context::Context;
use crate::output;
use pytoon_audio::wav;
use pytoon_core::{script, text};
use pytoon_normalize::Pronunciations;
use pytoon_process::disk;
use pytoon_vendor::http::{Address, DownloadLimits, VendorHttp};
use pytoon_vocabulary::Ms;
use pytoon_voice::installed::add::{Incoming, Stated, remove};
use pytoon_voice::installed::catalogue::{KnownVoice, how_to_add, known_voice, known_voices};
use pytoon_voice::installed::{Family, InstalledVoice, MAX_FILE, VoiceFolders};
use pytoon_voice::tts::espeak::Espeak;
use pytoon_voice::tts::neural::speak_with;
use pytoon_voice::tts::{SpokenSentence, TtsProvider, TtsRequest};
use pytoon_voice::voice_processor::{self, SAMPLES_PER_MS, Timbre};
use serde_json::json;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The gap between sentences, in samples (200 ms at 48 kHz).
const GAP: usize = 9_600;

/// Lists voices, speaks a text into a file, or adds or removes a voice.
pub(crate) fn voices(context: &Context, args: &VoicesArgs) -> anyhow::Result<()> {
    let folders = VoiceFolders::new(&context.config.settings.tts.neural.folder);
    match (&args.action, &args.say) {
        (Some(VoicesAction::Add(add)), _) => add_voice(context, &folders, add),
        (Some(VoicesAction::Remove { name }), _) => {
            let place = remove(&folders, name)?;
            output::line(format!("removed {}", place.display()));
            Ok(())
        }
        (None, Some(words)) => say(context, &folders, words, args.voice.as_deref(), &args.out),
        (None, None) => list(context, &folders, args.all),
    }
}

fn list(context: &Context, folders: &VoiceFolders, all: bool) -> anyhow::Result<()> {
    let (installed, broken) = folders.list_verified();
    let is_installed = |name: &str| installed.iter().any(|voice| voice.manifest.name == name);
    let missing: Vec<KnownVoice> =
        known_voices().into_iter().filter(|voice| !is_installed(&voice.name)).collect();
    let espeak = Espeak::new(&context.runner, &context.config.settings.tts.espeak);
    if context.global.json {
        let mut rows: Vec<_> = installed
            .iter()
            .map(|voice| {
                json!({"provider": "neural", "installed": true, "folder": voice.folder,
                       "voice": voice.manifest})
            })
            .collect();
        rows.extend(broken.iter().map(|voice| {
            json!({"provider": "neural", "installed": false, "name": voice.name,
                   "broken": voice.reason})
        }));
        rows.extend(
            missing
                .iter()
                .map(|voice| json!({"provider": "neural", "installed": false, "known": voice})),
        );
        let spoken = espeak.list_voices()?;
        rows.extend(spoken.iter().map(|voice| {
            json!({"provider": "espeak", "installed": true, "name": voice.language,
                   "speaks": voice.name})
        }));
        return output::json(&rows);
    }
    output::line("Installed voices:");
    for voice in &installed {
        let manifest = &voice.manifest;
        let quality = manifest.quality.as_deref().unwrap_or("natural");
        output::line(row(&manifest.name, &manifest.language, quality, &manifest.licence));
    }
    for voice in &broken {
        output::line(format!("  {:<28} cannot be used: {}", voice.name, voice.reason));
    }
    if installed.is_empty() && broken.is_empty() {
        output::line("  none; `make setup` installs `heart`, a natural English voice");
    }
    output::line("Known voices (`pytoon voices add NAME` fetches one):");
    for voice in &missing {
        let quality = voice.quality.as_deref().unwrap_or("natural");
        let mut line = row(&voice.name, &voice.language, quality, &voice.licence);
        if !voice.source.starts_with("https://") {
            line.push_str("  (`make setup` installs it)");
        }
        output::line(line);
    }
    let spoken = espeak.list_voices()?;
    if !all {
        let count = spoken.len();
        output::line(format!(
            "{count} more voices, by eSpeak NG, sound synthetic: `pytoon voices --all` lists them"
        ));
        return Ok(());
    }
    output::line("eSpeak NG's formant voices:");
    for voice in spoken {
        output::line(format!("  {:<28} {}", voice.language, voice.name));
    }
    Ok(())
}

fn row(name: &str, language: &str, quality: &str, licence: &str) -> String {
    format!("  {name:<28} {language:<8} {quality:<14} {licence}")
}

/// Speaks a text into a file with an installed voice, or with one of eSpeak NG's.
fn say(
    context: &Context,
    folders: &VoiceFolders,
    words: &str,
    voice: Option<&str>,
    out: &Path,
) -> anyhow::Result<()> {
    let sentences: Vec<_> = script::sentences(words).iter().map(|s| text::words(&s.text)).collect();
    if sentences.is_empty() {
        anyhow::bail!("--say contains no words: pass a sentence");
    }
    let installed = folders.find(voice.unwrap_or("heart"));
    let (mut spoken, timbre) = match installed {
        Ok(Some(found)) => (with_installed(context, folders, &found, sentences)?, Timbre::Natural),
        Ok(None) => {
            let voice = voice.unwrap_or("en-us");
            (with_espeak(context, voice, sentences)?, Timbre::Formant)
        }
        Err(broken) if voice.is_some() => return Err(broken.into()),
        Err(broken) => {
            output::note(format!("warning: {broken}; eSpeak NG speaks instead"));
            (with_espeak(context, "en-us", sentences)?, Timbre::Formant)
        }
    };
    voice_processor::level_sentences(&mut spoken, timbre);
    let mut samples = Vec::new();
    let mut timed = Vec::new();
    for sentence in spoken {
        let at = Ms::new(samples.len() as i64 / SAMPLES_PER_MS);
        timed.extend(sentence.words.iter().map(
            |word| json!({"word": word.text, "start_ms": word.start + at, "end_ms": word.end + at}),
        ));
        samples.extend(sentence.samples);
        samples.resize(samples.len() + GAP, 0.0);
    }
    let mut bytes = Cursor::new(Vec::new());
    wav::write_mono(&mut bytes, &samples)?;
    disk::write_whole(out, &bytes.into_inner())
        .map_err(|error| anyhow::anyhow!("failed to {error}"))?;
    if context.global.json {
        return output::json(&json!({"file": out, "words": timed}));
    }
    output::line(out.display().to_string());
    Ok(())
}

fn request(
    context: &Context,
    language: &str,
    sentences: Vec<Vec<text::Word>>,
) -> anyhow::Result<TtsRequest> {
    let configured = &context.config.settings.tts.pronunciations;
    let pronunciations = Pronunciations::new(configured).map_err(|error| {
        context.config.settings_at.error("tts.pronunciations", error.to_string())
    })?;
    let language = language.to_owned();
    Ok(TtsRequest { sentences, language, pronunciations, ..TtsRequest::default() })
}

fn with_installed(
    context: &Context,
    folders: &VoiceFolders,
    voice: &InstalledVoice,
    sentences: Vec<Vec<text::Word>>,
) -> anyhow::Result<Vec<SpokenSentence>> {
    let mut request = request(context, &voice.manifest.language, sentences)?;
    request.words_per_minute *= context.config.settings.tts.neural.speed;
    Ok(speak_with(voice, folders, &context.voices, &context.runner, &request)?)
}

fn with_espeak(
    context: &Context,
    voice: &str,
    sentences: Vec<Vec<text::Word>>,
) -> anyhow::Result<Vec<SpokenSentence>> {
    let language = voice.split(['+', '_']).next().unwrap_or("en");
    let request =
        TtsRequest { voice: Some(voice.to_owned()), ..request(context, language, sentences)? };
    let espeak = Espeak::new(&context.runner, &context.config.settings.tts.espeak);
    let base = voice.split('+').next().unwrap_or(voice);
    espeak.speak(&request).map_err(|error| {
        let listed = espeak.list_voices();
        if listed.is_ok_and(|voices| voices.iter().all(|known| known.language != base)) {
            anyhow::anyhow!("{error}; `pytoon voices --all` lists every voice")
        } else {
            anyhow::anyhow!("{error}")
        }
    })
}

fn add_voice(context: &Context, folders: &VoiceFolders, add: &AddVoice) -> anyhow::Result<()> {
    let fetched = tempfile::tempdir()?;
    let stated = |source: &str| Stated {
        name: add.name.clone(),
        language: add.language.clone(),
        licence: add.licence.clone(),
        source: source.to_owned(),
    };
    let source = add.source.as_str();
    let path = Path::new(source);
    let incoming = if path.is_dir() {
        Incoming::from_folder(path, &stated(source))?
    } else if path.is_file() {
        Incoming::from_piper(path, &stated(source))?
    } else if source.contains("://") {
        https_only(source)?;
        let licence = add.licence.as_deref().unwrap_or_default();
        if licence.is_empty() {
            anyhow::bail!(
                "the licence of the voice is not given: add --licence with the licence that the \
                 voice's model card states; each film's receipt names it"
            );
        }
        let model = fetch(source, add.sha256.as_deref(), fetched.path())?;
        fetch(&format!("{source}.json"), None, fetched.path())?;
        Incoming::from_piper(&model, &stated(source))?
    } else {
        from_catalogue(source, add, fetched.path(), &stated)?
    };
    let model = incoming.manifest.files.get("model").map(|entry| entry.sha256.clone());
    let name = incoming.manifest.name.clone();
    let replaces = folders.own().is_some_and(|own| own.join(&name).is_dir());
    let place = incoming.install(folders, &context.runner)?;
    let done = if replaces { "is replaced in" } else { "is installed in" };
    output::line(format!("{name} {done} {}", place.display()));
    if let Some(sha256) = model {
        output::line(format!("the model is pinned by its SHA-256: {sha256}"));
    }
    Ok(())
}

fn from_catalogue(
    name: &str,
    add: &AddVoice,
    folder: &Path,
    stated: &dyn Fn(&str) -> Stated,
) -> anyhow::Result<Incoming> {
    let Some(voice) = known_voice(name) else {
        let names: Vec<String> = known_voices().into_iter().map(|voice| voice.name).collect();
        let near = pytoon_config::strict::nearest(name, names.iter().map(String::as_str))
            .map_or(String::new(), |near| format!(" (did you mean `{near}`?)"));
        anyhow::bail!(
            "`{name}` is neither a file, a folder, an https address nor a known voice{near}; \
             `pytoon voices` lists the known voices"
        );
    };
    if !voice.source.starts_with("https://") {
        anyhow::bail!("`{name}` cannot be downloaded: {}", how_to_add(&voice));
    }
    let wanted = add.sha256.as_deref().or(voice.sha256.as_deref());
    let model = fetch(&voice.source, wanted, folder)?;
    match voice.family {
        Family::Heart => Ok(Incoming::from_heart(&model, &voice)?),
        Family::Piper => {
            fetch(&format!("{}.json", voice.source), None, folder)?;
            let licence = add.licence.clone().unwrap_or_else(|| voice.licence.clone());
            let stated = Stated {
                licence: Some(licence),
                language: Some(voice.language.clone()),
                ..stated(&voice.source)
            };
            Ok(Incoming::from_piper(&model, &stated)?)
        }
    }
}

fn https_only(address: &str) -> anyhow::Result<()> {
    if !address.starts_with("https://") {
        anyhow::bail!("{address}: the URL is not https: use an https URL");
    }
    Ok(())
}

/// Downloads a file over https into a folder, with limits on size and time. Checks its SHA-256 if one is given.
fn fetch(address: &str, sha256: Option<&str>, folder: &Path) -> anyhow::Result<PathBuf> {
    https_only(address)?;
    let name = address.split(['?', '#']).next().and_then(|path| path.rsplit('/').next());
    let name = name.filter(|name| !name.is_empty() && !name.starts_with('.'));
    let Some(name) = name else {
        anyhow::bail!(
            "{address}: the URL contains no file name: use \
         the URL of the file itself"
        )
    };
    let timeout = Duration::from_secs(600);
    let http = VendorHttp::new(
        "voices",
        Address {
            base_url: address,
            allow_hosts: &[],
            request_timeout_ms: timeout.as_millis() as u64,
        },
        None,
    )
    .map_err(|reason| anyhow::anyhow!("{address}: {reason}"))?;
    let limits =
        DownloadLimits { max_bytes: MAX_FILE, total: timeout, stall: Duration::from_secs(30) };
    let to = folder.join(name);
    output::note(format!("fetching {address}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let own = runtime.block_on(http.download(address, &to, limits))?;
    if let Some(wanted) = sha256
        && !wanted.eq_ignore_ascii_case(&own)
    {
        anyhow::bail!(
            "{address}: the file's SHA-256 is {own}, but {wanted} is expected: check the URL and \
             the digest"
        );
    }
    Ok(to)
}
