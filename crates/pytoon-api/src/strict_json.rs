//! Parses JSON unambiguously: it rejects duplicate fields, and numbers that would lose digits.
//!
//! RFC 8259 leaves both to the parser, so two parsers may read different briefs from the same body.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::fmt;

/// The reason for rejecting a text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The text cannot be parsed, or contains a duplicate field. The value is the error with its position.
    NotJson(String),
    /// The text contains a number that would lose digits. The value is that number, shortened.
    LossyNumber(String),
}

/// Parses a JSON text. Rejects duplicate fields, numbers that would lose digits, and text after the value.
pub(crate) fn parse(text: &[u8]) -> Result<Value, Refused> {
    let not_json = |error: serde_json::Error| Refused::NotJson(error.to_string());
    let mut parser = serde_json::Deserializer::from_slice(text);
    let value = Strict.deserialize(&mut parser).map_err(not_json)?;
    parser.end().map_err(not_json)?;
    match lossy_number(text) {
        None => Ok(value),
        Some(digits) => Err(Refused::LossyNumber(digits)),
    }
}

/// Returns the first number that would lose digits, shortened; `None` if there is none.
fn lossy_number(text: &[u8]) -> Option<String> {
    const SHOWN: usize = 19;
    let mut is_string = false;
    let mut at = 0;
    while let Some(&byte) = text.get(at) {
        match byte {
            b'\\' if is_string => at += 1,
            b'"' => is_string = !is_string,
            b'-' | b'0'..=b'9' if !is_string => {
                let is_part = |b: &&u8| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
                let length = text[at..].iter().take_while(is_part).count();
                let number = std::str::from_utf8(&text[at..at + length]).unwrap_or_default();
                if !is_kept(number) {
                    return Some(format!("{}…", number.get(..SHOWN).unwrap_or(number)));
                }
                at += length;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Returns true if parsing a number keeps all its digits. Numbers of up to fifteen digits always do (IEEE 754,
/// binary64), and so does the printed form of a double.
fn is_kept(number: &str) -> bool {
    if number.len() <= 15 || number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    let is_integer = !number.contains(['.', 'e', 'E']);
    let again = number.parse::<f64>().ok().filter(|value| value.is_finite());
    !is_integer && again.is_some_and(|value| decimal(number) == decimal(&format!("{value:e}")))
}

/// Returns the digits of a number without leading and trailing zeros, and the exponent of the last digit; `None` if
/// the exponent is too large.
fn decimal(number: &str) -> Option<(String, i64)> {
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{}{fraction}", whole.trim_start_matches('-'));
    let kept = digits.trim_end_matches('0');
    let power = exponent.parse::<i64>().ok()? - fraction.len() as i64;
    let kept_power = power + (digits.len() - kept.len()) as i64;
    let kept = kept.trim_start_matches('0');
    Some(if kept.is_empty() { (String::new(), 0) } else { (kept.to_owned(), kept_power) })
}

/// A deserializer visitor that accepts any value strictly.
#[derive(Clone, Copy)]
struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("the number is not finite"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if map.contains_key(&name) {
                let name = name.chars().take(60).collect::<String>();
                return Err(A::Error::custom(format_args!("the field `{name}` is given twice")));
            }
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::{Refused, parse};

    #[test]
    fn a_body_means_one_thing_or_is_refused() {
        let plain = br#"{"a": [1, -2, 3.5, "x\"99999999999999999999", null, true], "b": {"a": 18446744073709551615}}"#;
        assert_eq!(parse(plain), Ok(serde_json::from_slice(plain).expect("JSON")));
        for (text, part) in [
            (r#"{"script": "a", "script": "b"}"#, "`script` is given twice"),
            (r#"{"client_data": {"n": 1, "n": 1}}"#, "`n` is given twice"),
            (r#"{"n": 1} {"m": 2}"#, "trailing characters"),
            (r#"{"n": "#, "EOF"),
        ] {
            let Err(Refused::NotJson(reason)) = parse(text.as_bytes()) else { panic!("{text}") };
            assert!(reason.contains(part), "{text}: {reason}");
        }
        for (text, digits) in [
            (r#"{"n": 18446744073709551616}"#, "1844674407370955161…"),
            (r#"{"n": -99999999999999999999}"#, "-999999999999999999…"),
            (r#"{"n": 123456789012345678.9}"#, "123456789012345678.…"),
            (r#"{"n": 9007199254740993.0}"#, "9007199254740993.0…"),
            (r#"{"n": 0.1234567890123456789012345}"#, "0.12345678901234567…"),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(Refused::LossyNumber(digits.to_owned())));
        }
        for kept in [
            "0.1",
            "-0.0",
            "1e300",
            "2.2250738585072014e-308",
            "0.30000000000000004",
            "100000.0000000000000",
            "1.7976931348623157e308",
            "-123456789012.34500",
            "12345678901234567000.0",
        ] {
            assert!(parse(kept.as_bytes()).is_ok(), "{kept}");
        }
        let deep = "[".repeat(200) + &"]".repeat(200);
        let Err(Refused::NotJson(reason)) = parse(deep.as_bytes()) else {
            panic!("it is too deep")
        };
        assert!(reason.contains("recursion"), "{reason}");
    }
}
