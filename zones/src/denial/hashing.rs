//! How names are hashed for NSEC3 (RFC 5155 §5).

use ring::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};

use super::nsec3::Hash;
use crate::names::wire;
use hickory_proto::rr::Name;

/// The most iterations that are taken over from a zone that is signed elsewhere: validators
/// treat more as insecure or bogus (RFC 9276 §3.2), and each makes answering slower.
pub(crate) const MAX_ITERATIONS: u16 = 50;

/// How often a name is hashed again, and with what salt; our own zones do neither (RFC 9276 §3.1).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Hashing {
    pub(super) iterations: u16,
    pub(super) salt: Vec<u8>,
}

impl Hashing {
    pub(crate) const PLAIN: &'static Self = &Self {
        iterations: 0,
        salt: Vec::new(),
    };

    /// What the data of an NSEC3 or NSEC3PARAM record says of it, and what follows.
    pub(crate) fn read(rdata: &[u8]) -> Option<(Self, &[u8])> {
        let ([algorithm, _flags, high, low, length], rest) = rdata.split_first_chunk()?;
        let (salt, rest) = rest.split_at_checked(usize::from(*length))?;
        let hashing = Self {
            iterations: u16::from_be_bytes([*high, *low]),
            salt: salt.into(),
        };
        (*algorithm == 1).then_some((hashing, rest)) // SHA-1, the only one there is
    }

    pub(crate) fn iterations(&self) -> u16 {
        self.iterations
    }

    pub(super) fn of(&self, name: &Name) -> Hash {
        self.of_wire(&[&wire(name)])
    }

    /// The hash of a name in lower-case wire form, given in parts.
    pub(crate) fn of_wire(&self, parts: &[&[u8]]) -> Hash {
        let mut hash = self.once(parts);
        for _ in 0..self.iterations {
            hash = self.once(&[&hash]);
        }
        Hash::from(hash)
    }

    fn once(&self, parts: &[&[u8]]) -> [u8; 20] {
        let mut context = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        for part in parts {
            context.update(part);
        }
        context.update(&self.salt);
        let mut hash = [0; 20];
        let digest = context.finish();
        hash.iter_mut()
            .zip(digest.as_ref())
            .for_each(|(to, from)| *to = *from);
        hash
    }
}

#[cfg(test)]
mod tests {
    use hickory_proto::dnssec::Nsec3HashAlgorithm;

    use super::*;

    #[test]
    fn the_hash_is_that_of_the_lower_case_wire_form() {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        for (salt, iterations) in [(&b""[..], 0), (b"\xaa\xbb\xcc\xdd", 12), (b"", 50)] {
            let ours = Hashing {
                iterations,
                salt: salt.into(),
            };
            let theirs = Nsec3HashAlgorithm::SHA1
                .hash(salt, &name("alice.example."), iterations)
                .unwrap();
            let hash = ours.of(&name("ALICE.Example."));
            assert_eq!(hash.as_bytes(), theirs.as_ref());
        }
    }

    #[test]
    fn parameters_are_read_from_record_data() {
        let (hashing, rest) = Hashing::read(&[1, 1, 0, 12, 2, 0xaa, 0xbb, 20, 7]).unwrap();
        assert_eq!((hashing.iterations(), rest), (12, &[20, 7][..]));
        assert_eq!(*hashing.salt, [0xaa, 0xbb]);
        assert_eq!(Hashing::read(&[2, 0, 0, 0, 0]), None);
        assert_eq!(Hashing::read(&[1, 0, 0, 0, 1]), None);
    }
}
