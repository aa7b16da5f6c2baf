//! Somebody to be paid: an offer, and invoices for it that are signed as BOLT 12 says.

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use payname_resolver::lightning::bitcoin::bech32::{self, Hrp, NoChecksum};
use payname_resolver::lightning::bitcoin::hashes::{Hash as _, sha256};
use payname_resolver::lightning::bitcoin::network::Network;
use payname_resolver::lightning::bitcoin::secp256k1::{Keypair, Secp256k1, SecretKey};
use payname_resolver::lightning::blinded_path::BlindedHop;
use payname_resolver::lightning::blinded_path::payment::{BlindedPayInfo, BlindedPaymentPath};
use payname_resolver::lightning::ln::channelmanager::PaymentId;
use payname_resolver::lightning::ln::inbound_payment::ExpandedKey;
use payname_resolver::lightning::offers::invoice::UnsignedBolt12Invoice;
use payname_resolver::lightning::offers::nonce::Nonce;
use payname_resolver::lightning::offers::offer::{Offer, OfferBuilder};
use payname_resolver::lightning::sign::EntropySource;
use payname_resolver::lightning::types::features::BlindedHopFeatures;
use payname_resolver::lightning::types::payment::PaymentHash;
use payname_resolver::lightning::util::ser::Writeable as _;

/// What an invoice is asked for with.
pub(super) struct Request {
    pub(super) amount_msat: u64,
    pub(super) note: Option<String>,
    /// When the invoice is made, and how long it is good.
    pub(super) made_at: u64,
    pub(super) lifetime: Duration,
}

/// A payee.
pub(super) struct Payee {
    keys: Keypair,
    offer: Offer,
    made: AtomicU8,
}

/// Bytes that no two questions have in common.
struct Counting(AtomicU8);

impl EntropySource for Counting {
    fn get_secure_random_bytes(&self) -> [u8; 32] {
        [self.0.fetch_add(1, Ordering::Relaxed).max(1); 32]
    }
}

impl Payee {
    /// One whose keys come from this number, which is not 0.
    pub(super) fn new(number: u8) -> Self {
        let secret = SecretKey::from_slice(&[number; 32]).unwrap();
        let keys = Keypair::from_secret_key(&Secp256k1::new(), &secret);
        let offer = OfferBuilder::new(keys.public_key())
            .description("a coffee".to_owned())
            .chain(Network::Regtest)
            .build()
            .unwrap();
        Self {
            keys,
            offer,
            made: AtomicU8::new(1),
        }
    }

    /// The offer, `lno1…`.
    pub(super) fn offer(&self) -> String {
        self.offer.to_string()
    }

    /// The offer's id in hex.
    pub(super) fn offer_id(&self) -> String {
        hex::encode(self.offer.id().0)
    }

    /// An invoice, `lni1…`, and the preimage that its payment reveals.
    pub(super) fn invoice(&self, request: &Request) -> (String, [u8; 32]) {
        let secp = Secp256k1::new();
        let preimage = [self.made.fetch_add(1, Ordering::Relaxed); 32];
        let hash = PaymentHash(sha256::Hash::hash(&preimage).to_byte_array());
        let entropy = Counting(AtomicU8::new(1));
        let nonce = Nonce::from_entropy_source(&entropy);
        let key = ExpandedKey::new([9; 32]);
        let asked = self
            .offer
            .request_invoice(&key, nonce, &secp, PaymentId([7; 32]))
            .unwrap();
        let asked = asked.chain(Network::Regtest).unwrap();
        let asked = asked.amount_msats(request.amount_msat).unwrap();
        let asked = match &request.note {
            Some(note) => asked.payer_note(note.clone()),
            None => asked,
        };
        let asked = asked.build_and_sign().unwrap();
        let made_at = Duration::from_secs(request.made_at);
        let invoice = asked
            .respond_with_no_std(vec![self.path()], hash, made_at)
            .unwrap()
            .relative_expiry(request.lifetime.as_secs().try_into().unwrap())
            .build()
            .unwrap();
        let sign = |unsigned: &UnsignedBolt12Invoice| {
            let digest = unsigned.as_ref().as_digest();
            Ok(secp.sign_schnorr_no_aux_rand(digest, &self.keys))
        };
        let mut bytes = Vec::new();
        invoice.sign(sign).unwrap().write(&mut bytes).unwrap();
        (text(&bytes), preimage)
    }

    /// A way to the payee, which no one goes.
    fn path(&self) -> BlindedPaymentPath {
        let key = self.keys.public_key();
        let hop = BlindedHop {
            blinded_node_id: key,
            encrypted_payload: vec![0; 43],
        };
        let terms = BlindedPayInfo {
            fee_base_msat: 1,
            fee_proportional_millionths: 1_000,
            cltv_expiry_delta: 42,
            htlc_minimum_msat: 1,
            htlc_maximum_msat: 1_000_000_000_000,
            features: BlindedHopFeatures::empty(),
        };
        BlindedPaymentPath::from_blinded_path_and_payinfo(key, key, vec![hop], terms)
    }
}

/// An invoice with another signature than its own.
pub(super) fn forged(invoice: &str) -> String {
    let checked = bech32::primitives::decode::CheckedHrpstring::new::<NoChecksum>(invoice);
    let mut bytes: Vec<u8> = checked.unwrap().byte_iter().collect();
    // The signature is the last record.
    *bytes.last_mut().unwrap() ^= 1;
    text(&bytes)
}

fn text(bytes: &[u8]) -> String {
    bech32::encode_lower::<NoChecksum>(Hrp::parse("lni").unwrap(), bytes).unwrap()
}
