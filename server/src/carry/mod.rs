//! The registry carried from one store to another, as lines of JSON: names, history, what has still to
//! be published, used events, and every table that is added to both stores later.
//!
//! Nothing here knows the columns: they are read from the database, so that none can be forgotten. What
//! the two stores have in common is one form; `docs/stores.md` describes it.

mod form;
mod postgres;
mod sqlite;

use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
};

use payname_resolver::UnixTime;

pub use self::form::FormError;
use self::form::{Line, Writer, read_lines};
use crate::{
    config::Config,
    data_dir::{DataDir, DataDirError, registry},
    server::{StartError, open_store},
    store::{StoreError, postgres::OpenError},
};

/// Writes the whole registry as it is at one moment; a server may be running. The number of rows
/// comes back.
///
/// # Errors
/// [`CarryError`] says which side failed; what was written then lacks its last line, without which
/// nobody takes it.
pub async fn export_registry(
    config: &Config,
    now: UnixTime,
    out: &mut (dyn Write + Send),
) -> Result<u64, CarryError> {
    let mut writer = Writer::begin(out, now)?;
    match &config.database {
        Some(database) => postgres::export(database, &mut writer).await?,
        None => sqlite::export(&registry(&config.data_dir), &mut writer)?,
    }
    writer.end()
}

/// Takes what [`export_registry`] wrote, all of it or nothing; no server may be running. The number
/// of rows comes back.
///
/// What is there already is left alone if it is the same, so that it may be repeated. The networks of a day, which
/// earlier versions wrote, are not taken.
///
/// # Errors
/// The lines are damaged, cut short or a newer version's, or the registry holds other names.
pub async fn import_registry(
    config: &Config,
    from: &mut (dyn BufRead + Send),
) -> Result<u64, CarryError> {
    let _alone = DataDir::open(&config.data_dir)?;
    // Makes the tables, and brings them to the present form.
    drop(open_store(config).await.map_err(Box::new)?);
    match &config.database {
        Some(database) => postgres::import(database, from).await,
        None => sqlite::import(&registry(&config.data_dir), from),
    }
}

/// The tables and columns that are carried, as `table.column`, sorted.
///
/// # Errors
/// There is no registry, or it cannot be read.
pub async fn carried_columns(config: &Config) -> Result<Vec<String>, CarryError> {
    let tables = match &config.database {
        Some(database) => postgres::described(database).await?,
        None => sqlite::described(&registry(&config.data_dir))?,
    };
    let names = tables.iter().flat_map(|table| {
        let columns = table.columns.iter();
        columns.map(|column| format!("{}.{}", table.name, column.name))
    });
    let mut names: Vec<_> = names.collect();
    names.sort();
    Ok(names)
}

/// What is left where it is: the marks of the networks that claimed names, and the salt by which they are hashed.
/// They are of the day, and whoever had both could try which networks they are.
const OF_THE_DAY: [&str; 2] = ["network_salts", "network_claims"];

/// A table, in the words of the form.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Table {
    name: String,
    columns: Vec<Column>,
    /// The tables that its rows refer to.
    refers_to: Vec<String>,
}

/// A column, in the words of the form and of its database.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Column {
    /// As the form calls it.
    name: String,
    /// As the database calls it.
    own_name: String,
    /// The type, as the database calls it.
    kind: String,
    /// Whether rows are ordered by it.
    is_key: bool,
}

impl Table {
    /// What orders its rows.
    fn order(&self) -> String {
        let keys = self.columns.iter().filter(|column| column.is_key);
        let keys: Vec<_> = keys.map(|column| quoted(&column.own_name)).collect();
        if keys.is_empty() {
            return "1".to_owned();
        }
        keys.join(", ")
    }

    fn column(&self, name: &str) -> Result<&Column, CarryError> {
        let found = self.columns.iter().find(|column| column.name == name);
        found.ok_or_else(|| CarryError::Unknown {
            what: format!("{}.{name}", self.name),
        })
    }
}

/// Puts tables in an order in which no row refers to one that comes later.
fn in_order(mut tables: Vec<Table>) -> Vec<Table> {
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    let mut done: Vec<Table> = Vec::new();
    while !tables.is_empty() {
        let is_ready = |table: &Table| {
            let mut others = table.refers_to.iter().filter(|other| **other != table.name);
            others.all(|other| done.iter().any(|table| table.name == *other))
        };
        // A circle of references is broken somewhere; the database then says what it thinks of it.
        let next = tables.iter().position(is_ready).unwrap_or(0);
        done.push(tables.remove(next));
    }
    done
}

fn find<'a>(tables: &'a [Table], name: &str) -> Result<&'a Table, CarryError> {
    let found = tables.iter().find(|table| table.name == name);
    found.ok_or_else(|| CarryError::Unknown {
        what: name.to_owned(),
    })
}

/// A name in SQL.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Why a registry could not be carried.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CarryError {
    /// It cannot be written out.
    #[error("the export cannot be written")]
    Write(#[source] io::Error),
    /// The lines cannot be taken.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It has a table or column that this version does not know.
    #[error(
        "it holds `{what}`, which this paynamed does not know; import it with the newer one that wrote it"
    )]
    Unknown {
        /// The table or column.
        what: String,
    },
    /// The registry holds something else in the same place.
    #[error(
        "line {line}: the registry has another row of `{table}` in its place; import into an empty registry"
    )]
    Differs {
        /// The line.
        line: u64,
        /// The table.
        table: String,
    },
    /// The database refuses a row.
    #[error("line {line}: the registry refuses a row of `{table}`; import into an empty registry")]
    Refused {
        /// The line.
        line: u64,
        /// The table.
        table: String,
        /// Why.
        source: StoreError,
    },
    /// There is no registry to export.
    #[error("there is no registry at {}; start the server once, or name another configuration", .0.display())]
    Missing(PathBuf),
    /// The data directory is in use, or cannot be used.
    #[error(transparent)]
    Files(#[from] DataDirError),
    /// The registry cannot be opened.
    #[error("the registry cannot be opened")]
    Open(#[from] Box<StartError>),
    /// The shared database cannot be reached.
    #[error("the database cannot be used")]
    Connect(#[from] OpenError),
    /// The registry failed.
    #[error("the registry fails")]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, refers_to: &[&str]) -> Table {
        Table {
            name: name.to_owned(),
            columns: Vec::new(),
            refers_to: refers_to.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn a_table_comes_after_those_that_it_refers_to() {
        let all = vec![table("a", &["c"]), table("b", &["b", "a"]), table("c", &[])];
        let names: Vec<_> = in_order(all).into_iter().map(|table| table.name).collect();
        assert_eq!(names, ["c", "a", "b"]);
        assert_eq!(
            in_order(vec![table("x", &["y"]), table("y", &["x"])]).len(),
            2
        );
    }
}
