//! What is to be pasted, where somebody sets a domain's records by hand.

use payname_api::State;
use payname_zones::PaymentError;

use crate::{
    config::Config,
    publisher::line_to_paste,
    server::{StartError, open_store},
    store::StoreError,
};

/// How many names are read from the registry at a time.
const PAGE: usize = 1000;

/// The records that a domain's names are to have, as lines of a master file; what is not proven yet stands
/// first, behind a comment that says so.
///
/// # Errors
/// There is no such domain, or the registry cannot be used.
pub async fn records_to_paste(config: &Config, domain: &str) -> Result<Vec<String>, PasteError> {
    let wanted = domain.trim_end_matches('.').to_ascii_lowercase();
    let others = config.provided.iter().map(|provided| &provided.domain);
    let mut domains = config.domains.iter().chain(others);
    let found = domains.find(|domain| domain.name == wanted);
    let found = found.ok_or_else(|| PasteError::NoDomain(domain.to_owned()))?;
    let store = open_store(config).await.map_err(Box::new)?;
    let (mut waiting, mut proven) = (Vec::new(), Vec::new());
    let mut after: Option<String> = None;
    loop {
        let page = store.live(&found.name, after.as_deref(), PAGE).await?;
        for registration in &page {
            let line = line_to_paste(registration, found.ttl)?;
            match registration.state {
                State::Published => proven.extend(line),
                _ => waiting.extend(line),
            }
        }
        after = page.last().map(|last| last.handle.user().to_owned());
        if after.is_none() {
            break;
        }
    }
    let heads = [
        ("; not proven yet: set these", waiting),
        ("; proven", proven),
    ];
    let lines = heads.into_iter().filter(|(_, lines)| !lines.is_empty());
    Ok(lines
        .flat_map(|(head, lines)| std::iter::once(head.to_owned()).chain(lines))
        .collect())
}

/// Why there is nothing to paste.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasteError {
    /// No such domain is configured.
    #[error("no domain `{}` is in the configuration", .0.escape_debug())]
    NoDomain(String),
    /// A name makes no record.
    #[error(transparent)]
    Record(#[from] PaymentError),
    /// The registry cannot be opened.
    #[error("the registry cannot be used")]
    Open(#[from] Box<StartError>),
    /// The registry fails.
    #[error("the registry fails")]
    Store(#[from] StoreError),
}
