//! The chain of engines of a scene, with the reason for each. It is decided once, stored with the job and shown to
//! users.

use pytoon_vocabulary::{EngineName, MicroUsd, UnixMs};
use serde::{Deserialize, Serialize};

/// The name of the engine that draws on this machine.
pub const LOCAL_ENGINE: &str = "local";

/// An engine of the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct ChainMember {
    /// The name of the engine.
    pub engine: EngineName,
    /// The reason for the engine's position in the chain.
    pub reason: String,
    /// The estimated cost of the scene with this engine.
    pub estimate: MicroUsd,
    /// The length requested from the engine, in milliseconds; 0 for `local`.
    pub asked_ms: u32,
    /// The reason that the engine cannot be used now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// The time at which the engine's breaker admits the next attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooling_until: Option<UnixMs>,
}

/// An engine that cannot draw the scene.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// The name of the engine.
    pub engine: EngineName,
    /// The reason for leaving the engine out.
    pub reason: String,
}

/// The engines of a scene in order; the last of a chosen chain is `local`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase")]
pub struct EngineChain {
    /// The engines to try, in order.
    pub members: Vec<ChainMember>,
    /// The engines that cannot draw the scene.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

impl EngineChain {
    /// Returns the first engine of the chain, blocked or not, or `local` if the chain is empty.
    pub fn first(&self) -> &str {
        self.members.first().map_or(LOCAL_ENGINE, |member| member.engine.as_str())
    }

    /// Returns the engine to call first now: the first that is neither `local` nor blocked. Returns `None` if there
    /// is none.
    pub fn first_available(&self) -> Option<&ChainMember> {
        let mut outside = self.members.iter().filter(|member| member.engine != LOCAL_ENGINE);
        outside.find(|member| member.blocked.is_none())
    }

    /// Returns true if an engine other than `local` may draw the scene.
    pub fn has_outside_engine(&self) -> bool {
        self.members.iter().any(|member| member.engine != LOCAL_ENGINE)
    }
}
