//! Where the payee wants the proof of payment sent (`pop`, BIP-321).

use alloc::{format, string::String};

/// Schemes that must never be opened: they would tell a stranger, or run something (BIP-321).
const FORBIDDEN: [&str; 7] = [
    "http",
    "https",
    "file",
    "javascript",
    "mailto",
    "data",
    "vbscript",
];

/// The callback to open once paid.
///
/// ```
/// use payname_resolver::{Instructions, instructions::ProofOfPayment};
///
/// let uri = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?pop=myapp%3apaid%3f";
/// let instructions = Instructions::parse(uri)?;
/// let pop: &ProofOfPayment = instructions.proof_of_payment().unwrap();
/// assert_eq!(pop.uri_for("onchain", "0001").as_deref(), Some("myapp:paid?onchain=0001"));
///
/// // What would tell a stranger, or run something, is never opened.
/// let uri = "bitcoin:bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l?pop=https%3a//example.com/";
/// let instructions = Instructions::parse(uri)?;
/// assert!(!instructions.proof_of_payment().unwrap().may_be_opened());
/// # Ok::<(), payname_resolver::instructions::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofOfPayment {
    text: String,
    required: bool,
}

impl ProofOfPayment {
    pub(super) fn new(text: String, required: bool) -> Self {
        Self { text, required }
    }

    /// The callback as written, percent-decoded once; possibly one that must not be opened.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether who cannot open the callback must not pay (`req-pop`).
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The scheme, lower case, when the callback is a URI at all.
    pub fn scheme(&self) -> Option<String> {
        let (scheme, _) = self.text.split_once(':')?;
        let starts_well = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
        let is_well_formed = scheme
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
        (starts_well && is_well_formed).then(|| scheme.to_ascii_lowercase())
    }

    /// Whether the callback may be opened: it is a URI, and of no scheme that BIP-321 forbids.
    pub fn may_be_opened(&self) -> bool {
        self.scheme()
            .is_some_and(|scheme| !FORBIDDEN.contains(&scheme.as_str()))
    }

    /// The URI to open with the proof of a payment by the method of `key` (such as `lightning`),
    /// or nothing when it must not be opened.
    pub fn uri_for(&self, key: &str, proof: &str) -> Option<String> {
        self.may_be_opened()
            .then(|| format!("{}{key}={proof}", self.text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_schemes_that_tell_no_stranger_may_be_opened() {
        let opens = |text: &str| ProofOfPayment::new(text.to_owned(), false).may_be_opened();
        assert!(opens("initiatingapp:"));
        assert!(opens("my-app+x.y:path?"));
        for text in [
            "https:a",
            "HTTP://a",
            "File:/etc",
            "javascript:alert(1)",
            "mailto:a@b",
            "data:,x",
        ] {
            assert!(!opens(text), "{text}");
        }
        for text in [
            "",
            "noscheme",
            " https://a",
            ":x",
            "1app:",
            "ja\tvascript:x",
        ] {
            assert!(!opens(text), "{text:?}");
        }
    }

    #[test]
    fn the_proof_is_appended_under_the_methods_key() {
        let pop = ProofOfPayment::new("app:".to_owned(), true);
        assert_eq!(
            pop.uri_for("lightning", "00ff").unwrap(),
            "app:lightning=00ff"
        );
        let forbidden = ProofOfPayment::new("https:a".to_owned(), false);
        assert_eq!(forbidden.uri_for("lightning", "00ff"), None);
    }
}
