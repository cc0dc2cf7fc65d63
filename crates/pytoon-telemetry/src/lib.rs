//! The telemetry of the system: events with fixed names, as JSON lines.
//!
//! Every event that an operator may search for is defined once, in [`Event`] or [`ServiceEvent`]. Its fields
//! are typed, so a line cannot omit one. [`LogTarget`] selects the files or streams that lines go to.
//! Emitting an event also updates its metric, if it has one.
//!
//! If an OpenTelemetry collector is configured, spans of requests and tasks are sent to it.
//!
//! This crate does not decide which events are emitted; the callers do.
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
