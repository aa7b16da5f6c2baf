//! A signed zone in master-file form (RFC 1035 §5, RFC 3597 §5), for other software to read.

use std::fmt;

use data_encoding::{BASE64, HEXUPPER};
use hickory_proto::dnssec::rdata::{DNSSECRData, RRSIG};
use hickory_proto::rr::rdata::CAA;
use hickory_proto::rr::{Name, RData, RecordType};
use hickory_proto::serialize::binary::BinEncodable;

use crate::names::presentation;
use crate::packed::Stored;
use crate::record_data::dname_target;
use crate::zone::Zone;

/// Prints a whole signed zone, one record a line, every name absolute.
///
/// The SOA comes first, then all names in canonical order, then the NSEC3 records if there are
/// any. Types without a presentation form of their own are written as RFC 3597 has it.
#[derive(Debug, Clone, Copy)]
pub struct MasterFile<'a> {
    zone: &'a Zone,
}

impl<'a> MasterFile<'a> {
    pub(crate) fn new(zone: &'a Zone) -> Self {
        Self { zone }
    }
}

impl fmt::Display for MasterFile<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zone = self.zone;
        if let Some(soa) = zone.nodes.set(zone.origin(), RecordType::SOA) {
            write_set(f, zone.origin(), &soa)?;
        }
        for (owner, node) in zone.nodes.sorted() {
            let is_soa = |set: &Stored<'_>| set.record_type() == RecordType::SOA;
            for set in node.sets().filter(|set| !is_soa(set)) {
                write_set(f, &owner, &set)?;
            }
            if let Some(link) = zone.denial.nsec_at(&owner) {
                write_set(f, &owner, &link.set)?;
            }
        }
        if zone.settings.denial == crate::denial::Denial::Nsec3 {
            for link in zone.denial.links() {
                write_set(f, &link.owner, &link.set)?;
            }
        }
        Ok(())
    }
}

fn write_set(f: &mut fmt::Formatter<'_>, owner: &Name, set: &Stored<'_>) -> fmt::Result {
    let owner = presentation(owner);
    let record_type = type_text(set.record_type());
    for data in set.data() {
        let data = data_text(&data);
        writeln!(f, "{owner} {} IN {record_type} {data}", set.ttl())?;
    }
    for rrsig in set.rrsigs() {
        writeln!(f, "{owner} {} IN RRSIG {}", set.ttl(), rrsig_text(&rrsig))?;
    }
    Ok(())
}

/// The mnemonic, or `TYPE65534` for a type without one.
fn type_text(record_type: RecordType) -> String {
    match record_type {
        RecordType::Unknown(code) => format!("TYPE{code}"),
        known => known.to_string(),
    }
}

fn data_text(data: &RData) -> String {
    if let Some(target) = dname_target(data) {
        return presentation(&target);
    }
    match data {
        RData::A(address) => address.to_string(),
        RData::AAAA(address) => address.to_string(),
        RData::NS(target) => presentation(&target.0),
        RData::CNAME(target) => presentation(&target.0),
        RData::PTR(target) => presentation(&target.0),
        RData::MX(mx) => format!("{} {}", mx.preference, presentation(&mx.exchange)),
        RData::SRV(srv) => {
            let target = presentation(&srv.target);
            format!("{} {} {} {target}", srv.priority, srv.weight, srv.port)
        }
        RData::CAA(caa) if is_plain(caa) => {
            format!("{} {} {}", caa.flags(), caa.tag, quoted(&caa.value))
        }
        RData::SOA(soa) => format!(
            "{} {} {} {} {} {} {}",
            presentation(&soa.mname),
            presentation(&soa.rname),
            soa.serial,
            soa.refresh,
            soa.retry,
            soa.expire,
            soa.minimum
        ),
        RData::TXT(txt) => {
            let strings = txt.txt_data.iter().map(|string| quoted(string));
            strings.collect::<Vec<_>>().join(" ")
        }
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => key.to_string(),
        RData::DNSSEC(DNSSECRData::DS(ds)) => ds.to_string(),
        RData::DNSSEC(DNSSECRData::CDNSKEY(key)) => key.to_string(),
        RData::DNSSEC(DNSSECRData::CDS(ds)) => ds.to_string(),
        RData::DNSSEC(DNSSECRData::NSEC3PARAM(parameters)) => parameters.to_string(),
        RData::DNSSEC(DNSSECRData::NSEC(nsec)) => {
            let types = types_text(nsec.type_bit_maps());
            format!("{}{types}", presentation(nsec.next_domain_name()))
        }
        RData::DNSSEC(DNSSECRData::NSEC3(nsec3)) => {
            let next = data_encoding::BASE32_DNSSEC.encode(nsec3.next_hashed_owner_name());
            let types = types_text(nsec3.type_bit_maps());
            let salt = match nsec3.salt() {
                [] => "-".to_owned(),
                salt => HEXUPPER.encode(salt),
            };
            let (flags, iterations) = (nsec3.flags(), nsec3.iterations());
            format!("1 {flags} {iterations} {salt} {next}{types}")
        }
        other => generic_text(other),
    }
}

/// Whether a CAA record has a presentation form that every reader takes (RFC 8659 §4.1.1).
fn is_plain(caa: &CAA) -> bool {
    let tag = caa.tag.as_bytes();
    !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric) && caa.value.len() <= 255
}

/// Each type with a space before it.
fn types_text(types: impl Iterator<Item = RecordType>) -> String {
    types.map(|t| format!(" {}", type_text(t))).collect()
}

fn rrsig_text(rrsig: &RRSIG) -> String {
    let input = rrsig.input();
    format!(
        "{} {} {} {} {} {} {} {} {}",
        type_text(input.type_covered),
        u8::from(input.algorithm),
        input.num_labels,
        input.original_ttl,
        timestamp(input.sig_expiration.get()),
        timestamp(input.sig_inception.get()),
        input.key_tag,
        presentation(&input.signer_name),
        BASE64.encode(rrsig.sig())
    )
}

/// `YYYYMMDDHHmmSS` in UTC (RFC 4034 §3.2); `seconds` counts from 1970.
fn timestamp(seconds: u32) -> String {
    let seconds = i64::from(seconds);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = civil(days);
    let (hour, minute) = (
        second.div_euclid(3600),
        second.rem_euclid(3600).div_euclid(60),
    );
    format!(
        "{year:04}{month:02}{day:02}{hour:02}{minute:02}{:02}",
        second.rem_euclid(60)
    )
}

/// Year, month and day of a count of days since 1970-01-01 in the Gregorian calendar.
#[allow(clippy::arithmetic_side_effects)] // a u32 of seconds is fewer than 50,000 days
fn civil(days: i64) -> (i64, i64, i64) {
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let (mut year, mut day) = (1970, days);
    while day >= 365 + i64::from(leap(year)) {
        day -= 365 + i64::from(leap(year));
        year += 1;
    }
    let february = 28 + i64::from(leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

/// A character-string in quotes, with `\DDD` in decimal.
fn quoted(string: &[u8]) -> String {
    let mut text = String::with_capacity(string.len().saturating_add(2));
    text.push('"');
    for &octet in string {
        match octet {
            b'"' | b'\\' => text.extend(['\\', char::from(octet)]),
            0x20..=0x7e => text.push(char::from(octet)),
            _ => text.push_str(&format!("\\{octet:03}")),
        }
    }
    text.push('"');
    text
}

/// `\# 3 ABCDEF`
fn generic_text(data: &RData) -> String {
    let bytes = data.to_bytes().unwrap_or_default(); // what was signed can be encoded
    format!("\\# {} {}", bytes.len(), HEXUPPER.encode(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_times_are_written_as_dates() {
        assert_eq!(timestamp(0), "19700101000000");
        assert_eq!(timestamp(951_827_696), "20000229123456");
        assert_eq!(timestamp(u32::MAX), "21060207062815");
    }

    #[test]
    fn text_is_quoted_so_that_any_octet_survives() {
        assert_eq!(quoted(b"a \"b\" \\ \xff;"), r#""a \"b\" \\ \255;""#);
    }
}
