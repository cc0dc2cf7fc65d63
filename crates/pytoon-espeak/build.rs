//! Names the system library to link.

fn main() {
    println!("cargo:rustc-link-lib=dylib=espeak-ng");
    println!("cargo:rerun-if-changed=build.rs");
}
