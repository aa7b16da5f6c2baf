//! Lightning nodes without channels or a chain: keys, an `OnionMessenger`, and peers next to them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use payname_resolver::lightning::bitcoin::secp256k1::{PublicKey, Secp256k1};
use payname_resolver::lightning::bitcoin::secp256k1::{Signing, Verification};
use payname_resolver::lightning::blinded_path::EmptyNodeIdLookUp;
use payname_resolver::lightning::blinded_path::message::{
    BlindedMessagePath, DNSResolverContext, MessageContext, MessageForwardNode,
};
use payname_resolver::lightning::ln::msgs::{
    BaseMessageHandler as _, Init, OnionMessageHandler as _,
};
use payname_resolver::lightning::ln::peer_handler::IgnoringMessageHandler;
use payname_resolver::lightning::onion_message::dns_resolution::{
    DNSResolverMessage, DNSResolverMessageHandler, DNSSECProof, DNSSECQuery,
};
use payname_resolver::lightning::onion_message::messenger::{
    Destination, MessageRouter, OnionMessagePath, OnionMessenger, Responder, ResponseInstruction,
};
use payname_resolver::lightning::sign::{
    EntropySource as _, KeysManager, NodeSigner as _, ReceiveAuthKey, Recipient,
};
use payname_resolver::lightning::types::features::InitFeatures;
use payname_resolver::lightning::util::logger::{Logger, Record};
use payname_resolver::onion::{AnswerQueue, Limits, Nonce, OnionHandler, Scope};
use payname_resolver::{Handle, Proof, UnixTime};

pub(super) type Messenger = OnionMessenger<
    Arc<KeysManager>,
    Arc<KeysManager>,
    Arc<Quiet>,
    Arc<EmptyNodeIdLookUp>,
    Arc<Route>,
    IgnoringMessageHandler,
    IgnoringMessageHandler,
    Arc<dyn DNSResolverMessageHandler + Send + Sync>,
    Arc<OnionHandler>,
>;

/// A node.
pub(super) struct Node {
    pub(super) keys: Arc<KeysManager>,
    pub(super) handler: Arc<OnionHandler>,
    pub(super) messenger: Arc<Messenger>,
    clock: Arc<AtomicU64>,
}

impl Node {
    /// A node that asks and answers, at a fixed time.
    pub(super) fn new(seed: u8, now: UnixTime) -> Self {
        Self::along(seed, now, Route::default(), |handler| handler)
    }

    /// A node whose messages go along a route, with a handler changed before it is used.
    pub(super) fn along(
        seed: u8,
        now: UnixTime,
        route: Route,
        change: impl FnOnce(OnionHandler) -> OnionHandler,
    ) -> Self {
        let clock = Arc::new(AtomicU64::new(now.0));
        let told = Arc::clone(&clock);
        let queue = AnswerQueue::new(Scope::PaymentNames, Limits::default());
        let handler = OnionHandler::new(move || UnixTime(told.load(Ordering::Relaxed)));
        let handler = Arc::new(change(handler.answering(queue)));
        Self::with(seed, clock, route, Arc::clone(&handler), handler)
    }

    /// A resolver that answers at once, with whatever it likes.
    pub(super) fn lying(
        seed: u8,
        lie: impl Fn(DNSSECQuery) -> DNSSECProof + Send + Sync + 'static,
    ) -> Self {
        let clock = Arc::default();
        let idle = Arc::new(OnionHandler::new(|| UnixTime(0)));
        Self::with(seed, clock, Route::default(), idle, Arc::new(Liar(lie)))
    }

    fn with(
        seed: u8,
        clock: Arc<AtomicU64>,
        mut route: Route,
        handler: Arc<OnionHandler>,
        dns: Arc<dyn DNSResolverMessageHandler + Send + Sync>,
    ) -> Self {
        let keys = Arc::new(KeysManager::new(&[seed; 32], 0, 0, true));
        route.entropy = Some(Arc::clone(&keys));
        let messenger = Arc::new(OnionMessenger::new(
            Arc::clone(&keys),
            Arc::clone(&keys),
            Arc::new(Quiet),
            Arc::new(EmptyNodeIdLookUp {}),
            Arc::new(route),
            IgnoringMessageHandler {},
            IgnoringMessageHandler {},
            dns,
            Arc::clone(&handler),
        ));
        Self {
            keys,
            handler,
            messenger,
            clock,
        }
    }

    pub(super) fn id(&self) -> PublicKey {
        self.keys.get_node_id(Recipient::Node).unwrap()
    }

    /// Someone to ask, with a fresh nonce.
    pub(super) fn asked_by(&self, asker: &Self) -> (Destination, Nonce) {
        let random = asker.keys.get_secure_random_bytes();
        (
            Destination::Node(self.id()),
            random[..16].try_into().unwrap(),
        )
    }

    /// Sets this node's clock.
    pub(super) fn set_time(&self, now: UnixTime) {
        self.clock.store(now.0, Ordering::Relaxed);
    }

    /// Makes two nodes peers.
    pub(super) fn meet(&self, other: &Self) {
        let mut features = InitFeatures::empty();
        features.set_onion_messages_optional();
        let init = Init {
            features,
            networks: None,
            remote_network_address: None,
        };
        self.messenger
            .peer_connected(other.id(), &init, false)
            .unwrap();
        other
            .messenger
            .peer_connected(self.id(), &init, true)
            .unwrap();
    }
}

/// Carries messages between nodes until none is left; returns how many there were.
pub(super) fn deliver(nodes: &[&Node]) -> usize {
    let mut count = 0;
    loop {
        let before = count;
        for from in nodes {
            for to in nodes {
                while let Some(message) = from.messenger.next_onion_message_for_peer(to.id()) {
                    to.messenger.handle_onion_message(from.id(), &message);
                    count += 1;
                }
            }
        }
        if count == before {
            return count;
        }
    }
}

/// The proof of one name as the answer for another, in `lightning`'s own form.
pub(super) fn claim(query: DNSSECQuery, proof: Vec<u8>) -> DNSSECProof {
    DNSSECProof {
        name: query.0,
        proof,
    }
}

/// A resolver that is asked one thing and answers another.
struct Liar<F>(F);

impl<F: Fn(DNSSECQuery) -> DNSSECProof> DNSResolverMessageHandler for Liar<F> {
    fn handle_dnssec_query(
        &self,
        query: DNSSECQuery,
        responder: Option<Responder>,
    ) -> Option<(DNSResolverMessage, ResponseInstruction)> {
        let lie = DNSResolverMessage::DNSSECProof((self.0)(query));
        Some((lie, responder?.respond()))
    }

    fn handle_dnssec_proof(&self, _: DNSSECProof, _: DNSResolverContext) {}
}

/// The way from a node to all others, and back: direct, or through one peer.
#[derive(Default)]
pub(super) struct Route {
    pub(super) through: Option<PublicKey>,
    /// Hops at the end of the reply path that lead nowhere, to hide how long it is.
    pub(super) dummies: usize,
    pub(super) entropy: Option<Arc<KeysManager>>,
}

impl MessageRouter for Route {
    fn find_path(
        &self,
        _: PublicKey,
        _: Vec<PublicKey>,
        destination: Destination,
    ) -> Result<OnionMessagePath, ()> {
        Ok(OnionMessagePath {
            intermediate_nodes: self.through.into_iter().collect(),
            destination,
            first_node_addresses: Vec::new(),
        })
    }

    fn create_blinded_paths<T: Signing + Verification>(
        &self,
        recipient: PublicKey,
        key: ReceiveAuthKey,
        context: MessageContext,
        _: Vec<MessageForwardNode>,
        secp: &Secp256k1<T>,
    ) -> Result<Vec<BlindedMessagePath>, ()> {
        let relays: Vec<MessageForwardNode> = self
            .through
            .map(|node_id| MessageForwardNode {
                node_id,
                short_channel_id: None,
            })
            .into_iter()
            .collect();
        let entropy = self.entropy.clone().unwrap();
        Ok(vec![BlindedMessagePath::new_with_dummy_hops(
            &relays,
            recipient,
            self.dummies,
            key,
            context,
            entropy,
            secp,
        )])
    }
}

/// A logger that says nothing.
pub(super) struct Quiet;

impl Logger for Quiet {
    fn log(&self, _: Record) {}
}

/// A handle of the vectors.
pub(super) fn handle_of(vector: &payname_tests::vector::Vector) -> Handle {
    let owner = vector.owner.to_ascii();
    let (user, domain) = owner.split_once(".user._bitcoin-payment.").unwrap();
    Handle::new(user, domain).unwrap()
}

/// A proof of exactly this many bytes that proves nothing.
pub(super) fn filler(length: usize) -> Proof {
    // The root, type 16, class 1, a TTL, and the length of the rest.
    let rest = u16::try_from(length - 11).unwrap().to_be_bytes();
    let mut bytes = vec![0, 0, 16, 0, 1, 0, 0, 0, 60, rest[0], rest[1]];
    bytes.resize(length, 0);
    Proof::parse(&bytes).unwrap()
}
