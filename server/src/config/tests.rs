mod mistakes;
mod publish;

use super::*;

const MINIMAL: &str = r#"
    data_dir = "data"
    [[domain]]
    name = "Example.com."
    nameservers = ["ns1.example.net"]
"#;

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("/etc/payname/paynamed.toml")).map_err(|error| {
        let cause = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", cause.unwrap_or_default())
    })
}

#[test]
fn the_example_that_is_shipped_is_a_configuration() {
    let config = parse(include_str!("../../paynamed.example.toml")).unwrap();
    assert_eq!(config.domains.len(), 1);
    assert!(config.prove.is_none());
}

#[test]
fn defaults_are_cautious_and_paths_start_from_the_file() {
    let config = parse(MINIMAL).unwrap();
    assert_eq!(config.data_dir, Path::new("/etc/payname/data"));
    assert_eq!(config.network, Network::Bitcoin);
    assert_eq!(config.domains[0].name, "example.com");
    assert!(config.http_listen.ip().is_loopback());
    assert_eq!(config.http.limits, HttpLimits::default());
    assert_eq!(config.http.clients.networks, Clients::default().networks);
    assert!(config.http.clients.trusted_proxies.is_empty());
    assert_eq!(config.serving.rate, RateLimit::default());
    assert_eq!(config.serving.networks, Networks::default());
    assert_eq!(config.serving.streams, StreamLimits::default());
}

#[test]
fn only_the_part_that_payments_need_can_be_delegated() {
    let config = parse(&MINIMAL.replace(
        "[[domain]]",
        "[[domain]]\nzone = \"_bitcoin-payment.example.com\"",
    ));
    assert_eq!(
        config.unwrap().domains[0].zone.to_string(),
        "_bitcoin-payment.example.com."
    );
}
