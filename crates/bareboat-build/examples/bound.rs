//! The bound that `cargo xtask bench` prints: what any builder of this image must do, and nothing else.
//!
//! `bound LOCK CACHE SLICE` reads the packages and wheels of a lock from the cache of an earlier build, decompresses and
//! hashes them, compresses what the image keeps of the packages, and hashes that, on all cores.

#![allow(clippy::print_stdout, clippy::unwrap_used)]

use std::io::Read;
use std::path::Path;
use std::time::Instant;

use bareboat_packages::debfile::{DebError, DebKind, DebReader};
use bareboat_packages::system::placement::{Placed, Placer};
use bareboat_packages::system::slices::Slicing;
use bareboat_packages::wheel::{InstallOptions, VenvLayout, Wheel};
use bareboat_store::{Digest, Store};
use rayon::prelude::*;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, lock, cache, slice] = &arguments[..] else { panic!("usage: bound LOCK CACHE SLICE") };
    let slicing = Slicing { slice: slice.parse().unwrap(), ..Slicing::default() };
    let lock = std::fs::read_to_string(lock).unwrap();
    let store = Store::open(Path::new(cache)).unwrap();
    let mut blobs: Vec<Digest> = lock
        .lines()
        .filter_map(|line| line.strip_prefix("sha256 = \"")?.trim_end_matches('"').parse().ok())
        // What is locked for other variants and for builds was not fetched.
        .filter(|digest| store.contains(digest))
        .collect();
    assert!(!blobs.is_empty(), "nothing of the lock is in the cache");
    // The longest first, as any builder would.
    blobs.sort_by_key(|digest| std::cmp::Reverse(store.size(digest)));
    let download: u64 = blobs.iter().filter_map(|digest| store.size(digest)).sum();
    let started = Instant::now();
    let counts: Vec<Count> = blobs.par_iter().map(|digest| work(&store, digest, slicing)).collect();
    let seconds = started.elapsed().as_secs_f64();
    let unpacked: u64 = counts.iter().map(|count| count.unpacked).sum();
    let compressed: u64 = counts.iter().map(|count| count.compressed).sum();
    println!(
        "{{\"download\": {download}, \"unpacked\": {unpacked}, \"compressed\": {compressed}, \"seconds\": {seconds}}}"
    );
}

#[derive(Default)]
struct Count {
    unpacked: u64,
    compressed: u64,
}

fn work(store: &Store, digest: &Digest, slicing: Slicing) -> Count {
    let size = store.size(digest).unwrap();
    assert_eq!(Digest::of(store.read(digest, size).unwrap()), *digest);
    let mut start = [0; 8];
    store.open_blob(digest).unwrap().read_exact(&mut start).unwrap();
    if &start == b"!<arch>\n" { package(store, digest, slicing) } else { wheel(store, digest) }
}

fn package(store: &Store, digest: &Digest, slicing: Slicing) -> Count {
    let mut reader = DebReader::open(store.open_blob(digest).unwrap()).unwrap();
    let name = reader.control().package().to_owned();
    let mut placer = Placer::new(&name, slicing);
    let mut kept = Vec::new();
    reader
        .for_each_entry(|entry, content| {
            if let (Ok(Placed::Keep(placed)), DebKind::File) = (placer.place(entry), &entry.kind) {
                let before = kept.len();
                content.read_to_end(&mut kept).unwrap();
                Digest::of(&kept[before..]);
                assert_eq!((kept.len() - before) as u64, placed.size);
            }
            Ok::<(), DebError>(())
        })
        .unwrap();
    let mut compressor = libdeflater::Compressor::new(libdeflater::CompressionLvl::new(6).unwrap());
    let mut compressed = 0;
    for block in kept.chunks(1 << 20) {
        let mut out = vec![0; compressor.gzip_compress_bound(block.len())];
        let length = compressor.gzip_compress(block, &mut out).unwrap();
        Digest::of(block);
        Digest::of(&out[..length]);
        compressed += length as u64;
    }
    Count { unpacked: kept.len() as u64, compressed }
}

/// A wheel's members are deflated already: they are inflated to be checked and hashed, and travel as they are.
fn wheel(store: &Store, digest: &Digest) -> Count {
    let wheel = Wheel::open(store.open_blob(digest).unwrap()).unwrap();
    let environment = bareboat_image::TreePath::new("app/.venv").unwrap();
    let layout = VenvLayout::new(environment, (3, 13), "/usr/bin/python3.13").unwrap();
    let mut count = Count { compressed: store.size(digest).unwrap(), ..Count::default() };
    for member in wheel.members(&layout, InstallOptions::default()).unwrap() {
        let mut content = Vec::new();
        wheel.reader(&member).read_to_end(&mut content).unwrap();
        Digest::of(&content);
        count.unpacked += content.len() as u64;
    }
    count
}
