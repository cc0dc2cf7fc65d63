//! Acceptance tests: a brief goes in, a film comes out, and the film is measured.
//!
//! They run the built programs as a user does: `cargo build --workspace --bins` comes first.
//! Nearly all films are 270 by 480 and a second or two long.

mod alignment;
mod backgrounds_and_joins;
mod brand_and_overlays;
mod briefs;
mod brought;
mod determinism;
mod doctor;
mod drills;
mod engines_as_data;
mod engines_chain;
mod engines_faults;
mod engines_limits;
mod engines_matrix;
mod engines_paid_once;
mod engines_without;
mod engines_words;
mod film;
mod highlight;
mod house;
mod inspect;
mod interrupted;
mod length;
mod machine;
mod media;
mod media_colours;
mod media_kinds;
mod media_pictures;
mod refused;
mod runbooks;
mod scripts;
mod service;
mod service_again;
mod service_assets;
mod service_attack;
mod service_crash;
mod service_sizes;
mod service_storage;
mod service_traces;
mod sidecars;
mod small_disk;
mod support;
mod terminal;
mod text;
mod transcript;
mod voice_and_music;
mod voice_booth;
mod voice_breakers;
mod voice_chain;
mod voice_neural;
mod voice_paid_once;
mod voice_programs;
mod voice_servers;
