//! State machines of rows, each with a state, the events that change it, and one transition function.
//!
//! Guarantees: [`State::apply`] is the only definition of the transitions. The state lists for SQL statements over
//! many rows ([`State::from_states`]) and `docs/specs/job-states.md` are derived from it.
//!
//! Does not store rows, which `pytoon-store` does. The legal transitions of a job are in `job::status`, of a task in
//! `job::task`, of a scene in `job::scene`, and of a paid call in `ledger`.
//!
//! Start with [`State`].

use crate::ledger::{CallEvent, CallState, InvalidTransition as InvalidCall};
use std::fmt;

/// The state of a row.
pub trait State: Copy + Eq + fmt::Debug + fmt::Display + 'static {
    /// The events that change the state.
    type Event: Copy + Eq + fmt::Debug + 'static;
    /// The error for an event that a state does not allow.
    type Invalid: std::error::Error;
    /// Every state of the machine.
    const STATES: &'static [Self];
    /// Every event of the machine.
    const EVENTS: &'static [Self::Event];

    /// Returns the state to which an event leads.
    ///
    /// # Errors
    /// Returns an error if the state does not allow the event.
    fn apply(self, event: Self::Event) -> Result<Self, Self::Invalid>;

    /// Returns the states that allow an event.
    fn from_states(event: Self::Event) -> Vec<Self> {
        Self::STATES.iter().copied().filter(|state| state.apply(event).is_ok()).collect()
    }

    /// Returns the state to which an event leads from every state that allows it; `None` if no state does.
    fn to_state(event: Self::Event) -> Option<Self> {
        Self::STATES.iter().find_map(|state| state.apply(event).ok())
    }
}

/// An event that a state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the state `{from}` does not allow the event `{event:?}`")]
pub struct InvalidTransition<S: State> {
    /// The current state.
    pub from: S,
    /// The event that was rejected.
    pub event: S::Event,
}

impl State for CallState {
    type Event = CallEvent;
    type Invalid = InvalidCall;
    const STATES: &'static [Self] = &Self::ALL;
    const EVENTS: &'static [CallEvent] = &[
        CallEvent::Answered,
        CallEvent::NotSent,
        CallEvent::NoAnswer,
        CallEvent::Kept,
        CallEvent::Failed,
        CallEvent::Refused,
        CallEvent::BadOutput,
        CallEvent::Cancelled,
        CallEvent::Abandoned,
        CallEvent::Lost,
        CallEvent::Found,
    ];

    fn apply(self, event: CallEvent) -> Result<Self, InvalidCall> {
        // The inherent function, which takes precedence.
        Self::apply(self, event)
    }
}

/// Defines the names of an enum without fields: `ALL`, `as_str`, `from_name` and `Display`.
macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),+ $(,)? }) => {
        impl $type {
            /// Every value of the enum.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// Returns the name under which the value is stored, logged and shown.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// Returns the value with the given name; `None` if there is none.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|value| value.as_str() == name)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}
pub(crate) use names;

/// Checks that hold for every state machine.
#[cfg(test)]
pub(crate) mod checks {
    use super::State;
    use std::collections::BTreeSet;

    /// Asserts that each event is allowed in exactly the listed states and leads to the listed state. The table must
    /// name every event, so that every state is tested with every event.
    pub(crate) fn assert_table<S: State>(table: &[(S::Event, &[S], S)]) {
        for event in S::EVENTS {
            assert_eq!(table.iter().filter(|row| row.0 == *event).count(), 1, "{event:?}");
        }
        for (event, from, to) in table {
            for state in S::STATES {
                let expected = from.contains(state).then_some(*to);
                assert_eq!(state.apply(*event).ok(), expected, "{state} and {event:?}");
            }
            assert_eq!(
                (S::from_states(*event).len(), S::to_state(*event)),
                (from.len(), Some(*to))
            );
        }
    }

    /// Returns the names of the states that can be reached from a state by any sequence of events.
    pub(crate) fn reachable<S: State>(from: S) -> BTreeSet<String> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(state) = open.pop() {
            if seen.insert(state.to_string()) {
                open.extend(S::EVENTS.iter().filter_map(|event| state.apply(*event).ok()));
            }
        }
        seen
    }

    /// Asserts that a sequence of events, given as numbers, leads only to declared states, and that a rejected event
    /// changes nothing.
    pub(crate) fn assert_walk<S: State>(first: S, events: &[usize], is_allowed: impl Fn(S, S)) {
        let mut state = first;
        for number in events {
            let event = S::EVENTS[number % S::EVENTS.len()];
            let Ok(next) = state.apply(event) else {
                assert!(!S::from_states(event).contains(&state), "{state} and {event:?}");
                continue;
            };
            assert!(S::STATES.contains(&next) && S::to_state(event) == Some(next), "{event:?}");
            is_allowed(state, next);
            state = next;
        }
    }
}
