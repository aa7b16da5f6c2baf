//! What one NSEC3 record shows (RFC 5155).

use alloc::{collections::BTreeMap, vec::Vec};

use hickory_proto::rr::Name;
use ring::digest;

use super::{nsec::TypeBitmap, write_name};

/// The most iterations that are made; RFC 9276 asks zones for none.
pub(super) const MAX_ITERATIONS: u16 = 150;
/// The most steps for all denials of one judgement. An honest proof with 150 iterations in each of
/// four zones needs about ten thousand.
pub(super) const MAX_STEPS: usize = 30_000;
/// The SHA-1 hash algorithm, the only one there is (RFC 5155 §11).
const SHA_1: u8 = 1;
const OPT_OUT: u8 = 1;

/// An NSEC3 record.
#[derive(Debug)]
pub(super) struct Nsec3<'p> {
    /// The hash in the owner name.
    hash: Vec<u8>,
    next: &'p [u8],
    pub(super) opt_out: bool,
    pub(super) iterations: u16,
    salt: &'p [u8],
    pub(super) types: TypeBitmap<'p>,
}

impl<'p> Nsec3<'p> {
    /// Reads a record of `zone`; none when it is malformed, another zone's, or of unknown kind.
    pub(super) fn read(zone: &Name, owner: &Name, rdata: &'p [u8]) -> Option<Self> {
        if owner.base_name() != *zone || owner.is_root() {
            return None;
        }
        let label = owner.iter().next()?;
        let hash = data_encoding::BASE32HEX_NOPAD
            .decode(&label.to_ascii_uppercase())
            .ok()?;
        let (&[algorithm, flags, i0, i1, salt_length], rest) = rdata.split_first_chunk::<5>()?;
        let (salt, rest) = rest.split_at_checked(usize::from(salt_length))?;
        let (&next_length, rest) = rest.split_first()?;
        let (next, types) = rest.split_at_checked(usize::from(next_length))?;
        // Unknown flags mean a record of a later kind (RFC 5155 §8.2).
        let known = algorithm == SHA_1 && flags & !OPT_OUT == 0;
        let sized = hash.len() == digest::SHA1_OUTPUT_LEN && next.len() == digest::SHA1_OUTPUT_LEN;
        (known && sized).then_some(())?;
        Some(Self {
            hash,
            next,
            opt_out: flags & OPT_OUT != 0,
            iterations: u16::from_be_bytes([i0, i1]),
            salt,
            types: TypeBitmap::read(types)?,
        })
    }

    /// Whether the record stands for `name`.
    pub(super) fn matches(&self, hashes: &mut Hashes, name: &Name) -> bool {
        hashes
            .hash(name, self.iterations, self.salt)
            .is_some_and(|hash| hash == self.hash)
    }

    /// Whether the hash of `name` lies strictly between owner and next, going round at the end.
    pub(super) fn covers(&self, hashes: &mut Hashes, name: &Name) -> bool {
        let Some(hash) = hashes.hash(name, self.iterations, self.salt) else {
            return false;
        };
        let (low, high) = (self.hash.as_slice(), self.next);
        if low < high {
            low < hash.as_slice() && hash.as_slice() < high
        } else {
            low < hash.as_slice() || hash.as_slice() < high
        }
    }
}

/// The hashes computed so far, and the steps taken: rounds of hashing, and records looked at.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    known: BTreeMap<(Name, u16, Vec<u8>), Vec<u8>>,
    steps: usize,
}

impl Hashes {
    /// Counts one more record looked at; says whether that is still allowed.
    pub(super) fn step(&mut self) -> bool {
        self.take(1)
    }

    fn take(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_add(steps);
        self.steps <= MAX_STEPS
    }

    /// The hash of a name (RFC 5155 §5), unless it costs more than is allowed.
    fn hash(&mut self, name: &Name, iterations: u16, salt: &[u8]) -> Option<Vec<u8>> {
        let key = (name.clone(), iterations, salt.to_vec());
        if let Some(hash) = self.known.get(&key) {
            return Some(hash.clone());
        }
        if iterations > MAX_ITERATIONS || !self.take(usize::from(iterations).saturating_add(1)) {
            return None;
        }
        let mut bytes = Vec::with_capacity(64);
        write_name(name, &mut bytes);
        for _ in 0..=iterations {
            bytes.extend_from_slice(salt);
            bytes = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes)
                .as_ref()
                .to_vec();
        }
        self.known.insert(key, bytes.clone());
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    /// An NSEC3 record of `example.` with the parameters of RFC 5155 appendix A.
    fn record(owner: &str, next: &str, flags: u8) -> (Name, Vec<u8>) {
        let mut rdata = vec![1, flags, 0, 12, 4, 0xaa, 0xbb, 0xcc, 0xdd, 20];
        rdata.extend(
            data_encoding::BASE32HEX_NOPAD
                .decode(next.to_uppercase().as_bytes())
                .unwrap(),
        );
        (name(&format!("{owner}.example.")), rdata)
    }

    const EXAMPLE: &str = "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom";
    const A_EXAMPLE: &str = "35mthgpgcu1qg68fab165klnsnk3dpvl";

    #[test]
    fn hashes_are_those_of_rfc_5155_appendix_a() {
        let (owner, rdata) = record(EXAMPLE, A_EXAMPLE, 1);
        let nsec3 = Nsec3::read(&name("example."), &owner, &rdata).unwrap();
        assert!(nsec3.opt_out);
        assert!(nsec3.matches(&mut Hashes::default(), &name("example.")));
        assert!(!nsec3.matches(&mut Hashes::default(), &name("a.example.")));
        assert!(!nsec3.covers(&mut Hashes::default(), &name("example.")));
        assert!(!nsec3.covers(&mut Hashes::default(), &name("a.example.")));
        // H(ai.example) = gjeq…, beyond the span; H(ns1.example) = 2t7b…, inside.
        assert!(!nsec3.covers(&mut Hashes::default(), &name("ai.example.")));
        assert!(nsec3.covers(&mut Hashes::default(), &name("ns1.example.")));
    }

    #[test]
    fn the_last_record_goes_round() {
        let (owner, rdata) = record(A_EXAMPLE, EXAMPLE, 0);
        let nsec3 = Nsec3::read(&name("example."), &owner, &rdata).unwrap();
        assert!(nsec3.covers(&mut Hashes::default(), &name("ai.example.")));
        assert!(!nsec3.covers(&mut Hashes::default(), &name("ns1.example.")));
    }

    #[test]
    fn more_than_150_iterations_are_never_made() {
        let (owner, mut rdata) = record(EXAMPLE, A_EXAMPLE, 0);
        rdata[2..4].copy_from_slice(&151u16.to_be_bytes());
        let nsec3 = Nsec3::read(&name("example."), &owner, &rdata).unwrap();
        let mut hashes = Hashes::default();
        assert!(!nsec3.covers(&mut hashes, &name("ns1.example.")));
        assert!(hashes.known.is_empty());
    }

    #[test]
    fn looking_and_hashing_end_together_after_30_000_steps() {
        let mut hashes = Hashes::default();
        let hash = |hashes: &mut Hashes, of| hashes.hash(&name(of), 150, &[]).is_some();
        assert!((0..MAX_STEPS - 151).all(|_| hashes.step()));
        assert!(hash(&mut hashes, "a."), "151 rounds are left");
        assert!(hash(&mut hashes, "a."), "what is known costs nothing");
        assert!(!hash(&mut hashes, "b."));
        assert!(!hashes.step());
    }

    #[test]
    fn records_of_other_zones_and_of_unknown_kinds_are_no_evidence() {
        let (owner, rdata) = record(EXAMPLE, A_EXAMPLE, 0);
        assert!(Nsec3::read(&name("."), &owner, &rdata).is_none());
        assert!(Nsec3::read(&name("x.example."), &owner, &rdata).is_none());
        let (owner, rdata) = record(EXAMPLE, A_EXAMPLE, 2);
        assert!(Nsec3::read(&name("example."), &owner, &rdata).is_none());
        assert!(Nsec3::read(&name("example."), &name("abc.example."), &rdata).is_none());
    }

    #[test]
    fn both_hashes_have_the_length_of_sha_1() {
        let read = |owner: &str, next: &str| {
            let (owner, mut rdata) = record(owner, next, 0);
            rdata[9] = u8::try_from(rdata.len() - 10).unwrap();
            Nsec3::read(&name("example."), &owner, &rdata).is_some()
        };
        assert!(read(EXAMPLE, A_EXAMPLE));
        for other in [&EXAMPLE[..8], &format!("{EXAMPLE}{A_EXAMPLE}")[..40]] {
            assert!(!read(EXAMPLE, other), "{other}");
            assert!(!read(other, A_EXAMPLE), "{other}");
            assert!(!read(other, other), "{other}");
        }
    }
}
