//! The HTTPS client for Lightning Address services.

use alloc::{borrow::ToOwned, string::String, sync::Arc, vec::Vec};
use core::time::Duration;

use reqwest::redirect::Policy;
use url::Url;

use super::answer::MAX_BYTES;
use crate::net::{ClientError, ClientOptions, Timeouts, stranger};

/// How many redirects are followed; domains often forward to `www.` or to who hosts them.
const MAX_REDIRECTS: usize = 3;

/// Fetches answers over HTTPS: bounded in time and length, no cookies, no referrer.
///
/// The service learns that someone is about to pay that name, and from which address; through a
/// [`Proxy`](crate::net::Proxy) it learns the proxy's. Every answer is fetched on a connection of
/// its own, and with [`Isolation::PerName`](crate::net::Isolation::PerName) on a circuit of its
/// own, so that no two names are seen together.
///
/// ```no_run
/// use payname_resolver::{
///     Amount, UnixTime, instructions::Bolt11Method, lightning::bitcoin::Network,
///     lightning_address::{Downgrade, Fetcher, Unproven}, net::ClientOptions,
/// };
///
/// async fn invoice(
///     downgrade: Downgrade,
///     amount: Amount,
///     now: UnixTime,
/// ) -> Result<Unproven<Bolt11Method>, Box<dyn std::error::Error>> {
///     let tor = ClientOptions {
///         proxy: Some("socks5://127.0.0.1:9050".parse()?),
///         ..ClientOptions::default()
///     };
///     let fetcher = Fetcher::with_options(tor)?;
///     let body = fetcher.fetch(downgrade.url()).await?;
///     let request = downgrade.receive(&body)?.ask(amount, None)?;
///     let body = fetcher.fetch(request.url()).await?;
///     Ok(request.receive(&body, Network::Bitcoin, now)?)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Fetcher {
    options: Arc<ClientOptions>,
}

impl Fetcher {
    /// Waits `timeout` for each answer; no proxy but the one that the system is set up to use.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(timeout: Duration) -> Result<Self, FetchError> {
        let timeouts = Timeouts {
            total: timeout,
            ..Timeouts::default()
        };
        Self::with_options(ClientOptions {
            timeouts,
            ..ClientOptions::default()
        })
    }

    /// In every detail. Of the [`Timeouts`], `total` is for each answer.
    ///
    /// # Errors
    /// TLS or the proxy cannot be set up.
    pub fn with_options(options: ClientOptions) -> Result<Self, FetchError> {
        client(&options)?;
        Ok(Self {
            options: Arc::new(options),
        })
    }

    /// Fetches one answer. Refusals come with error statuses too, so the status is not looked at.
    ///
    /// # Errors
    /// The URL, or one that it redirects to, is not `https`, the host cannot be reached in time, or
    /// the answer is too long.
    pub async fn fetch(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        let host = || url.host_str().unwrap_or_default().to_owned();
        let failed = |source: reqwest::Error| FetchError::Unreachable {
            host: host(),
            source: source.without_url(),
        };
        let client = client(&self.options)?;
        let mut answer = client.get(url.clone()).send().await.map_err(failed)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if chunk.len() > MAX_BYTES.saturating_sub(body.len()) {
                return Err(FetchError::TooLong { host: host() });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// A client for one answer.
fn client(options: &ClientOptions) -> Result<reqwest::Client, ClientError> {
    stranger(options)?
        .redirect(Policy::limited(MAX_REDIRECTS))
        .timeout(options.timeouts.total)
        .build()
        .map_err(ClientError::Https)
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// TLS or the proxy cannot be set up.
    #[error("cannot set up HTTPS")]
    Setup(#[from] ClientError),
    /// The host cannot be reached, or not by HTTPS.
    #[error("{host} cannot be reached over HTTPS")]
    Unreachable {
        /// The host.
        host: String,
        /// What went wrong.
        source: reqwest::Error,
    },
    /// The answer is longer than any answer needs to be.
    #[error("{host} answered with more than is due")]
    TooLong {
        /// The host.
        host: String,
    },
}

#[cfg(test)]
mod tests;
