//! Wrappers around an adapter that do not change its behaviour.

pub mod observed;
