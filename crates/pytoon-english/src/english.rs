//! Converts English text to phonemes: splits it into tokens, tags them, and pronounces the words from the last to the
//! first, since a word's pronunciation depends on the sound after it.

use crate::dictionary::Dictionary;
use crate::error::{DataFile, EnglishError};
use crate::files::EnglishFiles;
use crate::lexicon::{Context, Lexicon, NextSound};
use crate::phoneme_word::{PhonemeWord, is_pause};
use crate::stress::{is_consonant, is_vowel};
use crate::tagger::Tagger;
use crate::token::{Group, Token, group};
use crate::tokenizer::Tokenizer;
use crate::unknown::UnknownWords;
use crate::{Accent, fallback, resolve};
use std::ops::Range;
use std::thread::{Builder, ScopedJoinHandle};

/// A section of the text whose phonemes the caller supplies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixed {
    /// The range of characters in the text.
    pub chars: Range<usize>,
    /// The phonemes, in misaki's alphabet.
    pub phonemes: String,
}

/// The English front end of one accent.
#[derive(Debug)]
pub struct English {
    tokenizer: Tokenizer,
    tagger: Tagger,
    lexicon: Lexicon,
    unknown: UnknownWords,
}

impl English {
    /// Loads the front end from its files.
    ///
    /// # Errors
    ///
    /// Returns an error that names the file that is truncated, too large or in another format.
    pub fn load(files: &EnglishFiles<'_>, accent: Accent) -> Result<Self, EnglishError> {
        // The large files take about the same time.
        std::thread::scope(|scope| {
            let load_tagger = || Tagger::load(files.tagger);
            let load_silver = || Dictionary::load(DataFile::Silver, files.silver);
            let tagger = Builder::new().spawn_scoped(scope, load_tagger);
            let silver = Builder::new().spawn_scoped(scope, load_silver);
            let gold = Dictionary::load(DataFile::Gold, files.gold)?;
            let unknown = UnknownWords::load(files.oov_model, files.oov_meta)?;
            let silver = join_or_load(DataFile::Silver, silver, load_silver)?;
            Ok(Self {
                tokenizer: Tokenizer::load(files.tokenizer_exceptions)?,
                tagger: join_or_load(DataFile::Tagger, tagger, load_tagger)?,
                lexicon: Lexicon::new(gold, silver, accent),
                unknown,
            })
        })
    }

    /// Returns the phonemes of a text, token by token.
    ///
    /// A section in `fixed` becomes one token with the supplied phonemes, and the words around it are pronounced in
    /// its context. Sections that are empty, beyond the text or overlap an earlier one are ignored.
    #[must_use]
    pub fn phonemes(&self, text: &str, fixed: &[Fixed]) -> Vec<PhonemeWord> {
        let chars: Vec<char> = text.chars().collect();
        let mut groups = group(self.tokens(&chars, fixed));
        let mut context = Context { sound: NextSound::Pause, before_to: false };
        for group in groups.iter_mut().rev() {
            match group {
                Group::Single(token) => self.read_single(token, &mut context),
                Group::Pieces(pieces) => match pieces.as_mut_slice() {
                    [token] => self.read_single(token, &mut context),
                    pieces => self.read_pieces(pieces, &mut context),
                },
            }
        }
        groups.into_iter().filter_map(Group::into_word).collect()
    }

    /// Splits the text into tagged tokens. The text between fixed sections is tagged separately.
    fn tokens(&self, text: &[char], fixed: &[Fixed]) -> Vec<Token<'_>> {
        let mut order: Vec<&Fixed> = fixed.iter().collect();
        order.sort_by_key(|fixed| fixed.chars.start);
        let mut tokens = Vec::new();
        let mut at = 0;
        for Fixed { chars, phonemes } in order {
            if chars.is_empty() || chars.start < at || chars.end > text.len() {
                continue;
            }
            tokens.extend(self.tag_tokens(text, at..chars.start));
            tokens.push(Token::with_phonemes(text, chars.clone(), phonemes));
            at = chars.end;
        }
        tokens.extend(self.tag_tokens(text, at..text.len()));
        tokens
    }

    fn tag_tokens(&self, text: &[char], within: Range<usize>) -> Vec<Token<'_>> {
        let places = self.tokenizer.tokens(text, within);
        let spelling = |range: &Range<usize>| text.get(range.clone()).unwrap_or_default().iter();
        let words: Vec<String> =
            places.iter().map(|place| spelling(&place.chars).collect()).collect();
        let tags = self.tagger.tag(&words.iter().map(String::as_str).collect::<Vec<_>>());
        let tagged = places.into_iter().zip(words).zip(tags);
        tagged.map(|((place, text), tag)| Token::new(text, tag, place)).collect()
    }

    fn read_single(&self, token: &mut Token<'_>, context: &mut Context) {
        let phonemes = match token.phonemes.take() {
            Some(phonemes) => phonemes,
            None => self
                .lexicon
                .read(&token.word(), *context)
                .unwrap_or_else(|| fallback::read(&self.lexicon, &self.unknown, &token.text)),
        };
        *context = context_before(*context, &phonemes, &token.text, token.tag);
        token.phonemes = Some(phonemes);
    }

    /// Pronounces the pieces of a token, working backwards: looks up the longest run of pieces that the lexicon can
    /// pronounce, then the run before it. If a piece is unknown, `fallback` pronounces the whole token.
    fn read_pieces(&self, pieces: &mut [Token<'_>], context: &mut Context) {
        let mut end = pieces.len();
        while end > 0 {
            let longest = (earliest_start(pieces, end)..end).find_map(|start| {
                let run = Token::merge(pieces.get(start..end)?)?;
                let phonemes = self.lexicon.read(&run.word(), *context)?;
                Some((start, run, phonemes))
            });
            if let Some((start, run, phonemes)) = longest {
                *context = context_before(*context, &phonemes, &run.text, run.tag);
                set_phonemes(pieces.get_mut(start..end), phonemes);
                end = start;
                continue;
            }
            end -= 1;
            match pieces.get_mut(end) {
                Some(piece) if resolve::is_joint(&piece.text) => {
                    piece.phonemes = Some(String::new());
                }
                Some(_) | None => {
                    let whole = Token::merge(pieces).map(|whole| whole.text).unwrap_or_default();
                    let phonemes = fallback::read(&self.lexicon, &self.unknown, &whole);
                    set_phonemes(Some(pieces), phonemes);
                    return;
                }
            }
        }
        resolve::resolve(pieces);
    }
}

/// Returns the start of the longest run of pieces to look up that ends at `end`. A run of several pieces has at most
/// `MAX_ENTRY` characters, which keeps the time linear in the length of a token.
fn earliest_start(pieces: &[Token<'_>], end: usize) -> usize {
    /// Maximum length of a run of pieces to look up, in characters. The longest known dictionary entry has 45.
    const MAX_ENTRY: usize = 64;
    let mut length = 0;
    let lengths = pieces.iter().take(end).rev().map(|piece| piece.text.chars().count());
    let fitting = lengths.take_while(|chars| {
        length += chars;
        length <= MAX_ENTRY
    });
    end.saturating_sub(fitting.count().max(1))
}

/// Returns the value that a thread loaded. If the thread could not be started, loads the value on this thread.
fn join_or_load<T>(
    file: DataFile,
    thread: std::io::Result<ScopedJoinHandle<'_, Result<T, EnglishError>>>,
    load: impl FnOnce() -> Result<T, EnglishError>,
) -> Result<T, EnglishError> {
    let Ok(thread) = thread else { return load() };
    thread.join().unwrap_or_else(|_| Err(EnglishError::content(file, "the parser panicked")))
}

/// Assigns the phonemes of a run of pieces to its first piece. The other pieces are silent.
fn set_phonemes(run: Option<&mut [Token<'_>]>, phonemes: String) {
    let Some((first, rest)) = run.and_then(<[_]>::split_first_mut) else { return };
    first.phonemes = Some(phonemes);
    for piece in rest {
        piece.phonemes = Some(String::new());
    }
}

/// Returns the context for the preceding word, given a word with its phonemes and its own context.
fn context_before(context: Context, phonemes: &str, text: &str, tag: &str) -> Context {
    let sound = phonemes.chars().find_map(|c| match c {
        _ if is_pause(c) => Some(NextSound::Pause),
        _ if is_vowel(c) => Some(NextSound::Vowel),
        _ if is_consonant(c) => Some(NextSound::Consonant),
        _ => None,
    });
    let before_to = match text {
        "to" | "To" => true,
        "TO" => matches!(tag, "TO" | "IN"),
        _ => false,
    };
    Context { sound: sound.unwrap_or(context.sound), before_to }
}
