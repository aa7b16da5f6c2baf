//! Our messages as `lightning` carries them.

use lightning::{
    io,
    onion_message::{
        dns_resolution::{DNSResolverMessage, DNSSECProof, DNSSECQuery},
        packet::OnionMessageContents,
    },
    util::ser::{Writeable, Writer},
};

use crate::onion::{DomainName, ERROR_TYPE, Message};

/// A message in the form that `lightning` 0.2 sends it: it knows queries and proofs alone.
#[derive(Debug)]
pub(super) enum Carried {
    Known(DNSResolverMessage),
    Error(ErrorMessage),
}

/// The error of bLIP-32 as a custom onion message, since `lightning` 0.2 does not know it.
///
/// ```
/// use payname_resolver::{
///     lightning::onion_message::packet::OnionMessageContents,
///     onion::{ERROR_TYPE, ErrorMessage},
/// };
///
/// let name = "alice.user._bitcoin-payment.example.com.".parse()?;
/// assert_eq!(ErrorMessage::new(name, true).tlv_type(), ERROR_TYPE);
/// # Ok::<(), payname_resolver::onion::DomainNameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorMessage(Message);

impl ErrorMessage {
    /// The error for a name; `is_definite` when asking again is useless.
    pub fn new(name: DomainName, is_definite: bool) -> Self {
        Self(Message::Error { name, is_definite })
    }
}

impl OnionMessageContents for ErrorMessage {
    fn tlv_type(&self) -> u64 {
        ERROR_TYPE
    }

    fn msg_type(&self) -> &'static str {
        "DNSSEC Error"
    }
}

impl Writeable for ErrorMessage {
    fn write<W: Writer>(&self, writer: &mut W) -> Result<(), io::Error> {
        let bytes = self.0.to_bytes();
        writer.write_all(&bytes.map_err(|_| io::ErrorKind::InvalidData)?)
    }
}

/// A message for the messenger, if `lightning` can carry it.
pub(super) fn carried(message: Message) -> Option<Carried> {
    match message {
        Message::Query(name) => {
            let name = name.as_str().try_into().ok()?;
            let query = DNSResolverMessage::DNSSECQuery(DNSSECQuery(name));
            Some(Carried::Known(query))
        }
        Message::Proof { name, proof } => {
            let name = name.as_str().try_into().ok()?;
            let proof = DNSResolverMessage::DNSSECProof(DNSSECProof { name, proof });
            Some(Carried::Known(proof))
        }
        Message::Error { name, is_definite } => {
            Some(Carried::Error(ErrorMessage::new(name, is_definite)))
        }
    }
}
