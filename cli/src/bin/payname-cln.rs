//! The `payname-cln` binary, a plugin of Core Lightning: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    payname_cli::cln_plugin::main().into()
}
