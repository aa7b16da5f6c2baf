//! All that was found.

use alloc::vec::Vec;
use core::fmt;

use super::{Finding, Severity};

/// What was found, the worst first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    findings: Vec<Finding>,
}

impl Report {
    /// Everything that was found, the worst first, otherwise in the order of the codes.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The worst that was found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.first().map(|finding| finding.severity)
    }

    /// The exit code of a program that shows this: 0, 20 with errors, 21 with warnings.
    pub fn exit_code(&self) -> u8 {
        match self.worst() {
            Some(Severity::Error) => 20,
            Some(Severity::Warning) => 21,
            Some(Severity::Info) | None => 0,
        }
    }
}

impl FromIterator<Finding> for Report {
    fn from_iter<T: IntoIterator<Item = Finding>>(findings: T) -> Self {
        let mut findings: Vec<_> = findings.into_iter().collect();
        findings.sort_by_key(|finding| (core::cmp::Reverse(finding.severity), finding.code));
        Self { findings }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        match self.worst() {
            Some(Severity::Error | Severity::Warning) => Ok(()),
            Some(Severity::Info) | None => writeln!(f, "nothing is wrong"),
        }
    }
}
