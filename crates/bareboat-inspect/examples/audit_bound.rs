//! For `cargo xtask bench audit`: makes a large image in a store, and measures the bound that its audit stands beside.
//!
//! `audit_bound make STORE` makes `big:1`: 40 layers, 200,000 files, a gigabyte. `audit_bound measure STORE` decompresses
//! every layer and hashes what comes out, once, on all cores, with the libraries that bareboat uses, and prints seconds.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use bareboat_image::{
    Compression, FileMeta, ImageConfig, ImageRecord, Images, PartWriter, Platform, TreePath, join,
    read_images, write_image,
};
use bareboat_store::Store;
use flate2::bufread::MultiGzDecoder;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

const LAYERS: usize = 40;
const FILES: usize = 5_000;
/// Bytes of a file on average.
const SIZE: usize = 5_369;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let store = Path::new(arguments.get(2).expect("a store"));
    let store = Store::open(store).unwrap();
    match arguments.get(1).map(String::as_str) {
        Some("make") => make(&store),
        Some("measure") => measure(&store),
        _ => eprintln!("audit_bound make|measure STORE"),
    }
}

fn make(store: &Store) {
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = move || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random
    };
    let mut layers = Vec::new();
    for layer in 0..LAYERS {
        let mut writer = PartWriter::new(store, Compression::Gzip, 0).unwrap();
        for file in 0..FILES {
            // Every twentieth file takes the place of one of the layer below.
            let of_layer = if file % 20 == 0 && layer > 0 { layer - 1 } else { layer };
            let path = format!("srv/part{of_layer:02}/directory{:03}/file{file:05}.data", file / 50);
            let length = SIZE / 2 + usize::try_from(next()).unwrap_or_default() % SIZE;
            // About as random as programs are: it shrinks to a third or so.
            let content: Vec<u8> = (0..length.div_ceil(8))
                .flat_map(|_| {
                    let word = next();
                    [word as u8 & 0x3f, 0, (word >> 8) as u8, b'x', 0, 1, (word >> 16) as u8 & 0x0f, 7]
                })
                .collect();
            writer.append_bytes(&TreePath::new(path).unwrap(), &FileMeta::new(0o644), &content).unwrap();
        }
        layers.push(join(store, &[writer.finish().unwrap()], Compression::Gzip).unwrap());
    }
    let mut config = ImageConfig::new(Platform::linux("amd64"));
    config.config.user = "65532:65532".to_owned();
    let descriptor = write_image(store, config, &layers, BTreeMap::new()).unwrap();
    let record = ImageRecord { descriptor, created: 0, annotations: BTreeMap::new() };
    Images::new(store).put(&"big:1".parse().unwrap(), &record).unwrap();
}

fn measure(store: &Store) {
    let (_, record) = Images::new(store).get("big:1").unwrap();
    let images = read_images(store, &record.descriptor).unwrap();
    let layers = &images[0].manifest.layers;
    let started = Instant::now();
    let bytes: u64 = layers
        .par_iter()
        .map(|layer| {
            let file = io::BufReader::with_capacity(1 << 17, store.open_blob(&layer.digest).unwrap());
            let mut hash = Hash(Sha256::new());
            io::copy(&mut MultiGzDecoder::new(file), &mut hash).unwrap()
        })
        .sum();
    println!("{{\"seconds\": {}, \"bytes\": {bytes}}}", started.elapsed().as_secs_f64());
}

struct Hash(Sha256);

impl Write for Hash {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
