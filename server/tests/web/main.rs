//! The pages: read as bytes, and clicked through in a real browser.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic
)]

mod accessibility;
mod browser;
mod changes;
mod clicks;
mod drawn;
mod invited;
mod keys;
mod pages;
// The other tests' scene; not all of it is needed here.
#[allow(dead_code)]
#[path = "../it/scene.rs"]
mod scene;
mod told;
mod wire;
