//! paynamed
fn main(){}
