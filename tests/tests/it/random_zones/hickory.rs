//! hickory's validator, which shares no line with our verifier but the wire format.

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use futures_util::StreamExt as _;
use hickory_net::client::{Client, DnssecClient};
use hickory_net::proto::dnssec::rdata::DNSSECRData;
use hickory_net::proto::dnssec::{Proof, TrustAnchors};
use hickory_net::proto::op::{DnsRequestOptions, DnsResponse, Query, ResponseCode};
use hickory_net::proto::rr::{RData, Record};
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_net::tcp::TcpClientStream;
use hickory_net::xfer::{DnsHandle as _, DnsMultiplexer};
use hickory_net::{DnsError, NetError};
use payname_resolver::resolution::Question;
use payname_tests::World;
use payname_tests::judge::Verdict;

/// A validator behind the world's recursor.
pub(crate) struct Hickory(DnssecClient);

impl Hickory {
    pub(crate) async fn start(world: &World) -> Result<Self> {
        let record = world.forger(".").dnskey()?;
        let RData::DNSSEC(DNSSECRData::DNSKEY(dnskey)) = record.data else {
            anyhow::bail!("the root's key is no DNSKEY");
        };
        let mut anchors = TrustAnchors::empty();
        anchors.insert(dnskey.public_key());
        let client = connect(world.recursor().address()).await?;
        Ok(Self(DnssecClient::from_client(client, Arc::new(anchors))))
    }

    /// What it believes.
    pub(crate) async fn ask(&self, question: &Question) -> Result<Verdict> {
        let query = Query::query(question.name.clone(), question.record_type);
        let mut options = DnsRequestOptions::default();
        options.use_edns = true;
        options.edns_set_dnssec_ok = true;
        let mut responses = self.0.lookup(query, options);
        let response = responses.next().await.context("no response")?;
        match response {
            Ok(response) => Ok(verdict(&response, question)),
            Err(NetError::Dns(DnsError::Nsec { proof, .. })) => Ok(match proof {
                Proof::Insecure => Verdict::Insecure,
                _ => Verdict::Bogus,
            }),
            Err(NetError::Dns(_)) => Ok(Verdict::Bogus),
            Err(error) => Err(error.into()),
        }
    }
}

async fn connect(server: SocketAddr) -> Result<Client<TokioRuntimeProvider>> {
    let provider = TokioRuntimeProvider::default();
    let (stream, sender) = TcpClientStream::new(server, None, None, provider);
    let multiplexer = DnsMultiplexer::new(stream.await?, sender);
    let (client, background) = Client::from_sender(multiplexer);
    tokio::spawn(background);
    Ok(client)
}

fn verdict(response: &DnsResponse, question: &Question) -> Verdict {
    let worst = |records: &[Record]| records.iter().map(|record| record.proof).min();
    if response.response_code == ResponseCode::ServFail {
        return Verdict::Bogus;
    }
    let has = |record: &Record| record.record_type() == question.record_type;
    let proofs = [worst(&response.answers), worst(&response.authorities)];
    match proofs.into_iter().flatten().min() {
        Some(Proof::Secure) if response.answers.iter().any(has) => Verdict::Secure,
        Some(Proof::Secure) if response.response_code == ResponseCode::NXDomain => {
            Verdict::SecureNxDomain
        }
        Some(Proof::Secure) => Verdict::SecureNoData,
        Some(Proof::Insecure) => Verdict::Insecure,
        _ => Verdict::Bogus,
    }
}
