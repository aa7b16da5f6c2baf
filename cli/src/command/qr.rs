//! `payname qr`: what a name says to pay as a QR code that fits into a terminal.

use clap_complete::engine::ArgValueCandidates;
use payname_resolver::{Instructions, qr::Code};
use serde_json::json;

use crate::{
    command::completions,
    context::{Context, flag},
    failure::Failure,
    lookup::Lookup,
    name::{self, Named},
    report::{Report, fields},
    text, time,
};

/// The light border that readers need, in modules (ISO/IEC 18004).
const QUIET: usize = 4;

/// Arguments of `qr`.
#[derive(Debug, clap::Args)]
pub struct Qr {
    /// A name such as ₿alice@example.com, a contact, or a bitcoin: URI
    #[arg(value_name = "NAME|URI", add = ArgValueCandidates::new(completions::contacts))]
    pub what: String,
    /// Light modules as blanks instead of dark ones, for a terminal with a light background
    #[arg(long, env = "PAYNAME_INVERT", value_parser = flag())]
    pub invert: bool,
}

impl Qr {
    /// Runs the command.
    ///
    /// # Errors
    /// The name is not proven, the URI is none, or it is too long for a QR code.
    pub fn run(self, context: &Context) -> Result<Report, Failure> {
        let is_uri = self
            .what
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case("bitcoin:"));
        let (heading, instructions) = if is_uri {
            let read = Instructions::parse(&self.what);
            let wrong =
                |error| Failure::usage("bad_uri", format!("no QR code is made of this: {error}"));
            (None, read.map_err(wrong)?)
        } else {
            let named: Named =
                name::named(&self.what).map_err(|error| Failure::usage("usage", error))?;
            let payee = named.payee(context)?;
            let lookup = Lookup::ask(context, payee.handle(), time::now())?;
            let proven = lookup.proven()?;
            (
                Some(name::shown(payee.handle())),
                proven.instructions.value().clone(),
            )
        };
        // The same to every wallet, and a smaller code, where nothing in it depends on its case.
        let content = instructions
            .upper_case()
            .unwrap_or_else(|| instructions.uri().to_owned());
        let code = Code::of(&content).ok_or_else(|| {
            Failure::usage(
                "too_long",
                format!(
                    "the URI has {} bytes; a QR code holds at most 2953",
                    content.len()
                ),
            )
        })?;
        let mut lines: Vec<String> = heading.clone().into_iter().collect();
        lines.extend(drawn(&code, self.invert));
        lines.push(text::shorten(instructions.uri()));
        let rows = code.rows().map(|row| {
            row.iter()
                .map(|dark| if *dark { '1' } else { '0' })
                .collect::<String>()
        });
        let document = json!({
            "name": heading,
            "uri": instructions.uri(),
            "content": content,
            "modules": code.modules(),
            "columns": columns(&code),
            "rows": rows.collect::<Vec<_>>(),
        });
        Ok(Report::new(lines.join("\n"), fields(document)))
    }
}

/// How wide the picture is, border included.
fn columns(code: &Code) -> usize {
    code.modules().saturating_add(QUIET).saturating_add(QUIET)
}

/// The picture: each character is two modules, one above the other.
///
/// On a dark background, which is what terminals usually have, a light module is a block.
fn drawn(code: &Code, invert: bool) -> Vec<String> {
    let side = columns(code);
    let is_block = |x: usize, y: usize| {
        let inside = x.checked_sub(QUIET).zip(y.checked_sub(QUIET));
        let is_dark = inside.is_some_and(|(x, y)| code.is_dark(x, y));
        // Below the last row of an odd side there is nothing.
        y < side && is_dark == invert
    };
    let line = |y: usize| -> String {
        let halves = (0..side).map(
            |x| match (is_block(x, y), is_block(x, y.saturating_add(1))) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            },
        );
        halves.collect()
    };
    (0..side).step_by(2).map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_of_448_characters_fits_into_80_columns_with_its_border() {
        let uri = format!("BITCOIN:?LNO=LNO1QYZ{}", "QYZ3".repeat(107));
        assert_eq!(uri.len(), 448);
        let code = Code::of(&uri).unwrap();
        let lines = drawn(&code, false);
        assert_eq!((lines.len(), lines[0].chars().count()), (35, 69));
        assert!(lines.iter().all(|line| line.chars().count() == 69));
    }

    #[test]
    fn what_is_drawn_is_the_code_in_either_light() {
        let code = Code::of("bitcoin:").unwrap();
        for invert in [false, true] {
            let lines = drawn(&code, invert);
            for y in 0..code.modules() {
                for x in 0..code.modules() {
                    let row = lines[(y + QUIET) / 2].chars().nth(x + QUIET).unwrap();
                    let half = if (y + QUIET).is_multiple_of(2) {
                        "█▀"
                    } else {
                        "█▄"
                    };
                    let is_dark = half.contains(row) == invert;
                    assert_eq!(is_dark, code.is_dark(x, y), "{x} {y} {invert}");
                }
            }
        }
        assert!(
            drawn(&code, false)[0].chars().all(|c| c == '█'),
            "the border is light"
        );
    }
}
