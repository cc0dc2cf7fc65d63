//! Decompresses and parses the files of the front end within size limits.
//!
//! The caller reads them from disk.

use crate::error::{DataFile, EnglishError};
use flate2::read::GzDecoder;
use serde::de::DeserializeOwned;
use std::io::Read;

/// The files of the front end for one accent, as bytes. They can be dropped after
/// [`English::load`](crate::English::load).
#[derive(Debug, Clone, Copy)]
pub struct EnglishFiles<'a> {
    /// The content of `lexicon_us_gold.json.gz` or `lexicon_gb_gold.json.gz`, still compressed.
    pub gold: &'a [u8],
    /// The content of `lexicon_us_silver.json.gz` or `lexicon_gb_silver.json.gz`, still compressed.
    pub silver: &'a [u8],
    /// The content of `tagger.json.gz`, still compressed.
    pub tagger: &'a [u8],
    /// The content of `tokenizer_exceptions.json`.
    pub tokenizer_exceptions: &'a [u8],
    /// The content of `oov.onnx` or `oov_gb.onnx`.
    pub oov_model: &'a [u8],
    /// The content of `oov.json` or `oov_gb.json`.
    pub oov_meta: &'a [u8],
}

/// Decompresses a gzip file, at most to the file's limit plus one byte.
pub(crate) fn gunzip(file: DataFile, bytes: &[u8]) -> Result<Vec<u8>, EnglishError> {
    let limit = file.max_bytes();
    let mut out = Vec::with_capacity(stated_size(bytes).min(limit).saturating_add(1));
    GzDecoder::new(bytes)
        .take(limit as u64 + 1)
        .read_to_end(&mut out)
        .map_err(|error| EnglishError::Gzip { file, reason: error.to_string() })?;
    check_size(file, &out)?;
    Ok(out)
}

/// Returns the text of a decompressed file, which must be UTF-8.
pub(crate) fn text(file: DataFile, bytes: &[u8]) -> Result<&str, EnglishError> {
    simdutf8::basic::from_utf8(bytes).map_err(|error| EnglishError::content(file, error))
}

/// Returns the decompressed size stated in the last four bytes of a gzip file, limited to a plausible multiple of its
/// compressed size.
fn stated_size(bytes: &[u8]) -> usize {
    /// Maximum plausible compression ratio. Deflate can reach about 1032, but text stays far below that.
    const MAX_RATIO: usize = 20;
    let stated = bytes.last_chunk::<4>().map_or(0, |tail| u32::from_le_bytes(*tail) as usize);
    stated.min(bytes.len().saturating_mul(MAX_RATIO))
}

/// Rejects content larger than the file's limit.
pub(crate) fn check_size(file: DataFile, bytes: &[u8]) -> Result<(), EnglishError> {
    let limit = file.max_bytes();
    if bytes.len() > limit { Err(EnglishError::TooLarge { file, limit }) } else { Ok(()) }
}

/// Parses a JSON file, within its size limit, into a value.
pub(crate) fn parse_json<T: DeserializeOwned>(
    file: DataFile,
    bytes: &[u8],
) -> Result<T, EnglishError> {
    check_size(file, bytes)?;
    serde_json::from_slice(bytes).map_err(|error| EnglishError::content(file, error))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::io::Write;

    pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_whole_file_is_decompressed() {
        assert_eq!(gunzip(DataFile::Gold, &gzip(b"{\"a\":1}")).unwrap(), b"{\"a\":1}");
    }

    #[test]
    fn a_truncated_file_is_an_error_that_names_it() {
        let whole = gzip(&[b'x'; 10_000]);
        for length in [0, 5, 12, whole.len() / 2, whole.len() - 1] {
            let error = gunzip(DataFile::Silver, &whole[..length]).unwrap_err();
            assert!(error.to_string().starts_with("silver lexicon: "), "{length}: {error}");
        }
    }

    #[test]
    fn a_gzip_bomb_is_refused_at_the_limit() {
        let bomb = gzip(&vec![b' '; DataFile::Tagger.max_bytes() + 1]);
        assert!(bomb.len() < 1 << 20);
        let error = gunzip(DataFile::Tagger, &bomb).unwrap_err();
        assert!(matches!(error, EnglishError::TooLarge { file: DataFile::Tagger, .. }), "{error}");
    }
}
