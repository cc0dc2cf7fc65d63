//! Resolves a brief: locates every file in it, identifies the file by its content, and checks it against the limits
//! before any work begins. Errors are reported with the brief's line and field.

use crate::cards;
use crate::environment::Environment;
use crate::limits::picture_limits;
use crate::rendition::Rendition;
use crate::{PipelineError, Result};
use pytoon_config::names::{self, Found};
use pytoon_config::{BriefFile, ConfigError};
use pytoon_core::brief::{
    BrandField, BrandKit, Brief, Logo, MediaEntry, MediaFile, MediaFit, Overlay, OverlayStyle,
    PlacedLogo,
};
use pytoon_core::layout::Format;
use pytoon_core::note::{self, Note};
use pytoon_core::plan::MediaInfo;
use pytoon_core::preset::Preset;
use pytoon_core::profile::Profile;
use pytoon_core::scene::MediaKind;
use pytoon_core::timeline::OverlayRequest;
use pytoon_core::timeline::reading::{ClipReading, SoundReading};
use pytoon_core::timeline::{OverlayContent, PaletteChoice};
use pytoon_ffmpeg::probe;
use pytoon_graphics::Rgb;
use pytoon_media::clip_reading;
use pytoon_media::picture::{self, FileKind};
use pytoon_normalize::Pronunciations;
use pytoon_process::SystemError;
use pytoon_vocabulary::MusicMood;
use serde::{Serialize, Serializer};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A brief with all its files resolved.
#[derive(Debug, Clone, Serialize)]
pub struct Sources {
    /// The brief, with absolute paths.
    pub brief: Brief,
    /// The name of the preset.
    pub preset_id: String,
    /// The settings of the preset.
    pub preset: Preset,
    /// The output profile.
    pub profile: Profile,
    /// The media files, in the order of the brief.
    pub media: Vec<MediaInfo>,
    /// The media of individual scenes, each with the number of its scene.
    pub override_media: Vec<(u32, MediaInfo)>,
    /// FFprobe's facts about the user's clips, by path.
    pub clips: BTreeMap<String, ClipSourceInfo>,
    /// The overlays, including the logo.
    pub overlays: Vec<OverlayRequest>,
    /// The colour palette of the film.
    pub palette: PaletteChoice,
    /// The pronunciations of the configuration, the brand kit and the brief.
    #[serde(serialize_with = "entries")]
    pub pronunciations: Pronunciations,
    /// The brand's font, a family or a file.
    pub font: Option<String>,
    /// The seed of the film's random choices.
    pub seed: u64,
    /// The reason why the script may differ from the recording; `None` if there is no doubt.
    pub guessed_script: Option<String>,
    /// Notes on corrections, omissions and approximations in the files.
    pub notes: Vec<Note>,
}

pub(crate) fn entries<S: Serializer>(
    all: &Pronunciations,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(all.iter())
}

impl Sources {
    /// Returns true if the brief has a recording but no script.
    pub fn lacks_script(&self) -> bool {
        let is_given = |text: &Option<String>| text.as_ref().is_some_and(|t| !t.trim().is_empty());
        let brief = &self.brief;
        brief.voice_file.is_some() && !is_given(&brief.script) && !is_given(&brief.voice_script)
    }

    /// Returns the sources of another film of the brief, whose frame has another size.
    pub(crate) fn of_rendition(&self, rendition: Rendition) -> Self {
        let mut sources = self.clone();
        if let Rendition::In(format) = rendition {
            let profile = &mut sources.profile;
            (profile.width, profile.height) = format.size(profile.width.min(profile.height));
        }
        sources
    }
}

/// A clip from the user.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClipSourceInfo {
    /// The length of the clip, in milliseconds.
    pub duration_ms: i64,
    /// True if the brief wants the clip's audio and the clip has audio.
    pub keep_sound: bool,
    /// The decoding parameters of the clip's video.
    pub reading: ClipReading,
    /// The position of the clip's audio relative to its video.
    pub sound: SoundReading,
}

/// Resolves the preset, the profile and the files of a brief. With `draft`, the film has a quarter of the width and
/// height.
pub fn resolve(env: &Environment, file: &BriefFile, draft: bool) -> Result<Sources> {
    Resolver { env, file, clips: BTreeMap::new(), notes: Vec::new() }.resolve(draft)
}

/// Checks the parts of a brief that are not media files, as [`resolve`] does: preset, profile, engines, language,
/// brand kit, and pronunciations.
///
/// # Errors
/// Returns an error for the first invalid value, with its field.
pub fn check(env: &Environment, file: &BriefFile) -> Result<()> {
    let resolver = Resolver { env, file, clips: BTreeMap::new(), notes: Vec::new() };
    resolver.load_preset_and_profile(&file.brief)?;
    let kit = resolver.brand(&file.brief)?;
    resolver.pronunciations(&file.brief, &kit).map(drop)
}

struct Resolver<'a> {
    env: &'a Environment,
    file: &'a BriefFile,
    clips: BTreeMap<String, ClipSourceInfo>,
    notes: Vec<Note>,
}

impl Resolver<'_> {
    fn resolve(mut self, draft: bool) -> Result<Sources> {
        let mut brief = self.file.brief.clone();
        let (preset_id, preset, profile) = self.load_preset_and_profile(&brief)?;
        let media = self.media(&mut brief)?;
        let override_media = self.override_media(&mut brief)?;
        self.sound(&mut brief)?;
        let kit = self.brand(&brief)?;
        if let Some(BrandField::Inline(own)) = &mut brief.brand {
            *own = kit.clone();
        }
        let overlays = self.overlays(&mut brief, &kit)?;
        let pronunciations = self.pronunciations(&brief, &kit)?;
        self.look_for_fonts(&brief);
        Ok(Sources {
            seed: brief.seed.unwrap_or(0),
            brief,
            preset_id,
            palette: palette(&preset, &kit),
            preset,
            profile: if draft { draft_profile(profile) } else { profile },
            media,
            override_media,
            clips: self.clips,
            overlays,
            pronunciations,
            font: kit.font,
            guessed_script: None,
            notes: self.notes,
        })
    }

    /// Loads the preset and the profile that the brief names, or else the configured defaults. Also rejects unknown
    /// engine names and invalid language tags.
    fn load_preset_and_profile(&self, brief: &Brief) -> Result<(String, Preset, Profile)> {
        let settings = &self.env.config.settings;
        let preset_id = brief.preset_id.clone().unwrap_or_else(|| settings.default_preset.clone());
        let preset =
            self.load_named("preset_id", &preset_id, |name| self.env.config.preset(name))?;
        let profile_name =
            brief.profile.clone().unwrap_or_else(|| settings.default_profile.clone());
        let mut profile =
            self.load_named("profile", &profile_name, |name| self.env.config.profile(name))?;
        match brief.first_format() {
            Some(format) => {
                (profile.width, profile.height) = format.size(profile.width.min(profile.height));
            }
            None if Format::of(profile.width, profile.height).is_none() => {
                let formats = Format::ALL.map(Format::as_str).join(", ");
                let reason = format!(
                    "the profile `{profile_name}` has {}x{} pixels, and films have one of the formats {formats}: \
                     change its size, or name the `format`",
                    profile.width, profile.height
                );
                return Err(self.error("profile", reason));
            }
            None => {}
        }
        self.check_engines(brief)?;
        self.check_language(brief)?;
        Ok((preset_id, preset, profile))
    }

    /// Adds a note for each writing system without an installed font, and one note that lists the characters that no
    /// font contains.
    fn look_for_fonts(&mut self, brief: &Brief) {
        let overlays = brief.overlays.iter().filter_map(|overlay| overlay.text.as_deref());
        let captions = brief.scenes.iter().filter_map(|scene| scene.caption.as_deref());
        let words = [&brief.script, &brief.voice_script, &brief.prompt];
        let words = words.into_iter().filter_map(|text| text.as_deref());
        let card = brief.end_card.iter().flat_map(|card| [&card.call_to_action, &card.address]);
        let cards = card.chain([&brief.title]).filter_map(|text| text.as_deref());
        let texts: Vec<&str> = words.chain(overlays).chain(captions).chain(cards).collect();
        let lacking = self.env.fonts.lacking(&texts);
        let scripts = lacking.fonts.into_iter().map(|font| {
            let family = font.family.trim_start_matches("Noto ");
            let script = family.trim_start_matches("Sans ").trim_start_matches("Serif ");
            Note::ScriptWithoutFont { script: script.to_owned(), package: font.package.to_owned() }
        });
        let letters = lacking.letters;
        let letters = (!letters.is_empty()).then_some(Note::LettersWithoutFont { letters });
        note::add_once(&mut self.notes, scripts.chain(letters));
    }

    fn error(&self, field: &str, reason: impl Into<String>) -> PipelineError {
        self.file.error(field, reason).into()
    }

    /// Looks up a name in the configuration. An unknown name is reported at the brief's field.
    fn load_named<T>(
        &self,
        field: &str,
        name: &str,
        load: impl Fn(&str) -> Result<T, ConfigError>,
    ) -> Result<T> {
        load(name).map_err(|error| {
            if error.place.is_some() {
                return error.into();
            }
            let suggestion = error.suggestion;
            ConfigError { suggestion, ..self.file.error(field, error.reason) }.into()
        })
    }

    fn check_engines(&self, brief: &Brief) -> Result<()> {
        let film = brief.engine_override.iter().map(|it| ("engine_override".to_owned(), it));
        let scenes = brief.scenes.iter().enumerate().filter_map(|(index, scene)| {
            Some((format!("scenes[{index}].engine"), scene.engine.as_ref()?))
        });
        for (field, engine) in film.chain(scenes) {
            if let Some(reason) = self.env.config.unknown_engine(engine) {
                let known = self.env.config.engines.engines.names();
                return Err(self.file.error(&field, reason).suggest(engine, known).into());
            }
        }
        Ok(())
    }

    /// Merges pronunciations. The brief's override the brand kit's, and the brand kit's override the configuration's.
    fn pronunciations(&self, brief: &Brief, kit: &BrandKit) -> Result<Pronunciations> {
        let config = &self.env.config;
        let configured = Pronunciations::new(&config.settings.tts.pronunciations)
            .map_err(|it| config.settings_at.error("tts.pronunciations", it.to_string()))?;
        let of_kit = Pronunciations::new(&kit.pronunciations)
            .map_err(|error| self.error("brand.pronunciations", error.to_string()))?;
        let own = Pronunciations::new(&brief.pronunciations)
            .map_err(|error| self.error("pronunciations", error.to_string()))?;
        Ok(configured.merge(&of_kit).merge(&own))
    }

    fn check_language(&self, brief: &Brief) -> Result<()> {
        let Some(tag) = &brief.language else { return Ok(()) };
        let is_language = |part: &str| {
            (2..=3).contains(&part.len()) && part.chars().all(|c| c.is_ascii_lowercase())
        };
        let is_part = |part: &str| {
            (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
        };
        let mut parts = tag.split('-');
        if parts.next().is_some_and(is_language) && parts.all(is_part) {
            return Ok(());
        }
        let suggestion = tag_meant(tag);
        let reason = format!("`{tag}` is not a language tag such as `en`, `de` or `pt-BR`");
        Err(ConfigError { suggestion, ..self.file.error("language", reason) }.into())
    }

    fn media(&mut self, brief: &mut Brief) -> Result<Vec<MediaInfo>> {
        let mut out = Vec::new();
        for (index, entry) in brief.media_files.iter_mut().enumerate() {
            let field = format!("media_files[{index}]");
            let info = self.medium(&field, entry.path(), entry.keep_audio(), entry.fit())?;
            let (MediaFile::Path(path) | MediaFile::Detailed(MediaEntry { path, .. })) = entry;
            path.clone_from(&info.path);
            out.push(info);
        }
        Ok(out)
    }

    fn override_media(&mut self, brief: &mut Brief) -> Result<Vec<(u32, MediaInfo)>> {
        let mut out = Vec::new();
        for (index, scene) in brief.scenes.iter_mut().enumerate() {
            let Some(path) = scene.media.clone() else { continue };
            let info = self.medium(&format!("scenes[{index}].media"), &path, false, None)?;
            scene.media = Some(info.path.clone());
            out.push((scene.scene, info));
        }
        Ok(out)
    }

    /// Locates a picture or a clip, and recognizes its kind by its content. A clip with a single picture is
    /// treated as a picture. Records a clip's length and decoding parameters.
    fn medium(
        &mut self,
        field: &str,
        path: &str,
        keep_audio: bool,
        fit: Option<MediaFit>,
    ) -> Result<MediaInfo> {
        let full = self.existing(field, path)?;
        let unusable = |error: SystemError| self.file.error(field, reason_of(&error));
        let limits = picture_limits(&self.env.config);
        let kind = picture::kind(&full, &limits).map_err(unusable)?;
        let name = full.display().to_string();
        let picture = MediaInfo { path: name.clone(), kind: MediaKind::Picture, fit };
        if kind == FileKind::Picture {
            let notes = picture::notes(&full, &limits).map_err(unusable)?;
            note::add_once(&mut self.notes, notes);
            return Ok(picture);
        }
        let clip = clip_reading::read(&self.env.runner, &full).map_err(unusable)?;
        if clip.is_still {
            return Ok(picture);
        }
        note::add_once(&mut self.notes, clip.notes);
        if keep_audio && clip.sound.is_none() {
            let file = note::file_name(&name);
            note::add_once(&mut self.notes, [Note::ClipSilent { file }]);
        }
        let info = ClipSourceInfo {
            duration_ms: clip.duration_ms,
            keep_sound: keep_audio && clip.sound.is_some(),
            reading: clip.reading,
            sound: clip.sound.unwrap_or_default(),
        };
        self.clips.insert(name, info);
        Ok(MediaInfo { kind: MediaKind::Clip, ..picture })
    }

    /// Returns the absolute path of a file that the brief names. A missing or ambiguous file, an empty path,
    /// a URL, and a path that begins with `~/` are errors.
    fn existing(&self, field: &str, path: &str) -> Result<PathBuf> {
        let reason = match path {
            path if path.trim().is_empty() => Some("the path is empty: name a file"),
            path if path.starts_with("file:") => Some("write the file's path without `file://`"),
            path if path.starts_with("https://") || path.starts_with("http://") => {
                Some("URLs are not read here: download the file and name the copy")
            }
            path if path.starts_with("~/") => Some("write the full path in place of `~`"),
            _ => None,
        };
        if let Some(reason) = reason {
            return Err(self.error(field, reason));
        }
        let full = self.file.resolve(path);
        let full = std::path::absolute(&full).unwrap_or(full);
        let (reason, suggestion) = match names::find(&full) {
            Found::Here(found) => return Ok(found),
            Found::Ambiguous => {
                let full = full.display();
                let reason = format!(
                    "several files look like {full}; rename them so that they can be told apart"
                );
                (reason, None)
            }
            Found::Nowhere { reason, similar } => (reason, similar),
        };
        Err(ConfigError { suggestion, ..self.file.error(field, reason) }.into())
    }

    /// Makes the paths of the voice recording and the music file absolute, and checks that both files have audio.
    fn sound(&self, brief: &mut Brief) -> Result<()> {
        if let Some(voice) = &brief.voice_file {
            brief.voice_file = Some(self.sound_file("voice_file", voice)?);
        }
        if let Some(music) = &brief.music_source
            && music != "none"
            && MusicMood::from_name(music).is_none()
        {
            let full = self.file.resolve(music);
            let is_path = music.contains(['/', '\\']) || full.is_dir();
            if !is_path && matches!(names::find(&full), Found::Nowhere { .. }) {
                let moods: Vec<&str> =
                    MusicMood::ALL.iter().map(|m| m.as_str()).chain(["none"]).collect();
                let (known, full) = (moods.join(", "), full.display());
                let reason = format!("`{music}` is neither a mood ({known}) nor a file at {full}");
                let error = self.file.error("music_source", reason);
                return Err(error.suggest(music, moods).into());
            }
            brief.music_source = Some(self.sound_file("music_source", music)?);
        }
        Ok(())
    }

    /// Returns the absolute path of a file that contains audio; an error if it contains none.
    fn sound_file(&self, field: &str, path: &str) -> Result<String> {
        let full = self.existing(field, path)?;
        let name = full.display().to_string();
        if let Ok(FileKind::Picture) = picture::kind(&full, &picture_limits(&self.env.config)) {
            let file = note::file_name(&name);
            return Err(self.error(field, format!("{file} is a picture: name a file with sound")));
        }
        let probe = probe::probe(&self.env.runner, &full)
            .map_err(|error| self.error(field, reason_of(&error)))?;
        match probe.audio {
            Some(_) => Ok(name),
            None => Err(self.error(field, format!("{path} has no audio: name a file with sound"))),
        }
    }

    /// Loads the brand kit of a brief, checks its colours, font and logo, and makes its paths absolute. Returns an
    /// empty kit if the brief names none.
    fn brand(&self, brief: &Brief) -> Result<BrandKit> {
        let (mut kit, base) = match &brief.brand {
            None => return Ok(BrandKit::default()),
            Some(BrandField::Inline(kit)) => (kit.clone(), self.file.base.clone()),
            Some(BrandField::Named(name)) => {
                let (kit, folder) =
                    self.load_named("brand", name, |name| self.env.config.brand(name))?;
                (kit, folder.unwrap_or_default())
            }
        };
        for (index, colour) in kit.palette.iter().enumerate() {
            if Rgb::from_hex(colour).is_err() {
                let reason = format!("`{colour}` is not a colour such as \"#e8a13a\"");
                return Err(self.error(&format!("brand.palette[{index}]"), reason));
            }
        }
        let resolve = |path: &str| {
            let full = base.join(path);
            std::path::absolute(&full).unwrap_or(full)
        };
        if let Some(font) = &kit.font {
            // A font is a file if one of that name exists, else a family.
            if let Found::Here(file) = names::find(&resolve(font)) {
                kit.font = Some(file.display().to_string());
            }
            if let Err(error) = self.env.fonts.engine(&[], kit.font.as_deref()) {
                return Err(self.error("brand.font", error.to_string()));
            }
        }
        if let Some(logo) = &mut kit.logo {
            let (Logo::Path(path) | Logo::Placed(PlacedLogo { path, .. })) = logo;
            let full = resolve(path);
            let full = match names::find(&full) {
                Found::Here(found) => found,
                Found::Ambiguous | Found::Nowhere { .. } => full,
            };
            self.check_picture("brand.logo", &full)?;
            *path = full.display().to_string();
        }
        Ok(kit)
    }

    fn check_picture(&self, field: &str, full: &Path) -> Result<()> {
        let kind = picture::kind(full, &picture_limits(&self.env.config))
            .map_err(|error| self.file.error(field, reason_of(&error)))?;
        if kind == FileKind::Moving {
            return Err(self.error(
                field,
                format!("{} is not a still picture: name another file", full.display()),
            ));
        }
        Ok(())
    }

    fn overlays(&mut self, brief: &mut Brief, kit: &BrandKit) -> Result<Vec<OverlayRequest>> {
        let ms = |seconds: f64| (seconds * 1000.0).round() as i64;
        let mut out = Vec::new();
        for (index, overlay) in brief.overlays.iter_mut().enumerate() {
            let content = match (&mut overlay.image, &overlay.text) {
                (Some(image), _) => {
                    let field = format!("overlays[{index}].image");
                    let full = self.existing(&field, image)?;
                    self.check_picture(&field, &full)?;
                    *image = full.display().to_string();
                    OverlayContent::Image { asset: image.clone() }
                }
                (None, text) => text_overlay(overlay, text.as_deref().unwrap_or_default()),
            };
            out.push(OverlayRequest {
                content,
                position: overlay.position,
                width: overlay.width.unwrap_or(0.3),
                opacity: overlay.opacity.unwrap_or(1.0),
                start_ms: ms(overlay.start_seconds.unwrap_or(0.0)),
                end_ms: overlay.end_seconds.map(ms),
                scene: overlay.scene.map(|n| n as usize - 1),
                animation: overlay.animation,
                is_free: false,
            });
        }
        if let Some(problem) = brief.end_card_problem(kit) {
            return Err(self.error(&problem.field, problem.reason));
        }
        let (cards, note) = cards::overlays(brief, kit);
        out.extend(cards);
        note::add_once(&mut self.notes, note);
        Ok(out)
    }
}

/// Returns the text of an overlay in its style.
fn text_overlay(overlay: &Overlay, text: &str) -> OverlayContent {
    let line = text.trim().to_owned();
    match overlay.style {
        OverlayStyle::Plain => OverlayContent::Text { text: text.to_owned() },
        OverlayStyle::Label => OverlayContent::Label { text: line },
        OverlayStyle::LowerThird => {
            let detail = overlay.detail.as_ref().map(|detail| detail.trim().to_owned());
            OverlayContent::LowerThird { text: line, detail }
        }
    }
}

/// Formats the reason that a file named in the brief cannot be used, for the author of the brief.
fn reason_of(error: &SystemError) -> String {
    match error {
        SystemError::Unusable { path, reason } => format!("{}: {reason}", path.display()),
        other => format!("failed to {other}"),
    }
}

fn palette(preset: &Preset, kit: &BrandKit) -> PaletteChoice {
    PaletteChoice {
        base_hue: preset.palette.base_hue,
        accent_hue: preset.palette.accent_hue,
        chroma: preset.palette.chroma,
        brand_accent: kit.palette.first().cloned(),
        brand_ground: kit.palette.get(1).cloned(),
    }
}

/// Returns the correct language tag for a near miss such as `en_US` or `German`; `None` if there is none.
fn tag_meant(written: &str) -> Option<String> {
    let lower = written.trim().to_lowercase();
    let tag = match lower.as_str() {
        "english" => "en",
        "german" | "deutsch" => "de",
        "french" | "français" => "fr",
        "spanish" | "español" => "es",
        "portuguese" | "português" => "pt",
        "italian" | "italiano" => "it",
        "dutch" => "nl",
        "polish" => "pl",
        "turkish" => "tr",
        "russian" => "ru",
        "arabic" => "ar",
        "hindi" => "hi",
        "chinese" => "zh",
        "japanese" => "ja",
        "korean" => "ko",
        "thai" => "th",
        "vietnamese" => "vi",
        _ => {
            let (language, rest) = lower.split_once(['_', '-'])?;
            // `en_US.UTF-8`
            let region = rest.split('.').next()?;
            let is_tag = (2..=3).contains(&language.len()) && region.len() == 2;
            return is_tag.then(|| format!("{language}-{}", region.to_uppercase()));
        }
    };
    Some(tag.to_owned())
}

/// Returns the profile with a quarter of the width and height and a fast encoder setting.
fn draft_profile(mut profile: Profile) -> Profile {
    let quarter = |size: u32| (size / 4).max(16) & !1;
    profile.width = quarter(profile.width);
    profile.height = quarter(profile.height);
    profile.video.preset = "ultrafast".into();
    profile.video.crf = 26;
    profile
}
