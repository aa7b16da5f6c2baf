//! The BIP-353 record: the one TXT record among a name's that starts with `bitcoin:`.

use alloc::{string::String, vec::Vec};

/// The beginning, in any case, of the TXT record that counts (BIP-353).
const PREFIX: &[u8] = b"bitcoin:";

/// The payment record of a handle: one `bitcoin:` URI.
///
/// ```
/// use payname_resolver::{Record, RecordError};
///
/// // Two TXT records, the first in two strings.
/// let set: [&[u8]; 2] = [b"\x0cbitcoin:?lno\x04=abc", b"\x05hello"];
/// assert_eq!(Record::from_txt(set)?.uri(), "bitcoin:?lno=abc");
/// assert_eq!(Record::from_txt([&b"\x05hello"[..]]), Err(RecordError::None { others: 1 }));
/// # Ok::<(), RecordError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    uri: String,
}

impl Record {
    /// Picks the payment record out of a set of TXT RDATA (BIP-353).
    ///
    /// Each item is the RDATA of one TXT record; its character strings are joined in their order,
    /// never across records. Records that do not start with `bitcoin:` are not our concern.
    ///
    /// # Errors
    /// There is none, there are several, or it is not text.
    pub fn from_txt<'a>(set: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, RecordError> {
        let texts = set
            .into_iter()
            .map(|rdata| join_strings(rdata).ok_or(RecordError::Malformed))
            .collect::<Result<Vec<_>, _>>()?;
        Self::from_texts(texts)
    }

    /// The same, with the strings of each TXT record joined already.
    pub(crate) fn from_texts(texts: Vec<Vec<u8>>) -> Result<Self, RecordError> {
        let (payment, others): (Vec<_>, Vec<_>) = texts.into_iter().partition(|text| {
            text.get(..PREFIX.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
        });
        let mut payment = payment.into_iter();
        match (payment.next(), payment.next()) {
            (None, _) => Err(RecordError::None {
                others: others.len(),
            }),
            (Some(_), Some(_)) => Err(RecordError::Several),
            (Some(text), None) => {
                let uri = String::from_utf8(text).map_err(|_| RecordError::NotText)?;
                Ok(Self { uri })
            }
        }
    }

    /// The URI, byte for byte as it was published. A stranger wrote it: escape it before showing.
    pub fn uri(&self) -> &str {
        &self.uri
    }
}

/// Joins the character strings of a TXT RDATA (RFC 1035 §3.3.14); empty ones are fine.
fn join_strings(mut rdata: &[u8]) -> Option<Vec<u8>> {
    let mut text = Vec::with_capacity(rdata.len());
    while let Some((&length, rest)) = rdata.split_first() {
        let (string, behind) = rest.split_at_checked(usize::from(length))?;
        text.extend_from_slice(string);
        rdata = behind;
    }
    Some(text)
}

/// Why proven TXT records are no payment record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// No TXT record starts with `bitcoin:`.
    #[error("none of the {others} TXT records starts with `bitcoin:`")]
    None {
        /// How many TXT records there are.
        others: usize,
    },
    /// More than one starts with `bitcoin:`.
    #[error("more than one TXT record starts with `bitcoin:`; the owner must leave exactly one")]
    Several,
    /// The payment record is not UTF-8.
    #[error("the `bitcoin:` TXT record is not valid text")]
    NotText,
    /// The strings in a TXT record do not fill it exactly.
    #[error("a TXT record is malformed")]
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn txt(strings: &[&[u8]]) -> Vec<u8> {
        strings
            .iter()
            .flat_map(|s| [&[s.len() as u8], *s].concat())
            .collect()
    }

    fn record(set: &[Vec<u8>]) -> Result<Record, RecordError> {
        Record::from_txt(set.iter().map(Vec::as_slice))
    }

    #[test]
    fn strings_are_joined_in_rdata_order_without_separators() {
        let set = [txt(&[b"bit", b"", b"coin:?lno", b"=lno1"])];
        assert_eq!(record(&set).unwrap().uri(), "bitcoin:?lno=lno1");
    }

    #[test]
    fn records_that_do_not_start_with_bitcoin_are_ignored() {
        let set = [
            txt(&[b"v=spf1"]),
            txt(&[b"BitCoin:bc1q"]),
            txt(&[b" bitcoin:x"]),
        ];
        assert_eq!(record(&set).unwrap().uri(), "BitCoin:bc1q");
    }

    #[test]
    fn two_payment_records_are_refused() {
        let set = [txt(&[b"bitcoin:a"]), txt(&[b"BITCOIN:b"])];
        assert_eq!(record(&set), Err(RecordError::Several));
    }

    #[test]
    fn a_uri_is_never_joined_across_records() {
        let set = [txt(&[b"bitcoin:?lno="]), txt(&[b"lno1abc"])];
        assert_eq!(record(&set).unwrap().uri(), "bitcoin:?lno=");
    }

    #[test]
    fn no_payment_record_bad_text_and_bad_lengths_are_told_apart() {
        assert_eq!(
            record(&[txt(&[b"hello"])]),
            Err(RecordError::None { others: 1 })
        );
        assert_eq!(
            record(&[txt(&[b"bitcoin:\xff"])]),
            Err(RecordError::NotText)
        );
        assert_eq!(record(&[vec![5, b'b']]), Err(RecordError::Malformed));
    }
}
