//! What all pages of a server share: the operator's name, colours and logo, and the files they load.

use super::{assets::Asset, kept::Pages};
use crate::config::Web;

const STYLE: &str = include_str!("../../assets/style.css");
const SCRIPT: &str = include_str!("../../assets/script.js");

/// The looks of the pages, and their files.
#[derive(Debug)]
pub(crate) struct Site {
    enabled: bool,
    name: Option<String>,
    /// The pay pages that were drawn lately.
    pub(super) pages: Pages,
    pub(super) style: Asset,
    pub(super) script: Asset,
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
        Self {
            enabled: web.enabled,
            name: web.name,
            pages: Pages::default(),
            style: Asset::new("css", "text/css; charset=utf-8", STYLE.to_owned() + &theme),
            script: Asset::new("js", "text/javascript; charset=utf-8", SCRIPT),
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
        [&self.style, &self.script, &self.icon]
            .into_iter()
            .chain(&self.logo)
            .find(|asset| asset.file() == file)
    }
}
