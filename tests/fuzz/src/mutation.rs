//! Changes to a proof, as bytes or chance dictate.

use crate::raw::{Raw, name_length};

/// A source of decisions: the bytes of a fuzzer, or those that a number stands for.
///
/// When the bytes are used up every further decision is zero, so a short input means few changes.
#[derive(Debug, Clone)]
pub struct Choices<'a> {
    rest: &'a [u8],
}

impl<'a> Choices<'a> {
    /// Decisions taken from `bytes`, in their order.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether any decision is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// One byte.
    pub fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((&byte, rest)) => {
                self.rest = rest;
                byte
            }
            None => 0,
        }
    }

    /// A number below `limit`, which is not zero.
    pub fn below(&mut self, limit: usize) -> usize {
        usize::from(u16::from_be_bytes([self.byte(), self.byte()])) % limit
    }
}

/// The bytes that a seed stands for: 64 of them, by SplitMix64.
pub fn bytes_of(seed: u64) -> [u8; 64] {
    let mut bytes = [0; 64];
    let mut state = seed;
    for chunk in bytes.chunks_exact_mut(8) {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        chunk.copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
    }
    bytes
}

/// The most changes made to one proof; more of them only break it in more places.
const MOST: usize = 6;

/// Changes a proof, a few times; `others` are records that may be mixed in.
pub fn mutate(records: &mut Vec<Raw>, others: &[Vec<Raw>], choices: &mut Choices<'_>) {
    let times = choices.below(MOST) + 1;
    for _ in 0..times {
        if records.is_empty() || choices.is_empty() {
            return;
        }
        change(records, others, choices);
    }
}

fn change(records: &mut Vec<Raw>, others: &[Vec<Raw>], choices: &mut Choices<'_>) {
    let what = choices.byte() % 20;
    let place = choices.below(records.len());
    let second = choices.below(records.len());
    match what {
        0 => flip(&mut records[place].rdata, choices),
        1 => {
            records.remove(place);
        }
        2 => records.insert(second, records[place].clone()),
        3 => records.swap(place, second),
        4 => records.reverse(),
        // A record of another proof, or all of them.
        5 | 6 => {
            let Some(other) = others.get(choices.below(others.len().max(1))) else {
                return;
            };
            if choices.byte().is_multiple_of(2) && !other.is_empty() {
                let record = other[choices.below(other.len())].clone();
                records.insert(place, record);
            } else {
                records.extend(other.iter().cloned());
            }
        }
        7..=9 => signature(records, place, choices),
        10 => letter_case(&mut records[place].owner, choices),
        11 => letter_case_of_names_inside(&mut records[place], choices),
        12 => records[place].ttl = [0, 1, 30, 3600, u32::MAX][choices.below(5)],
        13 => records[place].owner = records[second].owner.clone(),
        14 => records[place].kind = records[second].kind,
        15 => records[place].class = [1, 3, 4, 255][choices.below(4)],
        16 => {
            let length = records[place].rdata.len().saturating_sub(1);
            records[place].rdata.truncate(length);
        }
        17 => records[place].rdata.push(choices.byte()),
        18 => records[place].rdata = records[second].rdata.clone(),
        _ => records.insert(place, stray(&records[second], choices)),
    }
}

/// Edits one field of the nearest RRSIG record.
fn signature(records: &mut [Raw], place: usize, choices: &mut Choices<'_>) {
    let count = records.len();
    let signatures = (0..count).map(|step| (place + step) % count);
    let Some(index) = signatures
        .into_iter()
        .find(|index| records[*index].kind == Raw::RRSIG && records[*index].rdata.len() > 19)
    else {
        return;
    };
    let other = records[choices.below(count)].clone();
    let rdata = &mut records[index].rdata;
    // Type covered, algorithm, labels, original TTL, expiration, inception, key tag.
    let fields = [0..2, 2..3, 3..4, 4..8, 8..12, 12..16, 16..18];
    let field = fields[choices.below(fields.len())].clone();
    match choices.byte() % 4 {
        0 => flip(&mut rdata[field], choices),
        1 => rdata[field.end - 1] = rdata[field.end - 1].wrapping_add(1),
        2 => rdata[field.end - 1] = rdata[field.end - 1].wrapping_sub(1),
        _ if other.rdata.len() > field.end => {
            rdata[field.clone()].copy_from_slice(&other.rdata[field]);
        }
        // The signer becomes somebody else.
        _ => {
            let end = 18 + name_length(&rdata[18..]);
            rdata.splice(18..end, other.owner);
        }
    }
}

fn flip(bytes: &mut [u8], choices: &mut Choices<'_>) {
    if !bytes.is_empty() {
        bytes[choices.below(bytes.len())] ^= 1 << (choices.byte() % 8);
    }
}

/// Changes the case of one letter; length bytes are no letters, since they are below 64.
fn letter_case(name: &mut [u8], choices: &mut Choices<'_>) {
    let letters: Vec<usize> = (0..name.len())
        .filter(|place| name[*place].is_ascii_alphabetic())
        .collect();
    if !letters.is_empty() {
        name[letters[choices.below(letters.len())]] ^= 0x20;
    }
}

fn letter_case_of_names_inside(record: &mut Raw, choices: &mut Choices<'_>) {
    let start = match record.kind {
        Raw::RRSIG => 18,
        2 | 5 | 39 | 47 => 0,
        _ => return,
    };
    if let Some(rest) = record.rdata.get_mut(start..) {
        let length = name_length(rest);
        letter_case(&mut rest[..length], choices);
    }
}

/// A record that no proof needs, at a name that it does.
fn stray(beside: &Raw, choices: &mut Choices<'_>) -> Raw {
    let (kind, rdata) = match choices.byte() % 5 {
        0 => (257, b"\x00\x05issueca.example".to_vec()), // CAA
        1 => (Raw::TXT, vec![0]),                        // one empty string
        2 => (Raw::TXT, b"\x09different".to_vec()),
        3 => (65_400, vec![choices.byte(); 9]),
        _ => (Raw::DNSKEY, [&[1, 1, 3, 13][..], &[7; 64]].concat()),
    };
    Raw {
        kind,
        rdata,
        ..beside.clone()
    }
}
