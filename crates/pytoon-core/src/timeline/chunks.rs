//! Divides a film into chunks and places its keyframes.
//!
//! Guarantees: chunks tile the film; each begins with a keyframe, and GOPs are closed, so that chunks can be
//! encoded independently and joined without re-encoding. A scene, or the transition into it, begins a new
//! chunk unless a chunk would then be shorter than [`SHORTEST_SECONDS`]. This allows chunks to be reused when
//! another scene changes.

use super::Timeline;
use crate::time::FrameRange;
use pytoon_vocabulary::Frame;

/// The approximate maximum length of a chunk, in seconds; it is rounded to whole GOPs. The value is short enough that
/// cores share the film evenly and a change redraws little. It is long enough that the cost of starting an encoder
/// (0.1 s of a core) is negligible.
const CHUNK_SECONDS: f64 = 2.6;
/// Minimum length of a chunk, in seconds, unless the film is shorter. A keyframe costs as many bits as several other
/// frames, so shorter scenes share a chunk.
const SHORTEST_SECONDS: f64 = 0.5;

impl Timeline {
    /// Divides each section of the film into chunks of nearly equal length, none longer than the maximum.
    pub fn chunks(&self) -> Vec<FrameRange> {
        let starts = self.section_starts();
        let ends = starts.iter().skip(1).copied().chain([self.total_frames]);
        let longest = self.longest_chunk();
        starts
            .iter()
            .zip(ends)
            .flat_map(|(&start, end)| {
                let length = end - start;
                let parts = (length.get() + longest - 1).div_euclid(longest).max(1);
                let at = move |part: i64| start + length * part / parts;
                (0..parts).map(move |part| FrameRange::new(at(part), at(part + 1)))
            })
            .collect()
    }

    /// Returns the keyframes of the film: the first frame of every chunk, and one after every full GOP.
    pub fn key_frames(&self) -> Vec<Frame> {
        let gop = self.profile.gop_frames() as usize;
        self.chunks().iter().flat_map(|chunk| chunk.frames().step_by(gop)).collect()
    }

    /// Returns the first frame of each section that is divided into chunks. The first section begins with the film.
    /// Each later scene, or the transition into it, begins a section, unless a section would then be shorter than
    /// [`SHORTEST_SECONDS`].
    fn section_starts(&self) -> Vec<Frame> {
        let shortest = self.frame_rate.seconds_to_frames_round(SHORTEST_SECONDS);
        let mut starts = vec![Frame::ZERO];
        for pair in self.tracks.video.windows(2) {
            let (before, clip) = (&pair[0], &pair[1]);
            let start = clip.transition_in.as_ref().map_or(clip.start_frame, |t| t.start_frame);
            let last = starts.last().copied().unwrap_or_default();
            let has_room = start - last >= shortest && self.total_frames - start >= shortest;
            if before.scene_id != clip.scene_id && has_room {
                starts.push(start);
            }
        }
        starts
    }

    /// Returns the maximum length of a chunk in frames, a whole number of GOPs.
    fn longest_chunk(&self) -> i64 {
        let groups = (CHUNK_SECONDS / self.profile.video.gop_seconds).round().max(1.0) as i64;
        groups * self.profile.gop_frames()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::test_film::drawn_film;
    use serde_json::{Value, json};

    fn film(rate: Value, gop_seconds: f64, scenes: &[(i64, i64)]) -> Timeline {
        serde_json::from_value(drawn_film(rate, gop_seconds, scenes)).expect("a timeline")
    }

    fn lengths(film: &Timeline) -> Vec<i64> {
        film.chunks().iter().map(|chunk| chunk.len().get()).collect()
    }

    #[test]
    fn chunks_tile_any_film_and_no_group_is_longer_than_it_may_be() {
        for rate in [json!(24), json!(25), json!(30), json!(60), json!("30000/1001")] {
            for gop in [0.1, 0.5, 0.7, 1.0, 2.0, 3.3, 10.0] {
                for scenes in [&[1][..], &[29], &[150, 61, 1, 2, 90], &[7; 40], &[500, 3000]] {
                    let scenes: Vec<_> = scenes.iter().map(|&frames| (frames, 0)).collect();
                    let film = film(rate.clone(), gop, &scenes);
                    let chunks = film.chunks();
                    let (first, last) = (chunks[0], chunks[chunks.len() - 1]);
                    assert_eq!((first.start, last.end), (Frame::ZERO, film.total_frames));
                    assert!(chunks.windows(2).all(|pair| pair[0].end == pair[1].start));
                    assert!(chunks.iter().all(|chunk| !chunk.is_empty()), "{chunks:?}");
                    let mut keys = film.key_frames();
                    assert!(chunks.iter().all(|chunk| keys.contains(&chunk.start)));
                    keys.push(film.total_frames);
                    let gop = film.profile.gop_frames();
                    assert!(
                        keys.windows(2).all(|pair| (1..=gop).contains(&(pair[1] - pair[0]).get()))
                    );
                }
            }
        }
    }

    #[test]
    fn a_scene_is_cut_into_even_chunks_of_whole_groups() {
        assert_eq!(
            lengths(&film(json!(30), 2.0, &[(163, 0), (60, 0), (61, 0)])),
            [54, 54, 55, 60, 30, 31]
        );
        assert_eq!(lengths(&film(json!(30), 0.5, &[(150, 0)])), [75, 75]);
        assert_eq!(lengths(&film(json!(30), 1.5, &[(129, 0)])), [64, 65]);
        assert_eq!(lengths(&film(json!(30), 10.0, &[(500, 0)])), [250, 250]);
        assert_eq!(lengths(&film(json!(30), 2.0, &[(20, 0)])), [20]);
    }

    #[test]
    fn a_chunk_begins_where_a_scene_is_first_seen() {
        assert_eq!(lengths(&film(json!(30), 2.0, &[(50, 0), (50, 10), (50, 0)])), [45, 55, 50]);
    }

    #[test]
    fn scenes_of_a_moment_share_a_chunk() {
        assert_eq!(lengths(&film(json!(30), 2.0, &[(40, 0), (14, 0), (30, 0), (9, 0)])), [40, 53]);
    }
}
