//! Tables of a PostgreSQL database, written out and taken in.
//!
//! Every cell crosses as text, which PostgreSQL reads and writes for each of its types.

use std::io::BufRead;

use data_encoding::HEXLOWER;
use futures_util::{StreamExt as _, pin_mut};
use tokio_postgres::{Client, Row, Transaction, types::Type};

use super::{
    CarryError, Column, Line, OF_THE_DAY, Table, Writer, find,
    form::{Cell, Lines},
    in_order, quoted,
};
use crate::store::{
    StoreError,
    postgres::{Database, reach},
};

/// What is not of the registry: the signed zones, which are made anew from it, the keys, which lie in
/// files too, and the version of the tables.
const OTHERS: [&str; 6] = [
    "signed_zones",
    "signed_sets",
    "signed_steps",
    "zone_keys",
    "key_files",
    "schema_version",
];
/// Until when a task is held, by this database's clock: nobody else's concern.
const MOMENT: &str = "timestamp with time zone";

/// Writes all tables as they are at one moment, beside servers that may go on.
pub(super) async fn export(database: &Database, writer: &mut Writer<'_>) -> Result<(), CarryError> {
    let mut client = reach(database).await?;
    let snapshot = client
        .build_transaction()
        .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
        .read_only(true);
    let snapshot = snapshot.start().await.map_err(StoreError::from)?;
    for table in tables(&snapshot).await? {
        let columns: Vec<_> = table.columns.iter().map(as_text).collect();
        let sql = format!(
            "SELECT {} FROM {} ORDER BY {}",
            columns.join(", "),
            quoted(&table.name),
            table.order()
        );
        let nothing: [&str; 0] = [];
        let rows = snapshot
            .query_raw(&sql, nothing)
            .await
            .map_err(StoreError::from)?;
        pin_mut!(rows);
        while let Some(row) = rows.next().await {
            let row = row.map_err(StoreError::from)?;
            let mut cells = Vec::new();
            for (index, column) in table.columns.iter().enumerate() {
                cells.push((column.name.clone(), cell(&row, index, column)?));
            }
            writer.row(&table.name, cells)?;
        }
    }
    Ok(())
}

/// The tables of a database.
pub(super) async fn described(database: &Database) -> Result<Vec<Table>, CarryError> {
    let mut client = reach(database).await?;
    let transaction = client.transaction().await.map_err(StoreError::from)?;
    Ok(tables(&transaction).await?)
}

fn as_text(column: &Column) -> String {
    let name = quoted(&column.own_name);
    match column.kind.as_str() {
        "bytea" => format!("encode({name}, 'hex')"),
        "boolean" => format!("{name}::integer::text"),
        _ => format!("{name}::text"),
    }
}

fn cell(row: &Row, index: usize, column: &Column) -> Result<Cell, StoreError> {
    let text: Option<String> = row.try_get(index)?;
    let Some(text) = text else {
        return Ok(Cell::Null);
    };
    let cell = match column.kind.as_str() {
        "text" => Some(Cell::Text(text.clone())),
        "bytea" => HEXLOWER.decode(text.as_bytes()).ok().map(Cell::Bytes),
        "bigint" | "integer" | "smallint" | "boolean" => text.parse().ok().map(Cell::Integer),
        _ => None,
    };
    cell.ok_or_else(|| StoreError::Unreadable {
        column: "column",
        value: column.name.clone(),
    })
}

/// Takes all rows in one transaction.
pub(super) async fn import(
    database: &Database,
    from: &mut (dyn BufRead + Send),
) -> Result<u64, CarryError> {
    let mut client: Client = reach(database).await?;
    let transaction = client.transaction().await.map_err(StoreError::from)?;
    let tables = tables(&transaction).await?;
    let mut lines = Lines::begin(from)?;
    let mut rows: u64 = 0;
    while let Some(line) = lines.row(rows)? {
        take(&transaction, &tables, &line).await?;
        rows = rows.saturating_add(1);
    }
    for table in &tables {
        go_on_above(&transaction, table).await?;
    }
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(rows)
}

async fn take(
    transaction: &Transaction<'_>,
    tables: &[Table],
    line: &Line,
) -> Result<(), CarryError> {
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
    let places =
        (1..).zip(&columns).map(
            |(place, column): (u32, &&Column)| match column.kind.as_str() {
                "bytea" => format!("decode(${place}, 'hex')"),
                "boolean" => format!("${place}::integer::boolean"),
                kind => format!("${place}::{kind}"),
            },
        );
    let places: Vec<_> = places.collect();
    let texts: Vec<_> = line.cells.iter().map(|(_, cell)| text(cell)).collect();
    let into = quoted(&table.name);
    let refused = |error: tokio_postgres::Error| CarryError::Refused {
        line: line.number,
        table: table.name.clone(),
        source: error.into(),
    };
    let run = async |sql: String| {
        let types = vec![Type::TEXT; texts.len()];
        let statement = transaction.prepare_typed(&sql, &types).await?;
        transaction.execute_raw(&statement, &texts).await
    };
    let insert = format!(
        "INSERT INTO {into} ({}) OVERRIDING SYSTEM VALUE VALUES ({}) ON CONFLICT DO NOTHING",
        names.join(", "),
        places.join(", ")
    );
    if run(insert).await.map_err(refused)? == 1 {
        return Ok(());
    }
    let same = names.iter().zip(&places);
    let same = same.map(|(name, place)| format!("{name} IS NOT DISTINCT FROM {place}"));
    let same: Vec<_> = same.collect();
    let look = format!("SELECT 1 FROM {into} WHERE {}", same.join(" AND "));
    match run(look).await.map_err(refused)? {
        1 => Ok(()),
        _ => Err(CarryError::Differs {
            line: line.number,
            table: table.name.clone(),
        }),
    }
}

fn text(cell: &Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Integer(number) => Some(number.to_string()),
        Cell::Text(text) => Some(text.clone()),
        Cell::Bytes(bytes) => Some(HEXLOWER.encode(bytes)),
    }
}

/// Has numbers that the database gives out go on above those that were taken in.
async fn go_on_above(transaction: &Transaction<'_>, table: &Table) -> Result<(), StoreError> {
    let sql = "SELECT column_name::text, pg_get_serial_sequence(quote_ident($1), column_name)
         FROM information_schema.columns
         WHERE table_schema = current_schema() AND table_name = $1 AND is_identity = 'YES'";
    for row in transaction.query(sql, &[&table.name]).await? {
        let (column, sequence): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        let (column, name) = (quoted(&column), quoted(&table.name));
        let sql = format!(
            "SELECT setval($1::text::regclass, max({column})) FROM {name} HAVING max({column}) IS NOT NULL"
        );
        transaction.execute(&sql, &[&sequence]).await?;
    }
    Ok(())
}

/// The tables of the registry.
async fn tables(transaction: &Transaction<'_>) -> Result<Vec<Table>, StoreError> {
    let sql = "SELECT table_name::text FROM information_schema.tables
         WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'";
    let mut tables = Vec::new();
    for row in transaction.query(sql, &[]).await? {
        let name: String = row.try_get(0)?;
        if OTHERS.contains(&name.as_str()) || OF_THE_DAY.contains(&name.as_str()) {
            continue;
        }
        tables.push(Table {
            columns: columns(transaction, &name).await?,
            refers_to: references(transaction, &name).await?,
            name,
        });
    }
    Ok(in_order(tables))
}

async fn columns(transaction: &Transaction<'_>, table: &str) -> Result<Vec<Column>, StoreError> {
    let sql = "SELECT a.attname::text, format_type(a.atttypid, NULL),
             coalesce(a.attnum = ANY (i.indkey), false)
         FROM pg_attribute a LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
         WHERE a.attrelid = quote_ident($1)::regclass AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY a.attnum";
    let mut columns = Vec::new();
    for row in transaction.query(sql, &[&table]).await? {
        let own_name: String = row.try_get(0)?;
        let kind: String = row.try_get(1)?;
        if kind == MOMENT {
            continue;
        }
        // `user` is a word of SQL there.
        let name = if own_name == "username" {
            "user"
        } else {
            &own_name
        };
        columns.push(Column {
            name: name.to_owned(),
            own_name,
            kind,
            is_key: row.try_get(2)?,
        });
    }
    Ok(columns)
}

async fn references(transaction: &Transaction<'_>, table: &str) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT f.relname::text FROM pg_constraint c JOIN pg_class f ON f.oid = c.confrelid
         WHERE c.contype = 'f' AND c.conrelid = quote_ident($1)::regclass";
    let rows = transaction.query(sql, &[&table]).await?;
    let names = rows.iter().map(|row| row.try_get(0));
    Ok(names.collect::<Result<_, _>>()?)
}
