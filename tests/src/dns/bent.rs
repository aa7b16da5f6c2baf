//! A name server before another one that changes what that one says.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Result;
use payname_resolver::hickory_proto::op::Message;

use super::ask::over_tcp;
use super::listener::{Answer, Carrier, Listener};

/// A name server that passes everything on and bends what comes back; it ends when it is dropped.
#[derive(Debug)]
pub struct Bent {
    listener: Listener,
}

struct To {
    server: SocketAddr,
    bend: Box<dyn Fn(&mut Message) + Send + Sync>,
    answers_tcp: bool,
}

impl Bent {
    /// Changes every answer of `server`.
    ///
    /// # Errors
    /// No port is free.
    pub async fn before(
        server: SocketAddr,
        bend: impl Fn(&mut Message) + Send + Sync + 'static,
    ) -> Result<Self> {
        Self::start(server, bend, true).await
    }

    /// Passes on what comes by datagrams, and is silent over TCP.
    ///
    /// # Errors
    /// No port is free.
    pub async fn deaf_on_tcp(server: SocketAddr) -> Result<Self> {
        Self::start(server, |_| {}, false).await
    }

    async fn start(
        server: SocketAddr,
        bend: impl Fn(&mut Message) + Send + Sync + 'static,
        answers_tcp: bool,
    ) -> Result<Self> {
        let to = To {
            server,
            bend: Box::new(bend),
            answers_tcp,
        };
        let listener = Listener::open(Arc::new(to)).await?;
        Ok(Self { listener })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.listener.address()
    }
}

impl Answer for To {
    async fn answer(&self, message: Vec<u8>, carrier: Carrier) -> Option<Vec<u8>> {
        if carrier == Carrier::Tcp && !self.answers_tcp {
            return None;
        }
        let mut answer = over_tcp(self.server, &message).await.ok()?;
        (self.bend)(&mut answer);
        answer.to_vec().ok()
    }
}

impl fmt::Debug for To {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("To")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}
