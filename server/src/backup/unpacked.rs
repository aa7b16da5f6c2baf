//! What a backup holds, taken out of it.
//!
//! Keys stay in memory and the registry in a file without a name until all of it is known to be right; so a
//! restore that is killed leaves nothing behind that anybody could read.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read, Seek as _},
    path::{Component, Path, PathBuf},
};

use tar::Archive;
use zeroize::Zeroizing;

use super::{
    BackupError,
    archive::{self, Manifest},
    nameless, unwritten,
};

/// The most that all files but the registry may have together, in bytes.
const MOST: u64 = 256 << 20;

/// The content of a backup.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) manifest: Manifest,
    /// By the name in the archive; without the manifest and the registry.
    files: BTreeMap<String, Zeroizing<Vec<u8>>>,
    registry: File,
}

impl Unpacked {
    /// Reads an archive to its end: nothing is trusted before the last byte is known to be right. The registry
    /// lies for a moment where `beside` says.
    pub(super) fn read(
        opening: &mut impl Read,
        from: &Path,
        beside: &Path,
    ) -> Result<Self, BackupError> {
        let unreadable = |source: io::Error| BackupError::Unreadable {
            path: from.to_owned(),
            source,
        };
        let (mut files, mut registry) = (BTreeMap::new(), None);
        let mut left = MOST;
        let mut tar = Archive::new(&mut *opening);
        for entry in tar.entries().map_err(unreadable)? {
            let mut entry = entry.map_err(unreadable)?;
            let name = plain(&entry.path().map_err(unreadable)?)?;
            if name == archive::REGISTRY {
                registry = Some(to_nameless(&mut entry, beside)?);
                continue;
            }
            left = left
                .checked_sub(entry.size())
                .ok_or_else(|| BackupError::Foreign(format!("`{name}` is too long")))?;
            let mut bytes = Zeroizing::new(Vec::new());
            entry.read_to_end(&mut bytes).map_err(unreadable)?;
            files.insert(name, bytes);
        }
        io::copy(opening, &mut io::sink()).map_err(unreadable)?;
        let missing = |name| BackupError::Foreign(format!("it has no {name}"));
        let manifest = files.remove(archive::MANIFEST);
        let manifest = manifest.ok_or_else(|| missing(archive::MANIFEST))?;
        Ok(Self {
            manifest: Manifest::read(&manifest)?,
            files,
            registry: registry.ok_or_else(|| missing(archive::REGISTRY))?,
        })
    }

    /// A file by its name.
    pub(super) fn file(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(|bytes| bytes.as_slice())
    }

    /// The files of the data directory, by their names there.
    pub(super) fn data(&self) -> impl Iterator<Item = (&str, &[u8])> {
        let files = self.files.iter();
        files.filter_map(|(name, bytes)| {
            let name = name.strip_prefix(archive::DATA)?;
            Some((name, bytes.as_slice()))
        })
    }

    /// The registry, from its beginning.
    pub(super) fn registry(&mut self) -> io::Result<&File> {
        self.registry.rewind()?;
        Ok(&self.registry)
    }
}

fn to_nameless(entry: &mut impl Read, path: &Path) -> Result<File, BackupError> {
    // A directory is what a restore of an earlier version has left.
    if path.is_dir() {
        fs::remove_dir_all(path).map_err(|source| unwritten(path, source))?;
    }
    let copied = nameless(path).and_then(|mut file| {
        io::copy(entry, &mut file)?;
        Ok(file)
    });
    copied.map_err(|source| unwritten(path, source))
}

/// A name that leads nowhere else.
fn plain(name: &Path) -> Result<String, BackupError> {
    let is_plain = |part: Component<'_>| matches!(part, Component::Normal(_));
    let text = name.to_str().filter(|_| name.components().all(is_plain));
    // In the data directory there are files and no directories.
    let in_data = |text: &&str| {
        let rest = text.strip_prefix(archive::DATA);
        rest.is_none_or(|rest| !rest.is_empty() && !rest.contains('/'))
    };
    text.filter(in_data).map(str::to_owned).ok_or_else(|| {
        let shown = PathBuf::from(name).display().to_string();
        BackupError::Foreign(format!("it has a file `{}`", shown.escape_debug()))
    })
}
