//! payname
fn main(){}
