//! Why a transfer is not taken.

use hickory_proto::rr::RecordType;

use super::check::SignatureFault;
use super::reader::MessageFault;
use crate::check::ZoneError;

/// Why a transfer is refused; the zone that was there stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IncomingError {
    /// A message is none of this transfer.
    #[error("message {message} of the transfer is refused: {fault}")]
    Message {
        /// The how-manieth it is, from 1.
        message: usize,
        /// What is wrong with it.
        fault: MessageFault,
    },
    /// The first record is not the SOA.
    #[error("the transfer of {0} does not begin with its SOA record")]
    NoSoa(String),
    /// The last SOA is not the first.
    #[error("the transfer begins with serial {first} and ends with another SOA, of serial {last}")]
    OtherEnd {
        /// The serial of the first SOA.
        first: u32,
        /// The serial of the last SOA.
        last: u32,
    },
    /// Something follows the last SOA.
    #[error("message {0} of the transfer holds records behind its end")]
    Behind(usize),
    /// A serial does not rise (RFC 1982).
    #[error(
        "the serial goes from {from} back to {to}; raise it at the primary, or forget the zone here"
    )]
    Backwards {
        /// The serial that was there.
        from: u32,
        /// The one that should follow.
        to: u32,
    },
    /// The changes do not begin where the version before ends.
    #[error(
        "changes since serial {to} do not follow serial {from}; the whole zone is to be asked for"
    )]
    Gap {
        /// The serial that was there.
        from: u32,
        /// Where the changes begin.
        to: u32,
    },
    /// The zone is signed here.
    #[error("zone {0} is signed here and takes no changes from elsewhere")]
    SignedHere(String),
    /// There is more than is allowed.
    #[error("the transfer of {origin} is too large: {records} records, {octets} octets so far")]
    TooLarge {
        /// The apex of the zone.
        origin: String,
        /// How many records came.
        records: usize,
        /// How long they are.
        octets: usize,
    },
    /// What came makes no zone.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// A record set is not signed as it must be.
    #[error("the {record_type} records of {owner} are refused: {fault}")]
    Signature {
        /// Their owner name.
        owner: String,
        /// Their type.
        record_type: RecordType,
        /// What is wrong with their signature.
        fault: SignatureFault,
    },
}
