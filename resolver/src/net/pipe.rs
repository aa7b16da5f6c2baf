//! Many questions on one stream: sent at once, answered in any order (RFC 7766 §6.2.1.1, §7).

use std::{collections::HashMap, io};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf},
    sync::{mpsc, oneshot},
};

use super::{connect::Broken, kept::Connection};

/// How much is read at once.
const CHUNK: usize = 16 * 1024;

/// One end of a stream on which a task sends questions and sorts answers. The stream is closed
/// when all clones of it are dropped.
#[derive(Clone)]
pub(super) struct Pipe(mpsc::UnboundedSender<Ask>);

/// A message to send, and where its answer goes.
struct Ask {
    message: Vec<u8>,
    answer: oneshot::Sender<Result<Vec<u8>, Broken>>,
}

impl Pipe {
    /// Takes over a stream. Needs a tokio runtime.
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Send + 'static) -> Self {
        let (asks, asked) = mpsc::unbounded_channel();
        tokio::spawn(Work::new(stream).run(asked));
        Self(asks)
    }

    /// Sends a message, whose first two bytes are replaced by an id, and gives the answer to it,
    /// with the id zeroed.
    pub(super) async fn ask(&self, message: Vec<u8>) -> Result<Vec<u8>, Broken> {
        let (answer, answered) = oneshot::channel();
        let closed = Broken::Closed { answered: false };
        match self.0.send(Ask { message, answer }) {
            Ok(()) => answered.await.unwrap_or(Err(closed)),
            Err(_) => Err(closed),
        }
    }
}

impl Connection for Pipe {
    fn is_open(&self) -> bool {
        !self.0.is_closed()
    }
}

/// The task's side.
struct Work<S> {
    reader: ReadHalf<S>,
    writer: WriteHalf<S>,
    /// Bytes to send.
    outgoing: Vec<u8>,
    is_flushed: bool,
    /// Bytes that make no whole message yet.
    incoming: Vec<u8>,
    /// By id; also those whose asker has gone, so that a late answer is known as one.
    pending: HashMap<u16, oneshot::Sender<Result<Vec<u8>, Broken>>>,
    next_id: u16,
    has_answered: bool,
}

impl<S: AsyncRead + AsyncWrite + Send> Work<S> {
    fn new(stream: S) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self {
            reader,
            writer,
            outgoing: Vec::new(),
            is_flushed: true,
            incoming: Vec::new(),
            pending: HashMap::new(),
            next_id: 0,
            has_answered: false,
        }
    }

    /// Works until nobody has a question any more or the stream ends.
    async fn run(mut self, mut asked: mpsc::UnboundedReceiver<Ask>) {
        let broken = loop {
            match self.step(&mut asked).await {
                Ok(true) => {}
                Ok(false) => {
                    // TLS says good-bye; nobody waits for it.
                    let _ = self.writer.shutdown().await;
                    return;
                }
                Err(broken) => break broken,
            }
        };
        asked.close();
        while let Ok(ask) = asked.try_recv() {
            let _ = ask.answer.send(Err(broken.clone()));
        }
        for (_, answer) in self.pending.drain() {
            let _ = answer.send(Err(broken.clone()));
        }
    }

    /// Whatever can be done first; false when there is no more to do.
    async fn step(&mut self, asked: &mut mpsc::UnboundedReceiver<Ask>) -> Result<bool, Broken> {
        let mut chunk = [0; CHUNK];
        // Each of these loses nothing when another is first.
        tokio::select! {
            ask = asked.recv() => {
                let Some(ask) = ask else { return Ok(false) };
                self.take(ask);
                while let Ok(ask) = asked.try_recv() {
                    self.take(ask);
                }
            }
            sent = send(&mut self.writer, &self.outgoing),
                if !(self.outgoing.is_empty() && self.is_flushed) =>
            {
                let sent = sent.map_err(|error| self.ended(error))?;
                self.is_flushed = self.outgoing.is_empty();
                self.outgoing.drain(..sent.min(self.outgoing.len()));
            }
            read = self.reader.read(&mut chunk) => {
                let read = read.map_err(|error| self.ended(error))?;
                if read == 0 {
                    return Err(self.ended(io::ErrorKind::UnexpectedEof.into()));
                }
                self.incoming.extend_from_slice(chunk.get(..read).unwrap_or_default());
                while let Some(message) = self.whole_message() {
                    self.give(message)?;
                }
            }
        }
        Ok(true)
    }

    /// Puts a question among those to be sent.
    fn take(&mut self, ask: Ask) {
        let mut message = ask.message;
        let (Ok(length), true) = (
            u16::try_from(message.len()),
            self.pending.len() < usize::from(u16::MAX),
        ) else {
            let _ = ask.answer.send(Err(Broken::Misfit));
            return;
        };
        while self.pending.contains_key(&self.next_id) {
            self.next_id = self.next_id.wrapping_add(1);
        }
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        for (to, from) in message.iter_mut().zip(id.to_be_bytes()) {
            *to = from;
        }
        self.outgoing.extend(length.to_be_bytes());
        self.outgoing.extend(message);
        self.pending.insert(id, ask.answer);
    }

    /// Takes the first whole message out of what arrived.
    fn whole_message(&mut self) -> Option<Vec<u8>> {
        let length = u16::from_be_bytes(*self.incoming.first_chunk()?);
        let end = usize::from(length).checked_add(2)?;
        let message = self.incoming.get(2..end)?.to_vec();
        self.incoming.drain(..end);
        Some(message)
    }

    /// Hands an answer to who waits for it.
    fn give(&mut self, mut message: Vec<u8>) -> Result<(), Broken> {
        // Nobody can slip anything into a stream: an id that was not asked is the server's fault.
        let id = message.first_chunk_mut::<2>().ok_or(Broken::Misfit)?;
        let answer = self
            .pending
            .remove(&u16::from_be_bytes(*id))
            .ok_or(Broken::Misfit)?;
        *id = [0; 2];
        self.has_answered = true;
        let _ = answer.send(Ok(message)); // the asker may have gone
        Ok(())
    }

    /// What the end of the stream means: between messages it is only closed.
    fn ended(&self, error: io::Error) -> Broken {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        let is_end = matches!(
            error.kind(),
            UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe
        );
        match (is_end, self.incoming.is_empty()) {
            (true, true) => Broken::Closed {
                answered: self.has_answered,
            },
            (true, false) => Broken::CutOff,
            (false, _) => Broken::Io(error.into()),
        }
    }
}

/// Sends some of the bytes, or pushes on what was sent before, and says how many were sent.
async fn send(writer: &mut (impl AsyncWrite + Unpin), bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        writer.flush().await?;
        return Ok(0);
    }
    match writer.write(bytes).await? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        sent => Ok(sent),
    }
}
