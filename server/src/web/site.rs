//! What all pages of a server share: the operator's name, colours and logo, and the files they load.

use super::{assets::Asset, kept::Pages};
use crate::config::Web;

const STYLE: &str = include_str!("../../assets/style.css");
const SCRIPT: &str = include_str!("../../assets/script.js");
const EARLY: &str = include_str!("../../assets/early.js");
const KEYS: &str = include_str!("../../assets/key.js");
/// The curve, unchanged; its folder says where it comes from.
const CURVE: &str = include_str!("../../assets/vendor/noble-secp256k1/index.js");
/// By what the script of keys imports it.
const IMPORTED: &str = "\"noble-secp256k1\"";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The looks of the pages, and their files.
#[derive(Debug)]
pub(crate) struct Site {
    enabled: bool,
    name: Option<String>,
    /// The pay pages that were drawn lately.
    pub(super) pages: Pages,
    pub(super) style: Asset,
    pub(super) script: Asset,
    /// Keeps forms with keys from being sent before there is what keeps the key.
    pub(super) early: Asset,
    /// Signs with keys in the browser.
    pub(super) keys: Asset,
    curve: Asset,
    pub(super) icon: Asset,
    pub(super) logo: Option<Asset>,
}

impl Site {
    /// The site that an operator has configured.
    pub(crate) fn new(web: Web) -> Self {
        let (light, dark) = (web.accent, web.accent.on_dark());
        let theme = format!(
            ":root{{--accent:{light}}}\n@media (prefers-color-scheme:dark){{:root{{--accent:{dark}}}}}\n"
        );
        let icon = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 32 32\"><rect width=\"32\" height=\"32\" rx=\"8\" fill=\"{light}\"/><path d=\"M12 7v18M16 7v18M10 9h8.5a3.5 3.5 0 0 1 0 7H10m9 0a4 4 0 0 1 0 8h-9\" fill=\"none\" stroke=\"#fff\" stroke-width=\"2.4\"/></svg>"
        );
        let curve = Asset::new("js", JAVASCRIPT, CURVE);
        let import = format!("\"{}\"", curve.path());
        Self {
            enabled: web.enabled,
            name: web.name,
            pages: Pages::default(),
            style: Asset::new("css", "text/css; charset=utf-8", STYLE.to_owned() + &theme),
            script: Asset::new("js", JAVASCRIPT, SCRIPT),
            early: Asset::new("js", JAVASCRIPT, EARLY),
            keys: Asset::new("js", JAVASCRIPT, KEYS.replace(IMPORTED, &import)),
            curve,
            icon: Asset::new("icon", "image/svg+xml", icon),
            logo: web
                .logo
                .map(|logo| Asset::new("logo", logo.media_type, logo.bytes)),
        }
    }

    /// Whether there are pages.
    pub(super) fn is_enabled(&self) -> bool {
        self.enabled
    }

    /// What the service is called.
    pub(super) fn name<'a>(&'a self, domain: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(domain)
    }

    /// The file of this name, if there is such a one.
    pub(super) fn asset(&self, file: &str) -> Option<&Asset> {
        let scripts = [&self.script, &self.early, &self.keys, &self.curve];
        [&self.style, &self.icon]
            .into_iter()
            .chain(scripts)
            .chain(&self.logo)
            .find(|asset| asset.file() == file)
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use ring::digest;

    use super::*;

    /// The digest that stands beside the file.
    const README: &str = include_str!("../../assets/vendor/noble-secp256k1/README.md");

    #[test]
    fn the_curve_is_the_very_file_that_was_released() {
        let digest = digest::digest(&digest::SHA256, CURVE.as_bytes());
        let digest = HEXLOWER.encode(digest.as_ref());
        assert!(README.contains(&digest), "{digest}");
        let mut lines = CURVE.lines();
        assert!(
            !lines.any(|line| line.starts_with("import ")),
            "it needs nothing else"
        );
    }

    #[test]
    fn the_script_of_keys_imports_the_curve_by_its_path() {
        let site = Site::new(Web::default());
        let bytes = String::from_utf8(site.keys.bytes().to_vec()).unwrap();
        assert!(bytes.contains(&format!("from \"{}\"", site.curve.path())));
        assert!(!bytes.contains(IMPORTED));
    }
}
