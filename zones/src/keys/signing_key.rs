//! One private key of a zone.

use std::fmt;

use hickory_proto::ProtoError;
use hickory_proto::dnssec::crypto::{EcdsaSigningKey, Ed25519SigningKey};
use hickory_proto::dnssec::rdata::{DNSKEY, DS};
use hickory_proto::dnssec::{DigestType, DnsSecError, PublicKey as _, SigningKey as Private, TBS};
use hickory_proto::rr::Name;
use ring::rand::SecureRandom;

use super::KeyAlgorithm;
use crate::names::{canonical, presentation};

/// A private key of a zone, and its DNSKEY.
///
/// It prints as its key tag; the private half never leaves it.
pub struct SigningKey {
    private: Box<dyn Private>,
    algorithm: KeyAlgorithm,
    dnskey: DNSKEY,
    key_tag: u16,
}

impl SigningKey {
    /// Makes a new P-256 key as PKCS#8 bytes; [`KeyAlgorithm::generate_pkcs8`] makes others.
    ///
    /// # Errors
    /// [`KeyError::Random`] when the source of randomness fails.
    pub fn generate_pkcs8(random: &dyn SecureRandom) -> Result<Vec<u8>, KeyError> {
        KeyAlgorithm::EcdsaP256.generate_pkcs8(random)
    }

    /// Loads a P-256 key (PKCS#8 DER) that is to sign a zone alone: a CSK, flags 257.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when the bytes are not such a key.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyError> {
        Self::load(pkcs8, KeyAlgorithm::EcdsaP256, true)
    }

    /// Loads a key that [`KeyAlgorithm::generate_pkcs8`] made (PKCS#8 DER).
    ///
    /// `secure_entry_point` sets the flag by which a parent and its tools know the keys that DS
    /// records may name (RFC 4034 §2.1.1): true for a CSK or KSK, false for a ZSK.
    ///
    /// # Errors
    /// [`KeyError::Rejected`] when the bytes are not a key of this algorithm.
    pub fn load(
        pkcs8: &[u8],
        algorithm: KeyAlgorithm,
        secure_entry_point: bool,
    ) -> Result<Self, KeyError> {
        let der = pkcs8.into();
        let private: Result<Box<dyn Private>, DnsSecError> = match algorithm {
            KeyAlgorithm::Ed25519 => {
                Ed25519SigningKey::from_pkcs8(&der).map(|key| Box::new(key) as Box<dyn Private>)
            }
            ecdsa => EcdsaSigningKey::from_pkcs8(&der, ecdsa.in_records())
                .map(|key| Box::new(key) as Box<dyn Private>),
        };
        let rejected = |source: DnsSecError| KeyError::Rejected {
            algorithm,
            source: Box::new(source),
        };
        let private = private.map_err(rejected)?;
        let public = private.to_public_key().map_err(rejected)?;
        let dnskey = DNSKEY::new(true, secure_entry_point, false, public);
        let key_tag = dnskey.calculate_key_tag().map_err(KeyError::Encoding)?;
        Ok(Self {
            private,
            algorithm,
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
        ds_of(&self.dnskey, self.key_tag, zone)
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

    /// The algorithm.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    pub(crate) fn sign(&self, tbs: &TBS) -> Result<Vec<u8>, DnsSecError> {
        self.private.sign(tbs)
    }
}

/// The SHA-256 DS record of a DNSKEY (RFC 4034 §5.1.4).
pub(crate) fn ds_of(dnskey: &DNSKEY, key_tag: u16, zone: &Name) -> DS {
    let public = dnskey.public_key();
    let mut input = crate::names::wire(zone);
    input.extend(dnskey.flags().to_be_bytes());
    input.push(3); // the protocol field is always 3 (RFC 4034 §2.1.2)
    input.push(u8::from(public.algorithm()));
    input.extend(public.public_bytes());
    let digest = ring::digest::digest(&ring::digest::SHA256, &input);
    let digest = digest.as_ref().to_vec();
    DS::new(key_tag, public.algorithm(), DigestType::SHA256, digest)
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
    /// The bytes are not a private key of the algorithm in PKCS#8.
    #[error("not a private key for {algorithm} in PKCS#8 form")]
    Rejected {
        /// The algorithm it should be of.
        algorithm: KeyAlgorithm,
        /// Why.
        source: Box<DnsSecError>,
    },
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
    fn every_algorithm_makes_keys_of_its_own_kind_with_and_without_the_entry_flag() {
        use KeyAlgorithm::*;
        for algorithm in [EcdsaP256, EcdsaP384, Ed25519] {
            let pkcs8 = algorithm.generate_pkcs8(&SystemRandom::new()).unwrap();
            let zone_key = SigningKey::load(&pkcs8, algorithm, false).unwrap();
            let entry_key = SigningKey::load(&pkcs8, algorithm, true).unwrap();
            assert_eq!(
                (zone_key.dnskey().flags(), entry_key.dnskey().flags()),
                (256, 257)
            );
            assert!(
                zone_key
                    .dnskey_text(&Name::root(), 1)
                    .contains(&format!(" 256 3 {} ", algorithm.number()))
            );
            for other in [EcdsaP256, EcdsaP384, Ed25519] {
                let loads = SigningKey::load(&pkcs8, other, true).is_ok();
                assert_eq!(loads, other == algorithm, "{algorithm} as {other}");
            }
        }
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
        assert!(matches!(error, KeyError::Rejected { .. }));
    }
}
