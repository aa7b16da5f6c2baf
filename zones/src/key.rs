//! The key a zone signs with: ECDSA P-256 (algorithm 13), one key for everything (CSK).

use std::fmt;

use hickory_proto::ProtoError;
use hickory_proto::dnssec::crypto::EcdsaSigningKey;
use hickory_proto::dnssec::rdata::{DNSKEY, DS};
use hickory_proto::dnssec::{
    Algorithm, DigestType, DnsSecError, PublicKeyBuf, SigningKey as _, TBS,
};
use hickory_proto::rr::Name;
use ring::rand::SecureRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};

use crate::names::{canonical, presentation};

/// A private zone signing key and its DNSKEY (flags 257).
///
/// It prints as its key tag; the private half never leaves it.
pub struct SigningKey {
    private: EcdsaSigningKey,
    dnskey: DNSKEY,
    key_tag: u16,
}

impl SigningKey {
    /// Makes a new private key as PKCS#8 bytes, to be stored where only the signer can read it.
    ///
    /// # Errors
    /// [`KeyError::Random`] when the source of randomness fails.
    pub fn generate_pkcs8(random: &dyn SecureRandom) -> Result<Vec<u8>, KeyError> {
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, random)
            .map(|document| document.as_ref().to_vec())
            .map_err(|_| KeyError::Random)
    }

    /// Loads a key that [`SigningKey::generate_pkcs8`] made (P-256, PKCS#8 DER).
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when the bytes are not such a key.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        let random = ring::rand::SystemRandom::new();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8, &random)
            .map_err(|error| KeyError::Rejected(error.to_string()))?;
        // RFC 6605 §4: the DNSKEY holds the point without the leading 0x04 of the SEC 1 form.
        let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
        let public = PublicKeyBuf::new(point.to_vec(), Algorithm::ECDSAP256SHA256);
        let dnskey = DNSKEY::new(true, true, false, public);
        let key_tag = dnskey.calculate_key_tag().map_err(KeyError::Encoding)?;
        Ok(Self {
            private: EcdsaSigningKey::from_ecdsa(pair, Algorithm::ECDSAP256SHA256),
            dnskey,
            key_tag,
        })
    }

    /// The public key as a zone publishes it.
    pub fn dnskey(&self) -> &DNSKEY {
        &self.dnskey
    }

    /// The key tag (RFC 4034 appendix B).
    pub fn key_tag(&self) -> u16 {
        self.key_tag
    }

    /// The DS a parent publishes for `zone`, SHA-256 (digest type 2).
    pub fn ds(&self, zone: &Name) -> DS {
        let mut input = crate::names::wire(zone);
        input.extend(self.dnskey.flags().to_be_bytes());
        input.push(3); // the protocol field is always 3 (RFC 4034 §2.1.2)
        input.push(u8::from(Algorithm::ECDSAP256SHA256));
        input.extend(hickory_proto::dnssec::PublicKey::public_bytes(
            self.dnskey.public_key(),
        ));
        let digest = ring::digest::digest(&ring::digest::SHA256, &input);
        DS::new(
            self.key_tag,
            Algorithm::ECDSAP256SHA256,
            DigestType::SHA256,
            digest.as_ref().to_vec(),
        )
    }

    /// The DS as a master-file line: `example.com. 3600 IN DS 12345 13 2 ABCD…`.
    pub fn ds_text(&self, zone: &Name, ttl: u32) -> String {
        let owner = presentation(&canonical(zone));
        format!("{owner} {ttl} IN DS {}", self.ds(zone))
    }

    /// The DNSKEY as a master-file line: `example.com. 3600 IN DNSKEY 257 3 13 …`.
    pub fn dnskey_text(&self, zone: &Name, ttl: u32) -> String {
        let owner = presentation(&canonical(zone));
        format!("{owner} {ttl} IN DNSKEY {}", self.dnskey)
    }

    pub(crate) fn algorithm(&self) -> Algorithm {
        Algorithm::ECDSAP256SHA256
    }

    pub(crate) fn sign(&self, tbs: &TBS) -> Result<Vec<u8>, DnsSecError> {
        self.private.sign(tbs)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("key_tag", &self.key_tag)
            .finish_non_exhaustive()
    }
}

/// Why a key could not be made or loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The source of randomness failed.
    #[error("the system's source of randomness failed; no key was made")]
    Random,
    /// The bytes are not a P-256 private key in PKCS#8.
    #[error("not a P-256 private key in PKCS#8 form: {0}")]
    Rejected(String),
    /// The public key could not be put into a record.
    #[error("the public key does not fit a DNSKEY record")]
    Encoding(#[source] ProtoError),
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;

    #[test]
    fn a_generated_key_loads_again_with_the_same_tag_and_hides_its_private_half() {
        let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = SigningKey::from_pkcs8(&pkcs8).unwrap();
        let again = SigningKey::from_pkcs8(&pkcs8).unwrap();
        assert_eq!(key.key_tag(), again.key_tag());
        assert_eq!(key.dnskey().flags(), 257);
        let shown = format!("{key:?}");
        assert_eq!(
            shown,
            format!("SigningKey {{ key_tag: {}, .. }}", key.key_tag())
        );
    }

    #[test]
    fn the_ds_is_the_one_hickory_computes_and_ignores_the_case_of_the_zone() {
        let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new()).unwrap();
        let key = SigningKey::from_pkcs8(&pkcs8).unwrap();
        let zone = Name::from_ascii("Example.COM.").unwrap();
        assert!(key.ds(&zone).covers(&zone, key.dnskey()).unwrap());
        assert!(
            key.ds_text(&zone, 3600)
                .starts_with(&format!("example.com. 3600 IN DS {} 13 2 ", key.key_tag()))
        );
    }

    #[test]
    fn bytes_that_are_no_key_are_refused() {
        let error = SigningKey::from_pkcs8(b"not a key").unwrap_err();
        assert!(matches!(error, KeyError::Rejected(_)));
    }
}
