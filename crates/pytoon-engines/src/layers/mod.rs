//! Wrappers around an adapter, transparent to it.

pub mod observed;
