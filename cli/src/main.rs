//! The `payname` binary.

fn main() {}
