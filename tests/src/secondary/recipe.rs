//! The configurations in `docs/secondaries.md`, with the addresses and folders of a test.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// The page whose code blocks are the recipes.
const PAGE: &str = include_str!("../../../docs/secondaries.md");

/// What differs between the page and a test.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// `paynamed`, or on the second half of the page the signer.
    pub primary: SocketAddr,
    /// The server that follows it.
    pub secondary: SocketAddr,
    /// Where the server that is configured keeps its things.
    pub folder: &'a Path,
    /// The shared secret, in base64.
    pub secret: &'a str,
}

/// The block with a title, as it stands in `docs/secondaries.md`.
///
/// # Errors
/// The page has no such block.
pub fn block(title: &str) -> Result<&'static str> {
    block_of(PAGE, title)
}

/// The block with a title, as it stands on a page.
///
/// # Errors
/// The page has no such block.
pub fn block_of<'a>(page: &'a str, title: &str) -> Result<&'a str> {
    let mut rest = page;
    while let Some((_, after)) = rest.split_once("\n```") {
        let (head, body) = after.split_once('\n').context("a block without an end")?;
        let (body, after) = body.split_once("```").context("a block without an end")?;
        if head.split_once(' ').is_some_and(|(_, name)| name == title) {
            return Ok(body);
        }
        rest = after;
    }
    anyhow::bail!("the page has no block `{title}`")
}

impl Place<'_> {
    /// Puts this place's values where the page has its examples.
    ///
    /// # Errors
    /// Something of the page is left that a test cannot use.
    pub fn fill(&self, text: &str) -> Result<String> {
        let mut text = text.to_owned();
        for (example, real) in [
            ("192.0.2.1", self.primary),
            ("198.51.100.2", self.secondary),
        ] {
            let (ip, port) = (real.ip(), real.port());
            for between in ["@", ":", " port "] {
                let from = format!("{example}{between}53");
                text = text.replace(&from, &format!("{ip}{between}{port}"));
            }
            let from = format!("listen-on port 53 {{ {example}; }}");
            let to = format!("listen-on port {port} {{ {ip}; }}");
            text = text.replace(&from, &to).replace(example, &ip.to_string());
        }
        let folder = self.folder.display().to_string();
        for name in ["knot", "nsd", "bind", "powerdns"] {
            text = text.replace(&format!("/var/lib/{name}"), &folder);
        }
        let text = text.replace("example.com", "example.test");
        let text = text.replace("SECRET", self.secret);
        let is_left = [" 53", "@53", ":53", "/var/", "192.0.2", "198.51"];
        let left = is_left.iter().find(|example| text.contains(*example));
        ensure!(
            left.is_none(),
            "`{}` is left in:\n{text}",
            left.unwrap_or(&"")
        );
        Ok(text)
    }
}
