//! Mixed fractions: a whole number, a fraction and an optional unit, as in `2 1/2 hours`.

use super::context::Context;
use super::fractions::{and_fraction, pair, proper, vulgar};
use super::units;
use crate::numbers::english::cardinal;
use crate::numbers::is_digits;
use crate::sentence::Reading;

/// Expands a whole number and a fraction, with a unit if one follows: "2 1/2 hours".
pub(super) fn expand_mixed(context: &Context<'_>, index: usize) -> Option<Vec<Reading>> {
    let whole = context.core(index);
    let next = context.next(index);
    let is_whole = is_digits(whole) && whole.len() <= 3 && !whole.starts_with('0');
    if !is_whole {
        return None;
    }
    let (digits, unit) = next
        .find(|c: char| c.is_alphabetic() || c == '"')
        .map_or((next, ""), |at| next.split_at(at));
    let (top, bottom) = match digits.chars().next().and_then(vulgar) {
        Some(parts) if digits.chars().count() == 1 => parts,
        _ => {
            let (top, bottom) = digits.split_once('/')?;
            proper(top, bottom)?;
            pair(top, bottom)?
        }
    };
    let first = Reading::from(cardinal(whole.parse().ok()?, context.dialect));
    let second = and_fraction(top, bottom);
    let is_one = context.is_attributive(index);
    if !unit.is_empty() {
        let unit = units::unit(unit)?;
        return Some(vec![first, Reading::from(format!("{second} {}", unit.name(is_one)))]);
    }
    let mut readings = vec![first, Reading::from(second)];
    if let Some(unit) = units::unit_after(context, index + 1) {
        readings.extend(unit.readings(is_one));
    }
    Some(readings)
}
