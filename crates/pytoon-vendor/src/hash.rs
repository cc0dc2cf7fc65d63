//! Computes SHA-256 hashes in hexadecimal.

use pytoon_vocabulary::hex;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Returns the SHA-256 of a file, in hexadecimal.
pub fn file_hash(path: &Path) -> std::io::Result<String> {
    let mut file = std::fs::File::open(path)?;
    let mut hasher = Sha256::new();
    std::io::copy(&mut file, &mut hasher)?;
    Ok(hex(&hasher.finalize()))
}

/// Returns the SHA-256 of bytes, in hexadecimal.
pub fn bytes_hash(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}
