//! What a command found, and how it is written: stdout is data, stderr is talk.

use std::io::{self, IsTerminal, Write};

use serde_json::{Map, Value};

use crate::{
    color::{self, Color},
    exit::Exit,
    failure::Failure,
    text,
};

/// What a command found.
#[derive(Debug, Clone)]
pub struct Report {
    /// How the process ends.
    pub exit: Exit,
    /// The text for people, without a final line break.
    pub text: String,
    /// The JSON document.
    pub fields: Map<String, Value>,
    /// Whether the document is the last of several, each on a line of its own (NDJSON).
    pub is_line: bool,
}

impl Report {
    /// A report of success.
    pub fn new(text: impl Into<String>, fields: Map<String, Value>) -> Self {
        Self {
            exit: Exit::Ok,
            text: text.into(),
            fields,
            is_line: false,
        }
    }

    /// A report of a command that has written everything itself.
    pub fn silent() -> Self {
        Self {
            is_line: true,
            ..Self::new("", Map::new())
        }
    }

    /// The same as the last of several documents, each on a line of its own.
    #[must_use]
    pub fn on_one_line(self) -> Self {
        Self {
            is_line: true,
            ..self
        }
    }

    /// The same, ending with another exit code.
    #[must_use]
    pub fn ending(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }
}

/// Turns a `json!({…})` into the map a [`Report`] holds.
pub fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

/// Writes the outcome of a command and says how the process ends.
///
/// With `json`, exactly one document goes to stdout, whatever happened.
pub fn write(outcome: Result<Report, Failure>, json: bool, color: Color) -> Exit {
    let (exit, written) = match outcome {
        Ok(report) if report.is_line && report.fields.is_empty() => (report.exit, Ok(())),
        Ok(report) if json && report.is_line => (report.exit, line(&Value::Object(report.fields))),
        Ok(report) if json => (report.exit, print(&to_json(&Value::Object(report.fields)))),
        Ok(report) => (
            report.exit,
            print(&shown(&report.text, color, &io::stdout())),
        ),
        Err(failure) if json => (failure.exit, print(&to_json(&failure.to_json()))),
        Err(failure) => {
            let found = match failure.found.as_str() {
                "" => Ok(()),
                found => print(&shown(found, color, &io::stdout())),
            };
            let error = shown(&format!("error: {}", failure.message), color, &io::stderr());
            // If stderr is gone there is nobody to tell.
            let _ = writeln!(io::stderr().lock(), "{error}");
            (failure.exit, found)
        }
    };
    match written {
        Ok(()) => exit,
        // Whoever read our output has had enough; the command itself did what it did.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => exit,
        Err(error) => {
            say(&format!("error: cannot write to standard output: {error}"));
            if exit == Exit::Ok {
                Exit::Unexpected
            } else {
                exit
            }
        }
    }
}

/// The text for people, escaped, and coloured if there is somebody to see it.
fn shown(text: &str, color: Color, stream: &impl IsTerminal) -> String {
    let escaped = text::escape_lines(text);
    match color.applies_to(stream) {
        true => color::paint(&escaped),
        false => escaped,
    }
}

/// Says something to the person at the terminal.
pub fn say(line: &str) {
    // If stderr is gone there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{}", text::escape_lines(line));
}

fn print(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Writes one of several documents, on one line (NDJSON).
///
/// # Errors
/// Standard output is closed or full.
pub fn line(document: &Value) -> io::Result<()> {
    print(&escaped(&document.to_string()))
}

/// Writes a line for people, before the command has ended.
///
/// # Errors
/// As [`line`].
pub fn text_line(text: &str) -> io::Result<()> {
    print(&text::escape_lines(text))
}

/// The document as text in which no character can act on a terminal.
fn to_json(document: &Value) -> String {
    // A `Value` has string keys only, so this cannot fail.
    escaped(&serde_json::to_string_pretty(document).unwrap_or_default())
}

/// JSON in which no character can act on a terminal.
fn escaped(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for line in json.split_inclusive('\n') {
        for character in line.chars() {
            if character != '\n' && text::is_unsafe(character) {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    safe.push_str(&format!("\\u{unit:04x}"));
                }
            } else {
                safe.push(character);
            }
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_says_the_same_without_characters_that_act_on_a_terminal() {
        let hostile = "a\u{9b}b\u{202e}c\u{7f}d\u{e0041}e\u{1b}\nf ₿";
        let text = to_json(&json!({ "label": hostile }));
        assert!(
            !text.chars().any(|c| c != '\n' && text::is_unsafe(c)),
            "{text}"
        );
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["label"], hostile);
    }
}
