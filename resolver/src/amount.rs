//! An amount of bitcoin, exact to the millisatoshi; never a float.

use alloc::{
    borrow::ToOwned,
    format,
    string::{String, ToString},
};
use core::{fmt, str::FromStr};

use crate::text::shown;

/// Millisatoshis in a satoshi.
const MSAT_PER_SAT: u64 = 1_000;
/// Millisatoshis in a bitcoin.
const MSAT_PER_BTC: u64 = 100_000_000_000;
/// Digits behind the point of an amount in BTC that still make a whole millisatoshi.
const BTC_DECIMALS: usize = 11;
/// Digits behind the point of an amount in satoshis that still make a whole millisatoshi.
const SAT_DECIMALS: usize = 3;

/// An amount of bitcoin: more than nothing, at most 21 million BTC, in millisatoshis.
///
/// Parsing wants a unit, since a bare number has been read as the wrong one before:
///
/// ```
/// use payname_resolver::Amount;
///
/// let amount: Amount = "0.00025btc".parse()?;
/// assert_eq!(amount, "25000 sat".parse()?);
/// assert_eq!(amount.to_string(), "25,000 sat");
/// assert!("25000".parse::<Amount>().is_err());
/// # Ok::<(), payname_resolver::AmountError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount {
    msat: u64,
}

impl Amount {
    /// All the bitcoin there will ever be: 21 million BTC.
    pub const MAX: Self = Self {
        msat: 2_100_000_000_000_000_000,
    };

    /// An amount of millisatoshis.
    ///
    /// # Errors
    /// It is zero, or more than 21 million BTC.
    pub fn from_msat(msat: u64) -> Result<Self, AmountError> {
        match msat {
            0 => Err(AmountError::Zero("0msat".to_owned())),
            _ if msat > Self::MAX.msat => Err(AmountError::TooMuch(format!("{msat}msat"))),
            _ => Ok(Self { msat }),
        }
    }

    /// An amount of satoshis.
    ///
    /// # Errors
    /// It is zero, or more than 21 million BTC.
    pub fn from_sat(sat: u64) -> Result<Self, AmountError> {
        let too_much = || AmountError::TooMuch(format!("{sat}sat"));
        Self::from_msat(sat.checked_mul(MSAT_PER_SAT).ok_or_else(too_much)?)
    }

    /// Reads decimal BTC without a unit, as the `amount` of a BIP-321 URI: `0.00025`.
    ///
    /// # Errors
    /// It is no decimal number, zero, more than 21 million BTC, or finer than a millisatoshi.
    pub fn from_btc(text: &str) -> Result<Self, AmountError> {
        read(text, text, BTC_DECIMALS)
    }

    /// The amount in millisatoshis.
    pub fn msat(self) -> u64 {
        self.msat
    }

    /// The amount in decimal BTC without a unit, as in a BIP-321 URI: `0.00025`.
    pub fn to_btc(self) -> String {
        let whole = self.msat.checked_div(MSAT_PER_BTC).unwrap_or_default();
        let part = self.msat.checked_rem(MSAT_PER_BTC).unwrap_or_default();
        let text = format!("{whole}.{part:0BTC_DECIMALS$}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// The amount in satoshis, a started one counted whole: what pays it on chain.
    pub fn sat_rounded_up(self) -> u64 {
        self.msat.div_ceil(MSAT_PER_SAT)
    }

    /// The amount in satoshis, or nothing when it is not a whole number of them.
    pub fn whole_sat(self) -> Option<u64> {
        self.msat
            .is_multiple_of(MSAT_PER_SAT)
            .then(|| self.sat_rounded_up())
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Reads a number with its unit: `25000sat`, `25000 sat`, `0.00025btc`, `1000msat`.
    fn from_str(input: &str) -> Result<Self, AmountError> {
        let text = input.trim();
        let end = text
            .find(|c: char| c.is_alphabetic() || c == '₿')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let number = number.trim_end();
        let decimals = match unit.to_ascii_lowercase().as_str() {
            "" => return Err(AmountError::NoUnit(input.to_owned())),
            "msat" | "msats" => 0,
            "sat" | "sats" => SAT_DECIMALS,
            "btc" => BTC_DECIMALS,
            _ => {
                return Err(AmountError::Unit {
                    input: input.to_owned(),
                    unit: unit.to_owned(),
                });
            }
        };
        read(input, number, decimals)
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sat = self.msat.checked_div(MSAT_PER_SAT).unwrap_or_default();
        let rest = self.msat.checked_rem(MSAT_PER_SAT).unwrap_or_default();
        let digits = sat.to_string();
        for (index, digit) in digits.chars().enumerate() {
            let behind = digits.len().saturating_sub(index);
            if index > 0 && behind.is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        match rest {
            0 => f.write_str(" sat"),
            _ => write!(f, ".{rest:03} sat"),
        }
    }
}

/// Reads `number`, a decimal of which `decimals` digits behind the point make one millisatoshi.
fn read(input: &str, number: &str, decimals: usize) -> Result<Amount, AmountError> {
    let input = || input.to_owned();
    if number.contains(',') {
        return Err(AmountError::Comma(input()));
    }
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !is_digits(whole) || !is_digits(fraction) {
        return Err(AmountError::NotANumber(input()));
    }
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > decimals {
        return Err(AmountError::TooPrecise(input()));
    }
    let digits = format!("0{whole}{fraction:0<decimals$}");
    let msat = digits
        .parse::<u64>()
        .map_err(|_| AmountError::TooMuch(input()))?;
    Amount::from_msat(msat).map_err(|error| match error {
        AmountError::Zero(_) => AmountError::Zero(input()),
        _ => AmountError::TooMuch(input()),
    })
}

/// Why a text is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountError {
    /// A number without a unit.
    #[error("`{}` has no unit; {}", shown(.0), hint(.0))]
    NoUnit(String),
    /// A unit that is not known here.
    #[error(
        "`{}` has the unknown unit `{}`; use sat, btc or msat",
        shown(input),
        shown(unit)
    )]
    Unit {
        /// The input.
        input: String,
        /// The unit.
        unit: String,
    },
    /// There is a comma, which is a decimal point to half of the world.
    #[error("`{}` has a comma; write the number without, and use a point for fractions", shown(.0))]
    Comma(String),
    /// It is no decimal number.
    #[error("`{}` is not a decimal number such as 25000 or 0.00025", shown(.0))]
    NotANumber(String),
    /// It is finer than a millisatoshi.
    #[error("`{}` is finer than a millisatoshi, the smallest amount that can be paid", shown(.0))]
    TooPrecise(String),
    /// It is nothing.
    #[error("`{}` is zero; there is nothing to pay", shown(.0))]
    Zero(String),
    /// It is more than there will ever be.
    #[error("`{}` is more than the 21 million BTC there will ever be", shown(.0))]
    TooMuch(String),
}

/// What to write instead of a bare number.
fn hint(input: &str) -> String {
    let number = input.trim();
    if Amount::from_btc(number).is_ok() && number.contains('.') {
        return format!(
            "write {}btc, or the amount in satoshis such as 25000sat",
            shown(number)
        );
    }
    match number.parse::<u64>() {
        Ok(0) | Err(_) => "write it as 25000sat or 0.00025btc".to_owned(),
        Ok(sat) => {
            let (whole, part) = (
                sat.checked_div(100_000_000).unwrap_or_default(),
                sat.checked_rem(100_000_000).unwrap_or_default(),
            );
            let btc = format!("{whole}.{part:08}");
            let btc = btc.trim_end_matches('0').trim_end_matches('.');
            format!("write {sat}sat or {btc}btc")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> Result<Amount, AmountError> {
        text.parse()
    }

    #[test]
    fn every_unit_says_the_same_amount() {
        for text in [
            "25000sat",
            "25000 sat",
            "25000 SATS",
            "0.00025btc",
            "0.00025 BTC",
            "25000000msat",
        ] {
            assert_eq!(parse(text).unwrap().msat(), 25_000_000, "{text}");
        }
        assert_eq!(parse("21000000btc").unwrap(), Amount::MAX);
        assert_eq!(parse("0.5sat").unwrap().msat(), 500);
    }

    #[test]
    fn a_bare_number_is_refused_with_what_to_write() {
        let message = parse("25000").unwrap_err().to_string();
        assert_eq!(message, "`25000` has no unit; write 25000sat or 0.00025btc");
        let message = parse("0.00025").unwrap_err().to_string();
        assert!(message.contains("write 0.00025btc"), "{message}");
    }

    #[test]
    fn amounts_that_cannot_be_paid_are_told_apart() {
        use AmountError as E;
        assert!(matches!(parse("0sat"), Err(E::Zero(_))));
        assert!(matches!(parse("0.000btc"), Err(E::Zero(_))));
        assert!(matches!(
            parse("21000000.00000000001btc"),
            Err(E::TooMuch(_))
        ));
        assert!(matches!(
            parse("99999999999999999999999sat"),
            Err(E::TooMuch(_))
        ));
        assert!(matches!(parse("0.000000000001btc"), Err(E::TooPrecise(_))));
        assert!(matches!(parse("1.0005sat"), Err(E::TooPrecise(_))));
        assert!(matches!(parse("0.5msat"), Err(E::TooPrecise(_))));
        assert!(matches!(parse("25,000sat"), Err(E::Comma(_))));
        assert!(matches!(parse("10usd"), Err(E::Unit { .. })));
        assert!(matches!(parse("₿1"), Err(E::Unit { .. })));
        assert!(matches!(parse("1e3sat"), Err(E::Unit { .. })));
        for text in [
            "sat", "-5sat", "+5sat", ".btc", "1.2.3btc", "1_000sat", "٣sat",
        ] {
            assert!(matches!(parse(text), Err(E::NotANumber(_))), "{text}");
        }
    }

    #[test]
    fn prints_satoshis_in_groups_of_three_and_the_rest_in_three_digits() {
        let shown = |msat| Amount::from_msat(msat).unwrap().to_string();
        assert_eq!(shown(25_000_000), "25,000 sat");
        assert_eq!(shown(999_000), "999 sat");
        assert_eq!(shown(1_234_567_000), "1,234,567 sat");
        assert_eq!(shown(25_000_123), "25,000.123 sat");
        assert_eq!(shown(1), "0.001 sat");
    }

    #[test]
    fn satoshis_are_rounded_up_and_never_down() {
        let amount = Amount::from_msat(1_001).unwrap();
        assert_eq!((amount.sat_rounded_up(), amount.whole_sat()), (2, None));
        assert_eq!(Amount::from_sat(7).unwrap().whole_sat(), Some(7));
    }

    proptest! {
        #[test]
        fn any_text_is_an_amount_or_an_error(text in ".{0,40}") {
            if let Err(error) = parse(&text) {
                prop_assert!(!error.to_string().chars().any(char::is_control));
            }
        }

        #[test]
        fn millisatoshis_survive_being_written_as_btc(msat in 1..=Amount::MAX.msat()) {
            let scale = 100_000_000_000;
            let text = format!("{}.{:011}", msat / scale, msat % scale);
            let amount = Amount::from_btc(&text).unwrap();
            prop_assert_eq!(amount.msat(), msat);
            prop_assert_eq!(Amount::from_btc(&amount.to_btc()).unwrap(), amount);
        }
    }
}
