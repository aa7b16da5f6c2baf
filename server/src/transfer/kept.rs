//! Fetched zones on disk, in the very form in which they came: the messages of a whole transfer.
//!
//! What is kept was checked when it came; at a start only its form is looked at, so that it is served
//! at once. The time of the file is when a primary last said that the zone is up to date.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, BufReader, BufWriter, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use payname_resolver::{UnixTime, hickory_proto::rr::Name};

/// How every file begins; a later form begins otherwise.
const BEGIN: &[u8] = b"payname zone 1\n";

/// The file of one fetched zone.
#[derive(Debug, Clone)]
pub(super) struct Kept(PathBuf);

impl Kept {
    /// The file of a zone in a directory, which is made when it is needed.
    pub(super) fn new(directory: &Path, zone: &Name) -> Self {
        let name = zone.to_lowercase().to_ascii();
        let name = name.trim_end_matches('.');
        // A label may hold anything; a file's name may not.
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let name: String = name
            .chars()
            .map(|c| if plain(c) { c } else { '+' })
            .collect();
        Self(directory.join(format!("{name}.transfer")))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// The messages that are kept, and when they were last known to be up to date; none if nothing is.
    pub(super) fn read(&self) -> io::Result<Option<(Vec<Vec<u8>>, UnixTime)>> {
        let file = match File::open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let time = file.metadata()?.modified()?;
        let mut file = BufReader::new(file);
        let mut begin = vec![0; BEGIN.len()];
        file.read_exact(&mut begin)?;
        if begin != BEGIN {
            return Err(io::Error::other("the file is none of this release"));
        }
        let mut messages = Vec::new();
        let mut length = [0; 2];
        while file.read(&mut length[..1])? == 1 {
            file.read_exact(&mut length[1..])?;
            let mut message = vec![0; u16::from_be_bytes(length).into()];
            file.read_exact(&mut message)?;
            messages.push(message);
        }
        Ok(Some((messages, time.into())))
    }

    /// Keeps messages in place of those that are there, whole or not at all.
    pub(super) fn write(
        &self,
        messages: impl Iterator<Item = Vec<u8>>,
        fresh: UnixTime,
    ) -> io::Result<()> {
        let directory = self.0.parent().unwrap_or(Path::new(""));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let new = self.0.with_extension("new");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        let mut writer = BufWriter::new(file);
        writer.write_all(BEGIN)?;
        for message in messages {
            let length = u16::try_from(message.len()).map_err(io::Error::other)?;
            writer.write_all(&length.to_be_bytes())?;
            writer.write_all(&message)?;
        }
        let file = writer
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        file.set_modified(system_time(fresh))?;
        file.sync_all()?;
        fs::rename(&new, &self.0)?;
        File::open(directory)?.sync_all()
    }

    /// Notes that what is kept is up to date.
    pub(super) fn touch(&self, fresh: UnixTime) -> io::Result<()> {
        let file = OpenOptions::new().append(true).open(&self.0)?;
        file.set_modified(system_time(fresh))
    }
}

fn system_time(time: UnixTime) -> SystemTime {
    let since = UNIX_EPOCH.checked_add(Duration::from_secs(time.0));
    since.unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_comes_back_with_its_time_and_half_of_it_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let directory = folder.path().join("secondary");
        let kept = Kept::new(&directory, &"Example.com.".parse().unwrap());
        assert_eq!(kept.path(), directory.join("example.com.transfer"));
        assert!(kept.read().unwrap().is_none());
        let messages = vec![vec![1, 2, 3], vec![], vec![4; 60_000]];
        kept.write(messages.clone().into_iter(), UnixTime(1_000))
            .unwrap();
        assert_eq!(kept.read().unwrap(), Some((messages, UnixTime(1_000))));
        kept.touch(UnixTime(2_000)).unwrap();
        assert_eq!(kept.read().unwrap().unwrap().1, UnixTime(2_000));
        let whole = fs::read(kept.path()).unwrap();
        for end in [0, 5, BEGIN.len() + 1, BEGIN.len() + 4, whole.len() - 1] {
            fs::write(kept.path(), &whole[..end]).unwrap();
            assert!(kept.read().is_err(), "{end}");
        }
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        let zone = Name::from_labels([&b"../../etc/passwd"[..], b"example"]).unwrap();
        let kept = Kept::new(Path::new("data"), &zone);
        assert_eq!(kept.path().parent(), Some(Path::new("data")));
    }
}
