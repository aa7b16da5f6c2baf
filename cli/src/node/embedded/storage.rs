//! The embedded node's folder: its lock and its mnemonic.

use std::{
    fmt::Display,
    fs,
    io::ErrorKind,
    path::{Path, PathBuf},
};

use ldk_node::{bip39::Mnemonic, generate_entropy_mnemonic};

use crate::{
    files,
    node::NodeError,
    payments::{Lock, LockError},
};

/// An open folder that no other process has open.
pub(super) struct Storage {
    folder: PathBuf,
    _lock: Lock,
}

impl Storage {
    pub(super) fn open(folder: &Path) -> Result<Self, NodeError> {
        files::make_private_folder(folder).map_err(|error| file_error(folder, &error))?;
        let path = folder.join("lock");
        let lock = Lock::take(&path).map_err(|error| match error {
            LockError::Taken => NodeError::InUse(folder.display().to_string()),
            LockError::File(cause) => file_error(&path, &cause),
        })?;
        Ok(Self {
            folder: folder.to_owned(),
            _lock: lock,
        })
    }

    /// The 24 words all of the node's keys come from; made and stored at first use.
    pub(super) fn mnemonic(&self) -> Result<Mnemonic, NodeError> {
        let path = self.folder.join("mnemonic");
        match fs::read_to_string(&path) {
            Ok(words) => words.trim().parse().map_err(|_| {
                let path = path.display();
                NodeError::Setup(format!(
                    "{path} holds no BIP-39 mnemonic; restore it from your copy"
                ))
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => self.make_mnemonic(&path),
            Err(error) => Err(file_error(&path, &error)),
        }
    }

    fn make_mnemonic(&self, path: &Path) -> Result<Mnemonic, NodeError> {
        // New keys beside an old wallet would look like lost money.
        if self.folder.join("ldk_node_data.sqlite").exists() {
            return Err(NodeError::Setup(format!(
                "{} is missing although the node exists; restore it from your copy",
                path.display()
            )));
        }
        let mnemonic = generate_entropy_mnemonic(None);
        files::write_new_private(path, format!("{mnemonic}\n").as_bytes())
            .map_err(|error| file_error(path, &error))?;
        Ok(mnemonic)
    }
}

fn file_error(path: &Path, cause: &dyn Display) -> NodeError {
    NodeError::File {
        path: path.display().to_string(),
        cause: cause.to_string(),
    }
}
