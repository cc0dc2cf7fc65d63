//! The status of a scene in a job, and the events that change it.
//!
//! A scene cannot fail, since the last engine of each chain is the local one.

use crate::state::{InvalidTransition, State, names};
use serde::{Deserialize, Serialize};

/// The status of a scene.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SceneStatus {
    /// This machine will draw the scene as part of the film.
    #[default]
    Planned,
    /// External engines are drawing the scene.
    Rendering,
    /// The scene has been drawn.
    Done,
}

names!(SceneStatus { Planned = "planned", Rendering = "rendering", Done = "done" });

/// An event that changes the status of a scene.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SceneEvent {
    /// The timeline is built, and this machine will draw the scene.
    Planned,
    /// The timeline is built, and external engines will draw the scene.
    Ordered,
    /// The clip of the scene is delivered, or the film with the scene is published.
    Drawn,
}

names!(SceneEvent { Planned = "planned", Ordered = "ordered", Drawn = "drawn" });

impl State for SceneStatus {
    type Event = SceneEvent;
    type Invalid = InvalidTransition<Self>;
    const STATES: &'static [Self] = &Self::ALL;
    const EVENTS: &'static [SceneEvent] = &SceneEvent::ALL;

    fn apply(self, event: SceneEvent) -> Result<Self, InvalidTransition<Self>> {
        // A job that is redone plans and draws all of its scenes again.
        Ok(match event {
            SceneEvent::Planned => Self::Planned,
            SceneEvent::Ordered => Self::Rendering,
            SceneEvent::Drawn => Self::Done,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::checks::{assert_table, assert_walk, reachable};
    use proptest::prelude::*;

    #[test]
    fn every_status_meets_every_event() {
        let all = &SceneStatus::ALL;
        assert_table::<SceneStatus>(&[
            (SceneEvent::Planned, all, SceneStatus::Planned),
            (SceneEvent::Ordered, all, SceneStatus::Rendering),
            (SceneEvent::Drawn, all, SceneStatus::Done),
        ]);
        assert_eq!(reachable(SceneStatus::Planned).len(), SceneStatus::ALL.len());
    }

    proptest! {
        #[test]
        fn events_lead_to_declared_states(
            events in proptest::collection::vec(any::<usize>(), 0..50),
        ) {
            assert_walk(SceneStatus::Planned, &events, |_, _| {});
        }
    }

    #[test]
    fn names_lead_back() {
        for status in SceneStatus::ALL {
            assert_eq!(SceneStatus::from_name(status.as_str()), Some(status));
            assert_eq!(serde_json::to_value(status).expect("json"), status.as_str());
        }
    }
}
