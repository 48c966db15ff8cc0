//! Parts of package URLs (purl specification, "Character encoding").

/// Percent-encoding of what may not stand in a part of a purl.
pub fn escaped(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn colons_and_tildes_stay_and_plus_signs_do_not() {
        assert_eq!(escaped("1:2.0+dfsg-1~x"), "1:2.0%2Bdfsg-1~x");
    }
}
