//! Master files read (RFC 1035 §5, RFC 3597 §5).

use bytes::Bytes;
use domain::base::iana::Class;
use domain::base::name::ToName as _;
use domain::base::rdata::ComposeRecordData as _;
use domain::zonefile::inplace::{Entry, ScannedRecord, Zonefile};
use hickory_proto::rr::rdata::NULL;
use hickory_proto::rr::{Name, RData, RecordType};
use hickory_proto::serialize::binary::{BinDecoder, Restrict};

use crate::check::ZoneError;
use crate::names::{canonical, from_wire, wire};

/// One record of a master file.
#[derive(Debug, Clone, PartialEq)]
pub struct FileRecord {
    /// The line where it is written.
    pub line: usize,
    /// Its owner, absolute and in lower case.
    pub owner: Name,
    /// Its TTL, in seconds.
    pub ttl: u32,
    /// Its data.
    pub data: RData,
}

/// Reads a master file; names without a final dot lie in `origin`.
///
/// ```
/// let text = "$TTL 300\n@ IN CAA 0 issue \"ca.example\"\nalice TXT \"hi\" ; a comment\n";
/// let records = payname_zones::read_master_file(text, &"example.com.".parse()?)?;
/// assert_eq!(records[1].owner.to_string(), "alice.example.com.");
/// assert_eq!((records[1].line, records[1].ttl), (3, 300));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`MasterFileError`] tells where and why. `$INCLUDE` is refused: what a file says must not depend
/// on others.
pub fn read_master_file(text: &str, origin: &Name) -> Result<Vec<FileRecord>, MasterFileError> {
    check_brackets(text)?;
    // Without a line break at the end the reader writes behind its buffer.
    let mut file = Zonefile::from(format!("{text}\n").as_str());
    let origin = domain::base::Name::from_octets(Bytes::from(wire(origin)));
    file.set_origin(origin.map_err(|_| MasterFileError::Origin)?);
    file.set_default_class(Class::IN);
    let mut lines = Lines::new(text);
    let mut records = Vec::new();
    while let Some(entry) = file.next_entry().map_err(|error| syntax(&error))? {
        // The line break behind it has been read too.
        let line = lines.at(file.current_offset().saturating_sub(1));
        match entry {
            Entry::Record(record) => {
                let read = record_of(&record, line).ok_or(MasterFileError::Unreadable { line })?;
                records.push(read);
            }
            Entry::Include { .. } => return Err(MasterFileError::Include { line }),
        }
    }
    Ok(records)
}

/// A record in the form that zones keep.
fn record_of(record: &ScannedRecord, line: usize) -> Option<FileRecord> {
    let owner = from_wire(record.owner().to_vec().as_slice())?;
    let mut rdata = Vec::new();
    record.data().compose_rdata(&mut rdata).ok()?;
    let record_type = RecordType::from(record.rtype().to_int());
    Some(FileRecord {
        line,
        owner: canonical(&owner),
        ttl: record.ttl().as_secs(),
        data: data_of(record_type, rdata)?,
    })
}

/// Record data from its wire form; as it is where `hickory-proto` does not take it apart.
fn data_of(record_type: RecordType, rdata: Vec<u8>) -> Option<RData> {
    let length = u16::try_from(rdata.len()).ok()?;
    let mut decoder = BinDecoder::new(&rdata);
    let read = RData::read(&mut decoder, record_type, Restrict::new(length));
    match read {
        Ok(data) if decoder.is_empty() && !matches!(data, RData::Update0(_)) => Some(data),
        _ => Some(RData::Unknown {
            code: record_type,
            rdata: NULL::with(rdata),
        }),
    }
}

/// Refuses quotes that their line does not close, and parentheses that nothing closes; the reader
/// would be at a loss with them.
fn check_brackets(text: &str) -> Result<(), MasterFileError> {
    let wrong = |line, reason: &str| MasterFileError::Syntax {
        line,
        reason: reason.to_owned(),
    };
    let mut open: Option<usize> = None;
    for (index, written) in text.split('\n').enumerate() {
        let line = index.saturating_add(1);
        let mut is_quoted = false;
        let mut octets = written.bytes();
        while let Some(octet) = octets.next() {
            match (octet, is_quoted) {
                (b'\\', _) if octets.next().is_none() => {
                    return Err(wrong(line, "nothing follows the backslash"));
                }
                (b'"', _) => is_quoted = !is_quoted,
                (b';', false) => break,
                (b'(', false) if open.is_some() => {
                    return Err(wrong(line, "a parenthesis is open already"));
                }
                (b'(', false) => open = Some(line),
                (b')', false) if open.is_none() => {
                    return Err(wrong(line, "no parenthesis is open"));
                }
                (b')', false) => open = None,
                _ => {}
            }
        }
        if is_quoted {
            return Err(wrong(line, "a quotation mark is not closed on its line"));
        }
    }
    match open {
        Some(line) => Err(wrong(line, "a parenthesis is not closed")),
        None => Ok(()),
    }
}

/// Where and why reading failed. The reader says `3:1: why` where the last word of line 2 is wrong.
fn syntax(error: &domain::zonefile::inplace::Error) -> MasterFileError {
    let text = error.to_string();
    let mut parts = text.splitn(3, ':');
    let mut number = || {
        parts
            .next()
            .and_then(|part| part.trim().parse::<usize>().ok())
    };
    let (line, column) = (number().unwrap_or(0), number().unwrap_or(0));
    MasterFileError::Syntax {
        line: line.saturating_sub(usize::from(column <= 1 && line > 1)),
        reason: parts.next().unwrap_or(&text).trim().to_owned(),
    }
}

/// Counts lines as a reader goes on.
struct Lines<'a> {
    text: &'a [u8],
    offset: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            text: text.as_bytes(),
            offset: 0,
            line: 1,
        }
    }

    /// The line of an offset, which is not before the last.
    fn at(&mut self, offset: usize) -> usize {
        let passed = self.text.get(self.offset..offset).unwrap_or_default();
        let breaks = passed.iter().filter(|octet| **octet == b'\n').count();
        self.line = self.line.saturating_add(breaks);
        self.offset = self.offset.max(offset);
        self.line
    }
}

/// Why a master file is not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterFileError {
    /// It is no master file.
    #[error("master file, line {line}: {reason}")]
    Syntax {
        /// The line.
        line: usize,
        /// Why, in the reader's words.
        reason: String,
    },
    /// It refers to another file.
    #[error(
        "master file, line {line}: $INCLUDE is not followed; put that file's text in its place"
    )]
    Include {
        /// The line.
        line: usize,
    },
    /// A record has a name or data of impossible length.
    #[error("master file, line {line}: the record does not fit DNS")]
    Unreadable {
        /// The line.
        line: usize,
    },
    /// The records of one set have different TTLs (RFC 2181 §5.2).
    #[error("master file, line {line}: records of one name and type need one TTL")]
    Ttl {
        /// The line of the one that differs.
        line: usize,
    },
    /// DS records without a delegation.
    #[error("master file, line {line}: DS records need NS records of the same name")]
    DsWithoutNs {
        /// The line.
        line: usize,
    },
    /// The file has no SOA record, or no NS record of the apex.
    #[error("the master file has no {kind} record of {origin}; add it, or name the zone")]
    NoApex {
        /// What is missing.
        kind: RecordType,
        /// The apex.
        origin: String,
    },
    /// The zone refuses it.
    #[error("master file, line {line}")]
    Refused {
        /// The line.
        line: usize,
        /// Why.
        source: ZoneError,
    },
    /// A key failed.
    #[error("what the master file changes cannot be signed")]
    Unsigned(#[source] ZoneError),
    /// The origin is no name that a file could have.
    #[error("the origin is no absolute name")]
    Origin,
}
