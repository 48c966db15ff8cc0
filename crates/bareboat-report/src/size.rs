//! Numbers of bytes as people read them.

/// Bytes for people: decimal units, one digit, as registries show them.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", bytes as f64 / *unit as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_sizes_as_registries_do() {
        assert_eq!([999, 1000, 16_900_000].map(size), ["999 B", "1.0 kB", "16.9 MB"]);
    }
}
