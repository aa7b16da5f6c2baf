//! What operators read at `/metrics`.

use payname_api::State;

use super::{ask_with, soa_query};
use crate::scene::{Scene, keys, uri};

/// The value of a sample with exactly these labels.
fn value(text: &str, sample: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(sample))?;
    line.trim().parse().ok()
}

#[tokio::test]
async fn a_scrape_tells_what_each_zone_answered_and_how_it_is() {
    let scene = Scene::start_telling_metrics().await;
    let contact = scene.contact();
    contact.put(&keys(1), "alice", &uri("a")).await.handle();
    contact.until("alice", State::Published).await;
    let at = scene.running().metrics_addr().unwrap();
    let scrape = async || {
        let response = reqwest::get(format!("http://{at}/metrics")).await.unwrap();
        assert!(
            response.headers()["content-type"]
                .to_str()
                .unwrap()
                .contains("openmetrics")
        );
        response.text().await.unwrap()
    };
    let before = scrape().await;
    let server = scene.running().dns_addr();
    for _ in 0..3 {
        let missing = "nobody.user._bitcoin-payment.example.test.";
        ask_with("dig", server, &["+cookie", "+dnssec", missing, "TXT"]).await;
    }
    ask_with(
        "dig",
        server,
        &["+tcp", "+nocookie", "example.test.", "SOA"],
    )
    .await;
    ask_with("dig", server, &["+nocookie", "example.invalid.", "SOA"]).await;
    contact.ask_udp(&soa_query(7)).await;
    let after = scrape().await;
    assert!(after.ends_with("# EOF\n"), "{after}");
    let grown = |sample: &str| {
        let value = |text| value(text, sample).unwrap_or(0);
        value(&after) - value(&before)
    };
    let zone = "zone=\"example.test.\"";
    let responses = |zone: &str, transport: &str, code: &str| {
        grown(&format!(
            "payname_dns_responses_total{{{zone},transport=\"{transport}\",rcode=\"{code}\"}}"
        ))
    };
    assert_eq!(responses(zone, "udp", "NOERROR"), 4, "{after}");
    assert_eq!(responses(zone, "tcp", "NOERROR"), 1, "{after}");
    assert_eq!(responses("zone=\"\"", "udp", "REFUSED"), 1, "{after}");
    let outcomes = |what: &str, outcome: &str| {
        grown(&format!(
            "payname_dns_{what}_total{{{zone},outcome=\"{outcome}\"}}"
        ))
    };
    assert_eq!(outcomes("query_cookies", "client"), 3);
    assert_eq!(outcomes("query_cookies", "absent"), 2);
    let signed = ["made", "remembered"].map(|what| outcomes("on_demand_signatures", what));
    assert_eq!(signed.iter().sum::<u64>(), 3, "{after}");
    assert_eq!(outcomes("rate_limited", "dropped"), 0);
    let gauge = |what: &str| value(&after, &format!("payname_dns_zone_{what}{{{zone}}}"));
    assert!(gauge("serial").unwrap() > 1_700_000_000);
    assert!(gauge("record_sets").unwrap() >= 4);
    assert!(gauge("signatures_expire_timestamp_seconds").unwrap() > crate::scene::now());
    assert!(!after.contains("alice") && !after.contains("nobody") && !after.contains("127."));
    // Not where names are registered.
    assert_eq!(contact.get("/metrics").await.status, 404);
}
