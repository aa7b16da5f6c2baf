//! DNS over HTTPS (RFC 8484).

use reqwest::{
    Url,
    header::{ACCEPT, CONTENT_TYPE},
    redirect::Policy,
};

use super::{
    ClientError, ClientOptions, DnsServer, ExchangeError, Timeouts, server::is_loopback,
    socks::SocksProxy,
};
use crate::resolution::{Question, Response};

/// The media type of a DNS message (RFC 8484 §6).
const DNS_MESSAGE: &str = "application/dns-message";
/// The longest DNS message there is.
const MAX_MESSAGE: usize = 65_535;

/// The HTTP client for one server: no redirects, no name of ours, bounded in time.
///
/// Over `https://` it is HTTP/2 from the start (RFC 8484 §5.2), so that a burst of questions
/// shares one connection instead of opening one for each.
pub(super) fn client(
    url: &Url,
    options: &ClientOptions,
    proxy: Option<&SocksProxy>,
) -> Result<reqwest::Client, ClientError> {
    let builder = match url.scheme() {
        "https" => builder(url, options, proxy, b"h2")?.http2_prior_knowledge(),
        _ => builder(url, options, proxy, b"http/1.1")?,
    };
    builder.build().map_err(ClientError::Https)
}

/// What every HTTP client here has in common.
pub(super) fn builder(
    url: &Url,
    options: &ClientOptions,
    proxy: Option<&SocksProxy>,
    protocol: &[u8],
) -> Result<reqwest::ClientBuilder, ClientError> {
    let builder = reqwest::Client::builder()
        .redirect(Policy::none())
        .timeout(options.timeouts.exchange())
        .referer(false)
        .use_preconfigured_tls(options.roots.config(&[protocol])?);
    let builder = match proxy {
        Some(proxy) => through(builder, proxy)?,
        None if is_loopback(url) => builder.no_proxy(),
        None => builder,
    };
    Ok(match is_loopback(url) {
        true => builder,
        false => builder.https_only(true),
    })
}

/// The beginning of a client of strangers' web servers, for one name: HTTPS alone, and if there is
/// a proxy then through it, with credentials that no other such client has.
pub(crate) fn stranger(options: &ClientOptions) -> Result<reqwest::ClientBuilder, ClientError> {
    let builder = reqwest::Client::builder()
        .https_only(true)
        .referer(false)
        .use_preconfigured_tls(options.roots.config(&[b"h2", b"http/1.1"])?);
    match &options.proxy {
        Some(proxy) => through(builder, &SocksProxy::for_next_name(proxy)?),
        None => Ok(builder),
    }
}

fn through(
    builder: reqwest::ClientBuilder,
    proxy: &SocksProxy,
) -> Result<reqwest::ClientBuilder, ClientError> {
    // The scheme `socks5h` leaves names to the proxy.
    let at = format!("socks5h://{}:{}", proxy.host, proxy.port);
    let mut through = reqwest::Proxy::all(at).map_err(ClientError::Https)?;
    if let Some(credentials) = &proxy.credentials {
        through = through.basic_auth(&credentials.user, &credentials.password);
    }
    Ok(builder.proxy(through))
}

/// Asks by POST; the id is 0, since the connection keeps answers apart (RFC 8484 §4.1).
pub(super) async fn exchange(
    client: &reqwest::Client,
    url: &Url,
    question: &Question,
    timeouts: Timeouts,
) -> Result<Response, ExchangeError> {
    let server = || DnsServer::Https(url.clone());
    let failed = |source: reqwest::Error| {
        if source.is_timeout() {
            let after = timeouts.exchange();
            ExchangeError::Timeout {
                server: server(),
                question: question.clone(),
                after,
            }
        } else {
            ExchangeError::Https {
                server: server(),
                source: source.without_url(),
            }
        }
    };
    let message = match server().is_encrypted() {
        true => question.to_padded_message(0),
        false => question.to_message(0),
    };
    let mut answer = client
        .post(url.clone())
        .header(CONTENT_TYPE, DNS_MESSAGE)
        .header(ACCEPT, DNS_MESSAGE)
        .body(message)
        .send()
        .await
        .map_err(failed)?;
    let status = answer.status();
    if !status.is_success() {
        return Err(ExchangeError::Status {
            server: server(),
            status: status.as_u16(),
        });
    }
    let found = answer
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = found.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case(DNS_MESSAGE) {
        return Err(ExchangeError::ContentType {
            server: server(),
            found: found.to_owned(),
        });
    }
    let mut message = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if chunk.len() > MAX_MESSAGE.saturating_sub(message.len()) {
            return Err(ExchangeError::TooLong { server: server() });
        }
        message.extend_from_slice(&chunk);
    }
    Response::parse(question, 0, &message).map_err(|source| ExchangeError::Response {
        server: server(),
        source,
    })
}
