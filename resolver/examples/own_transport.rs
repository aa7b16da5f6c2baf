//! A transport of one's own: DNS over a stream that something else has opened.
//!
//! Here it is a plain TCP stream; it could as well be a Unix socket, a tunnel or a serial line.
//!
//! ```text
//! cargo run --example own_transport -- 9.9.9.9:53 ₿alice@example.com
//! ```

use std::{
    cell::RefCell,
    env,
    error::Error,
    io::{self, Read, Write},
    net::TcpStream,
    time::{Duration, SystemTime},
};

use payname_resolver::{
    Handle, Question, Response, TrustAnchors, UnixTime,
    net::{
        ExchangeError,
        blocking::{Transport, gather},
    },
};

/// Asks over a stream, one question after the other.
struct Stream<S>(RefCell<S>);

impl<S: Read + Write> Stream<S> {
    /// Sends one message and reads one, each behind its length in two bytes (RFC 1035 §4.2.2).
    fn converse(&self, message: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = self.0.borrow_mut();
        let length = u16::try_from(message.len()).map_err(io::Error::other)?;
        stream.write_all(&length.to_be_bytes())?;
        stream.write_all(message)?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer)?;
        Ok(answer)
    }
}

impl<S: Read + Write> Transport for Stream<S> {
    fn exchange(&self, question: &Question) -> Result<Response, ExchangeError> {
        // Nobody can slip anything into this stream, so that any id is good enough.
        let id = 7;
        let answer = self
            .converse(&question.to_message(id))
            .map_err(|error| ExchangeError::Transport(error.into()))?;
        Response::parse(question, id, &answer)
            .map_err(|error| ExchangeError::Transport(error.into()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(server), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: own_transport ADDRESS:PORT NAME".into());
    };
    let handle: Handle = name.parse()?;
    let stream = TcpStream::connect(&server)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let gathered = gather(&Stream(RefCell::new(stream)), &handle)?;
    for unanswered in &gathered.unanswered {
        eprintln!("{unanswered}");
    }
    let now = UnixTime::from(SystemTime::now());
    let verified = gathered.proof.verify(&handle, &TrustAnchors::iana(), now)?;
    println!("{}", verified.uri());
    Ok(())
}
