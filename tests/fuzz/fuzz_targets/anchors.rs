//! libFuzzer's way into [`payname_fuzz::target::anchors`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| payname_fuzz::target::anchors(bytes));
