//! What can be put around an adapter without its knowing.

pub mod observed;
