//! Each mistake that can be made in a configuration, and what is said to it.

use super::{MINIMAL, parse};

#[test]
fn every_mistake_names_the_file_the_key_and_the_remedy() {
    let cases = [
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = []",
            "domain.nameservers",
            "at least one",
        ),
        (
            "ns1.example.net",
            "ns1.example.com",
            "domain.addresses",
            "public addresses",
        ),
        (
            "ns1.example.net",
            "192.0.2.53",
            "domain.nameservers",
            "`addresses`",
        ),
        ("ns1.example.net", "ns1", "domain.nameservers", "whole name"),
        (
            "ns1.example.net",
            "ns1_.example.net",
            "domain.nameservers",
            "whole name",
        ),
        (
            "[[domain]]",
            "[http]\nlisten = \"[::]:80\"\n[[domain]]",
            "public_url",
            "https://names.example.com",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.policy]\nexpire_days = 0",
            "domain.policy.expire_days",
            "from 1 to 36525",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.policy]\nhold_days = 36526",
            "domain.policy.hold_days",
            "from 0 to 36525",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.policy]\naccess = \"free\"",
            "domain.policy.access",
            "\"closed\"",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.nostr]\nenabled = true\nroot = \"npub1x\"",
            "domain.nostr.root",
            "64 hex digits",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.nostr]\nroot_relays = [\"wss://relay.example.com\"]",
            "domain.nostr.root_relays",
            "name the key",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.policy]\ncondition = \"money\"",
            "domain.policy.condition",
            "approval",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.policy]\naccess = \"closed\"\ncondition = \"approval\"",
            "domain.policy.condition",
            "leave it out",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.policy]\nreserve_hours = 3",
            "domain.policy.reserve_hours",
            "condition",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.names]\nmin_length = 0",
            "domain.names.min_length",
            "from 1 to 63",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.names]\nmin_length = 9\nmax_length = 8",
            "domain.names.max_length",
            "from 9 to 63",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.names]\nseparators = \"+\"",
            "domain.names.separators",
            "wallets take no others",
        ),
        (
            "nameservers = [\"ns1.example.net\"]",
            "nameservers = [\"ns1.example.net\"]\n[domain.names]\nreserved_file = \"nowhere\"",
            "domain.names.reserved_file",
            "one name to a line",
        ),
        ("\"data\"", "\"\"", "data_dir", "of its own"),
        ("Example.com.", "exa mple", "domain.name", "letters"),
        (
            "[[domain]]",
            "colour = 1\n[[domain]]",
            "colour",
            "unknown field",
        ),
        (
            "[[domain]]",
            "network = \"mainnet\"\n[[domain]]",
            "network",
            "bitcoin, testnet",
        ),
        (
            "[[domain]]",
            "public_url = \"names.example\"\n[[domain]]",
            "public_url",
            "https://",
        ),
        (
            "[[domain]]",
            "[http]\nlisten = \"8080\"\n[[domain]]",
            "http.listen",
            "127.0.0.1:8080",
        ),
        (
            "[[domain]]",
            "[http]\nmetrics_listen = \"9153\"\n[[domain]]",
            "http.metrics_listen",
            "127.0.0.1:8080",
        ),
        (
            "[[domain]]",
            "[http]\ntrusted_proxies = [\"nginx\"]\n[[domain]]",
            "http.trusted_proxies",
            "192.0.2.0/24",
        ),
        (
            "[[domain]]",
            "[http]\nforwarded_header = \"x-real-ip\"\n[[domain]]",
            "http.forwarded_header",
            "whichever the proxy sets",
        ),
        (
            "[[domain]]",
            "[http.limits]\nipv6_prefix = 129\n[[domain]]",
            "http.limits.ipv6_prefix",
            "from 1 to 128",
        ),
        (
            "[[domain]]",
            "[http.limits]\nexempt = [\"me\"]\n[[domain]]",
            "http.limits.exempt",
            "192.0.2.0/24",
        ),
        (
            "[[domain]]",
            "[web]\nname = \" \"\n[[domain]]",
            "web.name",
            "Example Names",
        ),
        (
            "[[domain]]",
            "[web]\ncolour = \"orange\"\n[[domain]]",
            "web.colour",
            "#8f3d00",
        ),
        (
            "[[domain]]",
            "[web]\ncolour = \"#f7931a\"\n[[domain]]",
            "web.colour",
            "darker",
        ),
        (
            "[[domain]]",
            "[web]\nlogo = \"logo.gif\"\n[[domain]]",
            "web.logo",
            ".svg",
        ),
        (
            "[[domain]]",
            "[web]\nlogo = \"nowhere.svg\"\n[[domain]]",
            "web.logo",
            "cannot be read",
        ),
        (
            "[[domain]]",
            "[dns]\nlisten = []\n[[domain]]",
            "dns.listen",
            "at least one",
        ),
        (
            "[[domain]]",
            "[dns]\nudp_threads = 0\n[[domain]]",
            "dns.udp_threads",
            "from 1 to 256",
        ),
        (
            "[[domain]]",
            "[dns]\nnsid = \"\"\n[[domain]]",
            "dns.nsid",
            "1 to 64",
        ),
        (
            "[[domain]]",
            "[dns]\ncookie_secret_file = \"nowhere\"\n[[domain]]",
            "dns.cookie_secret_file",
            "openssl rand -hex 16",
        ),
        (
            "[[domain]]",
            "[dns]\nexempt = [\"all\"]\n[[domain]]",
            "dns.exempt",
            "192.0.2.0/24",
        ),
        (
            "[[domain]]",
            "[dns.tls]\ncertificate = \"nowhere.pem\"\nkey = \"nowhere.pem\"\n[[domain]]",
            "dns.tls.certificate",
            "nowhere.pem cannot be read",
        ),
        (
            "[[domain]]",
            "[dns]\nipv4_prefix = 33\n[[domain]]",
            "dns.ipv4_prefix",
            "from 1 to 32",
        ),
        (
            "[[domain]]",
            "[dns]\nidle_seconds = 0\n[[domain]]",
            "dns.idle_seconds",
            "from 1 to",
        ),
        (
            "[[domain]]",
            "[prove]\ndns = \"127.0.0.1:53\"\nanchors = \"nowhere\"\n[[domain]]",
            "prove.anchors",
            "cannot be read",
        ),
        (
            "[[domain]]",
            "[database]\nurl = \"x\"\nurl_file = \"y\"\n[[domain]]",
            "database.url",
            "not both",
        ),
        (
            "[[domain]]",
            "[database]\nurl = \"postgresql://payname@192.0.2.1/payname\"\n[[domain]]",
            "database.url",
            "sslmode=require",
        ),
        (
            "[[domain]]",
            "[database]\nurl = \"postgresql://a:b@[::1]/payname\"\n[[domain]]",
            "database.url",
            "`url_file`",
        ),
        (
            "[[domain]]",
            "[[domain]]\nkeys = \"three\"",
            "domain.keys",
            "split",
        ),
        (
            "[[domain]]",
            "[[domain]]\nalgorithm = 8",
            "domain.algorithm",
            "13, 14 or 15",
        ),
        (
            "[[domain]]",
            "keys_passphrase_file = \"a\"\nkeys_passphrase_command = [\"b\"]\n[[domain]]",
            "keys_passphrase",
            "write one of",
        ),
        (
            "[[domain]]",
            "keys_passphrase_command = []\n[[domain]]",
            "keys_passphrase_command",
            "pass",
        ),
        (
            "[[domain]]",
            "keys_passphrase_credential = \"../x\"\n[[domain]]",
            "keys_passphrase_credential",
            "LoadCredential",
        ),
        (
            "[[domain]]",
            "[[domain]]\nrecords = \"\"",
            "domain.records",
            "master file",
        ),
        (
            "[[domain]]",
            "[[domain]]\nttl = 0",
            "domain.ttl",
            "from 1 to",
        ),
        (
            "[[domain]]",
            "[[domain]]\nzone = \"other.example\"",
            "domain.zone",
            "_bitcoin-payment.example.com",
        ),
    ];
    for (from, to, key, remedy) in cases {
        is_told(&MINIMAL.replace(from, to), key, remedy);
    }
}

/// What is wrong with a configuration is told with its file, the key, and what to do.
pub(super) fn is_told(text: &str, key: &str, remedy: &str) {
    let error = parse(text).unwrap_err();
    assert!(error.contains("/etc/payname/paynamed.toml"), "{error}");
    assert!(
        error.contains(key) && error.contains(remedy),
        "{key}: {error}"
    );
}
