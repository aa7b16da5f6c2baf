//! A connection to a peer that is kept: many messages, each signed, asked one behind the other.

use std::{collections::BTreeMap, io, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{
    exchange::{ExchangeError, check, random, sign},
    tsig::Session,
};
use crate::{clock::Clock, config::Peer};

/// How long a peer may take for all responses together.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection to a peer.
#[derive(Debug)]
pub(crate) struct Line {
    stream: BufReader<TcpStream>,
    peer: Peer,
    clock: Clock,
}

impl Line {
    /// Connects.
    ///
    /// # Errors
    /// The peer cannot be reached.
    pub(crate) async fn connect(peer: &Peer, clock: &Clock) -> Result<Self, ExchangeError> {
        let connecting = timeout(PATIENCE, TcpStream::connect(peer.address));
        let stream = connecting.await.map_err(|_| ExchangeError::Silent)??;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            peer: peer.clone(),
            clock: clock.clone(),
        })
    }

    /// Asks several messages at once, and gives the responses in their order, their signatures checked and
    /// taken off. A message's id is given to it here.
    ///
    /// # Errors
    /// One does not come, or is not to be believed; the connection is of no use then.
    pub(crate) async fn ask(
        &mut self,
        messages: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, ExchangeError> {
        let asking = self.ask_patiently(messages);
        timeout(PATIENCE, asking)
            .await
            .map_err(|_| ExchangeError::Silent)?
    }

    async fn ask_patiently(
        &mut self,
        messages: Vec<Vec<u8>>,
    ) -> Result<Vec<Vec<u8>>, ExchangeError> {
        let mut waiting: BTreeMap<u16, (usize, Option<Session>)> = BTreeMap::new();
        let mut responses: Vec<Vec<u8>> = messages.iter().map(|_| Vec::new()).collect();
        let (mut bytes, first) = (Vec::new(), random());
        for (place, mut message) in messages.into_iter().enumerate() {
            let id = first.wrapping_add(place as u16);
            let own = id.to_be_bytes();
            message
                .iter_mut()
                .zip(own)
                .for_each(|(to, from)| *to = from);
            let session = sign(&self.peer, &mut message, &self.clock);
            let length = u16::try_from(message.len()).map_err(|_| ExchangeError::NotOurs)?;
            bytes.extend(length.to_be_bytes());
            bytes.extend(message);
            waiting.insert(id, (place, session));
        }
        self.stream.write_all(&bytes).await?;
        while !waiting.is_empty() {
            let mut message = self.read().await?;
            let id = message.first_chunk().copied().map(u16::from_be_bytes);
            let id = id.ok_or(ExchangeError::NotOurs)?;
            let (place, mut session) = waiting.remove(&id).ok_or(ExchangeError::NotOurs)?;
            check(&mut message, id, session.as_mut(), &self.clock)?;
            if let Some(response) = responses.get_mut(place) {
                *response = message;
            }
        }
        Ok(responses)
    }

    async fn read(&mut self) -> io::Result<Vec<u8>> {
        let length = self.stream.read_u16().await?;
        let mut message = vec![0; length.into()];
        self.stream.read_exact(&mut message).await?;
        Ok(message)
    }
}
