//! The lines: a head, one line a row, and an end without which nothing is taken.

use std::io::{self, BufRead, Read as _, Write};

use data_encoding::HEXLOWER;
use payname_resolver::UnixTime;
use serde_json::{Map, Value, json};

use super::CarryError;

/// What the head says.
const FORMAT: &str = "payname-registry";
/// The version of the form. A reader takes its own and older ones.
const VERSION: u64 = 1;
/// The longest line that is read, in bytes.
const LONGEST: u64 = 1 << 20;

/// What a row holds in one column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Integer(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Bytes(bytes) => json!({ "hex": HEXLOWER.encode(bytes) }),
        }
    }

    fn from_json(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Number(number) => Self::Integer(number.as_i64()?),
            Value::String(text) => Self::Text(text.clone()),
            Value::Object(object) => {
                let hex = object.get("hex").filter(|_| object.len() == 1)?.as_str()?;
                Self::Bytes(HEXLOWER.decode(hex.as_bytes()).ok()?)
            }
            _ => return None,
        })
    }
}

/// One row.
#[derive(Debug)]
pub(super) struct Line {
    /// Where it stands, from 1.
    pub(super) number: u64,
    pub(super) table: String,
    pub(super) cells: Vec<(String, Cell)>,
}

/// Writes lines.
pub(super) struct Writer<'a> {
    out: &'a mut (dyn Write + Send),
    rows: u64,
}

impl<'a> Writer<'a> {
    /// Writes the head.
    pub(super) fn begin(
        out: &'a mut (dyn Write + Send),
        now: UnixTime,
    ) -> Result<Self, CarryError> {
        let head = json!({
            "format": FORMAT,
            "version": VERSION,
            "paynamed": env!("CARGO_PKG_VERSION"),
            "made_at": now.0,
        });
        let mut writer = Self { out, rows: 0 };
        writer.line(&head)?;
        Ok(writer)
    }

    /// Writes a row.
    pub(super) fn row(
        &mut self,
        table: &str,
        cells: impl IntoIterator<Item = (String, Cell)>,
    ) -> Result<(), CarryError> {
        let cells = cells.into_iter().map(|(name, cell)| (name, cell.to_json()));
        let row = cells.collect::<Map<_, _>>();
        self.rows = self.rows.saturating_add(1);
        self.line(&json!({ "table": table, "row": row }))
    }

    /// Writes the end; the number of rows.
    pub(super) fn end(mut self) -> Result<u64, CarryError> {
        self.line(&json!({ "rows": self.rows }))?;
        self.out.flush().map_err(CarryError::Write)?;
        Ok(self.rows)
    }

    fn line(&mut self, value: &Value) -> Result<(), CarryError> {
        writeln!(self.out, "{value}").map_err(CarryError::Write)
    }
}

/// Reads all rows, each given to `take`; their number.
pub(super) fn read_lines(
    from: &mut (dyn BufRead + Send),
    mut take: impl FnMut(Line) -> Result<(), CarryError>,
) -> Result<u64, CarryError> {
    let mut lines = Lines { from, number: 0 };
    lines.head()?;
    let mut rows: u64 = 0;
    while let Some(line) = lines.row(rows)? {
        take(line)?;
        rows = rows.saturating_add(1);
    }
    Ok(rows)
}

/// The lines that are still to be read.
pub(super) struct Lines<'a> {
    from: &'a mut (dyn BufRead + Send),
    number: u64,
}

impl<'a> Lines<'a> {
    /// Reads the head.
    pub(super) fn begin(from: &'a mut (dyn BufRead + Send)) -> Result<Self, FormError> {
        let mut lines = Self { from, number: 0 };
        lines.head()?;
        Ok(lines)
    }

    fn head(&mut self) -> Result<(), FormError> {
        let head = self.next().map_err(|error| match error {
            FormError::Read(source) => FormError::Read(source),
            _ => FormError::Foreign,
        })?;
        if head.get("format").and_then(Value::as_str) != Some(FORMAT) {
            return Err(FormError::Foreign);
        }
        match head.get("version").and_then(Value::as_u64) {
            Some(1..=VERSION) => Ok(()),
            found => Err(FormError::Version(found.unwrap_or(0))),
        }
    }

    /// The next row; none at the end, if it comes after so many.
    pub(super) fn row(&mut self, rows: u64) -> Result<Option<Line>, FormError> {
        let value = self.next()?;
        if let Some(counted) = value.get("rows").and_then(Value::as_u64) {
            let mut more = [0];
            let rest = self.from.read(&mut more).map_err(FormError::Read)?;
            return match counted == rows && rest == 0 {
                true => Ok(None),
                false => Err(FormError::Count { counted, rows }),
            };
        }
        let damaged = FormError::Damaged(self.number);
        let row = || {
            let table = value.get("table")?.as_str()?.to_owned();
            let cells = value.get("row")?.as_object()?.iter();
            let cells = cells.map(|(name, value)| Some((name.clone(), Cell::from_json(value)?)));
            Some(Line {
                number: self.number,
                table,
                cells: cells.collect::<Option<_>>()?,
            })
        };
        row().ok_or(damaged).map(Some)
    }

    fn next(&mut self) -> Result<Value, FormError> {
        self.number = self.number.saturating_add(1);
        let mut line = Vec::new();
        let mut limited = self.from.take(LONGEST);
        limited
            .read_until(b'\n', &mut line)
            .map_err(FormError::Read)?;
        if line.pop() != Some(b'\n') {
            return Err(FormError::Short(self.number));
        }
        serde_json::from_slice(&line).map_err(|_| FormError::Damaged(self.number))
    }
}

/// Why lines are not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormError {
    /// They cannot be read.
    #[error("the export cannot be read")]
    Read(#[source] io::Error),
    /// They are something else.
    #[error("this is no export of a registry; it must begin as `paynamed export` begins it")]
    Foreign,
    /// They have a version that is not known here.
    #[error(
        "the export has version {0}, and this paynamed knows up to {VERSION}; import it with the newer one that wrote it"
    )]
    Version(u64),
    /// A line is not what it should be.
    #[error("line {0} of the export is damaged")]
    Damaged(u64),
    /// They end too early.
    #[error("the export ends in the middle, at line {0}; was its writing cut short?")]
    Short(u64),
    /// There are more or fewer rows than there should be.
    #[error("the export has {rows} rows instead of {counted}, or goes on behind its end")]
    Count {
        /// That many it says.
        counted: u64,
        /// That many there are.
        rows: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(rows: &[Vec<(String, Cell)>]) -> String {
        let mut out = Vec::new();
        let mut writer = Writer::begin(&mut out, UnixTime(7)).unwrap();
        for row in rows {
            writer.row("things", row.clone()).unwrap();
        }
        writer.end().unwrap();
        String::from_utf8(out).unwrap()
    }

    fn import(text: &str) -> Result<Vec<Line>, CarryError> {
        let mut lines = Vec::new();
        read_lines(&mut text.as_bytes(), |line| {
            lines.push(line);
            Ok(())
        })?;
        Ok(lines)
    }

    #[test]
    fn every_kind_of_cell_comes_back_as_it_was() {
        let row = vec![
            ("bytes".to_owned(), Cell::Bytes(vec![0, 255])),
            ("least".to_owned(), Cell::Integer(i64::MIN)),
            ("most".to_owned(), Cell::Integer(i64::MAX)),
            ("nothing".to_owned(), Cell::Null),
            ("text".to_owned(), Cell::Text("line\n\"₿\"\u{0}".to_owned())),
        ];
        let lines = import(&export(std::slice::from_ref(&row))).unwrap();
        assert_eq!(lines[0].cells, row);
        assert_eq!((lines[0].number, lines[0].table.as_str()), (2, "things"));
    }

    #[test]
    fn what_is_cut_short_damaged_or_foreign_is_refused() {
        let rows = [
            vec![("id".to_owned(), Cell::Integer(1))],
            vec![("id".to_owned(), Cell::Integer(2))],
        ];
        let whole = export(&rows);
        for end in 0..whole.len() {
            assert!(import(&whole[..end]).is_err(), "{end} bytes are taken");
        }
        assert_eq!(import(&whole).unwrap().len(), 2);
        let mut lines: Vec<_> = whole.lines().collect();
        lines.remove(1);
        let error = import(&(lines.join("\n") + "\n")).unwrap_err().to_string();
        assert!(error.contains("1 rows instead of 2"), "{error}");
        for (text, reason) in [
            (whole.replace("\"version\":1", "\"version\":2"), "version 2"),
            (whole.replace("payname-registry", "else"), "no export"),
            (
                whole.replace("\"id\":2", "\"id\":2.5"),
                "line 3 of the export is damaged",
            ),
            (format!("{whole}x"), "behind its end"),
        ] {
            let error = import(&text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }
}
