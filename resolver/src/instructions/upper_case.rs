//! The upper-case form of a URI, which makes a smaller QR code.

use alloc::string::String;

use super::{Instructions, Method};

impl Instructions {
    /// The URI in upper case, when that means the same; for QR codes, which are then smaller.
    ///
    /// Nothing when something in it does not survive: a Base58 address, a label with small
    /// letters. The parameters unknown here are taken not to survive unless they have no letters.
    ///
    /// ```
    /// use payname_resolver::Instructions;
    ///
    /// let uri = "bitcoin:?bc=bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l";
    /// let upper = Instructions::parse(uri)?.upper_case();
    /// assert_eq!(upper, Some(uri.to_uppercase()));
    ///
    /// let labelled = Instructions::parse(&format!("{uri}&label=Alice"))?;
    /// assert_eq!(labelled.upper_case(), None);
    /// # Ok::<(), payname_resolver::instructions::UriError>(())
    /// ```
    pub fn upper_case(&self) -> Option<String> {
        let text = self.uri.to_ascii_uppercase();
        let upper = Self::parse(&text).ok()?;
        let says_the_same = self.methods.len() == upper.methods.len()
            && self
                .methods
                .iter()
                .zip(&upper.methods)
                .all(|(a, b)| is_same(a, b))
            && upper.rejected.len() == self.rejected.len()
            && self.unknown == upper.unknown
            && self.amount == upper.amount
            && self.label == upper.label
            && self.message == upper.message
            && self.pop == upper.pop;
        says_the_same.then_some(text)
    }
}

/// Whether two methods, of which the second was read in upper case, pay the same.
fn is_same(lower: &Method, upper: &Method) -> bool {
    let is_same_text = match lower {
        Method::OnChain(lower) => {
            return matches!(upper, Method::OnChain(upper) if lower.address() == upper.address());
        }
        Method::Other(method) if !method.ignores_case() => lower.text() == upper.text(),
        _ => lower.text().eq_ignore_ascii_case(upper.text()),
    };
    is_same_text && lower.key() == upper.key()
}
