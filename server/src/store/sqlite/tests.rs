//! What is left on the disk.

use super::*;

#[tokio::test]
async fn a_closed_database_is_one_whole_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("registry.sqlite");
    for round in 0..20 {
        let store = Sqlite::open(&path).unwrap();
        store.keep_serial("example.test.", round).await.unwrap();
        store.serial("example.test.").await.unwrap();
        drop(store);
        let files = std::fs::read_dir(directory.path()).unwrap().count();
        assert_eq!(files, 1, "a backup of the one file would miss something");
    }
}
