//! Lists the files of `studio/dist` for `include_bytes!`. Without that folder the list is empty.

use std::fmt::Write;
use std::path::Path;

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../studio/dist");
    // Cargo would run this script each time for a folder that does not exist.
    let watched = if root.is_dir() { &root } else { root.parent().unwrap_or(&root) };
    println!("cargo::rerun-if-changed={}", watched.display());
    let entries = std::fs::read_dir(&root).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !name.ends_with(".gz") && name != "stamp")
        .collect();
    names.sort();
    let mut list = String::from("&[\n");
    for name in names {
        let plain = root.join(&name);
        let packed = root.join(format!("{name}.gz"));
        println!("cargo::rerun-if-changed={}", plain.display());
        let _ = writeln!(
            list,
            "    File {{ name: {name:?}, plain: include_bytes!({plain:?}), \
             packed: Some(include_bytes!({packed:?})) }},"
        );
    }
    list.push_str("]\n");
    let out = std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(Path::new(&out).join("files.rs"), list).expect("OUT_DIR is writable");
}
