//! From a handle to a proof, over the network; and from a proof to what it says to pay.

use payname_resolver::{
    Handle, Instructions, Proof, TrustAnchors, UnixTime, Verified, VerifyError,
    instructions::UriError,
    net::{Client, DnsServer, GatherError},
};
use serde_json::json;

use crate::{context::Context, exit::Exit, failure::Failure, judgement, report::fields};

/// Gathers the proof of a handle's record from DNS.
pub(crate) fn gather(context: &Context, handle: &Handle) -> Result<Proof, Failure> {
    let server = context.dns()?;
    context.progress(&format!("asking {server} for {}", handle.owner_name()));
    let failed = |error| from_gathering(error, handle, &server);
    let client = Client::new(server.clone()).map_err(|error| {
        Failure::new(Exit::Network, "dns_client", error).with("name", handle.to_string())
    })?;
    let gathered = context.block_on(client.gather(handle))?.map_err(failed)?;
    Ok(gathered.proof)
}

/// Proves the record of a handle and reads it.
pub(crate) fn prove(
    proof: &Proof,
    handle: &Handle,
    anchors: &TrustAnchors,
    now: UnixTime,
) -> Result<Verified<Instructions>, Failure> {
    let record = proof
        .verify(handle, anchors, now)
        .map_err(|error| from_verification(error, handle))?;
    record
        .instructions()
        .map_err(|error| from_uri(error, handle, record.uri()))
}

fn from_gathering(error: GatherError, handle: &Handle, server: &DnsServer) -> Failure {
    let (exit, code) = match error {
        GatherError::Exchange(_) => (Exit::Network, "dns_failed"),
        GatherError::Timeout { .. } => (Exit::Network, "dns_timeout"),
        // Something came and is no proof: another resolver's fault at best, a forgery at worst.
        _ => (Exit::NotVerified, "no_proof"),
    };
    Failure::new(exit, code, error)
        .with("name", handle.to_string())
        .with("dns", server.to_string())
}

/// A refused proof, with its evidence.
pub(crate) fn from_verification(error: VerifyError, handle: &Handle) -> Failure {
    let (exit, code, evidence) = match &error {
        VerifyError::Denied(denial) => (Exit::Denied, "denied", judgement::denied(denial)),
        VerifyError::Insecure(insecure) => {
            (Exit::NotVerified, "insecure", judgement::insecure(insecure))
        }
        VerifyError::Bogus(bogus) => (
            Exit::NotVerified,
            bogus.reason.code(),
            judgement::bogus(bogus),
        ),
        VerifyError::Record(_) => (Exit::BadRecord, "bad_record", fields(json!({}))),
        _ => (Exit::NotVerified, "not_verified", fields(json!({}))),
    };
    Failure::new(exit, code, format!("{handle}: {error}"))
        .with("name", handle.to_string())
        .with_all(evidence)
}

fn from_uri(error: UriError, handle: &Handle, uri: &str) -> Failure {
    let message = format!("{handle}: proven, but its record cannot be paid: {error}");
    Failure::new(Exit::BadRecord, "bad_uri", message)
        .with("name", handle.to_string())
        .with("uri", uri)
}
