//! After a restore from a backup, secondaries still see serials rise.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use payname_tests::secondary::{Kind, Plan};

use super::rig::{Rig, serial};

#[tokio::test(flavor = "multi_thread")]
async fn after_a_restore_from_an_old_backup_the_serial_goes_on_above_that_of_the_secondaries() {
    let mut rig = Rig::start(&[Kind::Knot], Plan::OneZone).await;
    rig.edit(5).await;
    rig.all_have(&rig.settled().await).await;
    rig.stop().await;
    let users = rig.users();
    let backup = tempfile::tempdir().unwrap();
    copy(&rig.folder.path().join("data"), backup.path());
    // Every start goes on above all serials that the one before could have used.
    for _ in 0..3 {
        rig.resume().await;
        rig.edit(5).await;
        rig.all_have(&rig.settled().await).await;
        rig.stop().await;
    }
    let seen = serial(rig.secondaries[0].address()).await;
    copy(backup.path(), &rig.folder.path().join("data"));
    rig.resume_with_old_names(users).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while serial(rig.dns).await <= seen {
        assert!(Instant::now() < deadline, "it stays below {seen}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rig.all_have(&rig.settled().await).await;
    rig.edit(5).await;
    rig.all_have(&rig.settled().await).await;
}

/// Replaces the files of one directory by those of another.
fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(to).unwrap() {
        fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
