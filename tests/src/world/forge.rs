//! Signing what a zone would never sign, with the zone's own key.

use anyhow::Result;
use payname_resolver::UnixTime;
use payname_resolver::hickory_proto::dnssec::crypto::EcdsaSigningKey;
use payname_resolver::hickory_proto::dnssec::rdata::{DNSSECRData, RRSIG, SigInput};
use payname_resolver::hickory_proto::dnssec::{Algorithm, SigningKey as _, TBS};
use payname_resolver::hickory_proto::rr::{
    DNSClass, Name, RData, Record, RecordType, SerialNumber,
};
use payname_zones::SigningKey;
use ring::rand::SystemRandom;

/// The owner of a zone who signs for names that are not his.
pub struct Forger {
    zone: Name,
    pkcs8: Vec<u8>,
}

impl Forger {
    pub(super) fn new(zone: Name) -> Result<Self> {
        let pkcs8 = SigningKey::generate_pkcs8(&SystemRandom::new())?;
        Ok(Self { zone, pkcs8 })
    }

    /// The key, as the zone signs with it.
    ///
    /// # Errors
    /// The key cannot be read back.
    pub fn signing_key(&self) -> Result<SigningKey> {
        Ok(SigningKey::from_pkcs8(&self.pkcs8)?)
    }

    /// The zone's DNSKEY record.
    ///
    /// # Errors
    /// The key cannot be read back.
    pub fn dnskey(&self) -> Result<Record> {
        let key = self.signing_key()?;
        let data = RData::DNSSEC(DNSSECRData::DNSKEY(key.dnskey().clone()));
        Ok(Record::from_rdata(self.zone.clone(), 3600, data))
    }

    /// Records of one type at any owner, and this zone's signature over them.
    ///
    /// # Errors
    /// The records cannot be signed.
    pub fn sign(&self, owner: &Name, data: Vec<RData>, now: UnixTime) -> Result<Vec<Record>> {
        self.sign_as(&self.zone, owner, data, now)
    }

    /// The same, claiming to be another zone.
    ///
    /// # Errors
    /// The records cannot be signed.
    pub fn sign_as(
        &self,
        signer: &Name,
        owner: &Name,
        data: Vec<RData>,
        now: UnixTime,
    ) -> Result<Vec<Record>> {
        let record_type = data.first().map_or(RecordType::TXT, RData::record_type);
        let mut records: Vec<Record> = data
            .into_iter()
            .map(|data| Record::from_rdata(owner.clone(), 300, data))
            .collect();
        let input = SigInput {
            type_covered: record_type,
            algorithm: Algorithm::ECDSAP256SHA256,
            num_labels: owner.num_labels(),
            original_ttl: 300,
            sig_expiration: SerialNumber::new(now.plus(86_400).0 as u32),
            sig_inception: SerialNumber::new(now.0 as u32 - 3600),
            key_tag: self.signing_key()?.key_tag(),
            signer_name: signer.clone(),
        };
        let tbs = TBS::from_input(owner, DNSClass::IN, &input, records.iter())?;
        let key =
            EcdsaSigningKey::from_pkcs8(&self.pkcs8.as_slice().into(), Algorithm::ECDSAP256SHA256)?;
        let rrsig = RRSIG::from_sig(input, key.sign(&tbs)?);
        let data = RData::DNSSEC(DNSSECRData::RRSIG(rrsig));
        records.push(Record::from_rdata(owner.clone(), 300, data));
        Ok(records)
    }
}

impl std::fmt::Debug for Forger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Forger")
            .field("zone", &self.zone)
            .finish_non_exhaustive()
    }
}
