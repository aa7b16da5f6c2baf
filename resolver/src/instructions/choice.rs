//! Choosing the way to pay, and saying why not the others.

use alloc::{borrow::ToOwned, string::String, vec::Vec};

use lightning::bitcoin::Network;

use super::{Instructions, Method, MethodError, MethodKind};
use crate::{proof::Verified, time::UnixTime};

/// The way to pay, and every way that was passed over.
///
/// ```
/// use payname_resolver::{
///     Handle, Method, Proof, TrustAnchors, UnixTime,
///     instructions::{Choice, MethodKind, PassedOver},
///     lightning::bitcoin::Network,
/// };
///
/// # let bytes = hex::decode(include_str!("../../vectors/bip353-03-wildcard-cname-xdomain.hex").trim())?;
/// let handle: Handle = "₿a.x_domain_cname_wild@dnssec_proof_tests.bitcoin.ninja".parse()?;
/// let now = UnixTime(1_754_600_000);
/// let record = Proof::parse(&bytes)?.verify(&handle, &TrustAnchors::iana(), now)?;
/// let instructions = record.instructions()?;
///
/// // A wallet without Lightning.
/// let on_chain = |method: &Method| method.kind() == MethodKind::OnChain;
/// let Choice { chosen, passed_over } = instructions.choose(Network::Bitcoin, on_chain, now);
/// assert_eq!(chosen.unwrap().value().key(), "address");
/// for PassedOver { key, reason, .. } in passed_over {
///     println!("not by `{key}`: {reason}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Choice {
    /// The method to pay by; nothing when none can be.
    pub chosen: Option<Verified<Method>>,
    /// The others, in the order of the URI, malformed ones last.
    pub passed_over: Vec<PassedOver>,
}

/// A method that was not chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct PassedOver {
    /// The key in the URI, lower case and without `req-`; `address` for the path of the URI.
    pub key: String,
    /// The value. A stranger wrote it: escape it before showing.
    pub text: String,
    /// Why it was not chosen.
    pub reason: PassedOverReason,
}

/// Why a method was not chosen.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PassedOverReason {
    /// It is malformed or contradicts itself.
    #[error("{0}")]
    Rejected(MethodError),
    /// It is for another network.
    #[error("it is not for the network {0}")]
    WrongNetwork(Network),
    /// It has expired.
    #[error("it expired at {0}; the payee must publish a new one")]
    Expired(UnixTime),
    /// It is priced in a currency other than bitcoin.
    #[error("it is priced in {0}, which cannot be paid without an exchange rate")]
    Currency(String),
    /// The offer requires features that are unknown here (BOLT 12, even bits).
    #[error("it requires features that are not known here; a newer version may pay it")]
    UnknownFeatures,
    /// Who pays cannot pay this way.
    #[error("a {0} cannot be paid from here")]
    NotPayableHere(MethodKind),
    /// The payee insists on a proof of payment, sent where only an app can send it (`req-pop`).
    #[error(
        "the payee requires that a proof of payment be handed to another app, which is not done here"
    )]
    ProofOfPaymentRequired,
    /// Another method is better.
    #[error("`{0}` is preferred")]
    LessPreferred(String),
}

impl PassedOverReason {
    /// A stable name for programs, such as `expired`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Rejected(_) => "rejected",
            Self::WrongNetwork(_) => "wrong_network",
            Self::Expired(_) => "expired",
            Self::Currency(_) => "currency",
            Self::UnknownFeatures => "unknown_features",
            Self::NotPayableHere(_) => "not_payable_here",
            Self::ProofOfPaymentRequired => "proof_of_payment_required",
            Self::LessPreferred(_) => "less_preferred",
        }
    }
}

impl Verified<Instructions> {
    /// Chooses the method to pay by on `network` at `now`, out of those that `can_pay`.
    ///
    /// BOLT 12 comes first, then the order of [`MethodKind`], then that of the URI. Expired
    /// methods, other networks' and foreign currencies' are passed over, and so is everything when
    /// the payee insists on a proof of payment through another app.
    pub fn choose(
        &self,
        network: Network,
        can_pay: impl Fn(&Method) -> bool,
        now: UnixTime,
    ) -> Choice {
        let (best, passed_over) = self.value().rank(network, can_pay, now);
        Choice {
            chosen: best.and_then(|index| self.method(index)),
            passed_over,
        }
    }
}

impl Instructions {
    /// The index of the method to pay by, and why not the others.
    pub(super) fn rank(
        &self,
        network: Network,
        can_pay: impl Fn(&Method) -> bool,
        now: UnixTime,
    ) -> (Option<usize>, Vec<PassedOver>) {
        let obstacles: Vec<_> = self
            .methods()
            .iter()
            .map(|method| self.obstacle(method, network, &can_pay, now))
            .collect();
        let best = self
            .methods()
            .iter()
            .zip(&obstacles)
            .enumerate()
            .filter(|(_, (_, obstacle))| obstacle.is_none())
            .min_by_key(|(index, (method, _))| (method.kind(), *index))
            .map(|(index, (method, _))| (index, method.key()));
        let mut passed_over = Vec::new();
        for (index, (method, obstacle)) in self.methods().iter().zip(obstacles).enumerate() {
            let better = best.filter(|(best, _)| *best != index);
            let reason =
                obstacle.or(better.map(|(_, key)| PassedOverReason::LessPreferred(key.to_owned())));
            passed_over.extend(reason.map(|reason| PassedOver {
                key: method.key().to_owned(),
                text: method.text().to_owned(),
                reason,
            }));
        }
        passed_over.extend(self.rejected().iter().map(|rejected| PassedOver {
            key: rejected.key.clone(),
            text: rejected.value.clone(),
            reason: PassedOverReason::Rejected(rejected.reason.clone()),
        }));
        (best.map(|(index, _)| index), passed_over)
    }

    /// What keeps a method from being paid, if anything.
    fn obstacle(
        &self,
        method: &Method,
        network: Network,
        can_pay: impl Fn(&Method) -> bool,
        now: UnixTime,
    ) -> Option<PassedOverReason> {
        if self.proof_of_payment().is_some_and(|pop| pop.is_required()) {
            return Some(PassedOverReason::ProofOfPaymentRequired);
        }
        if !method.supports(network) {
            return Some(PassedOverReason::WrongNetwork(network));
        }
        if let Some(at) = method.expires_at().filter(|at| now > *at) {
            return Some(PassedOverReason::Expired(at));
        }
        if let Method::Offer(offer) = method
            && let Some(currency) = offer.currency()
        {
            return Some(PassedOverReason::Currency(currency));
        }
        if let Method::Offer(offer) = method
            && offer.requires_unknown_features()
        {
            return Some(PassedOverReason::UnknownFeatures);
        }
        (!can_pay(method)).then(|| PassedOverReason::NotPayableHere(method.kind()))
    }
}
