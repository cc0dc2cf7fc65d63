//! Numbers the items of the script's list: a disc with the number while the item is spoken.

use super::overlay::move_frames;
use super::{OverlayClip, OverlayContent, TimelineScene};
use crate::brief::{OverlayMove, Position};
use crate::caption::SceneWords;
use crate::scene::SceneGraph;
use crate::text::SentenceEnd;
use crate::time::FrameRate;
use pytoon_vocabulary::{Frame, Ms};

/// The width of the disc, as a fraction of the frame's width.
const WIDTH: f64 = 0.12;

/// A sentence of the film.
struct Spoken {
    start: Ms,
    is_item: bool,
    ends_paragraph: bool,
}

/// Returns the numbers of the list's items; none for a script without a list of at least two items. They end where one of
/// `cards` begins.
pub(super) fn chapter_clips(
    graph: &SceneGraph,
    words: &[SceneWords],
    places: &[TimelineScene],
    cards: &[OverlayClip],
    rate: FrameRate,
) -> Vec<OverlayClip> {
    let spoken = sentences(graph, words, places, rate);
    if spoken.iter().filter(|sentence| sentence.is_item).count() < 2 {
        return Vec::new();
    }
    let total = places.last().map_or(Frame::ZERO, |place| place.end_frame);
    let in_item = in_items(&spoken);
    let mut clips = Vec::new();
    let mut number = 0;
    for (index, item) in spoken.iter().enumerate().filter(|(_, sentence)| sentence.is_item) {
        // A list after other paragraphs begins again with 1.
        let goes_on = index > 0 && in_item[index - 1];
        number = if goes_on { number + 1 } else { 1 };
        let is_past = |at: &usize| spoken[*at].is_item || !in_item[*at];
        let next = (index + 1..spoken.len()).find(is_past).map(|at| &spoken[at]);
        let start_frame = rate.ms_to_frame_round(item.start).min(total);
        let end_frame = next.map_or(total, |next| rate.ms_to_frame_round(next.start).min(total));
        // A card that comes takes the place.
        let starts =
            cards.iter().filter(|card| matches!(card.content, OverlayContent::Title { .. }));
        let starts = starts.map(|card| card.start_frame).filter(|start| *start > start_frame);
        let end_frame = starts.fold(end_frame, Frame::min);
        if end_frame > start_frame {
            clips.push(OverlayClip {
                content: OverlayContent::Chapter { number },
                position: Position::TopLeft,
                width: WIDTH,
                opacity: 1.0,
                start_frame,
                end_frame,
                fade_frames: move_frames(rate, start_frame, end_frame),
                animation: OverlayMove::Pop,
            });
        }
    }
    clips
}

/// Marks the sentences that belong to an item: those from its first one to the end of its paragraph. Blank lines may stand
/// between items.
fn in_items(spoken: &[Spoken]) -> Vec<bool> {
    let mut is_inside = false;
    let mut out = Vec::with_capacity(spoken.len());
    for (index, sentence) in spoken.iter().enumerate() {
        let is_over = index > 0 && spoken[index - 1].ends_paragraph;
        is_inside = sentence.is_item || is_inside && !is_over;
        out.push(is_inside);
    }
    out
}

/// Returns the sentences of the film with the times at which they begin. The first sentence of a scene begins with it.
fn sentences(
    graph: &SceneGraph,
    words: &[SceneWords],
    places: &[TimelineScene],
    rate: FrameRate,
) -> Vec<Spoken> {
    let mut out = Vec::new();
    for ((scene, words), place) in graph.scenes.iter().zip(words).zip(places) {
        // The words of a caption have no sentences: the whole scene counts as one.
        let starts = (0..scene.sentences.len()).map(|sentence| {
            let last = sentence.checked_sub(1).and_then(|before| words.sentence_ends.get(before));
            let first = last.and_then(|last| words.words.get(last + 1));
            match first {
                Some(word) => word.start,
                None => rate.frame_to_ms(place.start_frame),
            }
        });
        out.extend(starts.enumerate().map(|(sentence, start)| Spoken {
            start,
            is_item: scene.items.contains(&sentence),
            ends_paragraph: scene.sentence_ends.get(sentence) == Some(&SentenceEnd::Paragraph),
        }));
    }
    out
}
