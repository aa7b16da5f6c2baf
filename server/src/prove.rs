//! Proving what was published: looking a name up and verifying it, as a stranger would.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use data_encoding::HEXLOWER;
use payname_api::ProvenBy;
use payname_resolver::{
    Handle, Proof, TrustAnchors, UnixTime, Verified, VerifyError, Window,
    hickory_proto::rr::Name,
    net::{Client, ClientError, GatherError},
    proof::{AnchorError, ChainCache},
};
use ring::digest;

use crate::{config::Prove, publisher::Served};

/// How many zones a cache remembers the signatures of: from the root to ours, and where aliases lead.
const ZONES: usize = 16;

/// Looks names up and verifies them.
#[derive(Debug)]
pub(crate) struct Prover {
    client: Client,
    anchors: Anchors,
    /// Signatures found good before, a cache for each proof that is being verified.
    caches: Mutex<Vec<ChainCache>>,
    by: ProvenBy,
}

/// Where proofs start.
#[derive(Debug)]
enum Anchors {
    Fixed(TrustAnchors),
    /// The keys that these zones have now, which change.
    Own(Served, Vec<Name>),
}

/// What a name was proven to be.
#[derive(Debug)]
pub(crate) enum Proven {
    /// It has this payment record.
    Uri(Evidence),
    /// It has none.
    Nothing,
}

/// A proven URI, and the proof to pass on.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The URI, byte for byte.
    pub(crate) uri: String,
    /// The proof: RFC 9102 bytes, which all who read it share.
    pub(crate) proof: Bytes,
    /// The proof's SHA-256, quoted: its `ETag`.
    pub(crate) tag: String,
    /// When it was looked at.
    pub(crate) proven_at: UnixTime,
    /// While the signatures are valid.
    pub(crate) window: Window,
    /// Whether it starts from IANA's anchors, as everybody has them.
    pub(crate) under_iana: bool,
    /// Until when it may be passed on without looking again.
    pub(crate) fresh_until: UnixTime,
}

impl Prover {
    /// A prover that asks a recursive resolver and starts from anchors above our zones.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub(crate) fn through(prove: &Prove) -> Result<Self, ProverError> {
        Ok(Self {
            client: Client::new(prove.dns.clone())?,
            caches: Mutex::default(),
            anchors: Anchors::Fixed(prove.anchors.clone()),
            by: ProvenBy::Resolver {
                dns: prove.dns.to_string(),
            },
        })
    }

    /// A prover that asks our own nameserver over its sockets, and starts from the zones' own keys.
    ///
    /// # Errors
    /// The client cannot be made, or a zone's DS record cannot be read.
    pub(crate) fn own(
        listening: SocketAddr,
        served: Served,
        zones: &[Name],
    ) -> Result<Self, ProverError> {
        own_anchors(&served, zones)?;
        Ok(Self {
            client: Client::new(reachable(listening).into())?,
            caches: Mutex::default(),
            anchors: Anchors::Own(served, zones.to_vec()),
            by: ProvenBy::OwnNameserver,
        })
    }

    /// From where this prover looks.
    pub(crate) fn by(&self) -> &ProvenBy {
        &self.by
    }

    /// Looks a name up and verifies what comes back.
    ///
    /// # Errors
    /// Nothing usable came back, or it neither proves a payment record nor that there is none.
    pub(crate) async fn prove(&self, handle: &Handle, now: UnixTime) -> Result<Proven, ProveError> {
        let own;
        let anchors = match &self.anchors {
            Anchors::Fixed(anchors) => anchors,
            Anchors::Own(served, zones) => {
                own = own_anchors(served, zones)?;
                &own
            }
        };
        let gathered = self.client.gather_below(anchors, handle).await?;
        let mut cache = self.lock().pop().unwrap_or_else(|| ChainCache::new(ZONES));
        let outcome = gathered
            .proof
            .verify_cached(handle, anchors, now, &mut cache);
        self.lock().push(cache);
        match outcome {
            Ok(verified) => Ok(Proven::Uri(evidence(&verified, gathered.ttl, now))),
            Err(VerifyError::Denied(_)) => Ok(Proven::Nothing),
            Err(error) => Err(error.into()),
        }
    }
}

impl Prover {
    /// The caches that nobody uses just now; as many as were ever in use at once.
    fn lock(&self) -> MutexGuard<'_, Vec<ChainCache>> {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn evidence<T>(verified: &Verified<T>, resolver_ttl: u32, now: UnixTime) -> Evidence {
    let proof = Bytes::from(Proof::to_bytes(verified.proof()));
    let digest = digest::digest(&digest::SHA256, &proof);
    Evidence {
        uri: verified.uri().to_owned(),
        tag: format!("\"{}\"", HEXLOWER.encode(digest.as_ref())),
        proof,
        proven_at: now,
        window: verified.window(),
        under_iana: verified.under_iana(),
        fresh_until: now.plus(verified.cache_ttl().min(resolver_ttl).into()),
    }
}

/// The keys that the zones have now, as anchors.
fn own_anchors(served: &Served, zones: &[Name]) -> Result<TrustAnchors, AnchorError> {
    TrustAnchors::parse(&served.top_ds_records(zones).join("\n"))
}

/// Where a listener on every address can be reached from this machine.
pub(crate) fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

/// Why there is no prover.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProverError {
    /// The resolver's client cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The anchors cannot be read.
    #[error(transparent)]
    Anchors(#[from] AnchorError),
}

/// Why a name was not proven this time.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ProveError {
    /// Nothing usable came back.
    #[error(transparent)]
    Gather(#[from] GatherError),
    /// What came back proves nothing.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The DS records of our own zones cannot be read.
    #[error(transparent)]
    Anchors(#[from] AnchorError),
}
