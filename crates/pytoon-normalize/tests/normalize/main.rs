//! The tests of text normalisation, in one program: each program would be linked by itself.

mod common;
mod english_amounts;
mod english_table;
mod english_words;
mod german_and_french;
mod guide;
mod pronunciations;
mod properties;
mod spanish_and_portuguese;
