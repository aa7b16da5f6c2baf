//! DNS cookies, by which a client shows that it is where its address says (RFC 7873, RFC 9018).

use std::fmt;
use std::net::IpAddr;

use payname_resolver::UnixTime;
use siphasher::sip::SipHasher24;

/// The client's half.
const CLIENT: usize = 8;
/// The server's half: version, three octets of nothing, time, hash (RFC 9018 §4).
const SERVER: usize = 16;
const VERSION: u8 = 1;
/// How old a server cookie may be, in seconds (RFC 9018 §4.3).
const MAX_AGE: i32 = 3600;
/// How far its time may lie ahead, in seconds, since servers that share a secret have clocks of
/// their own.
const MAX_AHEAD: i32 = 300;
/// How old one may be and still be sent back as it is, in seconds.
const FRESH: i32 = 1800;

/// The secrets by which server cookies are made and known again.
///
/// Servers that answer at one address share them. To replace a secret, add the new one to those that
/// are accepted, everywhere; then make it the one that makes cookies, everywhere; an hour later
/// take the old one away (RFC 9018 §5).
#[derive(Clone)]
pub struct Cookies {
    makes: SipHasher24,
    accepted: Vec<SipHasher24>,
}

/// What a query showed by its cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CookieState {
    /// It has none, or no cookies are dealt in here.
    Absent,
    /// The client's half only: the first query of a client.
    Client,
    /// A server's half that this server has not made for this client, or too long ago.
    Invalid,
    /// The client is where its address says.
    Valid,
}

impl CookieState {
    /// Whether the client understands what BADCOOKIE means.
    pub fn is_spoken(self) -> bool {
        self != Self::Absent
    }
}

impl Cookies {
    /// Cookies made by one secret; those made by the others are accepted too.
    pub fn new(secret: [u8; 16], others: impl IntoIterator<Item = [u8; 16]>) -> Self {
        let hasher = |secret: [u8; 16]| SipHasher24::new_with_key(&secret);
        Self {
            makes: hasher(secret),
            accepted: others.into_iter().map(hasher).collect(),
        }
    }

    /// What a cookie option shows, and the option's data for the response.
    pub(super) fn judge(
        &self,
        cookie: Cookie<'_>,
        address: IpAddr,
        now: UnixTime,
    ) -> (CookieState, [u8; CLIENT + SERVER]) {
        let (client, now) = (*cookie.client, now.0 as u32); // wraps as RFC 9018 §4.3 has it
        let Some(server) = cookie.server else {
            return (CookieState::Client, self.make(client, address, now));
        };
        let Some((age, active)) = self.check(client, server, address, now) else {
            return (CookieState::Invalid, self.make(client, address, now));
        };
        let keeps = active && (0..FRESH).contains(&age);
        match <&[u8; SERVER]>::try_from(server) {
            Ok(server) if keeps => (CookieState::Valid, joined(client, *server)),
            _ => (CookieState::Valid, self.make(client, address, now)),
        }
    }

    fn make(&self, client: [u8; CLIENT], address: IpAddr, now: u32) -> [u8; CLIENT + SERVER] {
        let [t1, t2, t3, t4] = now.to_be_bytes();
        let fixed = [VERSION, 0, 0, 0, t1, t2, t3, t4];
        let hash = hash(&self.makes, client, fixed, address);
        let mut cookie = joined(client, [0; SERVER]);
        if let Some((_, server)) = cookie.split_first_chunk_mut::<CLIENT>() {
            let halves = fixed.iter().chain(&hash);
            server
                .iter_mut()
                .zip(halves)
                .for_each(|(to, from)| *to = *from);
        }
        cookie
    }

    /// The age of a good server cookie in seconds, and whether it was made as new ones are.
    fn check(
        &self,
        client: [u8; CLIENT],
        server: &[u8],
        address: IpAddr,
        now: u32,
    ) -> Option<(i32, bool)> {
        let (fixed, hashed) = <&[u8; SERVER]>::try_from(server)
            .ok()?
            .split_first_chunk()?;
        let [VERSION, _, _, _, t1, t2, t3, t4] = *fixed else {
            return None;
        };
        let made = u32::from_be_bytes([t1, t2, t3, t4]);
        let age = now.wrapping_sub(made).cast_signed();
        if !(-MAX_AHEAD..=MAX_AGE).contains(&age) {
            return None;
        }
        let is = |hasher: &SipHasher24| is_same(&hash(hasher, client, *fixed, address), hashed);
        let active = is(&self.makes);
        (active || self.accepted.iter().any(is)).then_some((age, active))
    }
}

/// A cookie option as it came; its lengths are those of RFC 7873 §4.
#[derive(Clone, Copy)]
pub(crate) struct Cookie<'a> {
    client: &'a [u8; CLIENT],
    server: Option<&'a [u8]>,
}

impl<'a> Cookie<'a> {
    /// None when its length is none that a cookie can have (RFC 7873 §5.2.2).
    pub(super) fn read(data: &'a [u8]) -> Option<Self> {
        let (client, server) = data.split_first_chunk()?;
        let server = match server.len() {
            0 => None,
            8..=32 => Some(server),
            _ => return None,
        };
        Some(Self { client, server })
    }
}

/// The hash of RFC 9018 §4.4.
fn hash(hasher: &SipHasher24, client: [u8; CLIENT], fixed: [u8; 8], address: IpAddr) -> [u8; 8] {
    let hash = match address.to_canonical() {
        IpAddr::V4(address) => {
            let mut input = [0; 20];
            fill(&mut input, &[&client, &fixed, &address.octets()]);
            hasher.hash(&input)
        }
        IpAddr::V6(address) => {
            let mut input = [0; 32];
            fill(&mut input, &[&client, &fixed, &address.octets()]);
            hasher.hash(&input)
        }
    };
    hash.to_le_bytes()
}

fn fill(input: &mut [u8], parts: &[&[u8]]) {
    let octets = parts.iter().copied().flatten();
    input
        .iter_mut()
        .zip(octets)
        .for_each(|(to, from)| *to = *from);
}

fn joined(client: [u8; CLIENT], server: [u8; SERVER]) -> [u8; CLIENT + SERVER] {
    let mut whole = [0; CLIENT + SERVER];
    fill(&mut whole, &[&client, &server]);
    whole
}

/// Compares as numbers, in a time that tells nothing of where they differ.
fn is_same(one: &[u8; 8], other: &[u8]) -> bool {
    other
        .try_into()
        .is_ok_and(|other: [u8; 8]| u64::from_le_bytes(*one) == u64::from_le_bytes(other))
}

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Secrets stay inside.
        f.debug_struct("Cookies").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// What answers a cookie, by hexadecimal digits.
    fn answer(cookies: &Cookies, cookie: &str, address: &str, now: u64) -> (CookieState, String) {
        let data = HEXLOWER.decode(cookie.as_bytes()).unwrap();
        let cookie = Cookie::read(&data).unwrap();
        let (state, cookie) = cookies.judge(cookie, address.parse().unwrap(), UnixTime(now));
        (state, HEXLOWER.encode(&cookie))
    }

    fn secret(digits: &str) -> [u8; 16] {
        HEXLOWER
            .decode(digits.as_bytes())
            .unwrap()
            .try_into()
            .unwrap()
    }

    #[test]
    fn cookies_are_those_of_rfc_9018_appendix_a() {
        let cookies = Cookies::new(secret("e5e973e5a6b2a43f48e7dc849e37bfcf"), []);
        // A.1: a new one.
        let (state, made) = answer(
            &cookies,
            "2464c4abcf10c957",
            "198.51.100.100",
            1_559_731_985,
        );
        assert_eq!(state, CookieState::Client);
        let first = "2464c4abcf10c957010000005cf79f111f8130c3eee29480";
        assert_eq!(made, first);
        // A.2: the same client, 40 minutes later.
        let (state, made) = answer(&cookies, first, "198.51.100.100", 1_559_734_385);
        assert_eq!(state, CookieState::Valid);
        assert_eq!(made, "2464c4abcf10c957010000005cf7a871d4a564a1442aca77");
        // A.3: made by somebody who fills in what is reserved.
        let odd = "fc93fc62807ddb8601abcdef5cf78f71a314227b6679ebf5";
        let (state, made) = answer(&cookies, odd, "203.0.113.203", 1_559_727_985 + 600);
        assert_eq!((state, made.as_str()), (CookieState::Valid, odd));
        // A.4: IPv6, and a secret that has been replaced.
        let (new, old) = (
            secret("445536bcd2513298075a5d379663c962"),
            secret("dd3bdf9344b678b185a6f5cb60fca715"),
        );
        let cookies = Cookies::new(new, [old]);
        let (state, made) = answer(
            &cookies,
            "22681ab97d52c298010000005cf7c57926556bd0934c72f8",
            "2001:db8:220:1:59de:d0f4:8769:82b8",
            1_559_741_961,
        );
        assert_eq!(state, CookieState::Valid);
        assert_eq!(made, "22681ab97d52c298010000005cf7c609a6bb79d16625507a");
    }

    #[test]
    fn a_cookie_is_good_for_one_client_and_one_hour() {
        let cookies = Cookies::new([1; 16], []);
        let (_, cookie) = answer(&cookies, "0011223344556677", "192.0.2.1", 1_000_000);
        let state = |cookies, cookie: &str, address, now| answer(cookies, cookie, address, now).0;
        for (address, now, expected) in [
            ("192.0.2.1", 1_000_000, CookieState::Valid),
            ("::ffff:192.0.2.1", 1_000_000, CookieState::Valid),
            ("192.0.2.1", 1_003_600, CookieState::Valid),
            ("192.0.2.1", 999_700, CookieState::Valid),
            ("192.0.2.1", 1_003_601, CookieState::Invalid),
            ("192.0.2.1", 999_699, CookieState::Invalid),
            ("192.0.2.2", 1_000_000, CookieState::Invalid),
        ] {
            assert_eq!(
                state(&cookies, &cookie, address, now),
                expected,
                "{address} {now}"
            );
        }
        let other = cookie.replace("0011", "0012");
        assert_eq!(
            state(&cookies, &other, "192.0.2.1", 1_000_000),
            CookieState::Invalid
        );
        let strange = format!("{cookie}00");
        assert_eq!(
            state(&cookies, &strange, "192.0.2.1", 1_000_000),
            CookieState::Invalid
        );
    }

    #[test]
    fn a_fresh_cookie_is_sent_back_unless_an_old_secret_made_it() {
        let old = Cookies::new([1; 16], []);
        let (_, cookie) = answer(&old, "0011223344556677", "192.0.2.1", 1_000_000);
        let again = answer(&old, &cookie, "192.0.2.1", 1_000_900);
        assert_eq!(again, (CookieState::Valid, cookie.clone()));
        let new = Cookies::new([2; 16], [[1; 16]]);
        let (state, replaced) = answer(&new, &cookie, "192.0.2.1", 1_000_900);
        assert_eq!(state, CookieState::Valid);
        assert_ne!(replaced, cookie);
    }
}
