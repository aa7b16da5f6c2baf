//! NSEC3 records around any name, with any parameters (RFC 5155).

use data_encoding::BASE32HEX_NOPAD;
use payname_resolver::hickory_proto::rr::RecordType;
use ring::digest;

use super::{
    Zone,
    record::{Rr, bitmap, wire_name},
};

/// The parameters of NSEC3 records.
#[derive(Clone)]
pub(crate) struct Nsec3 {
    pub(crate) hash_algorithm: u8,
    pub(crate) flags: u8,
    pub(crate) iterations: u16,
    pub(crate) salt: Vec<u8>,
}

impl Nsec3 {
    /// What RFC 9276 asks for: no iterations, no salt.
    pub(crate) const PLAIN: Self = Self {
        hash_algorithm: 1,
        flags: 0,
        iterations: 0,
        salt: Vec::new(),
    };

    /// The same with the opt-out flag.
    pub(crate) const OPT_OUT: Self = Self {
        hash_algorithm: 1,
        flags: 1,
        iterations: 0,
        salt: Vec::new(),
    };

    /// The signed record that stands for `name`.
    pub(crate) fn matching(&self, zone: &Zone, name: &str, types: &[RecordType]) -> Vec<Rr> {
        let hash = self.hash(name);
        self.record(zone, hash, step(hash, true), types)
    }

    /// The signed record that covers `name` and hardly anything else.
    pub(crate) fn covering(&self, zone: &Zone, name: &str) -> Vec<Rr> {
        let hash = self.hash(name);
        self.record(
            zone,
            step(hash, false),
            step(hash, true),
            &[RecordType::TXT],
        )
    }

    /// A signed record from one hash to another.
    pub(crate) fn record(
        &self,
        zone: &Zone,
        from: [u8; 20],
        to: [u8; 20],
        types: &[RecordType],
    ) -> Vec<Rr> {
        let owner = format!(
            "{}.{}",
            BASE32HEX_NOPAD.encode(&from).to_lowercase(),
            zone.name
        );
        let mut rdata = vec![self.hash_algorithm, self.flags];
        rdata.extend(self.iterations.to_be_bytes());
        rdata.push(u8::try_from(self.salt.len()).unwrap());
        rdata.extend(&self.salt);
        rdata.push(20);
        rdata.extend(to);
        rdata.extend(bitmap(types));
        zone.set(&owner, RecordType::NSEC3, &[rdata])
    }

    /// The hash of a name (RFC 5155 §5).
    pub(crate) fn hash(&self, name: &str) -> [u8; 20] {
        let mut bytes = wire_name(&name.to_ascii_lowercase());
        for _ in 0..=self.iterations {
            bytes.extend(&self.salt);
            bytes = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, &bytes)
                .as_ref()
                .to_vec();
        }
        bytes.try_into().unwrap()
    }
}

/// The hash next to this one, above or below.
pub(crate) fn step(mut hash: [u8; 20], up: bool) -> [u8; 20] {
    for byte in hash.iter_mut().rev() {
        let (next, wrapped) = if up {
            byte.overflowing_add(1)
        } else {
            byte.overflowing_sub(1)
        };
        *byte = next;
        if !wrapped {
            break;
        }
    }
    hash
}
