//! Nicknames of payees, in a file: `contacts.json` in the data folder.

mod csv;
mod vcard;

use std::{
    collections::BTreeMap,
    fmt, fs, io,
    path::{Path, PathBuf},
    str::FromStr,
};

use payname_resolver::Handle;
use serde::{Deserialize, Serialize};

use crate::{failure::Failure, files};

pub use self::{
    csv::{CsvError, from_csv, to_csv},
    vcard::{from_vcard, to_vcard},
};

/// The layout of the file that this program writes.
const VERSION: u32 = 1;
/// The longest nickname, in bytes.
const LONGEST: usize = 64;

/// What one calls a payee: ASCII letters, digits, `-` and `_`, in lower case.
///
/// It has neither `@` nor dot, so that it is never taken for a name or a domain.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nickname(String);

impl Nickname {
    /// The nickname as it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Nickname {
    type Err = NicknameError;

    fn from_str(text: &str) -> Result<Self, NicknameError> {
        let is_usual = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let begins = text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_alphanumeric());
        match begins && text.len() <= LONGEST && text.bytes().all(is_usual) {
            true => Ok(Self(text.to_ascii_lowercase())),
            false => Err(NicknameError(text.to_owned())),
        }
    }
}

impl fmt::Display for Nickname {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that is no nickname.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{}` is no nickname: up to 64 letters, digits, `-` and `_`, beginning with a letter or digit", .0.escape_debug())]
pub struct NicknameError(String);

/// The contacts, by nickname.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contacts {
    all: BTreeMap<Nickname, Handle>,
}

/// The file as it is written.
#[derive(Debug, Serialize, Deserialize)]
struct Written {
    version: u32,
    contacts: BTreeMap<String, String>,
}

impl Contacts {
    /// Where the file is in a data folder.
    pub fn path(folder: &Path) -> PathBuf {
        folder.join("contacts.json")
    }

    /// Reads the file; nobody, if there is none.
    ///
    /// # Errors
    /// It cannot be read, or holds something else.
    pub fn read(folder: &Path) -> Result<Self, ContactsError> {
        let path = Self::path(folder);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(cause) => return Err(ContactsError::File { path, cause }),
        };
        let damaged = |why: &dyn fmt::Display| ContactsError::Damaged {
            path: path.clone(),
            why: why.to_string(),
        };
        let written: Written = serde_json::from_str(&text).map_err(|error| damaged(&error))?;
        if written.version != VERSION {
            return Err(ContactsError::Newer(path));
        }
        let mut all = BTreeMap::new();
        for (nickname, handle) in &written.contacts {
            let nickname = nickname
                .parse()
                .map_err(|error: NicknameError| damaged(&error))?;
            all.insert(
                nickname,
                handle.parse::<Handle>().map_err(|error| damaged(&error))?,
            );
        }
        Ok(Self { all })
    }

    /// Writes the file, as a whole or not at all.
    ///
    /// # Errors
    /// As the system says.
    pub fn write(&self, folder: &Path) -> Result<(), ContactsError> {
        let each = self
            .all
            .iter()
            .map(|(nickname, handle)| (nickname.to_string(), handle.as_str().to_owned()));
        let written = Written {
            version: VERSION,
            contacts: each.collect(),
        };
        let mut text = serde_json::to_string_pretty(&written).unwrap_or_default();
        text.push('\n');
        let path = Self::path(folder);
        files::replace_private(&path, text.as_bytes())
            .map_err(|cause| ContactsError::File { path, cause })
    }

    /// All of them, by nickname.
    pub fn iter(&self) -> impl Iterator<Item = (&Nickname, &Handle)> {
        self.all.iter()
    }

    /// Whom a nickname stands for.
    pub fn find(&self, nickname: &Nickname) -> Option<&Handle> {
        self.all.get(nickname)
    }

    /// Adds somebody; gives whom the nickname stood for before.
    pub fn insert(&mut self, nickname: Nickname, handle: Handle) -> Option<Handle> {
        self.all.insert(nickname, handle)
    }

    /// Removes somebody.
    pub fn remove(&mut self, nickname: &Nickname) -> Option<Handle> {
        self.all.remove(nickname)
    }
}

/// Why the contacts cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContactsError {
    /// The system cannot read or write the file.
    #[error("`{}`: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// It holds something else.
    #[error("`{}` is damaged ({why}); correct it, or move it away", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A newer program wrote it.
    #[error("`{}` was written by a newer payname; use that one", .0.display())]
    Newer(PathBuf),
}

impl From<ContactsError> for Failure {
    fn from(error: ContactsError) -> Self {
        Self::usage("contacts", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contacts_are_there_again_and_only_for_their_user() {
        let folder = tempfile::tempdir().unwrap();
        let mut contacts = Contacts::read(folder.path()).unwrap();
        let (nickname, alice): (Nickname, Handle) = (
            "Al-1".parse().unwrap(),
            "alice@example.com".parse().unwrap(),
        );
        assert_eq!(contacts.insert(nickname.clone(), alice.clone()), None);
        contacts.write(folder.path()).unwrap();
        assert_eq!(Contacts::read(folder.path()).unwrap(), contacts);
        assert_eq!(contacts.find(&"al-1".parse().unwrap()), Some(&alice));
        assert!(!files::is_readable_by_others(&Contacts::path(
            folder.path()
        )));
    }

    #[test]
    fn a_nickname_is_never_taken_for_a_name_or_an_option() {
        for text in ["", "a.b", "a@b", "-a", "₿a", "a b", "ä", &"x".repeat(65)] {
            assert!(text.parse::<Nickname>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_damaged_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for text in [
            "[]",
            r#"{"version":1,"contacts":{"a.b":"a@b.c"}}"#,
            r#"{"version":1,"contacts":{"a":"b"}}"#,
            r#"{"version":9,"contacts":{}}"#,
        ] {
            fs::write(Contacts::path(folder.path()), text).unwrap();
            assert!(Contacts::read(folder.path()).is_err(), "{text}");
        }
    }
}
