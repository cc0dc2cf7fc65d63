//! Defines the input of a type scene, and the boxes of its words.

use crate::area::{Rect, SafeRect};
use crate::kinetic::KineticVariant;
use pytoon_vocabulary::Treatment;

/// A spoken word. Times are in milliseconds after the scene's first frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeWord {
    /// The word as shown on screen, with its punctuation.
    pub text: String,
    /// The onset of the word, in milliseconds.
    pub start_ms: i64,
    /// The end of the word, in milliseconds.
    pub end_ms: i64,
    /// True to set the word larger and in the accent colour.
    pub emphasis: bool,
    /// True if the word joins the next one without a space.
    pub joins_next: bool,
}

/// A sentence and its settings.
#[derive(Clone, Debug, PartialEq)]
pub struct TypeSpec {
    /// The words of the sentence, in the order in which they are spoken.
    pub words: Vec<TypeWord>,
    /// The way to set the sentence.
    pub treatment: Treatment,
    /// The alignment of the text.
    pub variant: KineticVariant,
    /// True for dark text on a light background.
    pub light_ground: bool,
    /// The area for the text, in frame pixels.
    pub zone: SafeRect,
    /// The number of frame pixels per pixel of the text sizes, which are those of a 1080x1920 frame.
    pub unit: f32,
    /// The language of the sentence, a BCP 47 tag.
    pub language: Option<String>,
    /// The font family; defaults to Inter, and to Lato for quotations.
    pub font_family: Option<String>,
    /// The seed of small choices, such as the shape of bullets.
    pub seed: u64,
    /// The seed of a drawn shape in a corner that the text leaves free; `None` for no shape.
    pub ornament: Option<u64>,
    /// The duration of the scene, in milliseconds.
    pub scene_ms: i64,
}

impl TypeSpec {
    /// Creates the settings for words on a dark background in the universal safe area of a 1080x1920 frame. The scene
    /// ends 600 ms after the last word.
    pub fn new(words: Vec<TypeWord>, treatment: Treatment, variant: KineticVariant) -> Self {
        let scene_ms = words.iter().map(|w| w.end_ms).max().unwrap_or(0) + 600;
        Self {
            words,
            treatment,
            variant,
            light_ground: false,
            zone: SafeRect::UNIVERSAL,
            unit: 1.0,
            language: None,
            font_family: None,
            seed: 0,
            ornament: None,
            scene_ms,
        }
    }
}

/// The place and time of a word on screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WordBox {
    /// The index of the word in the input.
    pub word: usize,
    /// The index of the page that shows the word.
    pub page: usize,
    /// The ink of the word at rest, in frame pixels; empty if no font covers the word.
    pub rect: Rect,
    /// The time at which the word begins to be visible, in milliseconds after the scene's first frame.
    pub appears_ms: i64,
}
