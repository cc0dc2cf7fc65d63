//! Compiles the C file that includes `x264.h`, and names the library to link.
//!
//! The library is linked statically if a static version is installed (Debian's `libx264-dev` has one). The program
//! then starts immediately and runs wherever its libc does.

fn main() {
    println!("cargo:rerun-if-changed=src/x264.c");
    println!("cargo:rerun-if-changed=build.rs");
    let library =
        pkg_config::Config::new().cargo_metadata(false).probe("x264").unwrap_or_else(|_| {
            panic!(
                "the headers of libx264 are missing: `make setup`, or `apt-get install libx264-dev`"
            )
        });
    cc::Build::new()
        .file("src/x264.c")
        .includes(&library.include_paths)
        .warnings_into_errors(true)
        .compile("pytoon_x264");
    let folder = pkg_config::get_variable("x264", "libdir").unwrap_or_default();
    println!("cargo:rustc-link-search=native={folder}");
    let has_archive = std::path::Path::new(&folder).join("libx264.a").is_file();
    let kind = if has_archive { "static" } else { "dylib" };
    println!("cargo:rustc-link-lib={kind}=x264");
    println!("cargo:rustc-link-lib=dylib=m");
}
