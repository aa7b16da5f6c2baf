//! The algorithms that zones are signed with.

use std::fmt;

use hickory_proto::dnssec::Algorithm;
use ring::rand::SecureRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};

use super::KeyError;

/// The algorithm of a key: those that RFC 8624 §3.1 wants signers to use, and that verifiers know.
///
/// ```
/// use payname_zones::KeyAlgorithm;
///
/// assert_eq!(KeyAlgorithm::default().number(), 13);
/// assert_eq!(KeyAlgorithm::try_from(15), Ok(KeyAlgorithm::Ed25519));
/// assert!(KeyAlgorithm::try_from(5).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum KeyAlgorithm {
    /// ECDSA P-256 with SHA-256, algorithm 13 (RFC 6605): known to every verifier.
    #[default]
    EcdsaP256,
    /// ECDSA P-384 with SHA-384, algorithm 14 (RFC 6605).
    EcdsaP384,
    /// Ed25519, algorithm 15 (RFC 8080).
    Ed25519,
}

impl KeyAlgorithm {
    /// The number in DNSKEY, DS and RRSIG records.
    pub fn number(self) -> u8 {
        match self {
            Self::EcdsaP256 => 13,
            Self::EcdsaP384 => 14,
            Self::Ed25519 => 15,
        }
    }

    /// Makes a new private key as PKCS#8 bytes, to be stored where only the signer can read it.
    ///
    /// # Errors
    /// [`KeyError::Random`] when the source of randomness fails.
    pub fn generate_pkcs8(self, random: &dyn SecureRandom) -> Result<Vec<u8>, KeyError> {
        let made = match self {
            Self::EcdsaP256 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, random)
            }
            Self::EcdsaP384 => {
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, random)
            }
            Self::Ed25519 => Ed25519KeyPair::generate_pkcs8(random),
        };
        made.map(|document| document.as_ref().to_vec())
            .map_err(|_| KeyError::Random)
    }

    pub(crate) fn in_records(self) -> Algorithm {
        match self {
            Self::EcdsaP256 => Algorithm::ECDSAP256SHA256,
            Self::EcdsaP384 => Algorithm::ECDSAP384SHA384,
            Self::Ed25519 => Algorithm::ED25519,
        }
    }
}

impl TryFrom<u8> for KeyAlgorithm {
    type Error = UnknownAlgorithm;

    fn try_from(number: u8) -> Result<Self, UnknownAlgorithm> {
        match number {
            13 => Ok(Self::EcdsaP256),
            14 => Ok(Self::EcdsaP384),
            15 => Ok(Self::Ed25519),
            _ => Err(UnknownAlgorithm(number)),
        }
    }
}

/// As RFC 8624 writes it: `ECDSAP256SHA256`.
impl fmt::Display for KeyAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EcdsaP256 => "ECDSAP256SHA256",
            Self::EcdsaP384 => "ECDSAP384SHA384",
            Self::Ed25519 => "ED25519",
        })
    }
}

/// The number of an algorithm that zones are not signed with here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("zones are not signed with algorithm {0} here; use 13, 14 or 15")]
pub struct UnknownAlgorithm(pub u8);
