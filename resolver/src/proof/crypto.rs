//! The signatures and digests that DNSSEC may rest on, by `ring`.

use alloc::vec::Vec;

use ring::{
    digest,
    signature::{self, RsaParameters, VerificationAlgorithm},
};

use super::Reason;

/// The fewest bits an RSA modulus may have (BIP-353).
const MIN_RSA_BITS: usize = 1024;
/// The most bytes of an RSA exponent that are looked at; `ring` takes up to 33 bits.
const MAX_EXPONENT: usize = 8;

/// Checks `signature` over `message` with the public key of a DNSKEY (RFC 3110, 6605, 8080).
pub(super) fn check(
    algorithm: u8,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    match algorithm {
        8 => rsa(
            &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            public_key,
            message,
            signature,
        ),
        10 => rsa(
            &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            public_key,
            message,
            signature,
        ),
        13 => ecdsa(
            &signature::ECDSA_P256_SHA256_FIXED,
            64,
            public_key,
            message,
            signature,
        ),
        14 => ecdsa(
            &signature::ECDSA_P384_SHA384_FIXED,
            96,
            public_key,
            message,
            signature,
        ),
        15 => signature::ED25519
            .verify(public_key.into(), message.into(), signature.into())
            .map_err(|_| Reason::WrongSignature),
        other => Err(Reason::Algorithm(other)),
    }
}

/// Whether signatures of this algorithm are accepted at all.
pub(super) fn accepts(algorithm: u8) -> bool {
    matches!(algorithm, 8 | 10 | 13 | 14 | 15)
}

/// A digest that a DS record may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DigestType {
    /// Accepted only where no better one is offered (BIP-353).
    Sha1,
    Sha256,
    Sha384,
}

impl DigestType {
    pub(super) const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Sha384];

    /// The digest of a DS record's digest type field.
    pub(super) fn of(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Sha1),
            2 => Some(Self::Sha256),
            4 => Some(Self::Sha384),
            _ => None,
        }
    }

    /// The digest of `message`.
    pub(super) fn digest(self, message: &[u8]) -> digest::Digest {
        let algorithm = match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
        };
        digest::digest(algorithm, message)
    }
}

/// RSA with the exponent and modulus as RFC 3110 packs them.
fn rsa(
    parameters: &'static RsaParameters,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    let malformed = Reason::Malformed(hickory_proto::rr::RecordType::DNSKEY);
    let (length, rest) = match public_key {
        [0, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        [length, rest @ ..] => (usize::from(*length), rest),
        [] => return Err(malformed),
    };
    if length > MAX_EXPONENT {
        return Err(malformed);
    }
    let Some((exponent, modulus)) = rest.split_at_checked(length) else {
        return Err(malformed);
    };
    let modulus = without_leading_zeros(modulus);
    let bits = modulus.len().saturating_mul(8).saturating_sub(
        modulus
            .first()
            .map_or(0, |byte| byte.leading_zeros() as usize),
    );
    if bits < MIN_RSA_BITS {
        return Err(Reason::WeakKey { bits });
    }
    signature::RsaPublicKeyComponents {
        n: modulus,
        e: without_leading_zeros(exponent),
    }
    .verify(parameters, message, signature)
    .map_err(|_| Reason::WrongSignature)
}

/// ECDSA with the bare point and signature that RFC 6605 uses.
fn ecdsa(
    algorithm: &dyn VerificationAlgorithm,
    length: usize,
    public_key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Reason> {
    if public_key.len() != length {
        return Err(Reason::Malformed(hickory_proto::rr::RecordType::DNSKEY));
    }
    let mut point = Vec::with_capacity(length.saturating_add(1));
    point.push(4); // uncompressed, SEC 1 §2.3.3
    point.extend_from_slice(public_key);
    algorithm
        .verify(point.as_slice().into(), message.into(), signature.into())
        .map_err(|_| Reason::WrongSignature)
}

fn without_leading_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_rsa_key_of_512_bits_is_refused_before_any_arithmetic() {
        let mut key = vec![3, 1, 0, 1];
        key.extend([0xff; 64]);
        assert_eq!(
            check(8, &key, b"", &[0; 64]),
            Err(Reason::WeakKey { bits: 512 })
        );
    }

    #[test]
    fn leading_zeros_do_not_make_an_rsa_key_longer() {
        let mut key = vec![3, 1, 0, 1];
        key.extend([0; 64]);
        key.extend([0x7f; 127]);
        assert_eq!(
            check(10, &key, b"", &[0; 64]),
            Err(Reason::WeakKey { bits: 1015 })
        );
    }

    #[test]
    fn an_rsa_exponent_of_more_than_8_bytes_is_malformed_however_its_length_is_packed() {
        let verdict = |packed: &[u8], zeros: usize| {
            let exponent = [&vec![0; zeros][..], &[1, 0, 1]].concat();
            check(
                8,
                &[packed, &exponent, &[0xff; 128]].concat(),
                b"",
                &[0; 128],
            )
        };
        let malformed = || Err(Reason::Malformed(hickory_proto::rr::RecordType::DNSKEY));
        assert_eq!(verdict(&[8], 5), Err(Reason::WrongSignature));
        assert_eq!(verdict(&[0, 0, 8], 5), Err(Reason::WrongSignature));
        assert_eq!(verdict(&[9], 6), malformed());
        assert_eq!(verdict(&[0, 0, 9], 6), malformed());
        assert_eq!(verdict(&[10], 7), malformed());
    }

    #[test]
    fn sha_1_and_unknown_algorithms_are_refused() {
        for algorithm in [0, 1, 3, 5, 6, 7, 12, 16, 253, 255] {
            assert_eq!(
                check(algorithm, b"key", b"", b""),
                Err(Reason::Algorithm(algorithm))
            );
            assert!(!accepts(algorithm));
        }
    }

    #[test]
    fn keys_of_every_wrong_length_are_malformed_or_wrong_but_never_panic() {
        for algorithm in [8, 10, 13, 14, 15] {
            for length in 0..140 {
                assert!(check(algorithm, &vec![1; length], b"m", &vec![1; length]).is_err());
            }
        }
    }
}
