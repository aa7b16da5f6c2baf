//! `payname explain`: what a code of the doctor means, at length.

use payname_resolver::doctor::Code;
use serde_json::json;

use crate::{
    context::Context,
    failure::Failure,
    report::{Report, fields},
};

/// Arguments of `explain`.
#[derive(Debug, clap::Args)]
pub struct Explain {
    /// A code such as D302; all of them without one
    pub code: Option<Code>,
}

impl Explain {
    /// Runs the command.
    ///
    /// # Errors
    /// Never.
    pub fn run(self, _context: &Context) -> Result<Report, Failure> {
        let described = |code: &Code| json!({ "code": code.as_str(), "title": code.title(), "meaning": code.meaning() });
        let Some(code) = self.code else {
            let lines: Vec<_> = Code::ALL
                .iter()
                .map(|code| format!("{code}  {}", code.title()))
                .collect();
            let codes: Vec<_> = Code::ALL.iter().map(described).collect();
            return Ok(Report::new(
                lines.join("\n"),
                fields(json!({ "codes": codes })),
            ));
        };
        let text = format!("{code}  {}\n\n{}", code.title(), code.meaning());
        Ok(Report::new(text, fields(described(&code))))
    }
}
