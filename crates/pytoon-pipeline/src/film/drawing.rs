//! Draws the films of a brief, mixes their sound and publishes them, once the clips of engines are there.

use super::Film;
use super::FilmSource;
use crate::delivery::Planned;
use crate::receipt::{FurtherOutput, Receipt, StageTime};
use crate::rendition::Rendition;
use crate::sources::Sources;
use crate::stage::{Stage, StageContext, cached_output, find_output, last_output, lock};
use crate::stages::engines::DrawnScene;
use crate::stages::final_timeline::{FinalInput, FinalStage};
use crate::stages::finish::{PublishInput, PublishStage, published_files};
use crate::stages::look::{LookInput, LookStage};
use crate::stages::picture::chunk::{ChunkInput, ChunkReport, ChunkStage, join_reports};
use crate::stages::sound::{MixStage, SoundInput};
use crate::stages::timeline::TimelineSettings;
use crate::stages::voiced::Voiced;
use crate::stages::{plan, timeline};
use crate::{PipelineError, Result};
use pytoon_core::artifact;
use pytoon_core::graph::StageId;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::Timeline;
use pytoon_core::timeline::asset_facts::AssetFacts;
use pytoon_engines::world::{RealWorld, World};
use pytoon_telemetry::Event;
use pytoon_vocabulary::SceneId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

/// A film of the brief with its plan.
pub(super) struct PlannedFilm {
    rendition: Rendition,
    planned: Planned,
}

impl PlannedFilm {
    /// Returns the chunks of the film with their frames.
    fn chunks(&self) -> impl Iterator<Item = (ChunkStage, FrameRange)> + use<> {
        let rendition = self.rendition;
        let ranges = self.planned.timeline.chunks().into_iter().enumerate();
        ranges.map(move |(index, range)| (ChunkStage { rendition, index }, range))
    }
}

fn first_film(films: &[PlannedFilm]) -> Result<&PlannedFilm> {
    films.first().ok_or_else(|| PipelineError::Internal("there is no first film".into()))
}

/// Returns true if two films are equally long and sound the same.
fn has_same_sound(a: &Timeline, b: &Timeline) -> bool {
    a.total_frames == b.total_frames && a.tracks.audio == b.tracks.audio
}

/// Returns the results of a film's scenes: those of its own orders, or those of the first film where it has none or got
/// no clip.
fn scenes_of(
    rendition: Rendition,
    voiced: &Voiced,
    all: &BTreeMap<SceneId, DrawnScene>,
) -> BTreeMap<SceneId, DrawnScene> {
    let result = |id: &SceneId| {
        let own = all.get(&rendition.clip_id(id));
        let own = own.filter(|own| own.story.clip.is_some() || rendition == Rendition::First);
        Some((id.clone(), own.or_else(|| all.get(id))?.clone()))
    };
    voiced.timeline.timeline.iter().filter_map(|scene| result(&scene.scene_id)).collect()
}

/// Returns the analysis of pictures and clips for the shape of a film.
fn look_at(
    context: &StageContext<'_>,
    rendition: Rendition,
    sources: &Sources,
) -> Result<BTreeMap<String, AssetFacts>> {
    Ok(cached_output(context, &LookStage(rendition), &LookInput::of(sources))?.value)
}

impl Film {
    /// Returns the plans of the brief's films, whose timelines contain the engines' clips, and writes their files into
    /// the work folder. The plans are cached.
    fn final_plans(&self, context: &StageContext<'_>) -> Result<Arc<[PlannedFilm]>> {
        let mut known = lock(&self.planned);
        if let Some(films) = known.as_ref() {
            return Ok(films.clone());
        }
        let films = match &self.source {
            FilmSource::Timeline { timeline, .. } => {
                timeline::write(&self.folder, Rendition::First, timeline)?;
                let planned = Planned::of_timeline((**timeline).clone());
                vec![PlannedFilm { rendition: Rendition::First, planned }]
            }
            FilmSource::Brief(_) => self.plan_films(context)?,
        };
        let frames = films.iter().map(|film| film.planned.timeline.total_frames.get()).sum();
        self.total_frames.store(frames, Ordering::Relaxed);
        Ok(known.insert(films.into()).clone())
    }

    fn plan_films(&self, context: &StageContext<'_>) -> Result<Vec<PlannedFilm>> {
        let voiced = self.voice_output()?;
        let scenes = self.scenes(context, &voiced)?;
        let (_, first) = self.plan_of_brief()?;
        let mut films: Vec<PlannedFilm> = Vec::new();
        for rendition in Rendition::all(&first.brief) {
            let sources = first.of_rendition(rendition);
            let facts = match rendition {
                Rendition::First => voiced.facts.clone(),
                Rendition::In(_) => look_at(context, rendition, &sources)?,
            };
            let input = FinalInput {
                stamps: plan::stamps(&sources),
                sources,
                facts,
                voiced: voiced.clone(),
                scenes: scenes_of(rendition, &voiced, &scenes),
                timeline: TimelineSettings::of(&self.env.config.settings),
            };
            let planned = cached_output(context, &FinalStage(rendition), &input)?.value;
            if let Some(first) = films.first()
                && !has_same_sound(&first.planned.timeline, &planned.timeline)
            {
                let reason = format!("{rendition:?} has other times than the first film");
                return Err(PipelineError::Internal(reason));
            }
            films.push(PlannedFilm { rendition, planned });
        }
        Ok(films)
    }

    /// Returns the timelines of the films in further formats without clips of engines, after the voice stage.
    pub(crate) fn drafts_of_further(&self, context: &StageContext<'_>) -> Result<Vec<Timeline>> {
        let voiced = self.voice_output()?;
        let (_, first) = self.plan_of_brief()?;
        let settings = TimelineSettings::of(&self.env.config.settings);
        let draft = |rendition: Rendition| {
            let sources = first.of_rendition(rendition);
            let facts = look_at(context, rendition, &sources)?;
            let speech = &voiced.spoken.speech;
            let built = timeline::timeline(&settings, &sources, &voiced.graph, speech, &facts)?;
            Ok(built.timeline)
        };
        let further = Rendition::all(&first.brief).into_iter().skip(1);
        further.map(draft).collect()
    }

    fn sound_input(&self, films: &[PlannedFilm]) -> Result<SoundInput> {
        let first = first_film(films)?;
        let settings = &self.env.config.settings;
        Ok(SoundInput::of(&first.planned.timeline, &settings.mix, &self.folder))
    }

    pub(super) fn mix(&self, context: &StageContext<'_>) -> Result<()> {
        let films = self.final_plans(context)?;
        let sound = cached_output(context, &MixStage, &self.sound_input(&films)?)?;
        self.note("sound", sound.took, sound.reused);
        Ok(())
    }

    /// Draws a chunk. The chunks of the films are counted one film after the other. Does nothing if there is no such
    /// chunk, for example if another version, which divides films differently, queued the task.
    pub(super) fn chunk(&self, context: &StageContext<'_>, index: usize) -> Result<()> {
        let films = self.final_plans(context)?;
        let mut chunks = films.iter().flat_map(|film| film.chunks().map(move |it| (film, it)));
        if let Some((film, (stage, range))) = chunks.nth(index) {
            self.make_chunk(context, film, stage, range)?;
        }
        Ok(())
    }

    fn make_chunk(
        &self,
        context: &StageContext<'_>,
        film: &PlannedFilm,
        stage: ChunkStage,
        range: FrameRange,
    ) -> Result<ChunkReport> {
        // Frames are only written for the first film.
        let context = match film.rendition {
            Rendition::First => *context,
            Rendition::In(_) => StageContext { frames_out: None, frame_hashes: None, ..*context },
        };
        let input = ChunkInput::of(&film.planned.timeline, range);
        let begun = Instant::now();
        let chunk = cached_output(&context, &stage, &input)?;
        if chunk.reused {
            self.count_frames(range.len().get());
        } else {
            self.drawing_since.get_or_init(|| begun);
        }
        let time = StageTime::new(&stage.name(), chunk.took.as_millis() as u64, chunk.reused);
        lock(&self.times).insert(stage.name(), time);
        Ok(chunk.value)
    }

    /// Returns the reports of a film's chunks. Draws missing chunks: files can get lost, and an earlier version may have
    /// cut the film elsewhere.
    fn chunk_reports(
        &self,
        context: &StageContext<'_>,
        film: &PlannedFilm,
    ) -> Result<Vec<ChunkReport>> {
        let report = |(stage, range): (ChunkStage, FrameRange)| {
            let there = if lock(&self.times).contains_key(&stage.name()) {
                last_output(&self.folder, &stage)
            } else {
                let input = ChunkInput::of(&film.planned.timeline, range);
                find_output(context, &stage, &input)?.map(|(report, _)| report)
            };
            match there {
                Some(report) => Ok(report),
                None => self.make_chunk(context, film, stage, range),
            }
        };
        film.chunks().map(report).collect()
    }

    pub(super) fn publish(&self, context: &StageContext<'_>) -> Result<Receipt> {
        let films = self.final_plans(context)?;
        let sound = find_output(context, &MixStage, &self.sound_input(&films)?)?;
        let (sound, sound_took) = sound.ok_or(PipelineError::NotReady(StageId::Mix))?;
        let reports = films.iter().map(|film| self.chunk_reports(context, film));
        let reports = reports.collect::<Result<Vec<_>>>()?;
        self.encoders.clear();
        let chunks = || films.iter().flat_map(PlannedFilm::chunks).map(|(stage, _)| stage);
        // The first film comes last, so it never appears before the others.
        let mut further = Vec::new();
        let mut published = None;
        for (film, reports) in films.iter().zip(&reports).rev() {
            let own: Vec<ChunkStage> = film.chunks().map(|(stage, _)| stage).collect();
            let (picture, cover) = join_reports(reports)?;
            let input = PublishInput {
                further: match film.rendition {
                    Rendition::First => further.clone(),
                    Rendition::In(_) => Vec::new(),
                },
                pieces: PublishInput::pieces(&own, &self.folder),
                target_lufs: self.env.config.settings.mix.target_lufs,
                planned: film.planned.clone(),
                sound: sound.clone(),
                picture,
                cover,
            };
            let stage = PublishStage {
                rendition: film.rendition,
                stages: self.times_so_far(&film.planned, sound_took, &own),
                files: published_files(&self.folder, film.rendition, &film.planned.timeline),
                verify_full: self.options.verify_full,
                chunk_files: chunks().flat_map(ChunkStage::files).collect(),
            };
            let output = cached_output(context, &stage, &input)?;
            if let Rendition::In(format) = film.rendition {
                let receipt = film.rendition.file(artifact::METADATA);
                let findings = output.value.self_check.findings.len();
                let output = output.value.output;
                further.insert(0, FurtherOutput { format, output, receipt, findings });
            } else {
                published = Some(output);
            }
        }
        let published =
            published.ok_or_else(|| PipelineError::Internal("there is no first film".into()))?;
        if !published.reused {
            Event::JobFinished {
                output: &self.folder.published_path(artifact::OUTPUT).display().to_string(),
                duration_ms: published.value.output.duration_ms,
                wall_ms: (RealWorld.now() - self.folder.started_at()).max(0) as u64,
                findings: published.value.self_check.findings.len(),
            }
            .emit();
        }
        Ok(published.value)
    }
}
