//! The HTTPS client for Lightning Address services.

use alloc::{borrow::ToOwned, string::String, vec::Vec};
use core::time::Duration;

use reqwest::{Client, redirect::Policy};
use url::Url;

use super::answer::MAX_BYTES;

/// How many redirects are followed; domains often forward to `www.` or to who hosts them.
const MAX_REDIRECTS: usize = 3;

/// Fetches answers over HTTPS: bounded in time and length, no cookies, no referrer.
///
/// The service learns that someone is about to pay that name, and from which address.
///
/// ```no_run
/// use std::time::Duration;
///
/// use payname_resolver::{
///     Amount, UnixTime, instructions::Bolt11Method, lightning::bitcoin::Network,
///     lightning_address::{Downgrade, Fetcher, Unproven},
/// };
///
/// async fn invoice(
///     downgrade: Downgrade,
///     amount: Amount,
///     now: UnixTime,
/// ) -> Result<Unproven<Bolt11Method>, Box<dyn std::error::Error>> {
///     let fetcher = Fetcher::new(Duration::from_secs(10))?;
///     let body = fetcher.fetch(downgrade.url()).await?;
///     let request = downgrade.receive(&body)?.ask(amount, None)?;
///     let body = fetcher.fetch(request.url()).await?;
///     Ok(request.receive(&body, Network::Bitcoin, now)?)
/// }
/// ```
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
}

impl Fetcher {
    /// A client that waits `timeout` for each answer.
    ///
    /// # Errors
    /// TLS cannot be set up.
    pub fn new(timeout: Duration) -> Result<Self, FetchError> {
        let client = Client::builder()
            .https_only(true)
            .redirect(Policy::limited(MAX_REDIRECTS))
            .referer(false)
            .timeout(timeout)
            .build()
            .map_err(FetchError::Setup)?;
        Ok(Self { client })
    }

    /// Fetches one answer. Refusals come with error statuses too, so the status is not looked at.
    ///
    /// # Errors
    /// The URL is not `https`, the host cannot be reached in time, or the answer is too long.
    pub async fn fetch(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        let host = || url.host_str().unwrap_or_default().to_owned();
        let failed = |source: reqwest::Error| FetchError::Unreachable {
            host: host(),
            source: source.without_url(),
        };
        let mut answer = self.client.get(url.clone()).send().await.map_err(failed)?;
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

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// TLS cannot be set up.
    #[error("cannot set up HTTPS")]
    Setup(#[source] reqwest::Error),
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
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::*;

    /// A web server on loopback that gives one answer with a body of `length` bytes.
    async fn server(length: usize) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1_024];
            let _ = stream.read(&mut request).await.unwrap();
            let head = format!("HTTP/1.1 400 Bad\r\nContent-Length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            // The client hangs up once it has had enough.
            let _ = stream.write_all(&vec![b'x'; length]).await;
        });
        format!("http://{address}/").parse().unwrap()
    }

    /// A fetcher that does plain HTTP too, since the server here has no certificate.
    fn plain() -> Fetcher {
        let client = Client::builder().no_proxy().build().unwrap();
        Fetcher { client }
    }

    #[tokio::test]
    async fn an_answer_is_fetched_whatever_its_status() {
        let url = server(MAX_BYTES).await;
        assert_eq!(plain().fetch(&url).await.unwrap().len(), MAX_BYTES);
    }

    #[tokio::test]
    async fn an_answer_without_end_is_cut_off() {
        let url = server(MAX_BYTES + 1).await;
        let refused = plain().fetch(&url).await;
        assert!(matches!(refused, Err(FetchError::TooLong { .. })));
    }

    #[tokio::test]
    async fn nothing_is_asked_without_https() {
        let url = server(2).await;
        let fetcher = Fetcher::new(Duration::from_secs(5)).unwrap();
        match fetcher.fetch(&url).await {
            Err(FetchError::Unreachable { source, .. }) => {
                assert!(source.is_builder(), "{source:?}")
            }
            other => panic!("{other:?}"),
        }
    }
}
