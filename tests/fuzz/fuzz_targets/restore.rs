//! libFuzzer's way into [`payname_fuzz::zones::restore`].
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| payname_fuzz::zones::restore(bytes));
