//! The title over the beginning of a film, and the card over its end.

use super::{BrandKit, Brief, FieldProblem};
use serde::{Deserialize, Serialize};
use unicode_width::UnicodeWidthStr;

/// The largest widths of a title or a call to action, and of an address, in columns; a wide character has two columns.
const MOST_TITLE: usize = 60;
const MOST_ADDRESS: usize = 40;
/// The display time of the title, in milliseconds.
pub const TITLE_MS: i64 = 2_500;
/// The display time of the end card, in milliseconds.
pub const END_CARD_MS: i64 = 2_500;

/// The card over the last seconds of the film.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EndCard {
    /// The call to action, such as `Order your first bag`; at most 60 characters, better six words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call_to_action: Option<String>,
    /// A web address or a handle, at most 40 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// True to show the brand's logo, large; default false.
    #[serde(default)]
    pub logo: bool,
}

/// The ending of a film.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// The film ends with its last scene.
    #[default]
    Plain,
    /// The last half second dissolves into the first picture, so that a player that repeats the film shows no seam.
    Loop,
}

impl Brief {
    /// Returns a problem of the title or the end card, or `None`.
    pub(super) fn card_problem(&self) -> Option<FieldProblem> {
        let card = self.end_card.as_ref();
        let texts = [
            ("title", self.title.as_ref(), MOST_TITLE),
            ("end_card.call_to_action", card.and_then(|it| it.call_to_action.as_ref()), MOST_TITLE),
            ("end_card.address", card.and_then(|it| it.address.as_ref()), MOST_ADDRESS),
        ];
        let texts = texts.into_iter().filter_map(|(field, text, most)| Some((field, text?, most)));
        for (field, text, most) in texts {
            let columns = text.trim().width();
            if columns == 0 {
                return Some(FieldProblem::new(
                    field,
                    "the text is empty: write it, or leave the field out",
                ));
            }
            if columns > most {
                let reason = format!(
                    "the text is {columns} columns wide, and {most} can be read in the time: shorten it"
                );
                return Some(FieldProblem::new(field, reason));
            }
        }
        let is_empty =
            |card: &EndCard| card.call_to_action.is_none() && card.address.is_none() && !card.logo;
        card.filter(|card| is_empty(card)).map(|_| {
            FieldProblem::new(
                "end_card",
                "the card is empty: give a `call_to_action`, an `address` or `logo: true`",
            )
        })
    }

    /// Returns a problem of the end card with the brand kit, or `None`.
    pub fn end_card_problem(&self, kit: &BrandKit) -> Option<FieldProblem> {
        let wants_logo = self.end_card.as_ref().is_some_and(|card| card.logo);
        (wants_logo && kit.logo.is_none()).then(|| {
            FieldProblem::new(
                "end_card.logo",
                "the brand has no logo: add one to `brand.logo`, or leave this out",
            )
        })
    }
}
