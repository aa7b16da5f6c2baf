//! The seal: a value that derives from a proven record and from nothing else.

use alloc::{borrow::ToOwned, string::String, sync::Arc};

use super::{Bogus, Denial, Insecure, Outcome, Proof, TrustAnchors};
use crate::{
    handle::Handle,
    record::{Record, RecordError},
    time::Window,
};

/// A value that a proof vouches for: the record itself, or something read out of it.
///
/// Only [`Proof::verify`] makes one; what can be paid takes one. So paying from anything but the
/// proven bytes does not compile:
///
/// ```compile_fail
/// use payname_resolver::{Record, Verified};
///
/// fn forge(record: Record) -> Verified<Record> {
///     Verified { value: record, seal: todo!() }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Verified<T> {
    value: T,
    seal: Arc<Seal>,
}

/// What was proven, for whom and until when.
#[derive(Debug)]
struct Seal {
    handle: Handle,
    uri: String,
    proof: Proof,
    window: Window,
    cache_ttl: u32,
    under_iana: bool,
}

impl<T> Verified<T> {
    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The handle whose record was proven.
    pub fn handle(&self) -> &Handle {
        &self.seal.handle
    }

    /// The signed `bitcoin:` URI, byte for byte.
    pub fn uri(&self) -> &str {
        &self.seal.uri
    }

    /// The proof, without records that were not needed.
    pub fn proof(&self) -> &Proof {
        &self.seal.proof
    }

    /// When all signatures on the path are valid.
    pub fn window(&self) -> Window {
        self.seal.window
    }

    /// How long the answer may be kept from the time of verification, in seconds.
    pub fn cache_ttl(&self) -> u32 {
        self.seal.cache_ttl
    }

    /// Whether IANA's trust anchors, and no others, were used.
    pub fn under_iana(&self) -> bool {
        self.seal.under_iana
    }

    /// Reads a part out of the value and keeps the seal on it.
    pub(crate) fn project<U, E>(
        &self,
        read: impl FnOnce(&T) -> Result<U, E>,
    ) -> Result<Verified<U>, E> {
        Ok(Verified {
            value: read(&self.value)?,
            seal: Arc::clone(&self.seal),
        })
    }
}

/// Seals what a judgement on the TXT records of `handle` shows; nobody else may call it.
pub(super) fn seal(
    outcome: Outcome,
    handle: &Handle,
    anchors: &TrustAnchors,
) -> Result<Verified<Record>, VerifyError> {
    match outcome {
        Outcome::Secure(secure) => {
            let record = Record::from_txt(secure.records.iter().map(|record| record.rdata()))?;
            let seal = Seal {
                handle: handle.clone(),
                uri: record.uri().to_owned(),
                proof: secure.proof,
                window: secure.window,
                cache_ttl: secure.cache_ttl,
                under_iana: anchors.are_iana(),
            };
            Ok(Verified {
                value: record,
                seal: Arc::new(seal),
            })
        }
        Outcome::Denied(denial) => Err(VerifyError::Denied(denial)),
        Outcome::Insecure(insecure) => Err(VerifyError::Insecure(insecure)),
        Outcome::Bogus(bogus) => Err(VerifyError::Bogus(bogus)),
    }
}

/// Why a proof does not give the record of a handle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The zone's owner says that there is no such record.
    #[error("{} is proven not to exist in {}", .0.owner.to_ascii(), .0.zone.to_ascii())]
    Denied(Denial),
    /// The zone is not signed, so nothing in it can be proven.
    #[error("the zone {} is not signed: {} proves that it has no DS record; its owner must turn DNSSEC on", .0.zone.to_ascii(), .0.parent.to_ascii())]
    Insecure(Insecure),
    /// The proof shows nothing.
    #[error("not proven: {0}")]
    Bogus(#[from] Bogus),
    /// The records are proven and break BIP-353.
    #[error("proven, but no payment record: {0}")]
    Record(#[from] RecordError),
}
