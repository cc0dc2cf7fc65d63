//! The engines of a scene in order, with the reason for each: decided once, stored with the job,
//! shown to people.

use pytoon_vocabulary::{EngineName, MicroUsd, UnixMs};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The engine that draws on this machine and cannot fail.
pub const LOCAL_ENGINE: &str = "local";

/// An engine of the chain.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainMember {
    /// The engine.
    pub engine: EngineName,
    /// Why it stands here.
    pub reason: String,
    /// What the scene would cost there.
    pub estimate: MicroUsd,
    /// The length that would be asked for, in milliseconds; 0 for `local`.
    pub asked_ms: u32,
    /// What keeps it from being used right now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<String>,
    /// When its breaker lets one try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cooling_until: Option<UnixMs>,
}

/// An engine that cannot draw the scene.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LeftOut {
    /// The engine.
    pub engine: EngineName,
    /// Why.
    pub reason: String,
}

/// The engines of a scene in order; the last is always `local`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EngineChain {
    /// Tried in this order.
    pub members: Vec<ChainMember>,
    /// Not tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

impl EngineChain {
    /// The engine that is to draw the scene.
    pub fn first(&self) -> &str {
        self.members.first().map_or(LOCAL_ENGINE, |member| member.engine.as_str())
    }

    /// The engine that is asked first as things stand: the first that is not `local` and that
    /// nothing keeps from being used.
    pub fn asked_first(&self) -> Option<&ChainMember> {
        let mut outside = self.members.iter().filter(|member| member.engine != LOCAL_ENGINE);
        outside.find(|member| member.blocked.is_none())
    }

    /// Whether anything but `local` may draw the scene.
    pub fn has_outside_engine(&self) -> bool {
        self.members.iter().any(|member| member.engine != LOCAL_ENGINE)
    }
}
