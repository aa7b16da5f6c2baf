//! How the demonstration is told: numbered steps, each with a sentence, what ran, and how long.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::{Finished, Payname};

/// An argument longer than this is shortened when it is shown.
const SHOWN_ARGUMENT: usize = 64;
/// So is a word that a program wrote; keys, preimages and digests stay whole.
const SHOWN_WORD: usize = 100;

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

    /// What a program wrote, a line at a time, with endless words shortened.
    pub(super) fn quote(&self, text: &str) {
        for line in text.lines() {
            println!("    | {}", without_long_words(line));
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

/// A command line as it is shown.
fn shown(arguments: &[&str]) -> String {
    let shortened = arguments
        .iter()
        .map(|argument| shortened(argument, SHOWN_ARGUMENT));
    shortened.collect::<Vec<_>>().join(" ")
}

/// The spaces of a line are kept: they make columns.
fn without_long_words(line: &str) -> String {
    let words = line.split(' ').map(|word| shortened(word, SHOWN_WORD));
    words.collect::<Vec<_>>().join(" ")
}

/// Beginning and end of a word, and how much of it there is; paths stay whole.
fn shortened(word: &str, limit: usize) -> String {
    let length = word.chars().count();
    if length <= limit || word.starts_with('/') {
        return word.to_owned();
    }
    let start: String = word.chars().take(28).collect();
    let end: String = word.chars().skip(length - 8).collect();
    format!("{start}…{end} ({length} characters)")
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
        let short = format!("lno1{}…qqqqqqqq (404 characters)", "q".repeat(24));
        assert_eq!(text, format!("register {short} {path}"));
        assert_eq!(
            without_long_words(&format!("uri   {offer}")),
            format!("uri   {short}")
        );
    }

    #[test]
    fn times_are_told_in_the_unit_that_fits() {
        assert_eq!(seconds(Duration::from_millis(42)), "42 ms");
        assert_eq!(seconds(Duration::from_millis(12_345)), "12.3 s");
    }
}
