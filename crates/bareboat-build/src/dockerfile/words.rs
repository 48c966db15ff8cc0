//! Words of instructions that have rules of their own: ports, signals, paths, platforms.

use super::error::Problem;

/// The ports that one expanded word of EXPOSE means, as `number/protocol`: `80`, `80-82/udp`, and what `docker run -p`
/// takes, of which the container's side counts.
///
/// # Errors
/// No port, a range backwards, another protocol than tcp, udp and sctp.
pub(super) fn ports(word: &str) -> Result<Vec<String>, Problem> {
    let wrong = |reason: &str| Problem::Words {
        message: format!("`{word}` is no port: {reason}"),
        hint: Some("write `8080`, `8080/udp` or `8080-8090`".to_owned()),
    };
    let (ports, protocol) = match word.split_once('/') {
        Some((ports, protocol)) => (ports, protocol.to_ascii_lowercase()),
        None => (word, "tcp".to_owned()),
    };
    if !["tcp", "udp", "sctp"].contains(&protocol.as_str()) {
        return Err(wrong("the protocol is `tcp`, `udp` or `sctp`"));
    }
    let range = ports.rsplit(':').next().unwrap_or(ports);
    let (first, last) = range.split_once('-').unwrap_or((range, range));
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok()).flatten()
    };
    let (Some(first), Some(last)) = (number(first), number(last)) else {
        return Err(wrong("a port is a number up to 65535"));
    };
    if first > last {
        return Err(wrong("the range goes backwards"));
    }
    Ok((first..=last).map(|port| format!("{port}/{protocol}")).collect())
}

/// Checks a signal's name, with or without `SIG`, or its number.
///
/// # Errors
/// Linux knows no such signal.
pub(super) fn signal(word: &str) -> Result<(), Problem> {
    let upper = word.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let known = match word.parse::<i32>() {
        Ok(number) => (1..=64).contains(&number),
        Err(_) => SIGNALS.contains(&name) || real_time(name),
    };
    match known {
        true => Ok(()),
        false => Err(Problem::Words {
            message: format!("`{word}` is no signal"),
            hint: Some("write a name or number of signal(7), as in `SIGTERM`".to_owned()),
        }),
    }
}

fn real_time(name: &str) -> bool {
    let offset = |rest: &str, sign: char, most: u32| {
        rest.is_empty()
            || rest
                .strip_prefix(sign)
                .and_then(|digits| digits.parse::<u32>().ok())
                .is_some_and(|n| n <= most)
    };
    name.strip_prefix("RTMIN").is_some_and(|rest| offset(rest, '+', 15))
        || name.strip_prefix("RTMAX").is_some_and(|rest| offset(rest, '-', 14))
}

/// Names of signal(7), without `SIG`.
const SIGNALS: [&str; 34] = [
    "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE",
    "POLL", "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU",
    "URG", "USR1", "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ",
];

/// The working directory after `WORKDIR word`: an absolute path as it is written, a relative one below `current`.
///
/// # Errors
/// An empty word.
pub(super) fn working_directory(current: &str, word: &str) -> Result<String, Problem> {
    if word.is_empty() {
        return Err(Problem::words("the working directory is empty once its variables are expanded"));
    }
    if word.starts_with('/') {
        return Ok(word.to_owned());
    }
    Ok(super::walk::clean(&format!("{current}/{word}")).to_string())
}

/// The destination of COPY and ADD as an absolute path; a slash at its end says that it is a directory.
pub(super) fn destination(current: &str, word: &str) -> String {
    let directory = word.is_empty() || word == "." || word.ends_with('/');
    let path = match word.starts_with('/') {
        true => super::walk::clean(word),
        false => super::walk::clean(&format!("{current}/{word}")),
    };
    match directory && !path.is_root() {
        true => format!("{path}/"),
        false => path.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_ranges_with_a_protocol() {
        assert_eq!(ports("80").unwrap(), ["80/tcp"]);
        assert_eq!(ports("7-9/UDP").unwrap(), ["7/udp", "8/udp", "9/udp"]);
        assert_eq!(ports("127.0.0.1:80:8080").unwrap(), ["8080/tcp"]);
        for word in ["", "x", "80/icmp", "9-7", "70000", "80-"] {
            assert!(ports(word).is_err(), "{word}");
        }
    }

    #[test]
    fn signals_have_names_and_numbers() {
        for word in ["SIGTERM", "term", "9", "RTMIN+3", "SIGRTMAX"] {
            assert!(signal(word).is_ok(), "{word}");
        }
        for word in ["", "0", "65", "SIGNOPE", "RTMIN+16"] {
            assert!(signal(word).is_err(), "{word}");
        }
    }

    #[test]
    fn paths_join_the_working_directory() {
        assert_eq!(working_directory("/a", "b/../c").unwrap(), "/a/c");
        assert_eq!(working_directory("/a", "//b/").unwrap(), "//b/");
        assert_eq!(destination("/w", ""), "/w/");
        assert_eq!(destination("/", ""), "/");
        assert_eq!(destination("/w", "x"), "/w/x");
        assert_eq!(destination("/w", "/x/../y/"), "/y/");
    }
}
