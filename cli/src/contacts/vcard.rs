//! Contacts as vCards (RFC 6350): the name in `X-BIP353`, which other programs pass over and keep.

use payname_resolver::Handle;

use super::{Contacts, Nickname};
use crate::name;

/// The property that holds the payment name.
const PROPERTY: &str = "X-BIP353";

/// All contacts, a card each.
pub fn to_vcard(contacts: &Contacts) -> String {
    let cards = contacts.iter().map(|(nickname, handle)| {
        let lines = [
            "BEGIN:VCARD".to_owned(),
            "VERSION:4.0".to_owned(),
            format!("FN:{nickname}"),
            format!("NICKNAME:{nickname}"),
            format!("{PROPERTY}:{handle}"),
            "END:VCARD".to_owned(),
        ];
        lines.map(|line| fold(&line)).concat()
    });
    cards.collect()
}

/// Reads the cards that have a payment name, and tells how many have none or one that cannot be used.
pub fn from_vcard(text: &str) -> (Vec<(Nickname, Handle)>, usize) {
    let mut contacts = Vec::new();
    let mut passed = 0_usize;
    let (mut nickname, mut full, mut payee) = (None, None, None);
    for line in unfold(text) {
        let Some((property, value)) = line.split_once(':') else {
            continue;
        };
        // Parameters, and the group before a dot.
        let property = property.split(';').next().unwrap_or_default();
        let property = property
            .rsplit('.')
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        let value = value.trim();
        match property.as_str() {
            "BEGIN" => (nickname, full, payee) = (None, None, None),
            "NICKNAME" => nickname = value.split(',').next().and_then(|first| first.parse().ok()),
            "FN" => full = made(value),
            PROPERTY => payee = name::handle(value).ok(),
            "END" => match (nickname.take().or(full.take()), payee.take()) {
                (Some(nickname), Some(payee)) => contacts.push((nickname, payee)),
                _ => passed = passed.saturating_add(1),
            },
            _ => {}
        }
    }
    (contacts, passed)
}

/// A nickname made of a person's name: `Alice B.` becomes `alice-b`.
fn made(full: &str) -> Option<Nickname> {
    let mut text = String::new();
    for c in full.chars() {
        match c.is_ascii_alphanumeric() {
            true => text.push(c),
            false if text.is_empty() || text.ends_with('-') => {}
            false => text.push('-'),
        }
    }
    text.trim_end_matches('-').parse().ok()
}

/// A line in pieces of at most 75 bytes (§3.2).
fn fold(line: &str) -> String {
    let mut folded = String::new();
    let mut width = 0_usize;
    for c in line.chars() {
        if width.saturating_add(c.len_utf8()) > 75 {
            folded.push_str("\r\n ");
            width = 1;
        }
        folded.push(c);
        width = width.saturating_add(c.len_utf8());
    }
    folded.push_str("\r\n");
    folded
}

fn unfold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(more), Some(last)) => last.push_str(more),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_however_long_it_is() {
        let mut contacts = Contacts::default();
        let long = format!("{}@{}.example.com", "a".repeat(60), "b".repeat(60));
        contacts.insert("al".parse().unwrap(), long.parse().unwrap());
        contacts.insert("bo".parse().unwrap(), "bob@example.com".parse().unwrap());
        let text = to_vcard(&contacts);
        assert!(text.lines().all(|line| line.len() <= 75), "{text}");
        let (read, passed) = from_vcard(&text);
        assert_eq!((read.len(), passed), (2, 0));
        assert!(
            read.iter()
                .all(|(nickname, handle)| contacts.find(nickname) == Some(handle))
        );
    }

    #[test]
    fn cards_of_other_programs_are_read_and_those_without_a_name_are_counted() {
        let text = "BEGIN:VCARD\nVERSION:3.0\nitem1.FN;CHARSET=utf-8:Alice B.\nEMAIL:a@mail.test\nitem2.x-bip353:₿alice@example.com\nEND:VCARD\n\
            BEGIN:VCARD\nFN:Bob\nEMAIL:bob@mail.test\nEND:VCARD\n";
        let (read, passed) = from_vcard(text);
        assert_eq!(passed, 1);
        assert_eq!(
            read,
            [(
                "alice-b".parse().unwrap(),
                "alice@example.com".parse().unwrap()
            )]
        );
    }
}
