//! The `payname` binary: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    payname_cli::main(std::env::args_os()).into()
}
