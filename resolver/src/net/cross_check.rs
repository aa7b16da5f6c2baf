//! The same name through two sources, of which neither may differ from the other.

use super::{GatherError, ProofSource};
use crate::{
    handle::Handle,
    proof::{TrustAnchors, Verified, VerifyError},
    record::Record,
    resolution::Gathered,
    time::UnixTime,
};

/// Proves a handle's record through two sources and compares what they prove.
///
/// One source alone cannot forge a proof, but it can show an old record that is still within its
/// signatures' time, or hold everything back. Two that agree would have to do so together.
///
/// # Errors
/// One of them fails, they prove different things, or both prove the same: that there is no record.
pub async fn cross_check(
    first: &dyn ProofSource,
    second: &dyn ProofSource,
    handle: &Handle,
    anchors: &TrustAnchors,
    now: UnixTime,
) -> Result<Verified<Record>, CrossCheckError> {
    let (one, two) = tokio::join!(first.gather(handle), second.gather(handle));
    let judge = |source: &dyn ProofSource, gathered: Result<Gathered, GatherError>| match gathered {
        Ok(gathered) => Ok(gathered.proof.verify(handle, anchors, now)),
        Err(error) => Err(CrossCheckError::Gather {
            endpoint: source.to_string(),
            error,
        }),
    };
    let (one, two) = (judge(first, one)?, judge(second, two)?);
    if finding(&one) != finding(&two) {
        return Err(CrossCheckError::Disagree {
            first: first.to_string(),
            first_finding: finding(&one),
            second: second.to_string(),
            second_finding: finding(&two),
        });
    }
    Ok(one?)
}

/// What a source proves, in words that can be compared.
fn finding(outcome: &Result<Verified<Record>, VerifyError>) -> String {
    match outcome {
        Ok(verified) => verified.uri().to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Why two sources do not prove the same record.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrossCheckError {
    /// One of them gave no records.
    #[error("{endpoint} gave no second opinion: {error}")]
    Gather {
        /// Which one.
        endpoint: String,
        /// Why.
        #[source]
        error: GatherError,
    },
    /// They prove different things.
    #[error("{first} and {second} disagree: `{}` against `{}`; one may show an old record, ask again later", first_finding.escape_debug(), second_finding.escape_debug())]
    Disagree {
        /// One source.
        first: String,
        /// Its URI, or why there is none.
        first_finding: String,
        /// The other.
        second: String,
        /// Its URI, or why there is none.
        second_finding: String,
    },
    /// Both prove that there is no payment record, or neither proves anything.
    #[error(transparent)]
    Verify(#[from] VerifyError),
}
