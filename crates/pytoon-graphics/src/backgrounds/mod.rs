//! Moving backgrounds, computed from a palette, a seed and the time.
//!
//! Guarantees: a frame is a pure function of (kind, palette, seed, size, time); every pixel is
//! covered; gradients are dithered and grained before rounding, so they do not band. The first frame
//! is a finished picture.
//!
//! This module does not choose a generator for a scene or follow the music.
//!
//! Start with [`Generator::new`] and [`Generator::draw`].

mod aurora;
mod blobs;
mod bokeh_leak;
mod field;
mod halftone;
mod mesh;
mod paper;
mod particles;
mod shapes;
mod swiss;
#[cfg(test)]
mod tests;

use crate::frame::Frame;
use crate::palette::Palette;
use field::Canvas;
use pytoon_vocabulary::Background;

/// Returns true if the background is light, so that text on it should be dark.
pub fn is_light(background: Background) -> bool {
    matches!(background, Background::Paper | Background::Swiss)
}

/// Buffers that are reused between frames. Each drawing thread needs its own.
#[derive(Debug, Default)]
pub struct GenScratch(field::Scratch);

/// A background that can be drawn at any time from any thread.
pub struct Generator {
    kind: Background,
    canvas: Canvas,
    inner: Inner,
}

enum Inner {
    Mesh(mesh::Mesh),
    Aurora(aurora::Aurora),
    BokehLeak(Box<bokeh_leak::BokehLeak>),
    Paper(Box<paper::Paper>),
    Swiss(Box<swiss::Swiss>),
    Particles(Box<particles::Particles>),
    Blobs(Box<blobs::Blobs>),
    Halftone(Box<halftone::Halftone>),
}

impl Generator {
    /// Creates a generator and precomputes the parts that do not depend on the time.
    pub fn new(
        kind: Background,
        palette: &Palette,
        seed: u64,
        frame_width: usize,
        frame_height: usize,
    ) -> Self {
        // Grain is more visible on light grounds, where film has less of it.
        let grain = if is_light(kind) { 0.7 } else { 1.2 };
        let canvas = Canvas::new(frame_width, frame_height, grain, seed);
        let (w, h) = (canvas.width, canvas.height);
        let inner = match kind {
            Background::Mesh => Inner::Mesh(mesh::Mesh::new(palette, seed)),
            Background::Aurora => Inner::Aurora(aurora::Aurora::new(palette, seed)),
            Background::BokehLeak => {
                Inner::BokehLeak(Box::new(bokeh_leak::BokehLeak::new(palette, seed)))
            }
            Background::Paper => Inner::Paper(Box::new(paper::Paper::new(palette, seed, &canvas))),
            Background::Swiss => Inner::Swiss(Box::new(swiss::Swiss::new(palette, seed, &canvas))),
            Background::Particles => {
                Inner::Particles(Box::new(particles::Particles::new(palette, seed, w, h)))
            }
            Background::Blobs => Inner::Blobs(Box::new(blobs::Blobs::new(palette, seed))),
            Background::Halftone => {
                Inner::Halftone(Box::new(halftone::Halftone::new(palette, seed, &canvas)))
            }
        };
        Self { kind, canvas, inner }
    }

    /// Returns the kind of background.
    pub fn kind(&self) -> Background {
        self.kind
    }

    /// Fills `frame` with the picture at `t_seconds` after the start of the scene. A frame whose size differs from
    /// the generator's is left unchanged.
    pub fn draw(&self, frame: &mut Frame, t_seconds: f64, scratch: &mut GenScratch) {
        if (frame.width(), frame.height()) != (self.canvas.width, self.canvas.height) {
            return;
        }
        let t = t_seconds as f32;
        let (canvas, scratch) = (&self.canvas, &mut scratch.0);
        match &self.inner {
            Inner::Mesh(g) => g.draw(canvas, frame, t, scratch),
            Inner::Aurora(g) => g.draw(canvas, frame, t, scratch),
            Inner::BokehLeak(g) => g.draw(canvas, frame, t, scratch),
            Inner::Paper(g) => g.draw(frame, t),
            Inner::Swiss(g) => g.draw(frame, t),
            Inner::Particles(g) => g.draw(canvas, frame, t, scratch),
            Inner::Blobs(g) => g.draw(canvas, frame, t, scratch),
            Inner::Halftone(g) => g.draw(canvas, frame, t, scratch),
        }
    }
}
