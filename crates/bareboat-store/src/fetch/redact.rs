//! Addresses fit to be shown.

/// `url` without what may be secret: user information, the values in the query, the fragment.
///
/// Works on any text, also on what is not a valid address: a typing error must not reveal a password.
pub fn redact_url(url: &str) -> String {
    let (address, query) = match url.split_once(['?', '#']) {
        Some((address, query)) if url.as_bytes()[address.len()] == b'?' => (address, Some(query)),
        Some((address, _)) => (address, None),
        None => (url, None),
    };
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), address),
    };
    // The last `@` of all, not of the authority: a password may hold an unencoded slash.
    let shown = match rest.rsplit_once('@') {
        Some((_, rest)) => format!("***@{rest}"),
        None => rest.to_owned(),
    };
    let query = query.map(redact_query).unwrap_or_default();
    format!("{scheme}{shown}{query}")
}

fn redact_query(query: &str) -> String {
    let query = query.split('#').next().unwrap_or_default();
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((key, _)) => format!("{key}=***"),
            // A lone word may be a token itself.
            None if pair.is_empty() => String::new(),
            None => "***".to_owned(),
        })
        .collect();
    format!("?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hides_user_information_query_values_and_fragments() {
        for (url, shown) in [
            ("https://host.test/pool/a_1.deb", "https://host.test/pool/a_1.deb"),
            ("https://me:secret@host.test:81/a", "https://***@host.test:81/a"),
            ("https://secret@host.test/", "https://***@host.test/"),
            ("https://me:sec/ret@host.test/a", "https://***@host.test/a"),
            ("https://host.test/a?sig=secret&x=secret", "https://host.test/a?sig=***&x=***"),
            ("https://host.test/a?secret", "https://host.test/a?***"),
            ("https://host.test/a#secret", "https://host.test/a"),
            ("https://host.test/a?b=secret#secret?c", "https://host.test/a?b=***"),
            ("me:secret@host.test", "***@host.test"),
            ("", ""),
        ] {
            assert_eq!(redact_url(url), shown);
            assert!(!redact_url(url).contains("secret"));
        }
    }

    proptest! {
        #[test]
        fn never_shows_what_precedes_an_at_sign_or_follows_an_equals_sign(
            before in "[a-z:/%]{0,9}", path in "[a-z/]{0,9}", key in "[a-z]{0,5}", tail in "[a-z#?=&]{0,9}"
        ) {
            let shown = redact_url(&format!("https://{before}SECRET@host.test/{path}?{key}=SECRET{tail}"));
            prop_assert!(!shown.contains("SECRET"), "{}", shown);
        }

        #[test]
        fn takes_any_text(url in any::<String>()) {
            redact_url(&url);
        }
    }
}
