//! Chooses the cover frame.

use pytoon_compositor::thumbnail;
use pytoon_core::time::FrameRange;
use pytoon_core::timeline::Timeline;
use pytoon_graphics::Frame;
use pytoon_vocabulary::Frame as FrameNumber;

/// Returns the frames of the first three seconds that may become the cover, at most seven. No frame in a transition
/// qualifies. If none qualifies, the only candidate is the first frame.
pub(super) fn cover_candidates(timeline: &Timeline) -> Vec<FrameNumber> {
    let transitions = || timeline.tracks.video.iter().filter_map(|c| c.transition_in.as_ref());
    let in_transition = |n: FrameNumber| transitions().any(|t| t.range().contains(n));
    let rate = timeline.frame_rate.as_f64();
    let mut candidates: Vec<FrameNumber> = [6, 10, 14, 18, 22, 26, 30]
        .into_iter()
        .map(|tenth| FrameNumber::new((f64::from(tenth) / 10.0 * rate) as i64))
        .filter(|&n| n < timeline.total_frames && !in_transition(n))
        .collect();
    if candidates.is_empty() {
        candidates.push(FrameNumber::ZERO);
    }
    candidates
}

/// The choice of a cover among the candidate frames.
pub(super) struct Cover {
    /// The frames that may become the cover.
    pub(super) candidates: Vec<FrameNumber>,
    best: Option<(f64, Frame)>,
    /// The score of the chosen frame.
    pub(super) score: Option<f64>,
}

impl Cover {
    /// Starts the search for the best cover among the candidates that are in `range`.
    pub(super) fn among(candidates: &[FrameNumber], range: FrameRange) -> Self {
        let candidates = candidates.iter().copied().filter(|&n| range.contains(n)).collect();
        Self { candidates, best: None, score: None }
    }

    /// Scores a frame if it is a candidate. Returns the best frame when it scores the last candidate,
    /// otherwise `None`.
    pub(super) fn consider(&mut self, number: FrameNumber, frame: &Frame) -> Option<Frame> {
        if !self.candidates.contains(&number) {
            return None;
        }
        let score = thumbnail::score(frame);
        if self.best.as_ref().is_none_or(|(best, _)| score > *best) {
            self.best = Some((score, frame.clone()));
        }
        if self.candidates.last() != Some(&number) {
            return None;
        }
        let (score, frame) = self.best.take()?;
        self.score = Some(score);
        Some(frame)
    }
}
