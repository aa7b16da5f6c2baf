//! One thing that is wrong.

use alloc::string::String;
use core::fmt;

use super::Code;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It works, for now or for most.
    Warning,
    /// Names cannot be paid, or something is unsafe.
    Error,
}

impl Severity {
    /// As it is shown: `ERROR`, `WARN` or `INFO`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Warning => "WARN",
            Self::Error => "ERROR",
        }
    }
}

/// One thing that is wrong: where, what was seen, and what to do.
///
/// ```
/// use payname_resolver::doctor::{Code, Finding, Severity};
///
/// let finding = Finding::new(Severity::Error, Code::NoDs, "example.com.", "the parent has no DS record")
///     .fix("enter this DS record at the registrar: example.com. IN DS 12345 13 2 ABCD…");
/// assert!(finding.to_string().starts_with("ERROR D302 example.com.: the parent has no DS record  →  enter"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is.
    pub code: Code,
    /// The zone, file, address or URL that it is about.
    pub subject: String,
    /// What was seen.
    pub evidence: String,
    /// What to do about it; empty where nothing can be done.
    pub fix: String,
}

impl Finding {
    /// A finding without a remedy yet.
    pub fn new(
        severity: Severity,
        code: Code,
        subject: impl Into<String>,
        evidence: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            code,
            subject: subject.into(),
            evidence: evidence.into(),
            fix: String::new(),
        }
    }

    /// The same with what to do about it, in one line.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = self.severity.as_str();
        write!(
            f,
            "{level} {} {}: {}",
            self.code, self.subject, self.evidence
        )?;
        if !self.fix.is_empty() {
            write!(f, "  →  {}", self.fix)?;
        }
        Ok(())
    }
}
