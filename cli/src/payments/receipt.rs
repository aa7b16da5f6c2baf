//! A receipt: the signed URI, its proof, and the preimage, checked by anyone offline.

use payname_resolver::{
    Amount, Handle, Proof, ProofError, TrustAnchors, UnixTime, VerifyError,
    instructions::UriError,
    lightning::bitcoin::hashes::{Hash, sha256},
};
use serde::{Deserialize, Serialize};

use super::Intent;

/// The evidence of one settled payment, as it is printed, stored and handed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The layout of this document: 1.
    pub receipt: u32,
    /// The payment's id.
    pub id: String,
    /// Who was paid, `₿alice@example.com`.
    pub name: String,
    /// The signed URI, byte for byte.
    pub uri: String,
    /// The RFC 9102 proof, in hex.
    pub proof: String,
    /// The offer that was paid.
    pub offer: String,
    /// How much, in millisatoshis, without the fee.
    pub amount_msat: u64,
    /// What routing cost, in millisatoshis.
    pub fee_msat: Option<u64>,
    /// The note sent along.
    pub note: Option<String>,
    /// The Bitcoin network.
    pub network: String,
    /// SHA-256 of the preimage, in hex.
    pub payment_hash: String,
    /// The preimage, in hex.
    pub preimage: String,
    /// When the payment was begun, in UNIX seconds; the proof was valid then.
    pub intended_at: u64,
    /// When it was seen to have settled, in UNIX seconds.
    pub settled_at: Option<u64>,
}

/// What a checked receipt shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Whose record was proven.
    pub handle: Handle,
    /// How much the receipt says was paid.
    pub amount: Amount,
    /// When.
    pub at: UnixTime,
}

impl Receipt {
    /// The receipt of an intent, if it has settled.
    pub fn of(intent: &Intent) -> Option<Self> {
        let settlement = intent.settlement.clone()?;
        let meant = &intent.meant;
        Some(Self {
            receipt: 1,
            id: meant.id.to_string(),
            name: meant.handle.to_string(),
            uri: meant.uri.clone(),
            proof: hex::encode(&meant.proof),
            offer: meant.offer.clone(),
            amount_msat: meant.amount.msat(),
            fee_msat: settlement.fee_msat,
            note: meant.note.clone(),
            network: meant.network.clone(),
            payment_hash: settlement.payment_hash,
            preimage: settlement.preimage,
            intended_at: meant.intended_at.0,
            settled_at: intent.ended_at.map(|time| time.0),
        })
    }

    /// Checks everything that can be checked without a network and without trusting who made it.
    ///
    /// It shows that the name's owner had published the offer at that time, and that the preimage
    /// is the one of the payment hash. It does not show that the hash came from that offer, since
    /// the node hands out no signed invoice; nor who paid.
    ///
    /// # Errors
    /// A part is malformed, not proven at the time of payment, or does not fit the others.
    pub fn check(&self, anchors: &TrustAnchors) -> Result<Shown, ReceiptError> {
        if self.receipt != 1 {
            return Err(ReceiptError::Layout(self.receipt));
        }
        let handle: Handle = self.name.parse().map_err(|_| ReceiptError::Field("name"))?;
        let amount =
            Amount::from_msat(self.amount_msat).map_err(|_| ReceiptError::Field("amount_msat"))?;
        let bytes = hex::decode(&self.proof).map_err(|_| ReceiptError::Field("proof"))?;
        let at = UnixTime(self.intended_at);
        let record = Proof::parse(&bytes)?.verify(&handle, anchors, at)?;
        if record.uri() != self.uri {
            return Err(ReceiptError::OtherUri);
        }
        let instructions = record.instructions()?;
        if !instructions
            .value()
            .methods()
            .iter()
            .any(|method| method.text() == self.offer)
        {
            return Err(ReceiptError::OtherOffer);
        }
        let preimage = hex::decode(&self.preimage).map_err(|_| ReceiptError::Field("preimage"))?;
        let hash = hex::encode(sha256::Hash::hash(&preimage).to_byte_array());
        if preimage.len() != 32 || hash != self.payment_hash {
            return Err(ReceiptError::OtherPreimage);
        }
        Ok(Shown { handle, amount, at })
    }
}

/// Why a receipt shows nothing.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Another program made it.
    #[error("the receipt has layout {0}, which is not known here; a newer payname may know it")]
    Layout(u32),
    /// A part cannot be read.
    #[error("the receipt's `{0}` cannot be read")]
    Field(&'static str),
    /// The proof is none.
    #[error("the receipt's proof: {0}")]
    Proof(#[from] ProofError),
    /// The record was not proven at the time of payment.
    #[error("the name was not proven when it was paid: {0}")]
    NotVerified(Box<VerifyError>),
    /// The proven record breaks BIP-321.
    #[error("the proven record cannot be paid: {0}")]
    Uri(Box<UriError>),
    /// The proof is of another URI.
    #[error("the proof is of another URI than the receipt names")]
    OtherUri,
    /// The URI holds another offer.
    #[error("the proven URI does not hold the offer that the receipt names")]
    OtherOffer,
    /// The preimage is another payment's.
    #[error("the preimage does not belong to the payment hash")]
    OtherPreimage,
}

impl From<VerifyError> for ReceiptError {
    fn from(error: VerifyError) -> Self {
        Self::NotVerified(Box::new(error))
    }
}

impl From<UriError> for ReceiptError {
    fn from(error: UriError) -> Self {
        Self::Uri(Box::new(error))
    }
}
