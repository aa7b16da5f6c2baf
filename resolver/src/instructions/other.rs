//! Ways to pay of which only the encoding is checked: `pay`, `payt`, `ark`, `tark`, `creq`, `pj`.

use alloc::{borrow::ToOwned, string::String};

use data_encoding::{BASE64URL, BASE64URL_NOPAD};
use lightning::bitcoin::Network;

use super::{AmountLimits, MethodError, bech32, method::limits_of};
use crate::amount::Amount;

/// What an older Cashu payment request begins with (NUT-18), in this case.
const CASHU_CBOR: &str = "creqA";

/// A way to pay that is known by name, and checked for typing errors only.
///
/// `pay` and `payt` are private payment codes (BIP-351), `ark` and `tark` Ark addresses, `creq` is
/// a Cashu payment request (NUT-18, NUT-26), `pj` a payjoin endpoint (BIP-77, BIP-78).
///
/// ```
/// use payname_resolver::instructions::OtherMethod;
///
/// let code = "pay1qqpsxq4730l4yre4lt3588eyt3f2lwggtfalvtgfns04a8smzkn7yys6xv2gs8";
/// assert!(OtherMethod::new("pay", code).is_ok());
/// assert!(OtherMethod::new("pay", &code.replace("xv2", "xx2")).is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherMethod {
    key: String,
    text: String,
    limits: AmountLimits,
}

impl OtherMethod {
    /// A method of `key` (`pay`, `payt`, `ark`, `tark`, `creq` or `pj`), to build a URI with.
    ///
    /// # Errors
    /// `text` does not have the encoding of the key, or `key` is none of those.
    pub fn new(key: &str, text: &str) -> Result<Self, MethodError> {
        match key {
            "pay" | "payt" | "ark" | "tark" | "creq" | "pj" if !text.is_empty() => {
                Self::parse(key, text.to_owned(), None)
            }
            "pay" | "payt" | "ark" | "tark" | "creq" | "pj" => Err(MethodError::Empty),
            _ => Err(MethodError::Encoding {
                expected: "a method of the key `pay`, `payt`, `ark`, `tark`, `creq` or `pj`",
            }),
        }
    }

    /// Reads the value of `key`, in a URI that asks for `asked`.
    pub(super) fn parse(
        key: &str,
        text: String,
        asked: Option<Amount>,
    ) -> Result<Self, MethodError> {
        let (is_right, expected) = match key {
            "pay" => (is_bech32m("pay", &text), "bech32m that begins with `pay1`"),
            "payt" => (
                is_bech32m("payt", &text),
                "bech32m that begins with `payt1`",
            ),
            "ark" => (is_bech32m("ark", &text), "bech32m that begins with `ark1`"),
            "tark" => (
                is_bech32m("tark", &text),
                "bech32m that begins with `tark1`",
            ),
            "creq" => (
                is_bech32m("creqb", &text) || is_cashu_cbor(&text),
                "bech32m that begins with `creqb1`, or base64 that begins with `creqA`,",
            ),
            _ => (true, ""),
        };
        if !is_right {
            return Err(MethodError::Encoding { expected });
        }
        Ok(Self {
            key: key.to_owned(),
            text,
            limits: limits_of(asked),
        })
    }

    /// The key, lower case and without `req-`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The value as it was written. A stranger wrote it: escape it before showing.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What amounts can be paid.
    pub fn limits(&self) -> AmountLimits {
        self.limits
    }

    /// Whether it may be paid on `network`, as far as its key tells.
    pub fn supports(&self, network: Network) -> bool {
        match self.key.as_str() {
            "pay" | "ark" => network == Network::Bitcoin,
            "payt" | "tark" => network != Network::Bitcoin,
            _ => true,
        }
    }

    /// Whether the value means the same in upper case.
    pub(super) fn ignores_case(&self) -> bool {
        match self.key.as_str() {
            "pj" => false,
            "creq" => !is_cashu_cbor(&self.text),
            _ => true,
        }
    }
}

fn is_bech32m(hrp: &str, text: &str) -> bool {
    bech32::checked(hrp, text).is_some()
}

/// Whether it is the older form of a Cashu payment request, which has no checksum.
fn is_cashu_cbor(text: &str) -> bool {
    text.strip_prefix(CASHU_CBOR).is_some_and(|cbor| {
        let cbor = cbor.as_bytes();
        let decoded = BASE64URL_NOPAD
            .decode(cbor)
            .or_else(|_| BASE64URL.decode(cbor));
        decoded.is_ok_and(|cbor| !cbor.is_empty())
    })
}
