//! Tests that every test file is a module of `main.rs`, and that the Makefile works in a path with a space.

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

#[test]
fn a_project_in_a_path_with_a_space_is_built_where_there_is_none() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the project");
    let workspace = pytoon_testkit::Workspace::new();
    let project = workspace.path("with space");
    std::fs::create_dir_all(project.join("scripts")).expect("a folder");
    for file in ["Makefile", "scripts/target-dir.sh"] {
        std::fs::copy(root.join(file), project.join(file)).expect("copied");
    }
    // Twice: the second run finds the existing results.
    for _ in 0..2 {
        #[expect(clippy::disallowed_methods, reason = "make is not part of the product")]
        let made = std::process::Command::new("make")
            .arg("help")
            .current_dir(&project)
            .env("XDG_CACHE_HOME", workspace.path("cache"))
            .output()
            .expect("make runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let folder = std::fs::read_link(project.join("target")).expect("`target` leads elsewhere");
        assert!(folder.starts_with(workspace.path("cache")), "{}", folder.display());
        assert!(folder.is_dir());
    }
}
