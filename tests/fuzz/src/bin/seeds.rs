//! Writes the seeds of every target into a folder, one sub-folder each; `make fuzz` begins with it.

use std::env;
use std::path::Path;
use std::process::ExitCode;

use payname_fuzz::{seed, target};

fn main() -> ExitCode {
    let Some(folder) = env::args().nth(1) else {
        eprintln!("say where: seeds FOLDER");
        return ExitCode::from(2);
    };
    for (target, _) in target::ALL {
        if let Err(error) = seed::write(target, &Path::new(&folder).join(target)) {
            eprintln!("writing the seeds of {target} into {folder}: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
