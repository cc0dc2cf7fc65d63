//! Draws any frame of a timeline.
//!
//! The compositor prepares clips on first use (or ahead of time, with [`Compositor::prepare`]).
//! [`Compositor::release_before`] releases clips after their last frame, so that memory does not grow with
//! the length of the film. Any number of threads may compose at once.

use crate::CompositorError;
use crate::assets::Assets;
use crate::grade::GradeTable;
use crate::overlay::{Page, PreparedOverlay};
use crate::placement::Placement;
use crate::sampler::Scratch;
use crate::still::PreparedStill;
use crate::stills::{SharedStills, StillKey};
use crate::transition;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::{ClipSource, PaletteChoice, SetWords, Timeline, Transition};
use pytoon_graphics::backgrounds::{self, GenScratch, Generator};
use pytoon_graphics::caption::{self, CaptionRenderer};
use pytoon_graphics::kinetic::{KineticSpec, KineticType, KineticVariant};
use pytoon_graphics::text::TextEngine;
use pytoon_graphics::type_scene::{TypeScene, TypeSpec, TypeWord};
use pytoon_graphics::{Frame, Palette, Rgb};
use pytoon_vocabulary::Frame as FrameNumber;
use pytoon_vocabulary::{Background, CaptionCue, CaptionWord};
use std::sync::{Arc, Mutex, PoisonError};

/// The frames of moving clips that a frame of the film needs, by index on the video track.
pub type MovingFrames = [(usize, Arc<Frame>)];

/// The working memory of one drawing thread.
#[derive(Debug, Default)]
pub struct ComposeScratch {
    sampler: Scratch,
    generator: GenScratch,
    pair: Option<(Frame, Frame)>,
}

/// A compositor that draws a film.
pub struct Compositor {
    timeline: Arc<Timeline>,
    assets: Arc<dyn Assets>,
    stills: Arc<SharedStills>,
    text: TextEngine,
    size: (usize, usize),
    slots: Vec<Slot>,
    captions: Option<CaptionRenderer>,
    /// The characters of type scenes that no font covers.
    typed: Vec<char>,
    overlays: Vec<PreparedOverlay>,
    placement: Placement,
    font: Option<String>,
}

struct Slot {
    visible: FrameRange,
    drawn: Mutex<Option<Arc<Drawn>>>,
}

enum Drawn {
    Still(Arc<PreparedStill>),
    Moving,
    Background {
        generator: Box<Generator>,
        headline: Option<Box<KineticType>>,
        words: Option<Box<TypeScene>>,
    },
}

/// Returns the frame range in which a clip is visible, including its transitions.
pub fn visible_range(timeline: &Timeline, index: usize) -> FrameRange {
    let clips = &timeline.tracks.video;
    let start =
        clips[index].transition_in.as_ref().map_or(clips[index].start_frame, |t| t.start_frame);
    let end = clips
        .get(index + 1)
        .and_then(|next| next.transition_in.as_ref())
        .map_or(clips[index].end_frame, |t| t.end_frame);
    FrameRange::new(start, end)
}

impl Compositor {
    /// Creates a compositor. Lays out captions and overlays, but prepares no clip.
    pub fn new(
        timeline: Arc<Timeline>,
        assets: Arc<dyn Assets>,
        stills: Arc<SharedStills>,
        text: TextEngine,
    ) -> Result<Self, CompositorError> {
        let size = (timeline.profile.width as usize, timeline.profile.height as usize);
        let placement = Placement::of(&timeline);
        let font = timeline.look.font.clone().filter(|family| text.has_family(family));
        let slots = (0..timeline.tracks.video.len())
            .map(|index| Slot { visible: visible_range(&timeline, index), drawn: Mutex::new(None) })
            .collect();
        let captions = caption_renderer(&timeline, &text, &placement, font.clone(), false);
        // The words of type scenes are laid out here only to find the characters that no font covers.
        let typed = caption_renderer(&timeline, &text, &placement, font.clone(), true);
        let typed = typed.map(|renderer| renderer.missing().to_vec()).unwrap_or_default();
        let colours = palette(&timeline.look.palette);
        let page =
            Page { text: &text, placement: &placement, font: font.as_deref(), palette: &colours };
        let overlays = timeline
            .tracks
            .overlays
            .iter()
            .map(|clip| PreparedOverlay::prepare(clip, assets.as_ref(), &page))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            timeline,
            assets,
            stills,
            text,
            size,
            slots,
            captions,
            typed,
            overlays,
            placement,
            font,
        })
    }

    /// Returns the timeline that is drawn.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Returns the characters of captions and overlays that no font covers.
    pub fn missing_glyphs(&self) -> Vec<char> {
        let mut missing: Vec<char> =
            self.captions.as_ref().map(|c| c.missing().to_vec()).unwrap_or_default();
        missing.extend(&self.typed);
        missing.extend(self.overlays.iter().flat_map(|o| o.missing.iter().copied()));
        missing.sort_unstable();
        missing.dedup();
        missing
    }

    /// Returns the index of the clip that a frame shows and, during a transition, the index of the next clip with the
    /// transition.
    pub fn clips_at(&self, frame: FrameNumber) -> (usize, Option<(usize, &Transition)>) {
        let clips = &self.timeline.tracks.video;
        let index = clips.partition_point(|clip| clip.end_frame <= frame).min(clips.len() - 1);
        let covers = |i: usize| {
            clips
                .get(i)
                .and_then(|c| c.transition_in.as_ref())
                .filter(|t| t.range().contains(frame))
        };
        if let Some(transition) = covers(index) {
            return (index - 1, Some((index, transition)));
        }
        (index, covers(index + 1).map(|transition| (index + 1, transition)))
    }

    /// Prepares a clip ahead of its first frame.
    pub fn prepare(&self, index: usize) -> Result<(), CompositorError> {
        self.prepared_clip(index).map(|_| ())
    }

    /// Releases the clips that are not visible at `frame` or later.
    pub fn release_before(&self, frame: FrameNumber) {
        for slot in self.slots.iter().filter(|slot| slot.visible.end <= frame) {
            // A poisoned slot contains only a clip that can be prepared again.
            *slot.drawn.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    fn prepared_clip(&self, index: usize) -> Result<Arc<Drawn>, CompositorError> {
        let mut slot = self.slots[index].drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(drawn) = slot.as_ref() {
            return Ok(drawn.clone());
        }
        let drawn = Arc::new(self.prepare_clip(index)?);
        *slot = Some(drawn.clone());
        Ok(drawn)
    }

    fn prepare_clip(&self, index: usize) -> Result<Drawn, CompositorError> {
        let clip = &self.timeline.tracks.video[index];
        match &clip.source {
            ClipSource::Picture { asset, fit, motion } => {
                let key = StillKey {
                    asset: asset.clone(),
                    fit: *fit,
                    motion: *motion,
                    grade: clip.grade,
                    grade_strength: self.timeline.look.grade_strength,
                    frame_size: self.size,
                };
                let prepare = || {
                    let picture = self.assets.picture(asset)?;
                    let grade = GradeTable::new(key.grade, key.grade_strength);
                    PreparedStill::prepare(&picture, *fit, motion, self.size, &grade)
                };
                self.stills.get(&key, prepare).map(Drawn::Still)
            }
            ClipSource::Clip { .. } => Ok(Drawn::Moving),
            ClipSource::Background { kind, seed, headline, words, .. } => {
                let palette =
                    palette(&self.timeline.look.palette).rotated((*seed % 25) as f32 - 12.0);
                let kind = *kind;
                let generator = Generator::new(kind, &palette, *seed, self.size.0, self.size.1);
                let headline = headline
                    .as_deref()
                    .map(|text| Box::new(self.headline(text, kind, &palette, &generator)));
                let words = words
                    .as_ref()
                    .map(|set| Box::new(self.set_words(set, index, kind, &palette, &generator)));
                Ok(Drawn::Background { generator: Box::new(generator), headline, words })
            }
        }
    }

    fn headline(
        &self,
        text: &str,
        kind: Background,
        palette: &Palette,
        generator: &Generator,
    ) -> KineticType {
        let left = matches!(kind, Background::Swiss | Background::Paper);
        let variant = if left { KineticVariant::Left } else { KineticVariant::Centred };
        let spec = KineticSpec {
            light_ground: backgrounds::is_light(kind),
            zone: self.placement.headline(),
            unit: self.placement.unit,
            language: Some(self.timeline.language.clone()),
            font_family: self.font.clone(),
            ..KineticSpec::new(text, variant)
        };
        let mut headline = KineticType::prepare(&self.text, &spec, palette);
        let mut sample = Frame::new(self.size.0, self.size.1);
        generator.draw(&mut sample, 1.0, &mut GenScratch::default());
        headline.adapt(&sample);
        headline
    }

    fn set_words(
        &self,
        set: &SetWords,
        index: usize,
        kind: Background,
        palette: &Palette,
        generator: &Generator,
    ) -> TypeScene {
        let rate = self.timeline.frame_rate;
        let visible = self.slots[index].visible;
        let start = rate.frame_to_ms(visible.start);
        let words = set.words.iter().map(|word| TypeWord {
            text: pytoon_core::text::on_screen(&word.text).into_owned(),
            start_ms: (word.start - start).get(),
            end_ms: (word.end - start).get(),
            emphasis: word.emphasis,
            joins_next: word.joins_next,
        });
        let left = matches!(kind, Background::Swiss | Background::Paper);
        let variant = if left { KineticVariant::Left } else { KineticVariant::Centred };
        let spec = TypeSpec {
            light_ground: backgrounds::is_light(kind),
            zone: self.placement.type_area(),
            unit: self.placement.unit,
            language: Some(self.timeline.language.clone()),
            font_family: self.font.clone(),
            seed: index as u64,
            ornament: is_even(kind).then_some(self.timeline.seed),
            scene_ms: (rate.frame_to_ms(visible.end) - start).get(),
            ..TypeSpec::new(words.collect(), set.treatment, variant)
        };
        let mut scene = TypeScene::prepare(&self.text, &spec, palette);
        let mut sample = Frame::new(self.size.0, self.size.1);
        generator.draw(&mut sample, 1.0, &mut GenScratch::default());
        scene.adapt(&sample);
        scene
    }

    /// Draws a frame of the film, with its transition, overlays and captions. `moving` contains the frames of the
    /// moving clips that it needs.
    pub fn compose(
        &self,
        frame: FrameNumber,
        moving: &MovingFrames,
        out: &mut Frame,
        scratch: &mut ComposeScratch,
    ) -> Result<(), CompositorError> {
        let (first, second) = self.clips_at(frame);
        match second {
            None => self.draw_clip(first, frame, moving, out, scratch)?,
            Some((second, transition)) => {
                let (mut a, mut b) = scratch.pair.take().unwrap_or_else(|| self.frame_pair());
                self.draw_clip(first, frame, moving, &mut a, scratch)?;
                self.draw_clip(second, frame, moving, &mut b, scratch)?;
                let length = (transition.end_frame - transition.start_frame).get() as f64;
                // Progress is at frame centres: neither end of a transition repeats its clip.
                let progress = ((frame - transition.start_frame).get() as f64 + 0.5) / length;
                transition::blend(transition.kind, &a, &b, progress, out);
                scratch.pair = Some((a, b));
            }
        }
        for overlay in &self.overlays {
            overlay.draw(out, frame);
        }
        if let Some(captions) = &self.captions {
            // Rounded like the cues: otherwise a cue could be visible for a frame of the next scene.
            captions.draw(out, self.timeline.frame_rate.frame_to_ms(frame).get() as f64);
        }
        Ok(())
    }

    fn frame_pair(&self) -> (Frame, Frame) {
        (Frame::new(self.size.0, self.size.1), Frame::new(self.size.0, self.size.1))
    }

    fn draw_clip(
        &self,
        index: usize,
        frame: FrameNumber,
        moving: &MovingFrames,
        out: &mut Frame,
        scratch: &mut ComposeScratch,
    ) -> Result<(), CompositorError> {
        let clip = &self.timeline.tracks.video[index];
        match (&*self.prepared_clip(index)?, &clip.source) {
            (Drawn::Still(still), ClipSource::Picture { motion, .. }) => {
                still.draw(out, motion.window_at(frame), &mut scratch.sampler);
            }
            (
                Drawn::Background { generator, headline, words },
                ClipSource::Background { origin_frame, .. },
            ) => {
                let rate = self.timeline.frame_rate;
                generator.draw(
                    out,
                    rate.frame_to_seconds(frame - *origin_frame),
                    &mut scratch.generator,
                );
                if let Some(words) = words {
                    let start = self.slots[index].visible.start;
                    words.draw(out, rate.frame_to_seconds(frame - start) * 1000.0);
                }
                if let Some(headline) = headline {
                    let visible = self.slots[index].visible;
                    let at_ms = rate.frame_to_seconds(frame - visible.start) * 1000.0;
                    headline.draw(out, at_ms, rate.frame_to_seconds(visible.len()) * 1000.0);
                }
            }
            _ => {
                let found = moving.iter().find(|(clip, _)| *clip == index).map(|(_, frame)| frame);
                let Some(source) = found else {
                    return Err(CompositorError::Asset {
                        asset: clip.id.clone(),
                        reason: format!("no frame was decoded for frame {frame} of the film"),
                    });
                };
                out.data_mut().copy_from_slice(source.data());
            }
        }
        Ok(())
    }
}

/// Returns true for a background of soft or small shapes, over which a scene of words needs a shape of its own.
fn is_even(kind: Background) -> bool {
    match kind {
        Background::Mesh
        | Background::Aurora
        | Background::BokehLeak
        | Background::Particles
        | Background::Halftone => true,
        Background::Paper | Background::Swiss | Background::Blobs => false,
    }
}

/// Returns the palette for a film: from the brand's accent if it is valid, otherwise from the chosen hues. A brand
/// ground replaces the dark background.
pub fn palette(choice: &PaletteChoice) -> Palette {
    let brand = |hex: &Option<String>| hex.as_deref().and_then(|hex| Rgb::from_hex(hex).ok());
    let mut palette = match brand(&choice.brand_accent) {
        Some(accent) => Palette::from_brand(accent),
        None => Palette::from_hues(
            choice.base_hue as f32,
            choice.accent_hue as f32,
            choice.chroma as f32,
        ),
    };
    if let Some(ground) = brand(&choice.brand_ground) {
        palette.ground = ground;
    }
    palette
}

fn caption_renderer(
    timeline: &Timeline,
    text: &TextEngine,
    placement: &Placement,
    font_family: Option<String>,
    set_as_type: bool,
) -> Option<CaptionRenderer> {
    let spec = &timeline.look.captions;
    let mut style = caption::CaptionStyle {
        size_scale: spec.size as f32,
        zone: placement.safe(),
        unit: placement.unit,
        lead_ms: spec.lead_ms,
        font_family,
        language: Some(timeline.language.clone()),
        ..caption::CaptionStyle::new(spec.look)
    };
    if timeline.look.palette.brand_accent.is_some() {
        style.accent = palette(&timeline.look.palette).accent;
    }
    let cues: Vec<CaptionCue> = cues_of(timeline, set_as_type).map(on_screen_cue).collect();
    if !(spec.burn_in || set_as_type) || cues.is_empty() {
        return None;
    }
    let zone_of = |cue: &CaptionCue| placement.captions(cue.zone);
    Some(CaptionRenderer::prepare_in_zones(text, &style, &cues, &zone_of))
}

/// Returns the cues that a scene sets as type, or the others.
fn cues_of(timeline: &Timeline, set_as_type: bool) -> impl Iterator<Item = &CaptionCue> {
    timeline.tracks.captions.iter().filter(move |cue| cue.set_as_type == set_as_type)
}

/// Returns a cue with its words in the form shown on screen.
fn on_screen_cue(cue: &CaptionCue) -> CaptionCue {
    let shown = |word: &CaptionWord| CaptionWord {
        text: pytoon_core::text::on_screen(&word.text).into_owned(),
        ..word.clone()
    };
    CaptionCue { words: cue.words.iter().map(shown).collect(), ..cue.clone() }
}
