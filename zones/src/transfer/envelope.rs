//! What all messages of one transfer have in common.

use hickory_proto::rr::Name;

use crate::names::{name_length, presentation, wire};
use crate::zone::Zone;

const HEADER: usize = 12;
/// The most that a message over TCP can have.
const MAX_MESSAGE: usize = 65_535;
/// QR and AA.
const FLAGS: [u8; 2] = [0x84, 0];
const AXFR: u16 = 252;

/// What all messages of one transfer have in common: the id, the question, and how long they may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The id, from the query.
    id: [u8; 2],
    /// The question as it was asked.
    question: Vec<u8>,
    /// How long a message may be, in octets.
    limit: usize,
}

impl Envelope {
    /// For the response to a query, with at most `limit` octets in each message: 65,535 without
    /// what the caller adds to each, such as a TSIG record.
    ///
    /// None when the query has not exactly one question. What it asks for, and for which serial,
    /// is the caller's to read.
    pub fn answering(query: &[u8], limit: usize) -> Option<Self> {
        let ([id, id_low, _, _, 0, 1], _) = query.split_first_chunk()? else {
            return None;
        };
        let body = query.get(HEADER..)?;
        let length = name_length(body)?.checked_add(4)?;
        Some(Self {
            id: [*id, *id_low],
            question: body.get(..length)?.to_vec(),
            limit: limit.min(MAX_MESSAGE),
        })
    }

    /// For the messages of a whole zone that nobody asked for, to keep them: the id is 0.
    pub fn unasked(origin: &Name) -> Self {
        let mut question = wire(origin);
        question.extend(AXFR.to_be_bytes());
        question.extend([0, 1]);
        Self {
            id: [0, 0],
            question,
            limit: MAX_MESSAGE,
        }
    }

    /// Refuses to put another zone in than the question names.
    pub(super) fn check(&self, zone: &Zone) -> Result<(), TransferError> {
        let origin = zone.nodes.origin_wire();
        let asked = self.question.split_last_chunk::<4>().map(|(name, _)| name);
        if asked.is_some_and(|asked| asked.eq_ignore_ascii_case(origin)) {
            return Ok(());
        }
        Err(TransferError::OtherZone(presentation(zone.origin())))
    }

    /// Header and question of a message without records.
    pub(super) fn head(&self) -> Vec<u8> {
        let mut head = Vec::with_capacity(self.limit.min(MAX_MESSAGE));
        head.extend(self.id);
        head.extend(FLAGS);
        head.extend([0, 1, 0, 0, 0, 0, 0, 0]);
        head.extend_from_slice(&self.question);
        head
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }
}

/// Why a zone is not transferred.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransferError {
    /// It signs its denials when they are asked for (RFC 9824), so that nobody has all of it.
    #[error(
        "zone {0} signs its denials on demand, and who has no key cannot; let it deny names by NSEC3"
    )]
    Compact(String),
    /// The question is about another zone.
    #[error("the transfer of zone {0} answers a question about another")]
    OtherZone(String),
}
