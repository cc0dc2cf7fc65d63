//! Tests that drive a simulator over the network, as a client of each vendor would.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod acme;
mod bench;
mod clip_faults;
mod comfyui;
mod fal;
mod faults;
mod luma;
mod program;
mod runway;
mod stock;
mod truth;
mod voices;

#[test]
fn no_test_file_is_forgotten() {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim");
    let main = include_str!("main.rs");
    for entry in std::fs::read_dir(here).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let module = name.trim_end_matches(".rs");
        assert!(module == "main" || main.contains(&format!("mod {module};")), "{name}");
    }
}
