//! What amounts a way to pay takes.

use crate::amount::Amount;

/// The amounts that a payment method takes, in one direction or both.
///
/// Joined from the URI's `amount` and the method's own.
///
/// ```
/// use payname_resolver::{Amount, Instructions, instructions::AmountLimits};
///
/// let uri = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?amount=0.00025";
/// let asked = Instructions::parse(uri)?.methods()[0].limits();
/// assert_eq!(asked.settle_on(None)?, Amount::from_sat(25_000)?);
/// assert!(asked.settle_on(Some(Amount::from_sat(24_999)?)).is_err());
/// assert!(AmountLimits::ANY.settle_on(None).is_err(), "the payer has to choose");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AmountLimits {
    asked: Option<Amount>,
    minimum: Option<Amount>,
    maximum: Option<Amount>,
}

impl AmountLimits {
    /// Any amount: the payer chooses.
    pub const ANY: Self = Self {
        asked: None,
        minimum: None,
        maximum: None,
    };

    /// Exactly this amount.
    pub(super) fn exactly(amount: Amount) -> Self {
        Self {
            asked: Some(amount),
            minimum: Some(amount),
            maximum: Some(amount),
        }
    }

    /// This amount or more; this one when the payer does not choose.
    pub(super) fn at_least(amount: Amount) -> Self {
        Self {
            asked: Some(amount),
            minimum: Some(amount),
            maximum: None,
        }
    }

    /// At least `minimum`, at most `maximum`; the payer chooses, unless they are the same.
    pub(crate) fn between(minimum: Option<Amount>, maximum: Amount) -> Self {
        Self {
            asked: minimum.filter(|minimum| *minimum == maximum),
            minimum,
            maximum: Some(maximum),
        }
    }

    /// What the payee asks for: paid when the payer names no amount.
    pub fn asked(&self) -> Option<Amount> {
        self.asked
    }

    /// The least that is taken.
    pub fn minimum(&self) -> Option<Amount> {
        self.minimum
    }

    /// The most that is taken.
    pub fn maximum(&self) -> Option<Amount> {
        self.maximum
    }

    /// The one amount that is taken, when there is no choice.
    pub fn fixed(&self) -> Option<Amount> {
        self.asked
            .filter(|_| self.minimum.is_some() && self.minimum == self.maximum)
    }

    /// Decides what to pay: the payer's amount when it is within the limits, else what is asked.
    ///
    /// # Errors
    /// The amount is outside the limits, or neither side names one.
    pub fn settle_on(&self, wanted: Option<Amount>) -> Result<Amount, AmountLimitError> {
        let amount = wanted.or(self.asked).ok_or(AmountLimitError::NoAmount)?;
        if let Some(fixed) = self.fixed().filter(|fixed| *fixed != amount) {
            return Err(AmountLimitError::Fixed { amount, fixed });
        }
        if let Some(minimum) = self.minimum.filter(|minimum| amount < *minimum) {
            return Err(AmountLimitError::TooLittle { amount, minimum });
        }
        if let Some(maximum) = self.maximum.filter(|maximum| amount > *maximum) {
            return Err(AmountLimitError::TooMuch { amount, maximum });
        }
        Ok(amount)
    }
}

/// Why an amount cannot be paid this way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AmountLimitError {
    /// Neither the payer nor the payee names an amount.
    #[error("the payee asks for no particular amount; say how much to pay, such as 25000sat")]
    NoAmount,
    /// The payee takes one amount only.
    #[error("{amount} was to be paid, but the payee asks for exactly {fixed}")]
    Fixed {
        /// What was to be paid.
        amount: Amount,
        /// What is taken.
        fixed: Amount,
    },
    /// It is below the least that is taken.
    #[error("{amount} is less than the {minimum} that the payee asks for")]
    TooLittle {
        /// What was to be paid.
        amount: Amount,
        /// The least that is taken.
        minimum: Amount,
    },
    /// It is above the most that is taken.
    #[error("{amount} is more than the {maximum} that the payee takes")]
    TooMuch {
        /// What was to be paid.
        amount: Amount,
        /// The most that is taken.
        maximum: Amount,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sat(sat: u64) -> Amount {
        Amount::from_sat(sat).unwrap()
    }

    #[test]
    fn without_limits_the_payer_must_choose() {
        assert_eq!(AmountLimits::ANY.settle_on(Some(sat(5))), Ok(sat(5)));
        assert_eq!(
            AmountLimits::ANY.settle_on(None),
            Err(AmountLimitError::NoAmount)
        );
    }

    #[test]
    fn a_fixed_amount_is_paid_unasked_and_no_other_is() {
        let limits = AmountLimits::exactly(sat(5));
        assert_eq!(limits.settle_on(None), Ok(sat(5)));
        assert_eq!(limits.settle_on(Some(sat(5))), Ok(sat(5)));
        let refused = limits.settle_on(Some(sat(6))).unwrap_err();
        assert_eq!(
            refused,
            AmountLimitError::Fixed {
                amount: sat(6),
                fixed: sat(5)
            }
        );
    }

    #[test]
    fn a_minimum_takes_more_and_not_less() {
        let limits = AmountLimits::at_least(sat(5));
        assert_eq!(limits.fixed(), None);
        assert_eq!(limits.settle_on(None), Ok(sat(5)));
        assert_eq!(limits.settle_on(Some(sat(9))), Ok(sat(9)));
        let refused = limits.settle_on(Some(sat(4))).unwrap_err();
        assert_eq!(
            refused,
            AmountLimitError::TooLittle {
                amount: sat(4),
                minimum: sat(5)
            }
        );
    }
}
