//! SOCKS 5 (RFC 1928) with user and password (RFC 1929), as far as a stream needs it.

use std::{fmt, io, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Host;

use super::{ClientError, Isolation, Proxy};

/// The version of the protocol.
const VERSION: u8 = 5;
/// The version of the sub-negotiation of RFC 1929.
const AUTH_VERSION: u8 = 1;
const NO_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const CONNECT: u8 = 1;

/// A proxy with the credentials of one use.
#[derive(Clone)]
pub(super) struct SocksProxy {
    pub(super) host: Host,
    pub(super) port: u16,
    pub(super) credentials: Option<Credentials>,
}

/// A user and a password, each at most 255 bytes.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) user: String,
    pub(super) password: String,
}

impl SocksProxy {
    /// The proxy for the next name.
    pub(super) fn for_next_name(proxy: &Proxy) -> Result<Self, ClientError> {
        let Proxy::Socks5 {
            host,
            port,
            isolation,
        } = proxy;
        let credentials = match isolation {
            Isolation::PerName => Some(Credentials::random()?),
            Isolation::Credentials { user, password } => Some(Credentials {
                user: user.clone(),
                password: password.clone(),
            }),
            Isolation::None => None,
        };
        Ok(Self {
            host: host.clone(),
            port: *port,
            credentials,
        })
    }
}

impl Credentials {
    fn random() -> Result<Self, ClientError> {
        let text = || {
            let mut bytes = [0; 16];
            getrandom::fill(&mut bytes).map_err(|_| ClientError::NoRandomness)?;
            Ok(data_encoding::HEXLOWER.encode(&bytes))
        };
        Ok(Self {
            user: text()?,
            password: text()?,
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// Asks the proxy at the other end of `stream` for a connection to a server, by its name.
pub(super) async fn connect(
    mut stream: TcpStream,
    proxy: &SocksProxy,
    host: &Host,
    port: u16,
) -> Result<TcpStream, SocksError> {
    // With credentials nothing else is offered: a proxy that passes over them does not isolate.
    let method = match proxy.credentials {
        Some(_) => USER_AND_PASSWORD,
        None => NO_AUTHENTICATION,
    };
    stream.write_all(&[VERSION, 1, method]).await?;
    let [version, chosen] = read(&mut stream).await?;
    if version != VERSION {
        return Err(SocksError::NotSocks5);
    }
    if chosen != method {
        return Err(SocksError::Method);
    }
    if let Some(credentials) = &proxy.credentials {
        let mut message = vec![AUTH_VERSION];
        push_text(&mut message, &credentials.user)?;
        push_text(&mut message, &credentials.password)?;
        stream.write_all(&message).await?;
        let [_, status] = read(&mut stream).await?;
        if status != 0 {
            return Err(SocksError::Credentials);
        }
    }
    let mut message = vec![VERSION, CONNECT, 0];
    match host {
        Host::Ipv4(address) => {
            message.push(1);
            message.extend(address.octets());
        }
        Host::Ipv6(address) => {
            message.push(4);
            message.extend(address.octets());
        }
        Host::Domain(name) => {
            message.push(3);
            push_text(&mut message, name)?;
        }
    }
    message.extend(port.to_be_bytes());
    stream.write_all(&message).await?;
    let [version, reply, _, address_type] = read(&mut stream).await?;
    if version != VERSION {
        return Err(SocksError::NotSocks5);
    }
    if reply != 0 {
        return Err(SocksError::Refused { code: reply });
    }
    // The address that the proxy connects from, and its port: of no use, but it must be read.
    let length = match address_type {
        1 => 4_usize,
        4 => 16,
        3 => usize::from(stream.read_u8().await?),
        _ => return Err(SocksError::NotSocks5),
    };
    let mut bound = vec![0; length.saturating_add(2)];
    stream.read_exact(&mut bound).await?;
    Ok(stream)
}

async fn read<const N: usize>(stream: &mut TcpStream) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Writes a text behind its length in one byte.
fn push_text(message: &mut Vec<u8>, text: &str) -> Result<(), SocksError> {
    let length = u8::try_from(text.len()).map_err(|_| SocksError::TooLong)?;
    message.push(length);
    message.extend(text.as_bytes());
    Ok(())
}

/// Why a proxy does not lead to a server.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum SocksError {
    /// The proxy cannot be reached, or hung up.
    #[error("the proxy does not work: {0}")]
    Io(Arc<io::Error>),
    /// What answers is no SOCKS 5 proxy.
    #[error("it is no SOCKS 5 proxy")]
    NotSocks5,
    /// It does not take credentials where names are to be isolated, or demands them.
    #[error(
        "the proxy does not agree on credentials: names are kept apart by a user and a password, which Tor takes; another proxy may want its own, as in socks5://user:password@host"
    )]
    Method,
    /// It does not take these credentials.
    #[error("the proxy does not take the user and password")]
    Credentials,
    /// It cannot or may not connect (RFC 1928 §6).
    #[error("the proxy answered with code {code}: {}", meaning(*code))]
    Refused {
        /// The code.
        code: u8,
    },
    /// A name or credentials of more than 255 bytes.
    #[error("a name, user or password has more than 255 bytes")]
    TooLong,
}

impl From<io::Error> for SocksError {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

/// RFC 1928 §6.
fn meaning(reply: u8) -> &'static str {
    match reply {
        1 => "general failure",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live exceeded",
        7 => "command not supported",
        8 => "address type not supported",
        _ => "unknown",
    }
}
