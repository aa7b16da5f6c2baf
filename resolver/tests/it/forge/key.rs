//! Keys of every algorithm that a zone may have, and of some that it may not.

use data_encoding::{BASE64, HEXLOWER};
use payname_resolver::hickory_proto::rr::RecordType;
use ring::{
    digest::{self, Digest},
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
        EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA512,
        RsaKeyPair,
    },
};

use super::{record::Rr, rsa};

/// The flags of a key-signing key: ZONE and SEP.
const KSK: u16 = 257;
/// The public exponent of all RSA keys here, 65537, packed as RFC 3110 does.
const RSA_EXPONENT: [u8; 4] = [3, 1, 0, 1];

/// A DNSKEY record with its secret. Every public field may be changed to a lie.
pub(crate) struct Key {
    pub(crate) flags: u16,
    pub(crate) protocol: u8,
    pub(crate) algorithm: u8,
    pub(crate) public: Vec<u8>,
    secret: Secret,
}

enum Secret {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
    /// Modulus and private exponent of a key that `ring` would not sign with.
    WeakRsa(Vec<u8>, Vec<u8>),
    None,
}

impl Key {
    /// ECDSA P-256 with SHA-256, algorithm 13.
    pub(crate) fn p256() -> Self {
        Self::ecdsa(13, &ECDSA_P256_SHA256_FIXED_SIGNING)
    }

    /// ECDSA P-384 with SHA-384, algorithm 14.
    pub(crate) fn p384() -> Self {
        Self::ecdsa(14, &ECDSA_P384_SHA384_FIXED_SIGNING)
    }

    /// Ed25519, algorithm 15.
    pub(crate) fn ed25519() -> Self {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        let pair = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
        let public = pair.public_key().as_ref().to_vec();
        Self::new(15, public, Secret::Ed25519(pair))
    }

    /// RSA of 2048 bits with algorithm 8 or 10.
    pub(crate) fn rsa_2048(algorithm: u8) -> Self {
        let document = BASE64.decode(rsa::PKCS8_2048.as_bytes()).unwrap();
        let pair = RsaKeyPair::from_pkcs8(&document).unwrap();
        let modulus = ring::rsa::PublicKeyComponents::<Vec<u8>>::from(pair.public()).n;
        Self::new(algorithm, rsa_public(&modulus), Secret::Rsa(pair))
    }

    /// RSA of 1024 bits with algorithm 5, 7, 8 or 10.
    pub(crate) fn rsa_1024(algorithm: u8) -> Self {
        Self::weak_rsa(algorithm, rsa::MODULUS_1024, rsa::EXPONENT_1024)
    }

    /// RSA of 512 bits with algorithm 5, 7 or 8.
    pub(crate) fn rsa_512(algorithm: u8) -> Self {
        Self::weak_rsa(algorithm, rsa::MODULUS_512, rsa::EXPONENT_512)
    }

    /// A public key without a secret: its signatures are noise.
    pub(crate) fn hollow(algorithm: u8, public: Vec<u8>) -> Self {
        Self::new(algorithm, public, Secret::None)
    }

    /// A key of noise with a wanted tag: the last two bytes make up the difference.
    pub(crate) fn with_tag(algorithm: u8, length: usize, seed: u8, tag: u16) -> Self {
        let noise = (0..length).map(|i| (i as u8).wrapping_mul(seed) ^ seed);
        Self::hollow(algorithm, noise.collect()).retagged(tag)
    }

    /// The same key with its last two bytes chosen for a tag. They stand at an even place, so that
    /// they are added to the tag as a whole, but for a carry.
    pub(crate) fn retagged(mut self, tag: u16) -> Self {
        let last = self.public.len() - 2;
        self.public[last..].copy_from_slice(&[0, 0]);
        let difference = tag.wrapping_sub(self.tag());
        for carry in [0, u16::MAX, 1] {
            let guess = difference.wrapping_add(carry);
            self.public[last..].copy_from_slice(&guess.to_be_bytes());
            if self.tag() == tag {
                return self;
            }
        }
        panic!("no bytes give tag {tag}");
    }

    /// The same key with other flags; its key tag changes with them.
    pub(crate) fn flagged(mut self, flags: u16) -> Self {
        self.flags = flags;
        self
    }

    /// The RDATA of the DNSKEY record.
    pub(crate) fn rdata(&self) -> Vec<u8> {
        let mut rdata = self.flags.to_be_bytes().to_vec();
        rdata.extend([self.protocol, self.algorithm]);
        rdata.extend(&self.public);
        rdata
    }

    /// The key tag, as the reference code of RFC 4034 appendix B computes it.
    pub(crate) fn tag(&self) -> u16 {
        let mut sum = 0u32;
        for (index, byte) in self.rdata().iter().enumerate() {
            sum += u32::from(*byte) << if index % 2 == 0 { 8 } else { 0 };
        }
        sum += (sum >> 16) & 0xffff;
        (sum & 0xffff) as u16
    }

    /// The DNSKEY record.
    pub(crate) fn record(&self, zone: &str) -> Rr {
        Rr::new(zone, RecordType::DNSKEY, self.rdata())
    }

    /// The RDATA of a DS record with this digest type (1, 2 or 4).
    pub(crate) fn ds(&self, zone: &str, digest_type: u8) -> Vec<u8> {
        let mut message = super::record::wire_name(&zone.to_ascii_lowercase());
        message.extend(self.rdata());
        let mut rdata = self.tag().to_be_bytes().to_vec();
        rdata.extend([self.algorithm, digest_type]);
        rdata.extend(digest_of(digest_type, &message).as_ref());
        rdata
    }

    /// Signs as the algorithm says.
    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.secret {
            Secret::Ecdsa(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Secret::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
            Secret::Rsa(pair) => {
                let encoding: &'static dyn ring::signature::RsaEncoding = match self.algorithm {
                    8 => &RSA_PKCS1_SHA256,
                    10 => &RSA_PKCS1_SHA512,
                    other => panic!("no RSA of 2048 bits with algorithm {other}"),
                };
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(encoding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
            Secret::WeakRsa(modulus, exponent) => power(
                &padded(self.algorithm, message, modulus.len()),
                exponent,
                modulus,
            ),
            Secret::None => vec![0x5a; 64],
        }
    }

    fn new(algorithm: u8, public: Vec<u8>, secret: Secret) -> Self {
        Self {
            flags: KSK,
            protocol: 3,
            algorithm,
            public,
            secret,
        }
    }

    fn ecdsa(algorithm: u8, signing: &'static EcdsaSigningAlgorithm) -> Self {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(signing, &random).unwrap();
        let pair = EcdsaKeyPair::from_pkcs8(signing, document.as_ref(), &random).unwrap();
        // RFC 6605 leaves the marker of an uncompressed point out.
        let public = pair.public_key().as_ref()[1..].to_vec();
        Self::new(algorithm, public, Secret::Ecdsa(pair))
    }

    fn weak_rsa(algorithm: u8, modulus: &str, exponent: &str) -> Self {
        let modulus = HEXLOWER.decode(modulus.as_bytes()).unwrap();
        let exponent = HEXLOWER.decode(exponent.as_bytes()).unwrap();
        let public = rsa_public(&modulus);
        Self::new(algorithm, public, Secret::WeakRsa(modulus, exponent))
    }
}

fn rsa_public(modulus: &[u8]) -> Vec<u8> {
    [&RSA_EXPONENT[..], modulus].concat()
}

fn digest_of(digest_type: u8, message: &[u8]) -> Digest {
    let algorithm = match digest_type {
        1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        2 => &digest::SHA256,
        4 => &digest::SHA384,
        other => panic!("no digest type {other}"),
    };
    digest::digest(algorithm, message)
}

/// The padding of RFC 8017 §9.2 with the digest that the algorithm asks for.
fn padded(algorithm: u8, message: &[u8], length: usize) -> Vec<u8> {
    let (prefix, algorithm) = match algorithm {
        5 | 7 => (
            "3021300906052b0e03021a05000414",
            &digest::SHA1_FOR_LEGACY_USE_ONLY,
        ),
        8 => ("3031300d060960864801650304020105000420", &digest::SHA256),
        10 => ("3051300d060960864801650304020305000440", &digest::SHA512),
        other => panic!("no RSA with algorithm {other}"),
    };
    let mut tail = HEXLOWER.decode(prefix.as_bytes()).unwrap();
    tail.extend(digest::digest(algorithm, message).as_ref());
    let mut padded = vec![0, 1];
    padded.resize(length - tail.len() - 1, 0xff);
    padded.push(0);
    padded.extend(tail);
    padded
}

/// `base` to the power of `exponent` modulo an odd `modulus`, all big-endian, by Montgomery.
fn power(base: &[u8], exponent: &[u8], modulus: &[u8]) -> Vec<u8> {
    let limbs = |bytes: &[u8]| -> Vec<u32> {
        bytes
            .rchunks(4)
            .map(|chunk| {
                chunk
                    .iter()
                    .fold(0, |limb, byte| limb << 8 | u32::from(*byte))
            })
            .collect()
    };
    let n = limbs(modulus);
    let k = n.len();
    // Newton: each round doubles the bits of 1 / n modulo 2³².
    let inverse = (0..5).fold(n[0], |x, _| {
        x.wrapping_mul(2u32.wrapping_sub(n[0].wrapping_mul(x)))
    });
    let reduce = |t: &mut Vec<u32>| {
        let smaller = t[k] == 0 && t[..k].iter().rev().lt(n.iter().rev());
        if !smaller {
            let mut borrow = 0i64;
            for (limb, n) in t.iter_mut().zip(n.iter().chain([&0])) {
                let difference = i64::from(*limb) - i64::from(*n) + borrow;
                *limb = difference as u32;
                borrow = difference >> 32;
            }
        }
    };
    let product = |a: &[u32], b: &[u32]| -> Vec<u32> {
        let mut t = vec![0u32; k + 2];
        for &digit in a {
            let mut carry = 0u64;
            for j in 0..k {
                carry += u64::from(t[j]) + u64::from(digit) * u64::from(b[j]);
                t[j] = carry as u32;
                carry >>= 32;
            }
            carry += u64::from(t[k]);
            (t[k], t[k + 1]) = (carry as u32, (carry >> 32) as u32);
            let factor = t[0].wrapping_mul(inverse.wrapping_neg());
            let mut carry = (u64::from(t[0]) + u64::from(factor) * u64::from(n[0])) >> 32;
            for j in 1..k {
                carry += u64::from(t[j]) + u64::from(factor) * u64::from(n[j]);
                t[j - 1] = carry as u32;
                carry >>= 32;
            }
            carry += u64::from(t[k]);
            t[k - 1] = carry as u32;
            t[k] = t[k + 1] + (carry >> 32) as u32;
        }
        t.truncate(k + 1);
        reduce(&mut t);
        t.truncate(k);
        t
    };
    // R² modulo n, by doubling one 64 times per limb.
    let mut square = vec![0u32; k + 1];
    square[0] = 1;
    for _ in 0..64 * k {
        let mut carry = 0;
        for limb in &mut square {
            (*limb, carry) = (*limb << 1 | carry, *limb >> 31);
        }
        reduce(&mut square);
    }
    square.truncate(k);
    let mut one = vec![0u32; k];
    one[0] = 1;
    let base = product(&limbs(base), &square);
    let mut result = product(&one, &square);
    for bit in exponent
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
    {
        result = product(&result, &result);
        if bit == 1 {
            result = product(&result, &base);
        }
    }
    product(&result, &one)
        .iter()
        .rev()
        .flat_map(|limb| limb.to_be_bytes())
        .collect()
}
