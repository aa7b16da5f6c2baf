//! QR codes of payment URIs, as small as they can be (feature `qr`).

mod segments;

use alloc::vec::Vec;

use qrcode::{Color, EcLevel, QrCode, Version, bits::Bits};

use self::segments::segments;

/// A QR code: a square of dark and light modules, without a border.
///
/// ```
/// use payname_resolver::{Instructions, qr::Code};
///
/// let uri = Instructions::parse("bitcoin:?bc=bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l")?;
/// let upper = uri.upper_case().unwrap();
/// let code = Code::of(&upper).unwrap();
/// assert_eq!(code.modules(), 29);
/// assert!(code.is_dark(0, 0) && !code.is_dark(7, 0));
/// # Ok::<(), payname_resolver::instructions::UriError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    modules: usize,
    dark: Vec<bool>,
}

impl Code {
    /// The smallest code that holds a text; none when it is too long for any: 2,953 bytes.
    ///
    /// The lowest error correction is enough for a screen, and makes the modules largest.
    pub fn of(text: &str) -> Option<Self> {
        let code = (1..=40).find_map(|version| {
            let mut bits = Bits::new(Version::Normal(version));
            for segment in segments(text.as_bytes(), version) {
                if segment.is_alphanumeric {
                    bits.push_alphanumeric_data(segment.text).ok()?;
                } else {
                    bits.push_byte_data(segment.text).ok()?;
                }
            }
            bits.push_terminator(EcLevel::L).ok()?;
            QrCode::with_bits(bits, EcLevel::L).ok()
        })?;
        let colours = code.to_colors();
        Some(Self {
            modules: code.width(),
            dark: colours
                .into_iter()
                .map(|colour| colour == Color::Dark)
                .collect(),
        })
    }

    /// Modules on a side.
    pub fn modules(&self) -> usize {
        self.modules
    }

    /// The rows from the top, each from the left; true is dark.
    pub fn rows(&self) -> impl Iterator<Item = &[bool]> {
        self.dark.chunks(self.modules.max(1))
    }

    /// Whether a module is dark; none is outside the code.
    pub fn is_dark(&self, x: usize, y: usize) -> bool {
        let at = y
            .checked_mul(self.modules)
            .and_then(|start| start.checked_add(x));
        x < self.modules
            && at
                .and_then(|at| self.dark.get(at))
                .copied()
                .unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_uri_in_upper_case_makes_a_smaller_code() {
        let uri = format!("bitcoin:?lno=lno1qyz{}", "qyz3".repeat(107));
        assert_eq!(uri.len(), 448);
        let (lower, upper) = (
            Code::of(&uri).unwrap(),
            Code::of(&uri.to_uppercase()).unwrap(),
        );
        assert_eq!((lower.modules(), upper.modules()), (73, 61));
    }

    #[test]
    fn what_fits_into_no_code_is_none() {
        assert!(Code::of(&"a".repeat(2953)).is_some());
        assert_eq!(Code::of(&"a".repeat(2954)), None);
    }
}
