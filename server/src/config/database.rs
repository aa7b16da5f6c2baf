//! `[database]`: where the registry is kept, if not in a file of the data directory.

use std::os::unix::fs::PermissionsExt as _;

use super::{ConfigError, check::Checker, written::WrittenDatabase};
use crate::store::postgres::{Database, UrlError};

/// The permissions that let others in.
const OTHERS: u32 = 0o077;
/// Where the URL may be, so that it is in no file.
const VARIABLE: &str = "PAYNAMED_DATABASE_URL";

impl Checker<'_> {
    /// The database; its URL is in no message, since a password may be in it.
    pub(super) fn database(&self, written: &WrittenDatabase) -> Result<Database, ConfigError> {
        let (key, url) = self.database_url(written)?;
        let ca = written.ca.as_ref().map(|ca| self.directory.join(ca));
        let invalid = |error: UrlError| self.invalid(key, "…", error.to_string());
        let database = Database::parse(&url, ca).map_err(invalid)?;
        if key == "database.url" && database.has_password() {
            let remedy = "a password belongs into a file that only the server can read; name it with `url_file`";
            return Err(self.invalid(key, "…", remedy));
        }
        Ok(database)
    }

    fn database_url(
        &self,
        written: &WrittenDatabase,
    ) -> Result<(&'static str, String), ConfigError> {
        match (&written.url, &written.url_file) {
            (Some(_), Some(_)) => {
                let remedy = "write it or `url_file`, not both";
                Err(self.invalid("database.url", "…", remedy))
            }
            (Some(url), None) => Ok(("database.url", url.clone())),
            (None, Some(file)) => {
                let file = self.directory.join(file);
                let shown = file.display().to_string();
                let bad = |remedy: String| self.invalid("database.url_file", &shown, remedy);
                let unreadable = |error: std::io::Error| bad(format!("it cannot be read: {error}"));
                let mode = std::fs::metadata(&file)
                    .map_err(unreadable)?
                    .permissions()
                    .mode();
                if mode & OTHERS != 0 {
                    return Err(bad(format!("others can read it; run: chmod go= {shown}")));
                }
                let url = std::fs::read_to_string(&file).map_err(unreadable)?;
                Ok(("database.url_file", url))
            }
            (None, None) => {
                let url = std::env::var(VARIABLE).map_err(|_| {
                    let remedy = format!("write `url_file`, `url` or the environment variable {VARIABLE}; for SQLite, write no [database]");
                    self.invalid("database.url_file", "", remedy)
                })?;
                Ok((VARIABLE, url))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::Permissions, path::Path};

    use super::*;

    #[test]
    fn the_url_is_read_from_a_file_that_only_the_server_can_read() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("url");
        let checker = Checker {
            file: Path::new("paynamed.toml"),
            directory: directory.path(),
        };
        let written = WrittenDatabase {
            url: None,
            url_file: Some("url".into()),
            ca: None,
        };
        let error = checker.database(&written).unwrap_err().to_string();
        assert!(error.contains("cannot be read"), "{error}");
        std::fs::write(&file, "postgresql://payname:hunter2@localhost/payname\n").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let error = checker.database(&written).unwrap_err().to_string();
        assert!(error.contains("chmod go="), "{error}");
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        checker.database(&written).unwrap();
        std::fs::write(&file, "payname:hunter2@localhost/payname").unwrap();
        let error = checker.database(&written).unwrap_err().to_string();
        assert!(
            error.contains("database.url_file") && error.contains("postgresql://user"),
            "{error}"
        );
        assert!(!error.contains("hunter2"), "{error}");
    }
}
