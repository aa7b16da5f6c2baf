//! Why a name is not proven, in the words and exit codes of the command line.

use payname_resolver::{
    Handle, Record, Verified, VerifyError,
    instructions::UriError,
    net::{
        ClientError, EndpointFailure, EndpointFault, EndpointsError, GatherError, ProofClientError,
        ProveError,
    },
    proof::Disagreement,
    resolution::Unanswered,
};
use serde_json::json;

use super::{Lookup, Sources};
use crate::{context::Context, exit::Exit, failure::Failure, judgement, report::fields};

/// Endpoints that cannot be asked as the options say.
pub(super) fn from_opening(error: EndpointsError, context: &Context) -> Failure {
    match error {
        EndpointsError::Client(ClientError::NotThroughProxy { server })
            if context.global.dns.is_empty() =>
        {
            let message = format!(
                "this machine's DNS server {server} is asked by datagrams, which pass through no proxy; name one that is asked by a stream, such as --dns tls://dns.example"
            );
            Failure::usage("not_through_proxy", message)
        }
        EndpointsError::Client(error @ ClientError::NotThroughProxy { .. }) => {
            Failure::usage("not_through_proxy", error)
        }
        EndpointsError::MixedPrivacy { .. } => Failure::usage("mixed_privacy", error),
        error => Failure::new(Exit::Network, "dns_client", error),
    }
}

/// No endpoint gave a proof.
pub(super) fn from_proving(error: ProveError, handle: &Handle, sources: &Sources) -> Failure {
    let failures = failures_of(&error);
    let is_up = matches!(error, ProveError::Endpoints(EndpointsError::Timeout { .. }));
    let code = match failures.iter().map(code).min() {
        Some(Code::NoProof) => "no_proof",
        _ if is_up => "dns_timeout",
        Some(Code::Timeout) => "dns_timeout",
        Some(Code::ProofServer) => "proof_server_failed",
        Some(Code::Dns) | None => "dns_failed",
    };
    let exit = match code {
        // Something came and is no proof: a resolver's fault at best, a forgery at worst.
        "no_proof" => Exit::NotVerified,
        _ => Exit::Network,
    };
    let message = match failures {
        [only] if !is_up => only.fault.to_string(),
        _ => error.to_string(),
    };
    Failure::new(exit, code, message)
        .with("name", handle.to_string())
        .with("dns", sources.names())
}

/// The endpoints that failed, if that is why there is no proof.
fn failures_of(error: &ProveError) -> &[EndpointFailure] {
    match error {
        ProveError::Endpoints(
            EndpointsError::AllFailed(failures) | EndpointsError::Timeout { failures, .. },
        ) => failures,
        _ => &[],
    }
}

/// Each endpoint that failed, and how.
pub(super) fn each_of(error: &ProveError) -> Vec<String> {
    failures_of(error).iter().map(ToString::to_string).collect()
}

/// What an endpoint failed by; the first of several is what is told.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Code {
    NoProof,
    Timeout,
    ProofServer,
    Dns,
}

fn code(failure: &EndpointFailure) -> Code {
    match &failure.fault {
        EndpointFault::TooSlow(_) => Code::Timeout,
        EndpointFault::Gather(error) => match &**error {
            GatherError::Timeout { .. } => Code::Timeout,
            GatherError::Exchange(_) => Code::Dns,
            GatherError::ProofServer(ProofClientError::Proof { .. })
            | GatherError::Resolution(_) => Code::NoProof,
            GatherError::ProofServer(_) => Code::ProofServer,
            _ => Code::Dns,
        },
        _ => Code::NoProof,
    }
}

/// A refused proof, with its evidence.
pub(super) fn from_verifying(error: &VerifyError, lookup: &Lookup) -> Failure {
    let (exit, code, evidence) = match error {
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
    let handle = &lookup.handle;
    let mut message = format!("{handle}: {error}");
    if matches!(error, VerifyError::Bogus(_)) {
        message.push_str(&doubt(lookup.unanswered()));
    }
    Failure::new(exit, code, message)
        .with("name", handle.to_string())
        .with("unanswered", judgement::unanswered(lookup.unanswered()))
        .with("tried", lookup.tried())
        .with_all(evidence)
}

/// What speaks for a fault of the network rather than a forgery; begins with `; `.
fn doubt(unanswered: &[Unanswered]) -> String {
    let [first, rest @ ..] = unanswered else {
        return String::new();
    };
    let more = match rest.len() {
        0 => String::new(),
        count => format!(" and {count} more"),
    };
    format!(
        "; {}{more} got no answer, so this may be the network's fault and not a forgery: try again, or another --dns",
        first.question
    )
}

/// A contradiction between two verifiers, which is never resolved in favour of paying.
pub(super) fn from_disagreement<T>(disagreement: Disagreement, proven: &Verified<T>) -> Failure {
    let handle = proven.handle();
    Failure::new(
        Exit::NotVerified,
        "verifiers_disagree",
        format!("{handle}: {disagreement}"),
    )
    .with("name", handle.to_string())
    .with("proof", hex::encode(proven.proof().to_bytes()))
}

/// A proven record that cannot be read.
pub(super) fn from_uri(error: &UriError, record: &Verified<Record>) -> Failure {
    let handle = record.handle();
    let message = format!("{handle}: proven, but its record cannot be paid: {error}");
    Failure::new(Exit::BadRecord, "bad_uri", message)
        .with("name", handle.to_string())
        .with("uri", record.uri())
}

#[cfg(test)]
mod tests {
    use payname_resolver::{Proof, TrustAnchors, UnixTime};

    use super::*;

    /// A recorded proof, and a second in which it is valid.
    const PROOF: &str = include_str!("../../../resolver/vectors/bip353-01-simple.hex");
    const NOW: UnixTime = UnixTime(1_754_700_000);

    #[test]
    fn verifiers_that_disagree_end_with_code_4_and_the_proof_to_report() {
        let proof = Proof::parse(&hex::decode(PROOF.trim()).unwrap()).unwrap();
        let handle = "simple@dnssec_proof_tests.bitcoin.ninja".parse().unwrap();
        let record = proof.verify(&handle, &TrustAnchors::iana(), NOW).unwrap();
        for disagreement in [
            Disagreement::Invalid,
            Disagreement::OtherUri,
            Disagreement::TooLong,
        ] {
            let failure = from_disagreement(disagreement, &record);
            assert_eq!(failure.exit, Exit::NotVerified);
            assert_eq!(failure.code, "verifiers_disagree");
            assert!(failure.message.contains("second verifier"), "{failure:?}");
            let reported = failure.fields["proof"].as_str().unwrap();
            assert_eq!(reported, hex::encode(record.proof().to_bytes()));
        }
    }
}
