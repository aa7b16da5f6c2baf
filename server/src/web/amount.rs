//! The amount form: from what was typed to a URI that asks for it.

use payname_resolver::{Amount, AmountError, Instructions};
use serde::Deserialize;

/// What the form sends.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct AmountForm {
    /// A number as it was typed.
    pub(super) amount: String,
    /// `sat` or `btc`.
    pub(super) unit: String,
}

/// A URI that asks for an amount, made from one that leaves it open.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asking {
    pub(super) amount: Amount,
    pub(super) instructions: Instructions,
}

impl AmountForm {
    /// Whether nothing was typed.
    pub(super) fn is_empty(&self) -> bool {
        self.amount.trim().is_empty()
    }

    /// Whether the number is in BTC.
    pub(super) fn is_btc(&self) -> bool {
        self.unit == "btc"
    }

    /// Adds the amount to a URI (BIP-321: decimal BTC).
    ///
    /// # Errors
    /// [`AskingError`] says what to type instead.
    pub(super) fn ask(&self, instructions: &Instructions) -> Result<Asking, AskingError> {
        let unit = if self.is_btc() { "btc" } else { "sat" };
        let is_number = |c: char| c.is_ascii_digit() || c == '.';
        if !self.amount.trim().chars().all(is_number) {
            return Err(AskingError::NoNumber);
        }
        let amount: Amount = format!("{}{unit}", self.amount.trim()).parse()?;
        if amount.whole_sat().is_none() {
            return Err(AskingError::TooFine);
        }
        let takes =
            |method: &payname_resolver::Method| method.limits().settle_on(Some(amount)).is_ok();
        if !can_ask(instructions) || !instructions.methods().iter().any(takes) {
            return Err(AskingError::NotTaken);
        }
        let uri = instructions.uri();
        let separator = if uri.contains('?') { '&' } else { '?' };
        let uri = format!("{uri}{separator}amount={}", amount.to_btc());
        // Read back, as a wallet would: it must say this amount and nothing else anew.
        let asking = Instructions::parse(&uri).map_err(|_| AskingError::NotTaken)?;
        if asking.amount() != Some(amount) || asking.methods().len() != instructions.methods().len()
        {
            return Err(AskingError::NotTaken);
        }
        Ok(Asking {
            amount,
            instructions: asking,
        })
    }
}

/// Whether an amount can be added at all: the URI has none, and leaves it to the payer.
pub(super) fn can_ask(instructions: &Instructions) -> bool {
    let is_open = |method: &payname_resolver::Method| method.limits().fixed().is_none();
    instructions.amount().is_none() && instructions.methods().iter().any(is_open)
}

/// Why no amount is added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AskingError {
    /// It is not even a number.
    #[error("write a number, such as 25000, with a point and no comma")]
    NoNumber,
    /// It is no amount.
    #[error("{0}")]
    Amount(#[from] AmountError),
    /// It is finer than a satoshi.
    #[error("payment codes ask for whole satoshis; leave out what is behind the point")]
    TooFine,
    /// The name's record does not leave it open.
    #[error("this name does not take that amount")]
    NotTaken,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SP: &str = "bitcoin:?sp=sp1qqgste7k9hx0qftg6qmwlkqtwuy6cycyavzmzj85c6qdfhjdpdjtdgqjuexzk6murw56suy3e0rd2cgqvycxttddwsvgxe2usfpxumr70xc9pkqwv";
    const ADDRESS: &str = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";

    fn ask(uri: &str, amount: &str, unit: &str) -> Result<String, AskingError> {
        let form = AmountForm {
            amount: amount.to_owned(),
            unit: unit.to_owned(),
        };
        let asking = form.ask(&Instructions::parse(uri).unwrap())?;
        Ok(asking.instructions.uri().to_owned())
    }

    #[test]
    fn the_amount_stands_in_the_uri_in_decimal_btc() {
        for (amount, unit) in [("25000", "sat"), ("0.00025", "btc"), (" 25000 ", "")] {
            let uri = ask(SP, amount, unit).unwrap();
            assert_eq!(uri, format!("{SP}&amount=0.00025"));
        }
        let uri = ask(ADDRESS, "1", "sat").unwrap();
        assert_eq!(uri, format!("{ADDRESS}?amount=0.00000001"));
        let uri = ask(ADDRESS, "20999999.99999999", "btc").unwrap();
        assert!(uri.ends_with("?amount=20999999.99999999"), "{uri}");
    }

    #[test]
    fn what_is_no_amount_is_told_and_never_rounded() {
        for (amount, unit) in [
            ("", "sat"),
            ("0", "sat"),
            ("21000001", "btc"),
            ("1.2.3", "btc"),
        ] {
            let error = ask(SP, amount, unit);
            assert!(matches!(error, Err(AskingError::Amount(_))), "{amount}");
        }
        for amount in ["-1", "1e3", "1,5", "1&lno=x", "a lot", "١٢"] {
            assert_eq!(
                ask(SP, amount, "sat"),
                Err(AskingError::NoNumber),
                "{amount}"
            );
        }
        assert_eq!(ask(SP, "1.5", "sat"), Err(AskingError::TooFine));
        assert_eq!(
            ask(&format!("{SP}&amount=0.1"), "5", "sat"),
            Err(AskingError::NotTaken)
        );
    }
}
