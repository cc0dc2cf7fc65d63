//! The graph of stages that produces one film, and the dependencies of each stage.
//!
//! ```text
//! plan ─► voice ─► scene:scene_01 … scene:scene_n ─► mix, compose:000 … compose:m ─► publish
//! ```
//!
//! Guarantees: this is the only definition of the graph; a stage depends only on earlier stages; every stage name
//! parses back to its stage.
//!
//! Running stages (`pytoon-pipeline`), scheduling them on threads (the local executor) and storing them as rows of a
//! queue (`pytoon-records`) happen elsewhere.
//!
//! Start with [`FilmGraph::of_brief`].

use pytoon_vocabulary::SceneId;
use std::collections::BTreeSet;
use std::fmt;

/// One stage of a film.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StageId {
    /// Plans the scenes.
    Plan,
    /// Speaks the script, builds the timeline and chooses engines.
    Voice,
    /// Has the engines draw the scene with this id.
    Scene(SceneId),
    /// Mixes and masters the audio of the final timeline.
    Mix,
    /// Draws and encodes the picture chunk with this index, counted from 0.
    Chunk(u32),
    /// Joins, checks and delivers the film.
    Publish,
}

impl StageId {
    /// Parses the name of a stage, such as `scene:scene_01`. Returns `None` for an unknown name.
    pub fn from_name(name: &str) -> Option<Self> {
        Some(match name.split_once(':') {
            None => match name {
                "plan" => Self::Plan,
                "voice" => Self::Voice,
                "mix" => Self::Mix,
                "publish" => Self::Publish,
                _ => return None,
            },
            Some(("scene", id)) => Self::Scene(id.into()),
            Some(("compose", index)) => Self::Chunk(index.parse().ok()?),
            Some(_) => return None,
        })
    }
}

impl fmt::Display for StageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plan => f.write_str("plan"),
            Self::Voice => f.write_str("voice"),
            Self::Scene(id) => write!(f, "scene:{id}"),
            Self::Mix => f.write_str("mix"),
            Self::Chunk(index) => write!(f, "compose:{index:03}"),
            Self::Publish => f.write_str("publish"),
        }
    }
}

/// A stage and its dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The stage to run.
    pub stage: StageId,
    /// The stages that must finish before this one starts.
    pub needs: Vec<StageId>,
}

/// The properties of a film that determine its graph. They are known once the voice stage is done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilmShape {
    /// The ids of the scenes that engines draw, in order.
    pub scenes: Vec<SceneId>,
    /// The number of chunks of the picture.
    pub chunks: u32,
}

/// The stages of one film, each after the stages it depends on.
///
/// ```
/// use pytoon_core::graph::{FilmGraph, FilmShape, StageId};
/// use std::collections::BTreeSet;
///
/// let mut graph = FilmGraph::of_brief();
/// let mut done = BTreeSet::from([StageId::Plan, StageId::Voice]);
/// // After the voice stage it is known that no engine draws a scene and that there are two chunks.
/// graph.grow(&FilmShape { scenes: Vec::new(), chunks: 2 });
/// let ready: Vec<String> = graph.ready(&done).map(ToString::to_string).collect();
/// assert_eq!(ready, ["mix", "compose:000", "compose:001"]);
/// done.extend([StageId::Mix, StageId::Chunk(0), StageId::Chunk(1)]);
/// assert_eq!(graph.ready(&done).collect::<Vec<_>>(), [&StageId::Publish]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilmGraph {
    nodes: Vec<Node>,
}

impl FilmGraph {
    /// Returns the initial graph of a film made from a brief. It contains planning and the voice; the result of the
    /// voice stage adds the other stages ([`FilmGraph::grow`]).
    pub fn of_brief() -> Self {
        let plan = Node { stage: StageId::Plan, needs: Vec::new() };
        let voice = Node { stage: StageId::Voice, needs: vec![StageId::Plan] };
        Self { nodes: vec![plan, voice] }
    }

    /// Returns the graph of a film with an existing timeline, which needs no planning, voice or purchases.
    pub fn of_timeline(chunks: u32) -> Self {
        Self { nodes: drawing(&[], chunks) }
    }

    /// Returns the stages that follow the voice: the scenes that engines draw, the mix, the picture chunks and the
    /// publishing.
    pub fn after_voice(shape: &FilmShape) -> Vec<Node> {
        let scene =
            |id: &SceneId| Node { stage: StageId::Scene(id.clone()), needs: vec![StageId::Voice] };
        let mut nodes: Vec<Node> = shape.scenes.iter().map(scene).collect();
        let scenes: Vec<StageId> = nodes.iter().map(|node| node.stage.clone()).collect();
        let voice = [StageId::Voice];
        let needs = if scenes.is_empty() { &voice[..] } else { &scenes[..] };
        nodes.extend(drawing(needs, shape.chunks));
        nodes
    }

    /// Adds the stages that follow the voice.
    pub fn grow(&mut self, shape: &FilmShape) {
        self.nodes.extend(Self::after_voice(shape));
    }

    /// Returns all stages, each after the stages it depends on.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns the unfinished stages whose dependencies are all done.
    pub fn ready<'a>(&'a self, done: &'a BTreeSet<StageId>) -> impl Iterator<Item = &'a StageId> {
        let is_ready = |node: &&Node| {
            !done.contains(&node.stage) && node.needs.iter().all(|need| done.contains(need))
        };
        self.nodes.iter().filter(is_ready).map(|node| &node.stage)
    }
}

/// Returns the stages that need a final timeline: the mix, the picture chunks and the publishing. The mix and the
/// chunks depend on `needs` but not on each other; the publishing depends on all of them.
fn drawing(needs: &[StageId], chunks: u32) -> Vec<Node> {
    let made = std::iter::once(StageId::Mix).chain((0..chunks).map(StageId::Chunk));
    let mut nodes: Vec<Node> = made.map(|stage| Node { stage, needs: needs.to_vec() }).collect();
    let needs = nodes.iter().map(|node| node.stage.clone()).collect();
    nodes.push(Node { stage: StageId::Publish, needs });
    nodes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(scenes: &[&str], chunks: u32) -> FilmShape {
        FilmShape { scenes: scenes.iter().map(|&id| id.into()).collect(), chunks }
    }

    #[test]
    fn every_stage_waits_for_stages_before_it_and_publish_comes_last() {
        for scenes in [&[][..], &["scene_01", "scene_03"]] {
            let mut graph = FilmGraph::of_brief();
            graph.grow(&shape(scenes, 3));
            for (index, node) in graph.nodes().iter().enumerate() {
                for need in &node.needs {
                    let place = graph.nodes().iter().position(|other| other.stage == *need);
                    assert!(place.is_some_and(|place| place < index), "{}: {need}", node.stage);
                }
            }
            let last = graph.nodes().last().expect("stages");
            assert_eq!((&last.stage, last.needs.len()), (&StageId::Publish, 4));
        }
    }

    #[test]
    fn stages_become_ready_as_others_are_done() {
        let mut graph = FilmGraph::of_brief();
        let mut done = BTreeSet::new();
        let mut order = Vec::new();
        loop {
            let ready: Vec<StageId> = graph.ready(&done).cloned().collect();
            if ready.is_empty() {
                break;
            }
            order.push(ready.iter().map(StageId::to_string).collect::<Vec<_>>().join(" "));
            if ready.contains(&StageId::Voice) {
                graph.grow(&shape(&["scene_02"], 2));
            }
            done.extend(ready);
        }
        let expected =
            ["plan", "voice", "scene:scene_02", "mix compose:000 compose:001", "publish"];
        assert_eq!(order, expected);
    }

    #[test]
    fn the_diagram_of_the_architecture_is_the_graph() {
        let mut graph = FilmGraph::of_brief();
        graph.grow(&shape(&["scene_01"], 1));
        let mut done = BTreeSet::new();
        let mut columns = Vec::new();
        while graph.nodes().len() > done.len() {
            let ready: Vec<StageId> = graph.ready(&done).cloned().collect();
            columns.push(ready.iter().map(StageId::to_string).collect::<Vec<_>>());
            done.extend(ready);
        }
        let page = include_str!("../../../ARCHITECTURE.md");
        let drawn = page.lines().find(|line| line.starts_with("plan ─► ")).expect("a diagram");
        // The last of several is drawn as `… name`.
        let names = |column: &str| -> Vec<String> {
            let first = |name: &str| name.split(" … ").next().unwrap_or_default().trim().to_owned();
            column.split(", ").map(first).collect()
        };
        assert_eq!(drawn.split(" ─► ").map(names).collect::<Vec<_>>(), columns);
    }

    #[test]
    fn a_film_of_a_timeline_only_mixes_draws_and_publishes() {
        let graph = FilmGraph::of_timeline(1);
        let ready: Vec<StageId> = graph.ready(&BTreeSet::new()).cloned().collect();
        assert_eq!(ready, [StageId::Mix, StageId::Chunk(0)]);
        assert_eq!(graph.nodes().len(), 3);
    }

    #[test]
    fn names_lead_back() {
        let scene = StageId::Scene("scene_07".into());
        let stages = [
            (StageId::Plan, "plan"),
            (StageId::Voice, "voice"),
            (scene, "scene:scene_07"),
            (StageId::Mix, "mix"),
            (StageId::Chunk(12), "compose:012"),
            (StageId::Publish, "publish"),
        ];
        for (stage, name) in stages {
            assert_eq!(stage.to_string(), name);
            assert_eq!(StageId::from_name(name), Some(stage));
        }
        for name in ["", "cancel", "compose:x", "compose:-1", "other:scene_01"] {
            assert_eq!(StageId::from_name(name), None, "{name}");
        }
    }
}
