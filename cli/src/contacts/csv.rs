//! Contacts as CSV (RFC 4180): `nickname,name`, with a header.

use super::{Contacts, Nickname};
use crate::name::{self, NameError};

/// All contacts, one a line behind the header. No field ever needs quotes.
pub fn to_csv(contacts: &Contacts) -> String {
    let rows = contacts
        .iter()
        .map(|(nickname, handle)| format!("{nickname},{handle}\r\n"));
    let header = "nickname,name\r\n".to_owned();
    std::iter::once(header).chain(rows).collect()
}

/// Reads contacts: the columns `nickname` and `name`, in any order, beside others.
///
/// # Errors
/// A column is missing, or a line is wrong.
pub fn from_csv(text: &str) -> Result<Vec<(Nickname, payname_resolver::Handle)>, CsvError> {
    let text = text.trim_start_matches('\u{feff}');
    let mut lines = text
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty());
    let header: Vec<String> = lines.next().map(|(_, line)| row(line)).unwrap_or_default();
    let column = |wanted: &'static str| {
        let mut columns = header.iter();
        columns
            .position(|column| column.trim().eq_ignore_ascii_case(wanted))
            .ok_or(CsvError::Column(wanted))
    };
    let (nickname, payee) = (column("nickname")?, column("name")?);
    let mut contacts = Vec::new();
    for (index, line) in lines {
        let number = index.saturating_add(1);
        let row = row(line);
        let field = |at: usize| row.get(at).map(|field| field.trim()).unwrap_or_default();
        let wrong = |why: String| CsvError::Line { number, why };
        let nickname = field(nickname)
            .parse()
            .map_err(|error: super::NicknameError| wrong(error.to_string()))?;
        let payee =
            name::handle(field(payee)).map_err(|error: NameError| wrong(error.to_string()))?;
        contacts.push((nickname, payee));
    }
    Ok(contacts)
}

/// The fields of a line, quotes undone.
fn row(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut is_quoted = false;
    let mut characters = line.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                fields
                    .last_mut()
                    .into_iter()
                    .for_each(|field| field.push('"'));
            }
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => fields.push(String::new()),
            c => fields
                .last_mut()
                .into_iter()
                .for_each(|field| field.push(c)),
        }
    }
    fields
}

/// Why a text is no list of contacts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The first line does not name this column.
    #[error("the first line has no column `{0}`; it should be `nickname,name`")]
    Column(&'static str),
    /// A line cannot be read.
    #[error("line {number}: {why}")]
    Line {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        why: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_other_programs_columns_are_passed_over() {
        let mut contacts = Contacts::default();
        contacts.insert("al".parse().unwrap(), "alice@example.com".parse().unwrap());
        let text = to_csv(&contacts);
        assert_eq!(text, "nickname,name\r\nal,₿alice@example.com\r\n");
        let other = "\u{feff}Name,note,Nickname\n\"alice@example.com\",\"a \"\"b\"\", c\",al\n\n";
        for text in [&*text, other] {
            let read = from_csv(text).unwrap();
            assert_eq!(
                read.into_iter().collect::<Vec<_>>(),
                contacts.all.clone().into_iter().collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn a_wrong_line_is_told_by_its_number() {
        assert_eq!(from_csv(""), Err(CsvError::Column("nickname")));
        assert_eq!(from_csv("nickname\na"), Err(CsvError::Column("name")));
        for line in [
            "a",
            "a b,alice@example.com",
            "a,alice",
            "a,аlice@example.com",
        ] {
            let error = from_csv(&format!("nickname,name\n\n{line}")).unwrap_err();
            assert!(
                matches!(error, CsvError::Line { number: 3, .. }),
                "{line}: {error}"
            );
        }
    }
}
