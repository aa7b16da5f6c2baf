//! Finding programs: the judges and `bitcoind`, and the project's own binaries.

use std::env;
use std::path::{Path, PathBuf};

/// Where a program that was not written here is.
///
/// Looks into `$PAYNAME_TOOLS`, then `target/tools/bin` of this checkout, then `PATH`.
///
/// # Errors
/// It is in none of them; nothing is ever skipped for that reason.
pub fn tool(name: &str) -> Result<PathBuf, MissingTool> {
    let own = env::var_os("PAYNAME_TOOLS").map(PathBuf::from);
    let unpacked = workspace().join("target/tools/bin");
    let path = env::var_os("PATH").unwrap_or_default();
    own.into_iter()
        .chain([unpacked])
        .chain(env::split_paths(&path))
        .chain(["/usr/sbin".into(), "/usr/local/sbin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| MissingTool(name.to_owned()))
}

/// Where one of this workspace's own binaries is: beside the running program.
///
/// # Errors
/// It has not been built.
pub fn own_binary(name: &str) -> Result<PathBuf, NotBuilt> {
    let running = env::current_exe().unwrap_or_default();
    // A test runs from target/PROFILE/deps, a binary from target/PROFILE.
    running
        .ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
        .ok_or_else(|| NotBuilt(name.to_owned()))
}

/// The checkout.
pub fn workspace() -> &'static Path {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().unwrap_or(tests)
}

/// A program of the set-up is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is neither in $PAYNAME_TOOLS, nor in target/tools/bin, nor on PATH; run `make setup`"
)]
pub struct MissingTool(String);

/// A binary of this workspace is not there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` has not been built; run `cargo build --workspace --bins`")]
pub struct NotBuilt(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_names_itself_and_the_remedy() {
        let error = tool("no-such-judge").unwrap_err().to_string();
        assert!(error.contains("`no-such-judge`"), "{error}");
        assert!(error.ends_with("run `make setup`"), "{error}");
    }
}
