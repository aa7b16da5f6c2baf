//! A name looked up: what was gathered, from the network or a file, and what it proves.

mod failure;
mod sources;

use payname_resolver::{
    Handle, Instructions, Proof, Record, TrustAnchors, UnixTime, Verified, VerifyError,
    hickory_proto::rr::RecordType,
    net::ProveError,
    proof::{Explanation, Opinion},
    resolution::{Gathered, Unanswered},
};

use self::sources::Sources;
use crate::{context::Context, failure::Failure};

/// A name that was looked up: a verdict, and what it rests on.
pub(crate) struct Lookup {
    handle: Handle,
    anchors: TrustAnchors,
    now: UnixTime,
    verdict: Result<Verified<Record>, VerifyError>,
    proof: Proof,
    unanswered: Vec<Unanswered>,
    tried: Vec<String>,
}

/// A proven name, and what a second verifier says of it.
pub(crate) struct Proven {
    /// What it says to pay.
    pub(crate) instructions: Verified<Instructions>,
    /// The second opinion, which does not contradict.
    pub(crate) opinion: Opinion,
}

impl Lookup {
    /// Asks the endpoints that the options name, until one of them proves something.
    ///
    /// # Errors
    /// None of them can be asked, or none has a proof. What they prove is no error here.
    pub(crate) fn ask(context: &Context, handle: &Handle, now: UnixTime) -> Result<Self, Failure> {
        let anchors = context.anchors()?;
        let sources = Sources::open(context)?;
        context.progress(&format!(
            "asking {sources} for {}",
            handle.owner_name().to_ascii()
        ));
        let proving = sources.endpoints().prove(handle, &anchors, now);
        let error = match context.block_on(proving)? {
            Ok(record) => {
                let proof = record.proof().clone();
                return Ok(Self::new(handle, anchors, now, Ok(record), proof));
            }
            Err(error) => error,
        };
        // The verdict is told; find what it rests on, or which source proved nothing.
        let is_told = |found: &VerifyError| match &error {
            ProveError::Verify(told) => found == told,
            _ => matches!(found, VerifyError::Bogus(_)),
        };
        for Gathered {
            proof, unanswered, ..
        } in sources.given()
        {
            match proof.verify(handle, &anchors, now) {
                Err(found) if is_told(&found) => {
                    let lookup = Self::new(handle, anchors, now, Err(found), proof);
                    return Ok(Self {
                        unanswered,
                        tried: failure::each_of(&error),
                        ..lookup
                    });
                }
                _ => {}
            }
        }
        Err(failure::from_proving(error, handle, &sources))
    }

    /// Judges a proof that was saved.
    ///
    /// # Errors
    /// The anchors cannot be used.
    pub(crate) fn saved(
        context: &Context,
        handle: &Handle,
        proof: Proof,
        now: UnixTime,
    ) -> Result<Self, Failure> {
        let anchors = context.anchors()?;
        let verdict = proof.verify(handle, &anchors, now);
        Ok(Self::new(handle, anchors, now, verdict, proof))
    }

    fn new(
        handle: &Handle,
        anchors: TrustAnchors,
        now: UnixTime,
        verdict: Result<Verified<Record>, VerifyError>,
        proof: Proof,
    ) -> Self {
        Self {
            handle: handle.clone(),
            anchors,
            now,
            verdict,
            proof,
            unanswered: Vec::new(),
            tried: Vec::new(),
        }
    }

    /// What the name is proven to say, if two verifiers agree on it.
    ///
    /// # Errors
    /// It is not proven, its record breaks BIP-353 or BIP-321, or the second verifier contradicts.
    pub(crate) fn proven(&self) -> Result<Proven, Failure> {
        let record = match &self.verdict {
            Ok(record) => record,
            Err(error) => return Err(failure::from_verifying(error, self)),
        };
        let opinion = record
            .second_opinion(self.now)
            .map_err(|disagreement| failure::from_disagreement(disagreement, record))?;
        let instructions = record
            .instructions()
            .map_err(|error| failure::from_uri(&error, record))?;
        Ok(Proven {
            instructions,
            opinion,
        })
    }

    /// Why the name is not proven, if it is not.
    pub(crate) fn refusal(&self) -> Option<&VerifyError> {
        self.verdict.as_ref().err()
    }

    /// The chain from the trust anchors, as far as it holds.
    pub(crate) fn explain(&self) -> Explanation {
        let owner = self.handle.owner_name();
        self.proof
            .explain(owner, RecordType::TXT, &self.anchors, self.now)
    }

    /// The questions that got no usable answer.
    pub(crate) fn unanswered(&self) -> &[Unanswered] {
        &self.unanswered
    }

    /// The endpoints that all proved nothing, each with its failure; empty when one proved something.
    pub(crate) fn tried(&self) -> &[String] {
        &self.tried
    }
}
