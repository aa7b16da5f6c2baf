//! `payname contacts`: nicknames that stand for names wherever one is taken.

use std::path::PathBuf;

use payname_resolver::Handle;
use serde_json::{Value, json};

use crate::{
    contacts::{Contacts, Nickname, from_csv, from_vcard, to_csv, to_vcard},
    context::{Context, flag},
    failure::Failure,
    files, input, name,
    payments::{Lock, LockError},
    report::{Report, fields},
};

/// What can be done with contacts.
#[derive(Debug, clap::Subcommand)]
pub enum ContactsCommand {
    /// List all of them
    List,
    /// Add somebody
    Add(Add),
    /// Show whom a nickname stands for
    Show(One),
    /// Give somebody another nickname
    Rename(Rename),
    /// Remove somebody
    Remove(One),
    /// Add those in a CSV or vCard file; - is standard input
    Import(Import),
    /// Print all of them as CSV, or as vCards
    Export(Export),
}

/// Arguments of `contacts add`.
#[derive(Debug, clap::Args)]
pub struct Add {
    /// The nickname
    pub nickname: Nickname,
    /// The name, such as ₿alice@example.com
    #[arg(value_name = "NAME", value_parser = name::handle)]
    pub handle: Handle,
    /// Take the place of whom the nickname stood for
    #[arg(long, env = "PAYNAME_REPLACE", value_parser = flag())]
    pub replace: bool,
}

/// One contact.
#[derive(Debug, clap::Args)]
pub struct One {
    /// The nickname
    pub nickname: Nickname,
}

/// Arguments of `contacts rename`.
#[derive(Debug, clap::Args)]
pub struct Rename {
    /// The nickname as it is
    pub old: Nickname,
    /// The nickname as it shall be
    pub new: Nickname,
}

/// Arguments of `contacts import`.
#[derive(Debug, clap::Args)]
pub struct Import {
    /// The file: CSV with the columns nickname and name, or vCards with X-BIP353
    pub file: PathBuf,
    /// Take the place of whom nicknames stood for
    #[arg(long, env = "PAYNAME_REPLACE", value_parser = flag())]
    pub replace: bool,
}

/// Arguments of `contacts export`.
#[derive(Debug, clap::Args)]
pub struct Export {
    /// As vCards instead of CSV
    #[arg(long, env = "PAYNAME_VCARD", value_parser = flag())]
    pub vcard: bool,
}

impl ContactsCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// A file cannot be used, or a nickname is taken or unknown.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let folder = context.data_dir()?;
        if let Self::List | Self::Show(_) | Self::Export(_) = self {
            return self.look(&Contacts::read(&folder)?);
        }
        files::make_private_folder(&folder).map_err(|error| {
            Failure::usage(
                "unusable_data_dir",
                format!("`{}`: {error}", folder.display()),
            )
        })?;
        let _lock = Lock::take(&folder.join("contacts.lock")).map_err(|error| match error {
            LockError::Taken => Failure::unexpected(
                "busy",
                "another payname is changing the contacts; try again",
            ),
            error => Failure::usage("unusable_data_dir", error),
        })?;
        let mut contacts = Contacts::read(&folder)?;
        let report = self.change(&mut contacts)?;
        contacts.write(&folder)?;
        Ok(report)
    }

    fn look(self, contacts: &Contacts) -> Result<Report, Failure> {
        match self {
            Self::Show(One { nickname }) => {
                let handle = contacts.find(&nickname).ok_or_else(|| unknown(&nickname))?;
                Ok(Report::new(
                    name::shown(handle),
                    fields(to_json(&nickname, handle)),
                ))
            }
            Self::Export(Export { vcard }) => {
                let text = if vcard {
                    to_vcard(contacts)
                } else {
                    to_csv(contacts)
                };
                let text = text.replace('\r', "");
                let document =
                    json!({ "format": if vcard { "vcard" } else { "csv" }, "text": text });
                Ok(Report::new(text.trim_end(), fields(document)))
            }
            _ => {
                let lines = contacts
                    .iter()
                    .map(|(nickname, handle)| format!("{nickname:<20} {handle}"));
                let lines: Vec<String> = lines.collect();
                let text = if lines.is_empty() {
                    "there are no contacts yet".to_owned()
                } else {
                    lines.join("\n")
                };
                let all: Vec<Value> = contacts
                    .iter()
                    .map(|(nickname, handle)| to_json(nickname, handle))
                    .collect();
                Ok(Report::new(text, fields(json!({ "contacts": all }))))
            }
        }
    }

    fn change(self, contacts: &mut Contacts) -> Result<Report, Failure> {
        match self {
            Self::Add(Add {
                nickname,
                handle,
                replace,
            }) => {
                add(contacts, &nickname, &handle, replace)?;
                let text = format!("{nickname} is {handle}");
                Ok(Report::new(text, fields(to_json(&nickname, &handle))))
            }
            Self::Rename(Rename { old, new }) => {
                let handle = contacts.find(&old).cloned().ok_or_else(|| unknown(&old))?;
                add(contacts, &new, &handle, false)?;
                if old != new {
                    contacts.remove(&old);
                }
                Ok(Report::new(
                    format!("{new} is {handle}"),
                    fields(to_json(&new, &handle)),
                ))
            }
            Self::Remove(One { nickname }) => {
                let handle = contacts
                    .remove(&nickname)
                    .ok_or_else(|| unknown(&nickname))?;
                Ok(Report::new(
                    format!("{nickname} ({handle}) is removed"),
                    fields(to_json(&nickname, &handle)),
                ))
            }
            Self::Import(Import { file, replace }) => {
                let text = input::text(&file)?;
                let is_vcard = text
                    .trim_start_matches('\u{feff}')
                    .trim_start()
                    .get(..11)
                    .is_some_and(|start| start.eq_ignore_ascii_case("BEGIN:VCARD"));
                let (new, passed) = match is_vcard {
                    true => from_vcard(&text),
                    false => {
                        let read = from_csv(&text).map_err(|error| {
                            Failure::usage("bad_contacts", format!("`{}`: {error}", file.display()))
                        })?;
                        (read, 0)
                    }
                };
                for (nickname, handle) in &new {
                    add(contacts, nickname, handle, replace)?;
                }
                let text = format!(
                    "{} contacts are added, {passed} cards without a payment name passed over",
                    new.len()
                );
                Ok(Report::new(
                    text,
                    fields(json!({ "added": new.len(), "passed_over": passed })),
                ))
            }
            other => other.look(contacts),
        }
    }
}

/// Adds somebody, unless the nickname stands for somebody else: that might be paid by mistake.
fn add(
    contacts: &mut Contacts,
    nickname: &Nickname,
    handle: &Handle,
    replace: bool,
) -> Result<(), Failure> {
    match contacts.find(nickname) {
        Some(before) if before != handle && !replace => {
            let message = format!(
                "{nickname} is {before} already; give --replace, or choose another nickname"
            );
            Err(Failure::usage("nickname_taken", message))
        }
        _ => {
            contacts.insert(nickname.clone(), handle.clone());
            Ok(())
        }
    }
}

fn unknown(nickname: &Nickname) -> Failure {
    Failure::usage(
        "no_such_contact",
        format!("there is no contact {nickname}; see `payname contacts list`"),
    )
}

fn to_json(nickname: &Nickname, handle: &Handle) -> Value {
    json!({ "nickname": nickname.as_str(), "name": handle.to_string() })
}
