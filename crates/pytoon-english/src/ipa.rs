//! Common IPA, as eSpeak NG and dictionaries write it, in misaki's letters.
//!
//! Guarantees: the result has only characters that the voices' vocabulary knows.
