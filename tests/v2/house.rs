//! No test is forgotten.

use std::path::Path;

#[test]
fn every_file_here_is_a_module() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("v2");
    let main = std::fs::read_to_string(folder.join("main.rs")).expect("readable");
    for entry in std::fs::read_dir(folder).expect("readable").flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let module = name.strip_suffix(".rs").unwrap_or_else(|| panic!("{name} is no test file"));
        let named = main.contains(&format!("mod {module};\n"));
        assert!(module == "main" || named, "{name} is not a module of main.rs");
    }
}
