//! Measures media for tests.
