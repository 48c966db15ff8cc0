//! Damages bytes the way storage, networks and people with intentions do; the same damage for the same round.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// Bytes that readers treat in their own ways.
const SPECIAL: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\n",
    b"\r\n",
    b"\n\n",
    b" ",
    b"\t",
    b"\"",
    b"'",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b"=",
    b":",
    b"/",
    b"../",
    b"//",
    b"@",
    b"#",
    b"$",
    b"${",
    b"<<E\n",
    b" \\\n",
    b"\n# c\n",
    b"`",
    b"$(",
    b" && ",
    b" | ",
    b"\xc3\xa9",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"-r requirements.txt\n",
    b"99999999999999999999",
    b"-1",
    b"0",
    b"\x7f",
    b"\xe2\x80\xae",
];
/// Sizes at which counters overflow.
const EXTREMES: &[u32] =
    &[0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000, u32::MAX];
const LARGEST: usize = 1 << 16;

/// One round's damage.
pub struct Damage(StdRng);

impl Damage {
    /// The damage of a round for the reader `name`.
    pub fn new(name: &str, round: u64) -> Self {
        let name = name.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
        Self(StdRng::seed_from_u64(name ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// A damaged copy of `seed`, perhaps with pieces of `others`.
    pub fn of(&mut self, seed: &[u8], others: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = seed.to_vec();
        for _ in 0..self.0.gen_range(1..=6) {
            self.once(&mut bytes, others);
            bytes.truncate(LARGEST);
        }
        bytes
    }

    fn once(&mut self, bytes: &mut Vec<u8>, others: &[Vec<u8>]) {
        let at = self.0.gen_range(0..=bytes.len());
        let (start, end) = self.range(bytes.len());
        match self.0.gen_range(0..9) {
            0 if at < bytes.len() => bytes[at] ^= 1 << self.0.gen_range(0..8),
            1 if at < bytes.len() => bytes[at] = self.0.r#gen(),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(start..end)),
            4 => {
                let piece = bytes[start..end].to_vec();
                bytes.splice(at..at, piece);
            }
            5 => {
                let special = SPECIAL.choose(&mut self.0).unwrap();
                bytes.splice(at..at, special.iter().copied());
            }
            6 if at + 4 <= bytes.len() => {
                let number = *EXTREMES.choose(&mut self.0).unwrap();
                let number = if self.0.r#gen() { number.to_le_bytes() } else { number.to_be_bytes() };
                let width = *[1, 2, 4].choose(&mut self.0).unwrap();
                bytes[at..at + width].copy_from_slice(&number[..width]);
            }
            7 => {
                let other = others.choose(&mut self.0).unwrap();
                let (start, end) = self.range(other.len());
                bytes.splice(at..at, other[start..end].iter().copied());
            }
            _ => {
                let special = SPECIAL.choose(&mut self.0).unwrap();
                bytes.splice(start..end, special.iter().copied());
            }
        }
    }

    /// A short range more often than a long one.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let start = self.0.gen_range(0..=length);
        let longest = if self.0.gen_bool(0.8) { 16 } else { length };
        (start, (start + self.0.gen_range(0..=longest)).min(length))
    }
}
