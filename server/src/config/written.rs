//! The file as it is written, with its defaults.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    HttpLimits,
    nostr::WrittenNostr,
    policy::{WrittenNames, WrittenPolicy},
    publish::WrittenPublish,
};

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) public_url: Option<String>,
    pub(super) data_dir: PathBuf,
    pub(super) keys_passphrase_file: Option<PathBuf>,
    pub(super) keys_passphrase_command: Option<Vec<String>>,
    pub(super) keys_passphrase_credential: Option<String>,
    #[serde(default = "default_network")]
    pub(super) network: String,
    #[serde(default = "default_true")]
    pub(super) allow_onchain: bool,
    #[serde(default)]
    pub(super) http: WrittenHttp,
    #[serde(default)]
    pub(super) web: WrittenWeb,
    #[serde(default)]
    pub(super) dns: WrittenDns,
    #[serde(default)]
    pub(super) domain: Vec<WrittenDomain>,
    pub(super) prove: Option<WrittenProve>,
    pub(super) database: Option<WrittenDatabase>,
    #[serde(default)]
    pub(super) tsig: Vec<WrittenTsig>,
    #[serde(default)]
    pub(super) secondary: Vec<WrittenSecondary>,
    pub(super) catalog: Option<WrittenCatalog>,
}

/// `[database]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenDatabase {
    pub(super) url: Option<String>,
    pub(super) url_file: Option<PathBuf>,
    pub(super) ca: Option<PathBuf>,
}

/// `[http]`.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenHttp {
    pub(super) listen: String,
    pub(super) metrics_listen: Option<String>,
    pub(super) trusted_proxies: Vec<String>,
    pub(super) forwarded_header: String,
    pub(super) limits: WrittenHttpLimits,
}

/// `[http.limits]`.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenHttpLimits {
    pub(super) reads_per_minute: u32,
    pub(super) proofs_per_minute: u32,
    pub(super) writes_per_minute: u32,
    pub(super) key_writes_per_hour: u32,
    pub(super) name_writes_per_hour: u32,
    pub(super) connections_per_network: u32,
    pub(super) new_connections_per_second: u32,
    pub(super) ipv4_prefix: u32,
    pub(super) ipv6_prefix: u32,
    pub(super) exempt: Vec<String>,
}

/// `[web]`.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenWeb {
    pub(super) enabled: bool,
    pub(super) name: Option<String>,
    pub(super) colour: Option<String>,
    pub(super) logo: Option<PathBuf>,
}

/// `[dns]`.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct WrittenDns {
    pub(super) listen: Vec<String>,
    pub(super) nsid: Option<String>,
    pub(super) cookie_secret_file: Option<PathBuf>,
    pub(super) udp_threads: Option<u32>,
    pub(super) responses_per_second: u32,
    pub(super) slip: u32,
    pub(super) exempt: Vec<String>,
    pub(super) ipv4_prefix: u32,
    pub(super) ipv6_prefix: u32,
    pub(super) connections: u32,
    pub(super) connections_per_client: u32,
    pub(super) idle_seconds: u32,
    pub(super) queries_per_connection: u32,
    pub(super) tls: Option<WrittenTls>,
}

/// `[dns.tls]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTls {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
    #[serde(default)]
    pub(super) dot_listen: Vec<String>,
    #[serde(default)]
    pub(super) doh_listen: Vec<String>,
    #[serde(default)]
    pub(super) doq_listen: Vec<String>,
}

/// One `[[domain]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenDomain {
    pub(super) name: String,
    pub(super) zone: Option<String>,
    #[serde(default)]
    pub(super) nameservers: Vec<String>,
    #[serde(default)]
    pub(super) addresses: Vec<String>,
    #[serde(default = "default_ttl")]
    pub(super) ttl: u32,
    #[serde(default = "default_negative_ttl")]
    pub(super) negative_ttl: u32,
    #[serde(default = "default_signature_days")]
    pub(super) signature_days: u32,
    #[serde(default = "default_keys")]
    pub(super) keys: String,
    #[serde(default = "default_algorithm")]
    pub(super) algorithm: u8,
    #[serde(default = "default_zsk_days")]
    pub(super) zsk_days: u32,
    pub(super) records: Option<PathBuf>,
    #[serde(default)]
    pub(super) secondaries: Vec<WrittenPeer>,
    #[serde(default)]
    pub(super) transfer: Vec<WrittenPermit>,
    pub(super) denial: Option<String>,
    #[serde(default)]
    pub(super) policy: WrittenPolicy,
    pub(super) publish: Option<WrittenPublish>,
    #[serde(default)]
    pub(super) names: WrittenNames,
    #[serde(default)]
    pub(super) nostr: WrittenNostr,
}

/// One `[[tsig]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenTsig {
    pub(super) name: String,
    #[serde(default = "default_tsig_algorithm")]
    pub(super) algorithm: String,
    pub(super) secret_file: PathBuf,
}

/// One of `secondaries` or `primaries`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPeer {
    pub(super) address: String,
    pub(super) key: Option<String>,
}

/// One of `transfer`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenPermit {
    pub(super) key: Option<String>,
    pub(super) prefix: Option<String>,
}

/// One `[[secondary]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenSecondary {
    pub(super) zone: String,
    pub(super) primaries: Vec<WrittenPeer>,
}

/// `[catalog]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenCatalog {
    pub(super) zone: String,
    #[serde(default)]
    pub(super) secondaries: Vec<WrittenPeer>,
    #[serde(default)]
    pub(super) transfer: Vec<WrittenPermit>,
}

/// `[prove]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WrittenProve {
    pub(super) dns: String,
    pub(super) anchors: Option<PathBuf>,
}

impl Default for WrittenHttp {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8080".to_owned(),
            metrics_listen: None,
            trusted_proxies: Vec::new(),
            forwarded_header: "x-forwarded-for".to_owned(),
            limits: WrittenHttpLimits::default(),
        }
    }
}

impl Default for WrittenHttpLimits {
    fn default() -> Self {
        let limits = HttpLimits::default();
        Self {
            reads_per_minute: limits.reads_per_minute,
            proofs_per_minute: limits.proofs_per_minute,
            writes_per_minute: limits.writes_per_minute,
            key_writes_per_hour: limits.key_writes_per_hour,
            name_writes_per_hour: limits.name_writes_per_hour,
            connections_per_network: limits.connections_per_network,
            new_connections_per_second: limits.new_connections_per_second,
            ipv4_prefix: 24,
            ipv6_prefix: 64,
            exempt: vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
        }
    }
}

impl Default for WrittenWeb {
    fn default() -> Self {
        Self {
            enabled: true,
            name: None,
            colour: None,
            logo: None,
        }
    }
}

impl Default for WrittenDns {
    fn default() -> Self {
        Self {
            listen: vec!["[::]:53".to_owned()],
            nsid: None,
            cookie_secret_file: None,
            udp_threads: None,
            responses_per_second: 200,
            slip: 2,
            exempt: vec!["127.0.0.0/8".to_owned(), "::1".to_owned()],
            ipv4_prefix: 24,
            ipv6_prefix: 56,
            connections: 256,
            connections_per_client: 64,
            idle_seconds: 10,
            queries_per_connection: 10_000,
            tls: None,
        }
    }
}

fn default_network() -> String {
    "bitcoin".to_owned()
}

fn default_true() -> bool {
    true
}

/// Short enough that a changed offer reaches payers soon; long enough that caches carry the load.
fn default_ttl() -> u32 {
    300
}

/// The longest that a new owner may have to wait for a resolver that was asked too early.
fn default_negative_ttl() -> u32 {
    60
}

fn default_signature_days() -> u32 {
    7
}

/// One key for everything: the shortest proofs, and nothing to replace without need.
fn default_keys() -> String {
    "single".to_owned()
}

fn default_algorithm() -> u8 {
    13
}

fn default_tsig_algorithm() -> String {
    "hmac-sha256".to_owned()
}

fn default_zsk_days() -> u32 {
    90
}
