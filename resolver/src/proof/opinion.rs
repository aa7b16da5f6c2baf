//! The second opinion: `dnssec-prover` on the same records, before money moves.

use dnssec_prover::{
    rr::{Name, RR},
    ser::parse_rr_stream,
    validation::{ValidationError, verify_rr_stream},
};

use super::Verified;
use crate::{record::Record, time::UnixTime};

/// What the second verifier says of a proof that ours accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opinion {
    /// It proves the same URI at the same time.
    Agrees,
    /// It was not asked: it knows IANA's root only, and other trust anchors were used.
    OtherAnchors,
    /// It cannot tell: the chain uses a signature algorithm that it lacks (Ed25519).
    LacksAlgorithm,
}

impl<T> Verified<T> {
    /// Asks `dnssec-prover`, an independent verifier, about the minimised proof.
    ///
    /// # Errors
    /// It does not prove the same URI. One of the two verifiers is wrong: do not pay.
    pub fn second_opinion(&self, now: UnixTime) -> Result<Opinion, Disagreement> {
        if !self.under_iana() {
            return Ok(Opinion::OtherAnchors);
        }
        let records =
            parse_rr_stream(&self.proof().to_bytes()).map_err(|()| Disagreement::Unreadable)?;
        let verified = match verify_rr_stream(&records) {
            Ok(verified) => verified,
            Err(ValidationError::UnsupportedAlgorithm) => return Ok(Opinion::LacksAlgorithm),
            Err(ValidationError::Invalid) => return Err(Disagreement::Invalid),
            Err(ValidationError::ValidationCountLimited) => return Err(Disagreement::TooLong),
        };
        if now.0 < verified.valid_from || now.0 > verified.expires {
            return Err(Disagreement::OutsideWindow);
        }
        let owner = Name::try_from(self.handle().owner_name().to_ascii())
            .map_err(|()| Disagreement::Unreadable)?;
        let texts: Vec<Vec<u8>> = verified
            .resolve_name(&owner)
            .into_iter()
            .filter_map(|record| match record {
                RR::Txt(txt) => Some(txt.data.as_vec()),
                _ => None,
            })
            .collect();
        match Record::from_texts(texts) {
            Ok(record) if record.uri() == self.uri() => Ok(Opinion::Agrees),
            _ => Err(Disagreement::OtherUri),
        }
    }
}

/// How the second verifier contradicts ours. Never resolved in favour of paying.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Disagreement {
    /// It cannot read the records.
    #[error("the second verifier cannot read the proof; please report this name, and do not pay")]
    Unreadable,
    /// It finds the proof invalid.
    #[error("the second verifier calls the proof invalid; please report this name, and do not pay")]
    Invalid,
    /// It gives up on a chain of this length.
    #[error("the proof is longer than the second verifier follows; it cannot be paid")]
    TooLong,
    /// It finds the proof valid at another time only.
    #[error(
        "the second verifier finds the proof out of date; please report this name, and do not pay"
    )]
    OutsideWindow,
    /// It proves something else.
    #[error("the second verifier proves another record; please report this name, and do not pay")]
    OtherUri,
}
