//! What is gathered for `payname doctor`, so that `payname_resolver::doctor` can judge it.

mod name;
mod servers;
mod zone;
mod zone_file;

use std::net::SocketAddr;

use payname_resolver::{
    Question, TrustAnchors, UnixTime,
    doctor::{Code, Finding, Seen, Severity, View},
    hickory_proto::rr::{Name, RecordType},
    lightning::bitcoin::Network,
    net::{Carrier, Client, Endpoint, ask_nameserver},
};
use serde_json::{Value, json};

use crate::{context::Context, failure::Failure};

pub(crate) use zone_file::examine as examine_zone_file;

/// Whom to ask, and by what to judge.
pub(crate) struct Doctor {
    resolvers: Vec<Client>,
    /// Nameservers to ask instead of those that the zone names.
    pub(crate) nameservers: Vec<SocketAddr>,
    /// The port of nameservers that are found by their names.
    pub(crate) port: u16,
    /// Whether nameservers may be asked; not through a proxy that names must go through.
    pub(crate) asks_nameservers: bool,
    anchors: TrustAnchors,
    network: Network,
    now: UnixTime,
}

/// What was found, and who was asked.
#[derive(Debug, Default)]
pub(crate) struct Examined {
    /// What is wrong.
    pub(crate) findings: Vec<Finding>,
    /// Who showed what: one line for people, and the same as data.
    pub(crate) vantages: Vec<(String, Value)>,
}

impl Doctor {
    /// Asks the resolvers that the options name.
    ///
    /// # Errors
    /// A file or an option cannot be used.
    pub(crate) fn open(context: &Context, now: UnixTime) -> Result<Self, Failure> {
        let options = context.connections()?;
        let mut resolvers = Vec::new();
        for endpoint in context.endpoints()? {
            // Proof servers show no records by themselves.
            if let Endpoint::Dns(server) = endpoint {
                let client = Client::with_options(server, options.clone());
                resolvers.push(client.map_err(|error| Failure::usage("dns_client", error))?);
            }
        }
        if resolvers.is_empty() {
            let message =
                "the doctor asks resolvers, and --dns names none; add one, such as 9.9.9.9";
            return Err(Failure::usage("no_dns", message));
        }
        Ok(Self {
            resolvers,
            nameservers: Vec::new(),
            port: 53,
            asks_nameservers: options.proxy.is_none(),
            anchors: context.anchors()?,
            network: context.global.network.into(),
            now,
        })
    }

    /// The resolver that is asked for what everybody agrees on.
    fn first(&self) -> Option<&Client> {
        self.resolvers.first()
    }
}

impl Examined {
    fn say(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Keeps who showed what.
    fn note(&mut self, view: &View, what: &str) {
        let kind = if view.is_authority {
            "nameserver"
        } else {
            "resolver"
        };
        let (text, said) = match &view.seen {
            Err(why) => (why.clone(), "failed"),
            Ok(seen) if !seen.data.is_empty() => {
                let (count, ttl) = (seen.data.len(), seen.ttl);
                (format!("{count} {what}, TTL {ttl} s"), "records")
            }
            Ok(seen) if seen.is_alias => ("an alias".to_owned(), "alias"),
            Ok(seen) if seen.is_name_error => ("no such name".to_owned(), "nxdomain"),
            Ok(_) => (format!("no {what}"), "nodata"),
        };
        let ok = view.seen.as_ref().ok();
        let document = json!({
            "vantage": view.vantage,
            "kind": kind,
            "saw": said,
            "records": ok.map(|seen| seen.data.len()),
            "ttl": ok.filter(|seen| !seen.data.is_empty()).map(|seen| seen.ttl),
            "signed": ok.map(|seen| seen.is_signed),
            "error": view.seen.as_ref().err(),
        });
        self.vantages
            .push((format!("{kind} {}: {text}", view.vantage), document));
    }
}

/// What one nameserver shows.
async fn look_there(
    server: SocketAddr,
    owner: &Name,
    record_type: RecordType,
    carrier: Carrier,
) -> Result<Seen, String> {
    let question = Question::new(owner.clone(), record_type);
    let message = ask_nameserver(server, &question, carrier).await;
    let message = message.map_err(|why| why.to_string())?;
    Seen::read(&message, record_type).ok_or_else(|| "it answers with a failure".to_owned())
}

/// What a resolver shows.
async fn look_through(
    resolver: &Client,
    owner: &Name,
    record_type: RecordType,
) -> Result<Seen, String> {
    let question = Question::new(owner.clone(), record_type);
    let response = resolver.exchange(&question).await;
    response
        .map(|response| Seen::from_response(&response))
        .map_err(|why| why.to_string())
}

/// Something that could not be looked at; what it would have shown is unknown.
fn not_seen(subject: &str, what: impl ToString) -> Finding {
    Finding::new(Severity::Warning, Code::NotSeen, subject, what.to_string())
        .fix("try again, or ask another resolver with --dns")
}
