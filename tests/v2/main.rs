//! Acceptance tests. Most of them render a brief, with a command or through the service, and measure the film. Others
//! check other commands or the documents.
//!
//! They run the built binaries as a user would, so `cargo build --workspace --bins` must be run first. Nearly all
//! films are 270 by 480 and a few seconds long.

mod alignment;
mod backgrounds_and_joins;
mod brand_and_overlays;
mod briefs;
mod brought;
mod determinism;
mod doctor;
mod documents;
mod drills;
mod engines_answers;
mod engines_as_data;
mod engines_chain;
mod engines_faults;
mod engines_limits;
mod engines_matrix;
mod engines_paid_once;
mod engines_shapes;
mod engines_without;
mod engines_words;
mod film;
mod golden;
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
mod redo;
mod refused;
mod runbooks;
mod scripts;
mod service;
mod service_again;
mod service_assets;
mod service_attack;
mod service_crash;
mod service_films;
mod service_sizes;
mod service_storage;
mod service_traces;
mod sidecars;
mod small_disk;
mod snapshots;
mod support;
mod terminal;
mod text;
mod transcript;
mod upgrade;
mod voice_and_music;
mod voice_booth;
mod voice_breakers;
mod voice_chain;
mod voice_neural;
mod voice_paid_once;
mod voice_programs;
mod voice_servers;
