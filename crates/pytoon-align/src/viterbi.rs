//! Finds the cheapest path of a recording through a chain of states: silence, word 1, silence, word 2, … silence.
//!
//! The states of words are the reference's frames. Back-pointers are stored only for the states within a beam of the
//! cheapest at each frame, so memory grows linearly with the length of the recording, not with its square.

use super::features::{Feature, distance};
use std::ops::Range;

/// The cost of staying in a state, which means that the recording is slower than the reference.
const STAY: f32 = 0.3;
/// The costs of skipping zero, one and two states of the reference.
const SKIPS: [f32; 3] = [0.0, 0.15, 0.6];
/// The cost of entering silence where the script has no pause.
pub(crate) const PAUSE: f32 = 1.0;

/// The chain of words and silences.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    /// The states of each word, in order and without gaps. No word is empty.
    pub(crate) words: Vec<Range<usize>>,
    /// The cost of entering the silence before each word, and after the last one.
    pub(crate) pause: Vec<f32>,
}

const SILENCE_WEIGHT: f32 = 1.5;

/// The squared distances between two sets of features, which are the costs of a frame.
pub(crate) struct Distances<'a> {
    pub(crate) recorded: &'a [Feature],
    pub(crate) silence: &'a [f32],
    pub(crate) states: Vec<Feature>,
}

impl Distances<'_> {
    /// Writes the costs of a range of states at a frame.
    fn states(&self, frame: usize, range: Range<usize>, out: &mut [f32]) {
        let own = &self.recorded[frame];
        for (out, state) in out.iter_mut().zip(&self.states[range]) {
            *out = distance(own, state);
        }
    }

    /// Returns the cost of silence at a frame.
    fn silence(&self, frame: usize) -> f32 {
        SILENCE_WEIGHT * self.silence[frame]
    }
}

/// The position of a frame of the recording in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The silence before word `n`.
    Silence(usize),
    /// A state of a word.
    State(usize),
}

/// The cheapest path: a position for every frame.
pub(crate) type Path = Vec<Place>;

/// The excess over the cheapest cost above which a state is pruned.
const BEAM: f32 = 220.0;
/// Maximum number of states stored at a frame (40 s of reference).
const MAX_ACTIVE: usize = 8_000;

const FROM_SILENCE: u8 = 8;
const NEVER: f32 = 1e30;

/// Returns the cheapest path, or `None` if the recording is too short for the chain.
pub(crate) fn cheapest(chain: &Chain, local: &Distances<'_>) -> Option<Path> {
    let mut search = Search::new(chain);
    if search.states == 0 || local.recorded.is_empty() {
        return None;
    }
    search.run(local);
    search.trace_back()
}

struct Search<'a> {
    chain: &'a Chain,
    states: usize,
    /// The index of the word of each state.
    word_of: Vec<u32>,
    /// The costs of the states at the previous frame. `new` contains those at this frame.
    old: Vec<f32>,
    new: Vec<f32>,
    silence: Vec<f32>,
    /// For each frame, the first stored state and the back-pointers of the stored states.
    kept: Vec<(usize, Vec<u8>)>,
    /// For each frame, the first word in reach and the back-pointers of the silences from that word on. 0 stays;
    /// otherwise the value is 1 + the number of states between the source of the path and the word's first state.
    silence_back: Vec<(usize, Vec<u8>)>,
}

impl<'a> Search<'a> {
    fn new(chain: &'a Chain) -> Self {
        let states = chain.words.last().map_or(0, |range| range.end);
        let mut word_of = vec![0; states];
        for (index, range) in chain.words.iter().enumerate() {
            word_of[range.clone()].fill(index as u32);
        }
        Self {
            chain,
            states,
            word_of,
            old: vec![NEVER; states],
            new: vec![NEVER; states],
            silence: vec![NEVER; chain.words.len() + 1],
            kept: Vec::new(),
            silence_back: Vec::new(),
        }
    }

    fn run(&mut self, local: &Distances<'_>) {
        let mut costs = vec![0.0; self.states];
        local.states(0, 0..1, &mut costs[..1]);
        self.old[0] = costs[0];
        self.silence[0] = local.silence(0);
        let mut range = 0..1;
        self.kept.push((0, vec![0]));
        self.silence_back.push((0, vec![0]));
        for frame in 1..local.recorded.len() {
            let reach = range.start..(range.end + 3).min(self.states);
            // Both buffers contain stale values of earlier frames around the kept states.
            self.old[range.start.saturating_sub(3)..range.start].fill(NEVER);
            self.old[range.end..reach.end].fill(NEVER);
            local.states(frame, reach.clone(), &mut costs[reach.clone()]);
            let back = self.step(reach.clone(), &costs);
            self.step_silence(reach.clone(), local.silence(frame));
            range = self.keep(reach.clone());
            let from = range.start - reach.start;
            self.kept.push((range.start, back[from..from + range.len()].to_vec()));
            std::mem::swap(&mut self.old, &mut self.new);
        }
    }

    fn step(&mut self, reach: Range<usize>, costs: &[f32]) -> Vec<u8> {
        let mut back = vec![0u8; reach.len()];
        for state in reach.clone() {
            let old = &self.old;
            let mut best = old[state] + STAY;
            let mut from = 0;
            for (step, extra) in [(1, SKIPS[0]), (2, SKIPS[1]), (3, SKIPS[2])] {
                if state >= step && old[state - step] + extra < best {
                    best = old[state - step] + extra;
                    from = step as u8;
                }
            }
            self.new[state] = best + costs[state];
            back[state - reach.start] = from;
        }
        // Paths from silence enter the first three states of a word.
        for word in self.words_in(&reach) {
            let first = self.chain.words[word].start;
            for (step, extra) in SKIPS.into_iter().enumerate() {
                let state = first + step;
                if reach.contains(&state) && state < self.chain.words[word].end {
                    let cost = self.silence[word] + extra + costs[state];
                    if cost < self.new[state] {
                        self.new[state] = cost;
                        back[state - reach.start] = FROM_SILENCE + step as u8;
                    }
                }
            }
        }
        back
    }

    /// Returns the range of the words to which a range of states belongs.
    fn words_in(&self, reach: &Range<usize>) -> Range<usize> {
        let first = self.word_of[reach.start] as usize;
        let last = self.word_of[reach.end - 1] as usize;
        first..last + 1
    }

    fn step_silence(&mut self, reach: Range<usize>, cost: f32) {
        let words = self.words_in(&reach);
        // The silence after the last word in reach can be entered as well.
        let mut back = vec![0u8; words.len() + 1];
        for (place, word) in (words.start..=words.end).enumerate() {
            let first = self.first_state(word);
            let mut best = self.silence[word];
            for (step, extra) in SKIPS.into_iter().enumerate() {
                if first > step && reach.contains(&(first - 1 - step)) {
                    let from = self.old[first - 1 - step] + self.chain.pause[word] + extra;
                    if from < best {
                        best = from;
                        back[place] = 1 + step as u8;
                    }
                }
            }
            self.silence[word] = (best + cost).min(NEVER);
        }
        self.silence_back.push((words.start, back));
    }

    fn first_state(&self, word: usize) -> usize {
        self.chain.words.get(word).map_or(self.states, |range| range.start)
    }

    /// Returns the range of states to store, at most [`MAX_ACTIVE`]: those within the beam, and those to which a
    /// cheap silence leads.
    fn keep(&self, reach: Range<usize>) -> Range<usize> {
        let words = self.words_in(&reach);
        let in_silence =
            self.silence[words.start..=words.end].iter().copied().fold(NEVER, f32::min);
        let best = self.new[reach.clone()].iter().copied().fold(in_silence, f32::min);
        let limit = best + BEAM;
        let open = (words.start..=words.end)
            .filter(|&word| self.silence[word] <= limit)
            .map(|word| self.first_state(word))
            .filter(|&first| first >= reach.start);
        // A cheap silence keeps the state it leads to in reach.
        let (mut lowest, mut highest) = (usize::MAX, 0);
        for first in open {
            lowest = lowest.min(first);
            highest = highest.max(first);
        }
        let cheap = |state: &usize| self.new[*state] <= limit;
        let from =
            reach.clone().find(cheap).unwrap_or(reach.end - 1).min(lowest).min(reach.end - 1);
        let to = reach.clone().rev().find(cheap).map_or(from + 1, |state| state + 1);
        let to = to.max(highest.min(reach.end)).max(from + 1);
        from.max(to.saturating_sub(MAX_ACTIVE))..to
    }

    fn trace_back(&self) -> Option<Path> {
        let frames = self.kept.len();
        let end_silence = self.silence[self.chain.words.len()];
        let last = self.old[self.states - 1];
        if end_silence.min(last) >= NEVER / 2.0 {
            return None;
        }
        let mut place = if end_silence <= last {
            Place::Silence(self.chain.words.len())
        } else {
            Place::State(self.states - 1)
        };
        let mut places = vec![place; frames];
        for frame in (1..frames).rev() {
            places[frame] = place;
            place = match place {
                Place::State(state) => {
                    let (first, back) = &self.kept[frame];
                    let from = *back.get(state.checked_sub(*first)?)?;
                    if from >= FROM_SILENCE {
                        Place::Silence(self.word_of[state] as usize)
                    } else {
                        Place::State(state - usize::from(from))
                    }
                }
                Place::Silence(word) => {
                    let (first, back) = &self.silence_back[frame];
                    // A silence out of reach can only have stayed.
                    match word.checked_sub(*first).and_then(|at| back.get(at)) {
                        None | Some(0) => Place::Silence(word),
                        Some(step) => Place::State(self.first_state(word) - usize::from(*step)),
                    }
                }
            };
        }
        places[0] = place;
        Some(places)
    }
}
