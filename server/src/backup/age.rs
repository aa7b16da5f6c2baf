//! Files encrypted by a passphrase in the form of age (<https://age-encryption.org/v1>), so that
//! whoever has that tool can open them without this program.
//!
//! Of age only its scrypt recipient is here, made of `ring`'s primitives. Its own crate brings fifty more, for
//! kinds of keys and translations that a backup has no use for (docs/adr/0019).

mod keys;

use std::io::{self, Read, Write};

use data_encoding::BASE64_NOPAD;
use ring::{
    aead::{Aad, LessSafeKey},
    hmac,
    rand::SecureRandom,
};
use zeroize::Zeroizing;

use self::keys::{mac_key, nonce_of, payload_key, wrapping_key};
use crate::keys::Passphrase;

/// The first line.
const INTRO: &str = "age-encryption.org/v1";
/// How much is encrypted at a time, in bytes.
const CHUNK: usize = 64 * 1024;
/// What is added to each chunk, in bytes.
const TAG: usize = 16;
/// scrypt's cost, as a power of two: about a second, and 256 MiB of memory.
pub(super) const COST: u8 = 18;
/// The highest cost that is taken, as age itself has it.
const MOST_COST: u8 = 22;
/// The longest line of a header of this kind.
const LINE: usize = 128;

/// Encrypts what is written to it.
pub(super) struct Sealing<W: Write> {
    out: W,
    key: LessSafeKey,
    counter: u128,
    chunk: Zeroizing<Vec<u8>>,
}

impl<W: Write> Sealing<W> {
    /// Writes the header.
    pub(super) fn begin(
        mut out: W,
        passphrase: &Passphrase,
        cost: u8,
        random: &dyn SecureRandom,
    ) -> Result<Self, AgeError> {
        let (mut file_key, mut salt, mut nonce) = (Zeroizing::new([0; 16]), [0; 16], [0; 16]);
        for bytes in [file_key.as_mut_slice(), &mut salt, &mut nonce] {
            random.fill(bytes).map_err(|_| AgeError::Random)?;
        }
        let wrapping = wrapping_key(passphrase, &salt, cost)?;
        let mut wrapped = file_key.to_vec();
        wrapping
            .seal_in_place_append_tag(nonce_of(0, false), Aad::empty(), &mut wrapped)
            .map_err(|_| AgeError::Crypto)?;
        let (salt, wrapped) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&wrapped));
        let header = format!("{INTRO}\n-> scrypt {salt} {cost}\n{wrapped}\n---");
        let mac = hmac::sign(&mac_key(file_key.as_slice())?, header.as_bytes());
        let mac = BASE64_NOPAD.encode(mac.as_ref());
        out.write_all(format!("{header} {mac}\n").as_bytes())?;
        out.write_all(&nonce)?;
        Ok(Self {
            out,
            key: payload_key(file_key.as_slice(), &nonce)?,
            counter: 0,
            chunk: Zeroizing::new(Vec::with_capacity(CHUNK.saturating_add(TAG))),
        })
    }

    /// Writes the last chunk, without which nobody takes the others.
    pub(super) fn end(mut self) -> io::Result<W> {
        self.seal(true)?;
        self.out.flush()?;
        Ok(self.out)
    }

    fn seal(&mut self, is_last: bool) -> io::Result<()> {
        let nonce = nonce_of(self.counter, is_last);
        self.counter = self.counter.saturating_add(1);
        self.key
            .seal_in_place_append_tag(nonce, Aad::empty(), &mut *self.chunk)
            .map_err(|_| io::Error::other("encryption failed"))?;
        self.out.write_all(&self.chunk)?;
        self.chunk.clear();
        Ok(())
    }
}

impl<W: Write> Write for Sealing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // A full chunk waits until it is known not to be the last one.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.seal(false)?;
        }
        let room = CHUNK.saturating_sub(self.chunk.len());
        let taken = bytes.get(..room).unwrap_or(bytes);
        self.chunk.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // What is not a whole chunk yet cannot go out.
        Ok(())
    }
}

/// Decrypts what is read through it; nothing comes out that was not written with the passphrase.
pub(super) struct Opening<R: Read> {
    from: R,
    key: LessSafeKey,
    counter: u128,
    /// Decrypted, and how much of it was given out.
    chunk: Zeroizing<Vec<u8>>,
    given: usize,
    /// The byte behind the chunk, by which it is known whether it was the last.
    ahead: Option<u8>,
    is_over: bool,
}

impl<R: Read> Opening<R> {
    /// Reads the header.
    pub(super) fn begin(mut from: R, passphrase: &Passphrase) -> Result<Self, AgeError> {
        let intro = line(&mut from)?;
        if intro != INTRO {
            return Err(AgeError::Foreign);
        }
        let stanza = line(&mut from)?;
        let fields: Vec<_> = stanza.split(' ').collect();
        let ["->", "scrypt", salt, cost] = fields.as_slice() else {
            return Err(AgeError::OtherRecipient);
        };
        let wrapped = line(&mut from)?;
        let last = line(&mut from)?;
        let mac = last.strip_prefix("--- ").ok_or(AgeError::Damaged)?;
        let bytes = |text: &str| {
            BASE64_NOPAD
                .decode(text.as_bytes())
                .map_err(|_| AgeError::Damaged)
        };
        let cost: u8 = match cost.parse() {
            Ok(number @ 1..=MOST_COST) => number,
            _ => return Err(AgeError::Cost((*cost).to_owned())),
        };
        let wrapping = wrapping_key(passphrase, &bytes(salt)?, cost)?;
        let mut opened = Zeroizing::new(bytes(&wrapped)?);
        let file_key = wrapping
            .open_in_place(nonce_of(0, false), Aad::empty(), &mut opened)
            .map_err(|_| AgeError::WrongPassphrase)?;
        let header = format!("{intro}\n{stanza}\n{wrapped}\n---");
        hmac::verify(&mac_key(file_key)?, header.as_bytes(), &bytes(mac)?)
            .map_err(|_| AgeError::Damaged)?;
        let mut nonce = [0; 16];
        from.read_exact(&mut nonce)?;
        Ok(Self {
            key: payload_key(file_key, &nonce)?,
            from,
            counter: 0,
            chunk: Zeroizing::default(),
            given: 0,
            ahead: None,
            is_over: false,
        })
    }

    /// Reads and decrypts the next chunk.
    fn open(&mut self) -> io::Result<()> {
        let most = CHUNK.saturating_add(TAG);
        let mut sealed = Zeroizing::new(Vec::with_capacity(most.saturating_add(1)));
        sealed.extend(self.ahead.take());
        let wanted = most.saturating_add(1).saturating_sub(sealed.len());
        let limit = u64::try_from(wanted).unwrap_or(u64::MAX);
        (&mut self.from).take(limit).read_to_end(&mut sealed)?;
        if sealed.len() > most {
            self.ahead = sealed.pop();
        }
        let is_last = self.ahead.is_none();
        let nonce = nonce_of(self.counter, is_last);
        let opened = self.key.open_in_place(nonce, Aad::empty(), &mut sealed);
        let length = opened.map_err(|_| damaged())?.len();
        // Only an empty file has an empty last chunk.
        if length == 0 && self.counter > 0 {
            return Err(damaged());
        }
        sealed.truncate(length);
        self.counter = self.counter.saturating_add(1);
        (self.chunk, self.given, self.is_over) = (sealed, 0, is_last);
        Ok(())
    }
}

impl<R: Read> Read for Opening<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.given == self.chunk.len() && !self.is_over {
            self.open()?;
        }
        let rest = self.chunk.get(self.given..).unwrap_or_default();
        let length = rest.len().min(buffer.len());
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.given = self.given.saturating_add(length);
        Ok(length)
    }
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, AgeError::Damaged)
}

/// A line without its end.
fn line(from: &mut impl Read) -> Result<String, AgeError> {
    let mut line = Vec::new();
    let mut byte = [0];
    while line.len() < LINE {
        if from.read(&mut byte)? == 0 {
            break;
        }
        match byte {
            [b'\n'] => return String::from_utf8(line).map_err(|_| AgeError::Foreign),
            [byte] => line.push(byte),
        }
    }
    Err(AgeError::Foreign)
}

/// Why something is not encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AgeError {
    /// It cannot be read or written.
    #[error("it cannot be read or written")]
    Io(#[from] io::Error),
    /// It is something else.
    #[error("this is no file that age, or `paynamed backup`, has encrypted")]
    Foreign,
    /// It is encrypted for keys.
    #[error("it is encrypted for something else than a passphrase; open it with age first")]
    OtherRecipient,
    /// The cost is no number that is taken.
    #[error("it asks for work of 2^{}, and at most 2^{MOST_COST} is done", .0.escape_debug())]
    Cost(String),
    /// The passphrase does not open it.
    #[error("the passphrase does not open it")]
    WrongPassphrase,
    /// It is not what was written.
    #[error("it is damaged, or cut short; take another copy")]
    Damaged,
    /// There is no randomness.
    #[error("the system gives no randomness")]
    Random,
    /// A primitive failed.
    #[error("encryption failed")]
    Crypto,
}

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;

    use super::*;

    fn passphrase(text: &str) -> Passphrase {
        Passphrase::typed(text.to_owned()).unwrap()
    }

    fn seal(bytes: &[u8]) -> Vec<u8> {
        let begun = Sealing::begin(Vec::new(), &passphrase("one"), 4, &SystemRandom::new());
        let mut sealing = begun.unwrap();
        sealing.write_all(bytes).unwrap();
        sealing.end().unwrap()
    }

    fn open(sealed: &[u8], with: &str) -> Result<Vec<u8>, AgeError> {
        let mut bytes = Vec::new();
        Opening::begin(sealed, &passphrase(with))?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    #[test]
    fn what_was_sealed_is_opened_at_every_length_around_a_chunk() {
        for length in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7] {
            let bytes: Vec<u8> = (0..length).map(|at| (at % 251) as u8).collect();
            let sealed = seal(&bytes);
            assert!(open(&sealed, "one").unwrap() == bytes, "{length} bytes");
            let chunks = length.div_ceil(CHUNK).max(1);
            let header = sealed
                .windows(5)
                .position(|five| five == b"\n--- ")
                .unwrap();
            assert_eq!(
                sealed.len(),
                header + 5 + 43 + 1 + 16 + length + chunks * TAG
            );
        }
    }

    #[test]
    fn another_passphrase_a_changed_byte_and_a_missing_end_are_refused() {
        let sealed = seal(&[7; CHUNK + 100]);
        assert!(matches!(
            open(&sealed, "two"),
            Err(AgeError::WrongPassphrase)
        ));
        for at in (0..sealed.len()).filter(|at| at % 997 == 0 || *at < 200) {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(open(&changed, "one").is_err(), "byte {at} may be changed");
        }
        let header = sealed.len() - 16 - CHUNK - 100 - 2 * TAG;
        for end in [
            0,
            10,
            header,
            header + 16,
            header + 16 + CHUNK + TAG,
            sealed.len() - 1,
        ] {
            assert!(open(&sealed[..end], "one").is_err(), "it may end at {end}");
        }
        let longer = [&sealed[..], b"x"].concat();
        assert!(open(&longer, "one").is_err());
    }

    #[test]
    fn what_would_cost_too_much_or_is_for_others_is_not_tried() {
        for (header, reason) in [
            (
                "age-encryption.org/v1\n-> scrypt AAAA 23\nAAAA\n--- AAAA\n",
                "2^23",
            ),
            (
                "age-encryption.org/v1\n-> scrypt AAAA +4\nAAAA\n--- AAAA\n",
                "age",
            ),
            (
                "age-encryption.org/v1\n-> X25519 AAAA\nAAAA\n--- AAAA\n",
                "age first",
            ),
            ("age-encryption.org/v2\n", "no file that age"),
        ] {
            let error = open(header.as_bytes(), "one").unwrap_err().to_string();
            assert!(
                error.contains(reason) || error.contains("passphrase"),
                "{error}"
            );
        }
    }
}
