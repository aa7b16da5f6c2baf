//! The confirmation: a person sees whom, what and how much, and says yes; a script says so before.

use std::io::{self, Write};

use super::told::Plan;
use crate::{context::Context, exit::Exit, failure::Failure, report};

/// Asks for the payment to be confirmed, unless it was beforehand.
///
/// # Errors
/// The answer is no, or there is nobody to ask.
pub(super) fn confirm(
    context: &Context,
    plan: &Plan,
    yes: bool,
    accept_change: bool,
) -> Result<(), Failure> {
    let not_confirmed = |code, message: &str| {
        Failure::new(Exit::NotConfirmed, code, message).with("name", plan.handle().to_string())
    };
    if yes {
        return Ok(());
    }
    if !context.is_interactive() {
        let message = "nobody can be asked to confirm, as there is no terminal; use --yes";
        return Err(not_confirmed("no_terminal", message));
    }
    report::say(&plan.text());
    if plan.payee.change().is_some() && !accept_change {
        let name = plan.handle().as_str();
        let answer = ask(&format!(
            "This payee changed. Type {name} to pay nevertheless: "
        ))
        .map_err(|error| Failure::unexpected("terminal", error))?;
        return match answer
            .trim()
            .trim_start_matches('₿')
            .eq_ignore_ascii_case(name)
        {
            true => Ok(()),
            false => Err(not_confirmed("declined", "not confirmed; nothing was paid")),
        };
    }
    let answer = ask(&format!("Pay {} to {}? [y/N] ", plan.amount, plan.handle()))
        .map_err(|error| Failure::unexpected("terminal", error))?;
    match answer.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(not_confirmed("declined", "not confirmed; nothing was paid")),
    }
}

fn ask(question: &str) -> io::Result<String> {
    let mut stderr = io::stderr().lock();
    write!(stderr, "{question}")?;
    stderr.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    Ok(answer)
}
