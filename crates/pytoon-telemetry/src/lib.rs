//! What the system says about itself: events with fixed names, as JSON lines.
//!
//! Every event that an operator may grep for is named once, in [`Event`]; its fields are typed,
//! so a line cannot lose one. Lines go to standard error or to `worker.log` in a folder.
//!
//! Does not decide what is worth saying: callers do.
//!
//! Start with [`Event`] and [`init`].

mod event;
mod json_lines;
mod redact;

pub use event::Event;
pub use json_lines::{LogTarget, init, timestamp};
pub use redact::{REDACTED, register_secret, sanitize_sensitive_data};
