//! The system's telemetry: events with fixed names, as JSON lines.
//!
//! Every event that an operator may grep for is defined once, in [`Event`]; its fields are typed, so a line cannot
//! omit one. Lines go to standard error or to `worker.log` in a folder. Emitting an event updates its metric too,
//! so that log and metrics cannot disagree.
//!
//! Spans of requests and tasks go to an OpenTelemetry collector if one is configured.
//!
//! Does not decide which events are emitted: callers do.
//!
//! Start with [`Event`] and [`init`].

mod emit;
mod event;
mod json_lines;
mod metric;
mod redact;
mod service_event;
#[cfg(feature = "otel")]
mod traces;
#[cfg(not(feature = "otel"))]
#[path = "no_traces.rs"]
mod traces;
mod visible;

pub use event::Event;
pub use json_lines::{LogTarget, ServiceRole, init, timestamp};
pub use metric::{Breaker, Metrics, MetricsHandle};
pub use redact::{REDACTED, register_secret, sanitize_sensitive_data};
pub use service_event::ServiceEvent;
pub use traces::Traces;
pub use visible::{in_json, one_line};
