//! The second opinion: `dnssec-prover` on the same records, before money moves.

use alloc::vec::Vec;

use dnssec_prover::{
    rr::{Name, RR},
    ser::parse_rr_stream,
    validation::{ValidationError, verify_rr_stream},
};

use super::Verified;
use crate::{record::Record, time::UnixTime};

/// What the second verifier says of a proof that ours accepts.
///
/// ```
/// use payname_resolver::{Handle, Proof, TrustAnchors, UnixTime, proof::Opinion};
///
/// # let bytes = hex::decode(include_str!("../../vectors/bip353-01-simple.hex").trim())?;
/// let handle: Handle = "₿simple@dnssec_proof_tests.bitcoin.ninja".parse()?;
/// let now = UnixTime(1_754_700_000);
/// let record = Proof::parse(&bytes)?.verify(&handle, &TrustAnchors::iana(), now)?;
/// assert_eq!(record.second_opinion(now)?, Opinion::Agrees);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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

#[cfg(test)]
mod tests {
    use hickory_proto::rr::RecordType;

    use super::*;
    use crate::{
        handle::Handle,
        proof::{Outcome, Proof, ResourceRecord, Secure, TrustAnchors, verified::seal},
    };

    /// A second in which the recorded proof is valid.
    const NOW: UnixTime = UnixTime(1_754_700_000);

    /// What the recorded proof of `simple@…` shows, changed, and sealed as if we had proven it.
    fn sealed(change: impl FnOnce(&mut Secure)) -> Verified<Record> {
        let vector = include_str!("../../vectors/bip353-01-simple.hex");
        let bytes = data_encoding::HEXLOWER.decode(vector.trim().as_bytes());
        let handle: Handle = "simple@dnssec_proof_tests.bitcoin.ninja".parse().unwrap();
        let anchors = TrustAnchors::iana();
        let proof = Proof::parse(&bytes.unwrap()).unwrap();
        let outcome = proof.judge(handle.owner_name(), RecordType::TXT, &anchors, NOW);
        let Outcome::Secure(mut secure) = outcome else {
            panic!("{outcome:?}")
        };
        change(&mut secure);
        seal(Outcome::Secure(secure), &handle, &anchors).unwrap()
    }

    #[test]
    fn whoever_proves_another_uri_disagrees() {
        assert_eq!(sealed(|_| {}).second_opinion(NOW), Ok(Opinion::Agrees));
        let other = sealed(|secure| {
            let rdata = b"\x11bitcoin:?lno=else".to_vec();
            let owner = &secure.owner;
            secure.records = vec![ResourceRecord::new(owner, RecordType::TXT, 30, rdata)];
        });
        assert_eq!(other.second_opinion(NOW), Err(Disagreement::OtherUri));
    }

    #[test]
    fn it_agrees_from_the_first_second_of_its_window_to_the_last() {
        let verified = sealed(|_| {});
        let window = verified.window();
        for (now, expected) in [
            (window.valid_from.0 - 1, Err(Disagreement::OutsideWindow)),
            (window.valid_from.0, Ok(Opinion::Agrees)),
            (window.valid_until.0, Ok(Opinion::Agrees)),
            (window.valid_until.0 + 1, Err(Disagreement::OutsideWindow)),
        ] {
            assert_eq!(verified.second_opinion(UnixTime(now)), expected, "{now}");
        }
    }

    #[test]
    fn whoever_finds_nothing_or_a_wrong_signature_disagrees() {
        let without = |record_type| {
            sealed(|secure| {
                let records = secure.proof.records().iter();
                let rest = records.filter(|record| record.record_type() != record_type);
                secure.proof = Proof::from_records(rest.cloned().collect()).unwrap();
            })
        };
        let verdict = without(RecordType::TXT).second_opinion(NOW);
        assert_eq!(verdict, Err(Disagreement::Invalid));
        let verdict = without(RecordType::DNSKEY).second_opinion(NOW);
        assert_eq!(verdict, Err(Disagreement::Invalid));
        let other_name = sealed(|secure| {
            let record = ResourceRecord::new(&secure.owner, RecordType::CAA, 30, vec![0; 9]);
            let records = [secure.proof.records(), &[record]].concat();
            secure.proof = Proof::from_records(records).unwrap();
        });
        let verdict = other_name.second_opinion(NOW);
        assert_eq!(verdict, Err(Disagreement::Unreadable));
    }
}
