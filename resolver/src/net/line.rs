//! DNS over a stream: TCP (RFC 7766) or TLS (RFC 7858), one connection for all questions.

use std::fmt;

use super::{
    DnsServer, ExchangeError, Timeouts,
    connect::{Broken, Route},
    kept::{Given, Kept},
    pipe::Pipe,
};
use crate::resolution::{Question, Response};

/// How often a question is asked again because the server closed the connection before it came to
/// it, as servers do that take one question per connection.
const MAX_REOPENED: u32 = 48;

/// The stream to one server.
pub(super) struct Line {
    server: DnsServer,
    route: Route,
    kept: Kept<Pipe>,
}

impl Line {
    pub(super) fn new(server: DnsServer, route: Route) -> Self {
        Self {
            server,
            route,
            kept: Kept::new(),
        }
    }

    /// Asks one question in the time of a whole exchange.
    pub(super) async fn exchange(
        &self,
        question: &Question,
        timeouts: Timeouts,
    ) -> Result<Response, ExchangeError> {
        let after = timeouts.exchange();
        let Ok(outcome) = tokio::time::timeout(after, self.ask(question)).await else {
            // The connection may be dead without anyone having said so.
            self.kept.forget();
            return Err(ExchangeError::timeout(&self.server, question, after));
        };
        let message = outcome.map_err(|broken| broken.into_error(&self.server, question))?;
        Response::parse(question, 0, &message)
            .map_err(|source| ExchangeError::response(&self.server, source))
    }

    async fn ask(&self, question: &Question) -> Result<Vec<u8>, Broken> {
        let message = match self.server.is_encrypted() {
            true => question.to_padded_message(0),
            false => question.to_message(0),
        };
        let mut left = MAX_REOPENED;
        loop {
            let Given {
                connection,
                was_kept,
            } = self.kept.get(|| self.open()).await?;
            match connection.ask(message.clone()).await {
                Err(Broken::Closed { answered }) if (answered || was_kept) && left > 0 => {
                    left = left.saturating_sub(1);
                }
                outcome => return outcome,
            }
        }
    }

    fn open(&self) -> super::kept::Opening<Pipe> {
        let route = self.route.clone();
        Box::pin(async move { Ok(Pipe::new(route.open().await?)) })
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Line").field(&self.server).finish()
    }
}
