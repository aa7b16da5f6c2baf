//! Tables of a SQLite file, written out and taken in.

use std::{io::BufRead, path::Path, time::Duration};

use rusqlite::{
    Connection, OpenFlags, ToSql, params_from_iter,
    types::{ToSqlOutput, Value, ValueRef},
};

use super::{
    CarryError, Column, Line, OF_THE_DAY, Table, Writer, find, form::Cell, in_order, quoted,
    read_lines,
};
use crate::store::StoreError;

/// How long to wait for a lock.
const BUSY: Duration = Duration::from_secs(5);

/// Writes all tables as they are at one moment, beside a server that may go on.
pub(super) fn export(path: &Path, writer: &mut Writer<'_>) -> Result<(), CarryError> {
    if !path.exists() {
        return Err(CarryError::Missing(path.to_owned()));
    }
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    // One transaction sees one state, whatever others commit meanwhile (write-ahead log).
    connection
        .execute_batch("BEGIN")
        .map_err(StoreError::from)?;
    for table in tables(&connection)? {
        write(&connection, &table, writer)?;
    }
    connection
        .execute_batch("COMMIT")
        .map_err(StoreError::from)?;
    Ok(())
}

/// The tables of a file.
pub(super) fn described(path: &Path) -> Result<Vec<Table>, CarryError> {
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    Ok(tables(&connection)?)
}

fn write(
    connection: &Connection,
    table: &Table,
    writer: &mut Writer<'_>,
) -> Result<(), CarryError> {
    let columns: Vec<_> = table
        .columns
        .iter()
        .map(|column| quoted(&column.own_name))
        .collect();
    let sql = format!(
        "SELECT {} FROM {} ORDER BY {}",
        columns.join(", "),
        quoted(&table.name),
        table.order()
    );
    let mut statement = connection.prepare(&sql).map_err(StoreError::from)?;
    let mut rows = statement.query([]).map_err(StoreError::from)?;
    while let Some(row) = rows.next().map_err(StoreError::from)? {
        let mut cells = Vec::new();
        for (index, column) in table.columns.iter().enumerate() {
            let value = row.get_ref(index).map_err(StoreError::from)?;
            cells.push((column.name.clone(), cell(value, column)?));
        }
        writer.row(&table.name, cells)?;
    }
    Ok(())
}

fn cell(value: ValueRef<'_>, column: &Column) -> Result<Cell, StoreError> {
    let unreadable = || StoreError::Unreadable {
        column: "column",
        value: column.name.clone(),
    };
    Ok(match value {
        ValueRef::Null => Cell::Null,
        ValueRef::Integer(number) => Cell::Integer(number),
        ValueRef::Text(text) => Cell::Text(
            std::str::from_utf8(text)
                .map_err(|_| unreadable())?
                .to_owned(),
        ),
        ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(unreadable()),
    })
}

/// Takes all rows in one transaction.
pub(super) fn import(path: &Path, from: &mut (dyn BufRead + Send)) -> Result<u64, CarryError> {
    let mut connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let durable = connection.pragma_update(None, "synchronous", "FULL");
    durable.map_err(StoreError::from)?;
    let transaction = connection.transaction().map_err(StoreError::from)?;
    let tables = tables(&transaction)?;
    let rows = read_lines(from, |line| take(&transaction, &tables, &line))?;
    transaction.commit().map_err(StoreError::from)?;
    Ok(rows)
}

fn take(connection: &Connection, tables: &[Table], line: &Line) -> Result<(), CarryError> {
    if OF_THE_DAY.contains(&line.table.as_str()) {
        return Ok(());
    }
    let table = find(tables, &line.table)?;
    let columns = line.cells.iter().map(|(name, _)| table.column(name));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    let names: Vec<_> = columns
        .iter()
        .map(|column| quoted(&column.own_name))
        .collect();
    let places: Vec<_> = (1..=names.len()).map(|place| format!("?{place}")).collect();
    let into = quoted(&table.name);
    let refused = |error: rusqlite::Error| CarryError::Refused {
        line: line.number,
        table: table.name.clone(),
        source: error.into(),
    };
    let sql = format!(
        "INSERT INTO {into} ({}) VALUES ({}) ON CONFLICT DO NOTHING",
        names.join(", "),
        places.join(", ")
    );
    let cells = || params_from_iter(line.cells.iter().map(|(_, cell)| cell));
    let mut insert = connection.prepare_cached(&sql).map_err(refused)?;
    if insert.execute(cells()).map_err(refused)? == 1 {
        return Ok(());
    }
    let same = names.iter().zip(&places);
    let same: Vec<_> = same
        .map(|(name, place)| format!("{name} IS {place}"))
        .collect();
    let sql = format!("SELECT count(*) FROM {into} WHERE {}", same.join(" AND "));
    let mut look = connection.prepare_cached(&sql).map_err(refused)?;
    let found: u32 = look.query_row(cells(), |row| row.get(0)).map_err(refused)?;
    match found {
        1 => Ok(()),
        _ => Err(CarryError::Differs {
            line: line.number,
            table: table.name.clone(),
        }),
    }
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, StoreError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}

/// All tables but SQLite's own and those of the day.
fn tables(connection: &Connection) -> Result<Vec<Table>, StoreError> {
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let mut tables = Vec::new();
    for name in names {
        let name = name?;
        if OF_THE_DAY.contains(&name.as_str()) {
            continue;
        }
        let sql = "SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid";
        let mut statement = connection.prepare(sql)?;
        let columns = statement.query_map([&name], |row| {
            let name: String = row.get(0)?;
            Ok(Column {
                own_name: name.clone(),
                name,
                kind: row.get(1)?,
                is_key: row.get::<_, i64>(2)? > 0,
            })
        })?;
        let columns = columns.collect::<Result<_, _>>()?;
        let sql = "SELECT \"table\" FROM pragma_foreign_key_list(?1)";
        let mut statement = connection.prepare(sql)?;
        let refers_to = statement.query_map([&name], |row| row.get(0))?;
        let refers_to = refers_to.collect::<Result<_, _>>()?;
        tables.push(Table {
            name,
            columns,
            refers_to,
        });
    }
    Ok(in_order(tables))
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Value::Null),
            Self::Integer(number) => ToSqlOutput::Owned(Value::Integer(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
            Self::Bytes(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
        })
    }
}
