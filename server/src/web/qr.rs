//! QR codes as SVG, as small as the text allows.

use std::fmt::Write as _;

use payname_resolver::qr::Code;

/// The light border that readers need, in modules (ISO/IEC 18004).
const QUIET: usize = 4;

/// A QR code, drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Qr {
    /// Modules on a side, without the border.
    pub(super) modules: usize,
    /// Its dark modules as an SVG path, one rectangle for each run in a row.
    path: String,
}

impl Qr {
    /// Nothing when the text is too long for any QR code: 2,953 bytes.
    pub(super) fn of(text: &str) -> Option<Self> {
        let code = Code::of(text)?;
        let modules = code.modules();
        let mut path = String::new();
        for (y, row) in code.rows().enumerate() {
            let mut x = 0_usize;
            for run in row.chunk_by(|a, b| a == b) {
                let length = run.len();
                if run.first() == Some(&true) {
                    let (left, top) = (x.saturating_add(QUIET), y.saturating_add(QUIET));
                    let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
                }
                x = x.saturating_add(length);
            }
        }
        Some(Self { modules, path })
    }

    /// The side of the picture, border included, in modules.
    fn side(&self) -> usize {
        self.modules.saturating_add(QUIET).saturating_add(QUIET)
    }

    /// The picture as an element of a page. `label` is text of ours: it is not escaped.
    pub(super) fn element(&self, label: &'static str) -> String {
        let (side, path) = (self.side(), &self.path);
        format!(
            "<svg class=\"qr\" viewBox=\"0 0 {side} {side}\" role=\"img\" aria-label=\"{label}\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>"
        )
    }

    /// The picture as a file.
    pub(super) fn file(&self) -> String {
        let (side, path) = (self.side(), &self.path);
        let pixels = side.saturating_mul(8);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{pixels}\" height=\"{pixels}\" viewBox=\"0 0 {side} {side}\" shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h{side}v{side}H0z\"/><path d=\"{path}\"/></svg>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_into_no_code_is_not_drawn() {
        assert!(Qr::of(&"a".repeat(2953)).is_some());
        assert_eq!(Qr::of(&"a".repeat(2954)), None);
    }

    #[test]
    fn the_picture_has_the_corners_of_a_code_inside_a_light_border() {
        let qr = Qr::of("bitcoin:").unwrap();
        assert_eq!(qr.modules, 21);
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{}", qr.path);
        assert!(qr.file().contains("viewBox=\"0 0 29 29\""));
    }
}
