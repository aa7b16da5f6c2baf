//! Why a command did not do what was asked: one shape for people and programs.

use std::fmt::Display;

use serde_json::{Map, Value, json};

use crate::exit::Exit;

/// A failure: an exit code, a stable name, a sentence, and what else is known.
#[derive(Debug, Clone)]
pub struct Failure {
    /// How the process ends.
    pub exit: Exit,
    /// A stable name for programs, such as `expired`.
    pub code: &'static str,
    /// What failed, why, and what to do; lower case, no full stop.
    pub message: String,
    /// What else is known, beside `error` in the JSON document.
    pub fields: Map<String, Value>,
    /// What was found nevertheless, for people; empty for most failures.
    pub found: String,
}

impl Failure {
    /// A failure without further fields.
    pub fn new(exit: Exit, code: &'static str, message: impl Display) -> Self {
        Self {
            exit,
            code,
            message: message.to_string(),
            fields: Map::new(),
            found: String::new(),
        }
    }

    /// A mistake on the command line, or a file named there that cannot be read.
    pub fn usage(code: &'static str, message: impl Display) -> Self {
        Self::new(Exit::Usage, code, message)
    }

    /// Something that no other exit code describes.
    pub fn unexpected(code: &'static str, message: impl Display) -> Self {
        Self::new(Exit::Unexpected, code, message)
    }

    /// Adds a field to the JSON document.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(key.to_owned(), value.into());
        self
    }

    /// Adds what was found nevertheless, which goes to standard output.
    #[must_use]
    pub fn showing(self, found: String) -> Self {
        Self { found, ..self }
    }

    /// Adds several fields to the JSON document.
    #[must_use]
    pub fn with_all(mut self, fields: Map<String, Value>) -> Self {
        self.fields.extend(fields);
        self
    }

    /// The JSON document.
    pub fn to_json(&self) -> Value {
        let mut document = self.fields.clone();
        let error = json!({
            "code": self.code,
            "message": self.message,
            "exit": self.exit.code(),
        });
        document.insert("error".to_owned(), error);
        Value::Object(document)
    }
}
