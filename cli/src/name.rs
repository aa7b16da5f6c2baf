//! Names on the command line: read in any script, and shown in both forms where they have two.

use payname_resolver::{Handle, HandleError, Payee, name::explain};

use crate::{
    contacts::{Contacts, Nickname},
    context::Context,
    failure::Failure,
};

/// Whom somebody means: by name, or by what he calls a contact.
#[derive(Debug, Clone)]
pub enum Named {
    /// A payment name.
    Name(Payee),
    /// A contact, who is looked up once it is known where contacts are.
    Contact(Nickname),
}

/// Reads a name or a nickname, which has neither `@` nor dot.
///
/// # Errors
/// As [`payee`].
pub fn named(text: &str) -> Result<Named, NameError> {
    match text.parse() {
        Ok(nickname) => Ok(Named::Contact(nickname)),
        Err(_) => payee(text).map(Named::Name),
    }
}

impl Named {
    /// Whom it is. A contact is meant as if it had been written with the `₿`: proven, or not at all.
    ///
    /// # Errors
    /// There is no such contact, or the contacts cannot be read.
    pub fn payee(&self, context: &Context) -> Result<Payee, Failure> {
        let nickname = match self {
            Self::Name(payee) => return Ok(payee.clone()),
            Self::Contact(nickname) => nickname,
        };
        let contacts = Contacts::read(&context.data_dir()?)?;
        let handle = contacts.find(nickname).ok_or_else(|| {
            let message = format!(
                "`{nickname}` has no `@`, and there is no such contact; write it as user@domain, or see `payname contacts add`"
            );
            Failure::usage("no_such_contact", message)
        })?;
        let payee = handle.to_string().parse();
        payee.map_err(|error| Failure::unexpected("contacts", error))
    }
}

/// Reads whom to pay: `₿alice@example.com`, `alice@münchen.example`, or their `xn--` form.
///
/// # Errors
/// It is no name, or could be taken for another.
pub fn payee(text: &str) -> Result<Payee, NameError> {
    let Some(readable) = explain(text).filter(|readable| !readable.is_plain()) else {
        return Ok(text.parse()?);
    };
    let bare = text.strip_prefix('₿').unwrap_or(text);
    if bare.is_ascii() {
        return Ok(text.parse()?);
    }
    let doubts: Vec<String> = readable
        .doubtful()
        .map(|label| format!("of `{}`, {}", label.shown(), label.why()))
        .collect();
    if !doubts.is_empty() {
        let ascii = readable.ascii();
        return Err(NameError::Doubtful {
            name: text.to_owned(),
            doubts,
            ascii: ascii.filter(|ascii| ascii.parse::<Handle>().is_ok()),
        });
    }
    let handle = Handle::from_unicode(bare)?;
    let sign = if bare == text { "" } else { "₿" };
    Ok(format!("{sign}{}", handle.as_str()).parse()?)
}

/// Reads a name of which it does not matter whether the `₿` was written.
///
/// # Errors
/// As [`payee`].
pub fn handle(text: &str) -> Result<Handle, NameError> {
    payee(text).map(Payee::into_handle)
}

/// Whether somebody who writes this means a name, even if it is none.
pub fn is_meant(text: &str) -> bool {
    let is_usual = |c: char| c.is_ascii_alphanumeric() || "-_.@".contains(c);
    let is_marked = text.starts_with('₿') || (text.contains('@') && !text.starts_with('-'));
    is_marked && text.chars().all(|c| is_usual(c) || !c.is_ascii())
}

/// A name for a person: alone and whole on its line, then its other form and what to beware of.
pub fn shown(handle: &Handle) -> String {
    let readable = handle.readable();
    let mut lines = vec![readable.to_string()];
    if lines.iter().any(|line| *line != handle.to_string()) {
        lines.push(format!("in ASCII  {}", handle.as_str()));
    }
    lines.extend(readable.doubtful().map(|label| {
        format!(
            "beware    `{}` is not shown as the text it stands for: {}",
            label.shown(),
            label.why()
        )
    }));
    lines.join("\n")
}

/// Why a text is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is none.
    #[error(transparent)]
    Handle(#[from] HandleError),
    /// A part of it could be taken for something else.
    #[error("`{}` may not be what it looks like: {}{}", name.escape_debug(), doubts.join("; "), remedy(ascii.as_deref()))]
    Doubtful {
        /// What was written.
        name: String,
        /// Each doubtful part and why.
        doubts: Vec<String>,
        /// Its ASCII form, if it has one.
        ascii: Option<String>,
    },
}

fn remedy(ascii: Option<&str>) -> String {
    match ascii {
        Some(ascii) => format!("; if it is meant, write {ascii}"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_another_script_is_read_with_its_sign_and_shown_in_both_forms() {
        let payee = payee("₿alice@münchen.example").unwrap();
        assert!(payee.insists_on_proof());
        let ascii = "alice@xn--mnchen-3ya.example";
        assert_eq!(payee.handle().as_str(), ascii);
        assert_eq!(
            shown(payee.handle()),
            format!("₿alice@münchen.example\nin ASCII  {ascii}")
        );
        assert!(
            !super::payee("alice@münchen.example")
                .unwrap()
                .insists_on_proof()
        );
        assert_eq!(handle(ascii), Ok(payee.into_handle()));
    }

    #[test]
    fn a_name_of_ascii_alone_is_shown_as_it_is() {
        let handle = handle("Alice@Example.com").unwrap();
        assert_eq!(shown(&handle), "₿alice@example.com");
    }

    #[test]
    fn every_part_that_could_mislead_is_told_with_what_to_write_instead() {
        // The first letters on both sides are Cyrillic.
        let error = payee("\u{430}lice@\u{435}xample.com")
            .unwrap_err()
            .to_string();
        for part in ["Cyrillic and Latin", "`alice`", "`example`"] {
            assert!(error.contains(part), "{part}: {error}");
        }
        let ascii = "xn--lice-43d@xn--xample-2of.com";
        assert!(error.ends_with(&format!("write {ascii}")), "{error}");
        // Who writes that gets it, and is told to beware.
        let shown = shown(&handle(ascii).unwrap());
        assert!(shown.starts_with(&format!("₿{ascii}\nbeware")), "{shown}");
        assert!(!shown.contains("in ASCII"), "{shown}");
    }

    #[test]
    fn a_url_with_a_user_in_it_is_not_meant_as_a_name() {
        assert!(
            is_meant("alice@example.com")
                && is_meant("₿alice")
                && is_meant("a@b@c")
                && is_meant("\u{430}@b.c")
        );
        assert!(!is_meant("socks5://user@proxy") && !is_meant("--x@y") && !is_meant("alice"));
    }
}
