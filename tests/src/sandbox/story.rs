//! How the demonstration is told: numbered steps, each with a sentence, what ran, and how long.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{Finished, Payname};

/// An argument longer than this is shortened when it is shown.
const SHOWN: usize = 48;

/// A story being told.
#[derive(Debug)]
pub(super) struct Story {
    began: Instant,
    steps: Vec<Step>,
}

#[derive(Debug)]
struct Step {
    title: String,
    began: Instant,
    took: Duration,
}

impl Story {
    pub(super) fn begin() -> Self {
        Self {
            began: Instant::now(),
            steps: Vec::new(),
        }
    }

    /// Ends the step before and begins the next, with one sentence about it.
    pub(super) fn step(&mut self, title: &str, sentence: &str) {
        self.close();
        println!("\n{:>2}. {title}", self.steps.len() + 1);
        println!("    {sentence}");
        self.steps.push(Step {
            title: title.to_owned(),
            began: Instant::now(),
            took: Duration::ZERO,
        });
    }

    /// Something worth knowing about the step.
    pub(super) fn fact(&self, label: &str, text: &str) {
        println!("    {label:<11} {text}");
    }

    /// What a program wrote, a line at a time.
    pub(super) fn quote(&self, text: &str) {
        for line in text.lines() {
            println!("    | {line}");
        }
    }

    /// Runs a command, shows it and what it says, and insists on its exit code.
    pub(super) async fn run(
        &self,
        payname: &Payname,
        arguments: &[&str],
        expected: i32,
    ) -> Result<Finished> {
        println!("    $ payname {}", shown(arguments));
        let run = payname.run(arguments).await?;
        self.quote(&run.stdout);
        self.quote(&run.stderr);
        println!("    exit {} after {}", run.code, seconds(run.took));
        if run.code != expected {
            bail!(
                "`payname {}` ended with {}, not {expected}",
                shown(arguments),
                run.code
            );
        }
        Ok(run)
    }

    /// The end: every step and how long it took.
    pub(super) fn finish(mut self) {
        self.close();
        println!("\nEverything happened as it should:");
        for (number, step) in self.steps.iter().enumerate() {
            println!(
                "  {:>2}. {:<52} {:>9}",
                number + 1,
                step.title,
                seconds(step.took)
            );
        }
        println!(
            "      {:<52} {:>9}",
            "all of it",
            seconds(self.began.elapsed())
        );
    }

    fn close(&mut self) {
        if let Some(step) = self.steps.last_mut() {
            step.took = step.began.elapsed();
        }
    }
}

fn shown(arguments: &[&str]) -> String {
    let shortened = arguments.iter().map(|argument| {
        let length = argument.chars().count();
        if length <= SHOWN || argument.starts_with('/') {
            return (*argument).to_owned();
        }
        let start: String = argument.chars().take(20).collect();
        let end: String = argument.chars().skip(length - 8).collect();
        format!("{start}…{end}")
    });
    shortened.collect::<Vec<_>>().join(" ")
}

fn seconds(time: Duration) -> String {
    match time.as_millis() {
        millis @ 0..1000 => format!("{millis} ms"),
        millis => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_offer_is_shortened_and_a_path_is_not() {
        let offer = format!("lno1{}", "q".repeat(400));
        let path = format!("/tmp/{}", "d".repeat(60));
        let text = shown(&["register", &offer, &path]);
        assert_eq!(
            text,
            format!("register lno1qqqqqqqqqqqqqqqq…qqqqqqqq {path}")
        );
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        assert_eq!(seconds(Duration::from_millis(42)), "42 ms");
        assert_eq!(seconds(Duration::from_millis(12_345)), "12.3 s");
    }
}
