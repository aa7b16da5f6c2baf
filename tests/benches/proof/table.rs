//! The table that the benchmark prints: what was asked for, what was measured, and whether that is enough.

use std::fmt;

/// One line of the table.
pub(crate) struct Row {
    what: String,
    goal: String,
    figure: String,
    is_met: Option<bool>,
}

impl Row {
    /// A figure that stands for itself.
    pub(crate) fn plain(what: impl Into<String>, figure: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            goal: String::new(),
            figure: figure.into(),
            is_met: None,
        }
    }

    /// A figure that was to reach a goal.
    pub(crate) fn goal(
        what: impl Into<String>,
        goal: impl Into<String>,
        figure: impl Into<String>,
        is_met: bool,
    ) -> Self {
        Self {
            goal: goal.into(),
            is_met: Some(is_met),
            ..Self::plain(what, figure)
        }
    }
}

/// All lines, as a table in Markdown.
pub(crate) struct Table(pub(crate) Vec<Row>);

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | goal | measured | |")?;
        writeln!(f, "|---|---|---|---|")?;
        for row in &self.0 {
            let verdict = match row.is_met {
                Some(true) => "met",
                Some(false) => "**not met**",
                None => "",
            };
            let Row {
                what, goal, figure, ..
            } = row;
            writeln!(f, "| {what} | {goal} | {figure} | {verdict} |")?;
        }
        Ok(())
    }
}
