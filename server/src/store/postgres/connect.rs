//! Where the database is, and connections to it.

use std::{path::PathBuf, str::FromStr, time::Duration};

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use tokio_postgres::{
    Client, Config,
    config::{Host, SslMode},
};
use tokio_rustls::rustls;

use super::tls::Tls;
use crate::store::MigrationError;

/// How many connections one server keeps at most, beside the one that listens.
const CONNECTIONS: usize = 16;
/// How long to wait for a connection to be made, and for one to be free.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a PostgreSQL database is, and how to be let in; its password is never shown.
#[derive(Debug, Clone)]
pub struct Database {
    config: Config,
    authorities: Option<PathBuf>,
}

impl Database {
    /// Reads `postgresql://user:password@host:port/name?sslmode=require`, or `host=/run/postgresql dbname=name`.
    ///
    /// `authorities` is a PEM file of those who vouch for the server's certificate; without it, they
    /// are those that browsers trust. What the URL leaves open, libpq's defaults decide.
    ///
    /// # Errors
    /// It is no such URL, names no host, or would send a password in clear across a network.
    pub fn parse(url: &str, authorities: Option<PathBuf>) -> Result<Self, UrlError> {
        // What the parser says may quote what it was given.
        let mut config = Config::from_str(url.trim()).map_err(|_| UrlError::Syntax)?;
        if config.get_hosts().is_empty() {
            return Err(UrlError::NoHost);
        }
        if config.get_user().is_none() {
            return Err(UrlError::NoUser);
        }
        let is_near = config.get_hosts().iter().all(|host| match host {
            Host::Unix(_) => true,
            Host::Tcp(host) => host == "localhost" || host.parse().is_ok_and(is_loopback),
        });
        if !is_near && config.get_ssl_mode() != SslMode::Require {
            return Err(UrlError::Clear);
        }
        if config.get_hosts().iter().all(is_socket) {
            // There is no name on a socket that a certificate could be for.
            config.ssl_mode(SslMode::Disable);
        }
        config
            .application_name("paynamed")
            .connect_timeout(PATIENCE);
        Ok(Self {
            config,
            authorities,
        })
    }

    /// Whether a password was in the URL.
    pub(crate) fn has_password(&self) -> bool {
        self.config.get_password().is_some()
    }

    pub(super) fn config(&self) -> Config {
        self.config.clone()
    }
}

fn is_socket(host: &Host) -> bool {
    matches!(host, Host::Unix(_))
}

fn is_loopback(address: std::net::IpAddr) -> bool {
    address.is_loopback()
}

/// The first connection, which says what is wrong if something is.
pub(super) async fn first(database: &Database) -> Result<(Client, Tls), OpenError> {
    let tls = Tls::new(database.authorities.as_deref())?;
    let connecting = database.config.connect(tls.clone());
    let (client, connection) = tokio::time::timeout(PATIENCE, connecting)
        .await
        .map_err(|_| OpenError::TooSlow)?
        .map_err(OpenError::Connect)?;
    tokio::spawn(async move {
        // Who waits for an answer is told of what goes wrong here.
        let _ = connection.await;
    });
    Ok((client, tls))
}

/// A connection, with which nothing has been changed yet.
pub(crate) async fn reach(database: &Database) -> Result<Client, OpenError> {
    let (client, _) = first(database).await?;
    Ok(client)
}

pub(super) fn pool(database: &Database, tls: Tls) -> Result<Pool, OpenError> {
    let recycling = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let manager = Manager::from_config(database.config(), tls, recycling);
    Ok(Pool::builder(manager)
        .max_size(CONNECTIONS)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .build()?)
}

/// Why a URL names no database that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is none.
    #[error(
        "it is no PostgreSQL URL; write it as postgresql://user:password@host:5432/name?sslmode=require, with special characters percent-encoded"
    )]
    Syntax,
    /// There is no host in it.
    #[error(
        "it names no host; write one, or the directory of the database's socket: host=/run/postgresql user=payname dbname=payname"
    )]
    NoHost,
    /// There is no user in it.
    #[error("it names no user; write the one that owns the tables, such as postgresql://payname@…")]
    NoUser,
    /// The way is not encrypted.
    #[error(
        "it would go across the network unencrypted; add ?sslmode=require (and `ca`, if the server's certificate is from an authority of your own)"
    )]
    Clear,
}

/// Why a PostgreSQL database cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It is not reached, or lets nobody in.
    #[error("it cannot be connected to; is it running, and may this user in (pg_hba.conf)?")]
    Connect(#[source] tokio_postgres::Error),
    /// It does not answer.
    #[error("it does not answer within 10 seconds; is the address right, and no firewall between?")]
    TooSlow,
    /// It failed while it was prepared.
    #[error(
        "it cannot be prepared; the user must be allowed to make tables (GRANT CREATE ON SCHEMA)"
    )]
    Prepare(#[from] tokio_postgres::Error),
    /// It cannot be brought to the present form.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// The file of authorities is of no use.
    #[error("{}: no certificate authorities can be read from it: {reason}", file.display())]
    Authorities {
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// Connections cannot be kept.
    #[error("connections cannot be kept")]
    Pool(#[from] deadpool_postgres::BuildError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_neither_shown_nor_sent_in_clear() {
        let url = "postgresql://payname:hunter2@192.0.2.1/payname";
        assert_eq!(Database::parse(url, None).unwrap_err(), UrlError::Clear);
        for near in ["127.0.0.1", "[::1]", "localhost"] {
            let url = url.replace("192.0.2.1", near);
            let database = Database::parse(&url, None).unwrap();
            assert!(!format!("{database:?}").contains("hunter2"));
        }
        let safe = format!("{url}?sslmode=require");
        let database = Database::parse(&safe, None).unwrap();
        assert!(!format!("{database:?}").contains("hunter2"));
        for (bad, error) in [
            ("hunter2", UrlError::Syntax),
            ("postgresql://payname:hunter2@host:port/x", UrlError::Syntax),
            ("user=payname password=hunter2", UrlError::NoHost),
            ("host=/run/postgresql password=hunter2", UrlError::NoUser),
        ] {
            let found = Database::parse(bad, None).unwrap_err();
            assert_eq!(found, error, "{bad}");
            assert!(!format!("{found} {found:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_file_without_authorities_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ca.pem");
        assert!(matches!(
            Tls::new(Some(&file)),
            Err(OpenError::Authorities { .. })
        ));
        std::fs::write(&file, "nothing").unwrap();
        let error = Tls::new(Some(&file)).err().unwrap();
        assert!(error.to_string().contains("no certificate"), "{error}");
    }
}
