//! The three messages of bLIP-32, as the bytes of one onion TLV.

use alloc::{vec, vec::Vec};

use super::{DomainName, DomainNameError};

/// The TLV type of a query.
pub const QUERY_TYPE: u64 = 65_536;
/// The TLV type of a proof.
pub const PROOF_TYPE: u64 = 65_538;
/// The TLV type of an error, the answer that there will be no proof.
pub const ERROR_TYPE: u64 = 65_550;

/// The content of an onion message of bLIP-32.
///
/// ```
/// use payname_resolver::onion::Message;
///
/// let query = Message::Query("alice.user._bitcoin-payment.example.com.".parse()?);
/// assert_eq!(Message::read(query.tlv_type(), &query.to_bytes()?)?, query);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// Asks for the proof of the TXT records at a name.
    Query(DomainName),
    /// Answers with a proof, which nobody has looked at yet.
    Proof {
        /// The name that was asked for.
        name: DomainName,
        /// The proof: RFC 9102 bytes, at most 65,535.
        proof: Vec<u8>,
    },
    /// Answers that there will be no proof.
    Error {
        /// The name that was asked for.
        name: DomainName,
        /// Whether asking again is useless: the name does not exist, or its zone is unsigned.
        is_definite: bool,
    },
}

impl Message {
    /// Reads the value of a TLV, to its last byte.
    ///
    /// # Errors
    /// The type is none of bLIP-32, or the bytes are not exactly one message of it.
    pub fn read(tlv_type: u64, bytes: &[u8]) -> Result<Self, MessageError> {
        let read_name = || read_name(bytes);
        match tlv_type {
            QUERY_TYPE => match read_name()? {
                (name, []) => Ok(Self::Query(name)),
                _ => Err(MessageError::Length),
            },
            PROOF_TYPE => {
                let (name, rest) = read_name()?;
                let (length, proof) = rest.split_first_chunk().ok_or(MessageError::Length)?;
                if usize::from(u16::from_be_bytes(*length)) != proof.len() {
                    return Err(MessageError::Length);
                }
                let proof = proof.to_vec();
                Ok(Self::Proof { name, proof })
            }
            ERROR_TYPE => {
                let (name, rest) = read_name()?;
                let is_definite = match rest {
                    [0] => false,
                    [1] => true,
                    [other] => return Err(MessageError::NoBoolean(*other)),
                    _ => return Err(MessageError::Length),
                };
                Ok(Self::Error { name, is_definite })
            }
            other => Err(MessageError::Type(other)),
        }
    }

    /// The type of the TLV.
    pub fn tlv_type(&self) -> u64 {
        match self {
            Self::Query(_) => QUERY_TYPE,
            Self::Proof { .. } => PROOF_TYPE,
            Self::Error { .. } => ERROR_TYPE,
        }
    }

    /// The name that it is about.
    pub fn name(&self) -> &DomainName {
        match self {
            Self::Query(name) | Self::Proof { name, .. } | Self::Error { name, .. } => name,
        }
    }

    /// The value of the TLV; [`Message::read`] gives the same message back.
    ///
    /// # Errors
    /// The proof is longer than 65,535 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, MessageError> {
        let text = self.name().as_str();
        let length = u8::try_from(text.len()).map_err(|_| MessageError::Length)?;
        let mut bytes = vec![length];
        bytes.extend_from_slice(text.as_bytes());
        match self {
            Self::Query(_) => {}
            Self::Proof { proof, .. } => {
                let length = u16::try_from(proof.len())
                    .map_err(|_| MessageError::ProofTooLong(proof.len()))?;
                bytes.extend_from_slice(&length.to_be_bytes());
                bytes.extend_from_slice(proof);
            }
            Self::Error { is_definite, .. } => bytes.push(u8::from(*is_definite)),
        }
        Ok(bytes)
    }
}

/// The name in front, and what follows it.
fn read_name(bytes: &[u8]) -> Result<(DomainName, &[u8]), MessageError> {
    let (length, rest) = bytes.split_first().ok_or(MessageError::Length)?;
    let (text, rest) = rest
        .split_at_checked(usize::from(*length))
        .ok_or(MessageError::Length)?;
    let text = str::from_utf8(text).map_err(|_| MessageError::NotText)?;
    Ok((text.parse()?, rest))
}

/// Why bytes are no message of bLIP-32, or a message no bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// It is a TLV of something else.
    #[error("an onion TLV of type {0} is none of bLIP-32")]
    Type(u64),
    /// It is cut off, or something follows.
    #[error("the lengths in the onion message do not add up to its own")]
    Length,
    /// The name is not even text.
    #[error("the domain name in the onion message is not ASCII")]
    NotText,
    /// The name is none.
    #[error(transparent)]
    Name(#[from] DomainNameError),
    /// The error's flag is neither 0 nor 1.
    #[error("`definitely_unresolvable` is {0}; it must be 0 or 1")]
    NoBoolean(u8),
    /// The proof does not fit.
    #[error("a proof of {0} bytes does not fit an onion message; 65535 do")]
    ProofTooLong(usize),
}

#[cfg(test)]
mod tests {
    use lightning::{
        io::Cursor,
        onion_message::{
            dns_resolution::{DNSResolverMessage, DNSSECProof, DNSSECQuery},
            packet::OnionMessageContents as _,
        },
        util::ser::{ReadableArgs as _, Writeable as _},
    };
    use proptest::prelude::*;

    use super::*;

    fn name() -> DomainName {
        "a.user._bitcoin-payment.example.".parse().unwrap()
    }

    fn error(is_definite: bool) -> Message {
        Message::Error {
            name: name(),
            is_definite,
        }
    }

    #[test]
    fn queries_and_proofs_are_the_bytes_that_lightning_writes() {
        let theirs: dnssec_prover::rr::Name = name().as_str().try_into().unwrap();
        let proof = vec![1, 2, 3];
        let pairs = [
            (
                Message::Query(name()),
                DNSResolverMessage::DNSSECQuery(DNSSECQuery(theirs.clone())),
            ),
            (
                Message::Proof {
                    name: name(),
                    proof: proof.clone(),
                },
                DNSResolverMessage::DNSSECProof(DNSSECProof {
                    name: theirs,
                    proof,
                }),
            ),
        ];
        for (ours, theirs) in pairs {
            let bytes = ours.to_bytes().unwrap();
            assert_eq!(bytes, theirs.encode());
            assert_eq!(ours.tlv_type(), theirs.tlv_type());
            let read = DNSResolverMessage::read(&mut Cursor::new(&bytes), ours.tlv_type());
            assert_eq!(read, Ok(theirs));
            assert_eq!(Message::read(ours.tlv_type(), &bytes), Ok(ours));
        }
    }

    #[test]
    fn an_error_is_the_name_and_one_flag() {
        let bytes = error(true).to_bytes().unwrap();
        let (flag, front) = bytes.split_last().unwrap();
        assert_eq!((*flag, front), (1, &error(false).to_bytes().unwrap()[..33]));
        assert_eq!(usize::from(front[0]), name().as_str().len());
        assert_eq!(Message::read(ERROR_TYPE, &bytes), Ok(error(true)));
        for bad in [2, 255] {
            let bytes = [front, &[bad]].concat();
            let refused = Message::read(ERROR_TYPE, &bytes);
            assert_eq!(refused, Err(MessageError::NoBoolean(bad)));
        }
    }

    #[test]
    fn a_message_is_refused_when_a_byte_is_missing_or_too_many() {
        let proof = Message::Proof {
            name: name(),
            proof: vec![0; 300],
        };
        for message in [Message::Query(name()), proof, error(false)] {
            let bytes = message.to_bytes().unwrap();
            let (kind, end) = (message.tlv_type(), bytes.len());
            assert!(Message::read(kind, &bytes[..end - 1]).is_err());
            assert!(Message::read(kind, &[&bytes[..], &[0]].concat()).is_err());
            let foreign = Message::read(kind + 1, &bytes);
            assert_eq!(foreign, Err(MessageError::Type(kind + 1)));
        }
    }

    #[test]
    fn a_proof_has_65535_bytes_at_most() {
        let of = |length| Message::Proof {
            name: name(),
            proof: vec![0; length],
        };
        let bytes = of(65_535).to_bytes().unwrap();
        assert_eq!(Message::read(PROOF_TYPE, &bytes), Ok(of(65_535)));
        let refused = of(65_536).to_bytes();
        assert_eq!(refused, Err(MessageError::ProofTooLong(65_536)));
    }

    proptest! {
        #[test]
        fn whatever_is_read_is_written_the_same(
            kind in prop::sample::select(vec![QUERY_TYPE, PROOF_TYPE, ERROR_TYPE]),
            text in "[aA_.\\-\u{0}ü]{0,20}\\.?",
            rest in prop::collection::vec(any::<u8>(), 0..6),
        ) {
            let length = [u8::try_from(text.len()).unwrap()];
            let bytes = [&length[..], text.as_bytes(), &rest].concat();
            if let Ok(message) = Message::read(kind, &bytes) {
                prop_assert_eq!(message.to_bytes().unwrap(), bytes);
            }
        }
    }
}
