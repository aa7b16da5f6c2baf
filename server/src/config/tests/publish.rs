//! Each mistake that can be made about who serves a domain, and what is said to it.

use super::{MINIMAL, mistakes::is_told};

#[test]
fn every_mistake_about_who_serves_a_domain_names_the_key_and_the_remedy() {
    let cases = [
        (
            "[domain.publish]\nkind = \"bind\"",
            "unknown variant `bind`",
            "rfc2136",
        ),
        (
            "[domain.publish]\nkind = \"manual\"",
            "`prove`",
            "as the world sees it",
        ),
        (
            "[domain.publish]\nkind = \"rfc2136\"\nserver = \"192.0.2.1:53\"\nkey = \"k\"",
            "domain.publish.key",
            "[[tsig]]",
        ),
        (
            "[domain.publish]\nkind = \"powerdns\"\nurl = \"http://192.0.2.1:8081\"\napi_key = { env = \"PATH\" }",
            "domain.publish.url",
            "of this machine",
        ),
        (
            "[domain.publish]\nkind = \"powerdns\"\nurl = \"https://192.0.2.1\"\napi_key = { file = \"nowhere\" }",
            "domain.publish.api_key",
            "/etc/payname/nowhere",
        ),
        (
            "[domain.publish]\nkind = \"powerdns\"\nurl = \"https://192.0.2.1\"\napi_key = \"inline\"",
            "[domain.publish]",
            "never written here",
        ),
        (
            "[domain.publish]\nkind = \"cloudflare\"\nzone_id = \"example.com\"\ntoken = { env = \"PATH\" }",
            "domain.publish.zone_id",
            "32 hex",
        ),
        (
            "ttl = 30\n[domain.publish]\nkind = \"cloudflare\"\nzone_id = \"023e105f4ecef8ad9ca31a8372d0c353\"\ntoken = { env = \"PATH\" }",
            "domain.ttl",
            "from 60",
        ),
        (
            "[domain.publish]\nkind = \"route53\"\nzone_id = \"/hostedzone/Z1\"\naccess_key_id = \"AKIA\"\nsecret_access_key = { env = \"PATH\" }",
            "domain.publish.zone_id",
            "the id alone",
        ),
        (
            "[domain.publish]\nkind = \"digitalocean\"\ntoken = { env = \"PATH\" }",
            "domain.publish.kind",
            "signs no zone",
        ),
        (
            "[domain.publish]\nkind = \"google\"\nproject = \"p\"\nmanaged_zone = \"example.com.\"\nservice_account = { env = \"PATH\" }",
            "domain.publish.managed_zone",
            "not its DNS name",
        ),
        (
            "[domain.publish]\nkind = \"ovh\"\napplication_key = \"a+b\"\napplication_secret = { env = \"PATH\" }\nconsumer_key = { env = \"PATH\" }",
            "domain.publish.application_key",
            "letters and digits",
        ),
        (
            "ttl = 299\n[domain.publish]\nkind = \"gandi\"\ntoken = { env = \"PATH\" }",
            "domain.ttl",
            "from 300",
        ),
        (
            "[domain.publish]\nkind = \"porkbun\"\napi_key = { env = \"PATH\" }\nsecret_api_key = { env = \"PATH\" }",
            "domain.ttl",
            "from 600",
        ),
        (
            "records = \"more.zone\"\n[domain.publish]\nkind = \"manual\"",
            "domain.records",
            "serves itself",
        ),
        (
            "zone = \"other.example\"\n[domain.publish]\nkind = \"manual\"",
            "domain.zone",
            "lies in",
        ),
    ];
    for (table, key, remedy) in cases {
        let own = "nameservers = [\"ns1.example.net\"]";
        is_told(&MINIMAL.replace(own, table), key, remedy);
    }
}
