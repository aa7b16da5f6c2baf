//! From a handle and what it should pay to the record that says so (BIP-353).

use hickory_proto::rr::Name;
use hickory_proto::rr::rdata::TXT;
use payname_resolver::Handle;

use crate::record_set::txt;

/// The longest payment URI a zone publishes, in octets.
pub const MAX_URI_LENGTH: usize = 4096;

/// The owner name and TXT data of one payment instruction, ready for [`crate::Zone::publish`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRecord {
    owner: Name,
    txt: TXT,
}

impl PaymentRecord {
    /// `alice.user._bitcoin-payment.example.com.`
    pub fn owner(&self) -> &Name {
        &self.owner
    }

    /// The URI in strings of 255 octets, the last one shorter.
    pub fn txt(&self) -> &TXT {
        &self.txt
    }
}

/// Makes the record that lets `handle` be paid by `uri`.
///
/// # Errors
/// [`PaymentError`] when the URI is not `bitcoin:` in printable ASCII of at most
/// [`MAX_URI_LENGTH`] octets. What the URI says is not judged here.
pub fn payment_record(handle: &Handle, uri: &str) -> Result<PaymentRecord, PaymentError> {
    let is_bitcoin = uri
        .get(..8)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("bitcoin:"));
    if !is_bitcoin {
        return Err(PaymentError::Scheme(uri.chars().take(40).collect()));
    }
    if let Some(bad) = uri.chars().find(|character| !character.is_ascii_graphic()) {
        return Err(PaymentError::Character(bad));
    }
    if uri.len() > MAX_URI_LENGTH {
        return Err(PaymentError::TooLong(uri.len()));
    }
    Ok(PaymentRecord {
        owner: handle.owner_name().clone(),
        txt: txt(uri.as_bytes()),
    })
}

/// Why a URI cannot be published as a payment record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// It does not begin with `bitcoin:`.
    #[error("`{0}` is no payment URI; it must begin with `bitcoin:`")]
    Scheme(String),
    /// It holds something else than printable ASCII.
    #[error("a payment URI cannot contain {0:?}; percent-encode it")]
    Character(char),
    /// It is too long.
    #[error("the payment URI has {0} octets; at most {MAX_URI_LENGTH} can be published")]
    TooLong(usize),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_offer_is_split_and_joins_to_the_same_uri() {
        let handle: Handle = "₿alice@example.com".parse().unwrap();
        let uri = format!("BITCOIN:?lno=lno1{}", "q".repeat(420));
        let record = payment_record(&handle, &uri).unwrap();
        assert_eq!(
            record.owner().to_string(),
            "alice.user._bitcoin-payment.example.com."
        );
        assert_eq!(record.txt().txt_data.len(), 2);
        assert_eq!(record.txt().txt_data.concat(), uri.as_bytes());
    }

    #[test]
    fn what_is_not_a_printable_bitcoin_uri_is_refused_with_the_reason() {
        let handle: Handle = "alice@example.com".parse().unwrap();
        let refused = |uri: &str| payment_record(&handle, uri).unwrap_err();
        assert_eq!(
            refused("lightning:lno1"),
            PaymentError::Scheme("lightning:lno1".into())
        );
        assert_eq!(refused("bitcoi"), PaymentError::Scheme("bitcoi".into()));
        assert_eq!(refused("bitcoin:?label=a b"), PaymentError::Character(' '));
        assert_eq!(refused("bitcoin:?label=é"), PaymentError::Character('é'));
        let long = format!("bitcoin:{}", "q".repeat(4089));
        assert_eq!(refused(&long), PaymentError::TooLong(4097));
    }
}
