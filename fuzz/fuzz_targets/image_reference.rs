#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bareboat_fuzz::image_reference(data));
