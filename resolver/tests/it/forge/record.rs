//! Records in wire form, written without the library's help so that both can be wrong only alone.

use payname_resolver::hickory_proto::rr::RecordType;

/// A resource record. Case and class are kept as they stand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Rr {
    pub(crate) owner: String,
    pub(crate) record_type: RecordType,
    pub(crate) class: u16,
    pub(crate) ttl: u32,
    pub(crate) rdata: Vec<u8>,
}

impl Rr {
    /// A record of class IN with a TTL of an hour.
    pub(crate) fn new(owner: &str, record_type: RecordType, rdata: Vec<u8>) -> Self {
        Self {
            owner: owner.to_owned(),
            record_type,
            class: 1,
            ttl: 3600,
            rdata,
        }
    }

    /// The same record at another name.
    pub(crate) fn at(&self, owner: &str) -> Self {
        Self {
            owner: owner.to_owned(),
            ..self.clone()
        }
    }

    /// The wire form.
    pub(crate) fn wire(&self) -> Vec<u8> {
        let mut bytes = wire_name(&self.owner);
        bytes.extend(u16::from(self.record_type).to_be_bytes());
        bytes.extend(self.class.to_be_bytes());
        bytes.extend(self.ttl.to_be_bytes());
        bytes.extend(u16::try_from(self.rdata.len()).unwrap().to_be_bytes());
        bytes.extend(&self.rdata);
        bytes
    }
}

/// The same records at another name: what a wildcard is expanded to.
pub(crate) fn expanded(records: &[Rr], owner: &str) -> Vec<Rr> {
    records.iter().map(|record| record.at(owner)).collect()
}

/// A name in wire form, case kept. `\000` is the one escape.
pub(crate) fn wire_name(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let label = label.replace("\\000", "\0");
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes
}

/// TXT RDATA of these strings.
pub(crate) fn txt(strings: &[&str]) -> Vec<u8> {
    let mut rdata = Vec::new();
    for string in strings {
        rdata.push(u8::try_from(string.len()).unwrap());
        rdata.extend(string.bytes());
    }
    rdata
}

/// The type bitmap of RFC 4034 §4.1.2.
pub(crate) fn bitmap(types: &[RecordType]) -> Vec<u8> {
    let mut numbers: Vec<u16> = types
        .iter()
        .map(|record_type| u16::from(*record_type))
        .collect();
    numbers.sort_unstable();
    let mut bytes = Vec::new();
    for window in 0..=255u8 {
        let lows: Vec<u8> = numbers
            .iter()
            .filter(|number| number.to_be_bytes()[0] == window)
            .map(|number| number.to_be_bytes()[1])
            .collect();
        let Some(last) = lows.last() else {
            continue;
        };
        let mut bits = vec![0u8; usize::from(last / 8) + 1];
        for low in &lows {
            bits[usize::from(low / 8)] |= 0x80 >> (low % 8);
        }
        bytes.extend([window, bits.len() as u8]);
        bytes.extend(bits);
    }
    bytes
}

/// NSEC RDATA.
pub(crate) fn nsec(next: &str, types: &[RecordType]) -> Vec<u8> {
    [wire_name(next), bitmap(types)].concat()
}
