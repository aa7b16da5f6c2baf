//! The bare signature checks of a proof: what no verifier on the same crypto library can go below.

use payname_resolver::Proof;
use payname_resolver::hickory_proto::rr::RecordType;
use payname_resolver::proof::ResourceRecord;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// One signature with everything that its check needs.
#[derive(Clone)]
pub(crate) struct Check {
    /// What is signed.
    pub(crate) owner: String,
    algorithm: u8,
    /// As in the DNSKEY.
    key: Vec<u8>,
    signed: Vec<u8>,
    signature: Vec<u8>,
}

impl Check {
    /// The checks of every RRSIG of a proof.
    pub(crate) fn all(proof: &Proof) -> Vec<Self> {
        let records = proof.records();
        records
            .iter()
            .filter(|record| record.record_type() == RecordType::RRSIG)
            .map(|rrsig| Self::of(rrsig, records))
            .collect()
    }

    /// The check of one RRSIG (RFC 4034 §3.1.8.1).
    fn of(rrsig: &ResourceRecord, records: &[ResourceRecord]) -> Self {
        let rdata = rrsig.rdata();
        let mut end = 18;
        while rdata[end] != 0 {
            end += usize::from(rdata[end]) + 1;
        }
        let (fields, signature) = rdata.split_at(end + 1);
        let algorithm = fields[2];
        let tag = u16::from_be_bytes([fields[16], fields[17]]);
        let key = records
            .iter()
            .filter(|record| record.record_type() == RecordType::DNSKEY)
            .filter(|record| wire_name(record) == fields[18..].to_ascii_lowercase())
            .find(|record| key_tag(record.rdata()) == tag && record.rdata()[3] == algorithm)
            .unwrap();
        Self {
            owner: rrsig.name().to_string(),
            algorithm,
            key: key.rdata()[4..].to_vec(),
            signed: [fields, &covered(records, rrsig)].concat(),
            signature: signature.to_vec(),
        }
    }

    /// Checks the signature.
    pub(crate) fn run(&self) {
        match self.algorithm {
            // RFC 3110: the length of the exponent, the exponent, the modulus.
            8 => {
                let (e, n) = self.key[1..].split_at(usize::from(self.key[0]));
                RsaPublicKeyComponents { n, e }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, &self.signed, &self.signature)
                    .unwrap();
            }
            // RFC 6605: the point without the leading 4 of its uncompressed form.
            13 => {
                let point = [&[4], self.key.as_slice()].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                    .verify(&self.signed, &self.signature)
                    .unwrap();
            }
            other => panic!("algorithm {other}"),
        }
    }
}

/// The records that an RRSIG covers, in canonical form and order (RFC 4034 §6).
fn covered(records: &[ResourceRecord], rrsig: &ResourceRecord) -> Vec<u8> {
    let (covered, original_ttl) = (&rrsig.rdata()[..2], &rrsig.rdata()[4..8]);
    let mut set: Vec<&[u8]> = records
        .iter()
        .filter(|record| record.name() == rrsig.name())
        .filter(|record| u16::from(record.record_type()).to_be_bytes() == covered)
        .map(ResourceRecord::rdata)
        .collect();
    set.sort_unstable();
    let owner = wire_name(rrsig);
    set.into_iter()
        .flat_map(|rdata| {
            let length = u16::try_from(rdata.len()).unwrap().to_be_bytes();
            [&owner, covered, &[0, 1], original_ttl, &length, rdata].concat()
        })
        .collect()
}

fn wire_name(record: &ResourceRecord) -> Vec<u8> {
    let labels = record.name().iter();
    let mut wire: Vec<u8> = labels
        .flat_map(|label| [&[u8::try_from(label.len()).unwrap()], label].concat())
        .collect();
    wire.push(0);
    wire.to_ascii_lowercase()
}

/// RFC 4034 appendix B.
fn key_tag(rdata: &[u8]) -> u16 {
    let sum: u32 = rdata
        .chunks(2)
        .map(|pair| u32::from(pair[0]) << 8 | u32::from(pair.get(1).copied().unwrap_or(0)))
        .sum();
    (sum + (sum >> 16)) as u16
}
