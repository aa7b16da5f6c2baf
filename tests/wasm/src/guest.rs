//! What a host calls, and what a module without std has to bring along.
#![expect(
    unsafe_code,
    reason = "a host knows addresses only, and exported symbols are the linker's business"
)]

use alloc::{boxed::Box, vec, vec::Vec};
use core::{arch::wasm32, num::NonZeroU32, panic::PanicInfo, slice, str};

use dlmalloc::GlobalDlmalloc;

#[global_allocator]
static MEMORY: GlobalDlmalloc = GlobalDlmalloc;

getrandom_of_ring::register_custom_getrandom!(no_randomness);

/// Verifying asks for no randomness; whoever does so here gets none.
fn no_randomness(_: &mut [u8]) -> Result<(), getrandom_of_ring::Error> {
    Err(getrandom_of_ring::Error::from(NonZeroU32::MAX))
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    wasm32::unreachable()
}

/// The address of `length` bytes for a question.
#[unsafe(no_mangle)]
extern "C" fn reserve(length: usize) -> *mut u8 {
    Box::leak(vec![0; length].into_boxed_slice()).as_mut_ptr()
}

/// Judges the question of `length` bytes at `question`. At the address given back stand the length
/// of the verdict, four bytes in little endian, and the verdict.
///
/// # Safety
/// `question` is what `reserve(length)` gave, and is given back here once.
#[unsafe(no_mangle)]
unsafe extern "C" fn verdict(question: *mut u8, length: usize) -> *const u8 {
    // SAFETY: the caller keeps the promise above.
    let question = unsafe { Box::from_raw(slice::from_raw_parts_mut(question, length)) };
    let verdict = match str::from_utf8(&question) {
        Ok(question) => crate::verdict(question),
        Err(_) => "not judged: the question is not UTF-8".into(),
    };
    // Addresses have 32 bits here, and so have lengths.
    let mut bytes = Vec::from((verdict.len() as u32).to_le_bytes());
    bytes.extend(verdict.into_bytes());
    Box::leak(bytes.into_boxed_slice()).as_ptr()
}
