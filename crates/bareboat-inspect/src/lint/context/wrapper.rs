//! Programs that run another program: `sudo`, `env`, `exec` and their like.

/// The index of the word that names the program in the end: `2` for `sudo -E apt-get`. 0 when the first one does.
/// `None` among the words is one whose value is not known.
pub(super) fn wrapped(words: &[Option<String>]) -> usize {
    let mut start = 0;
    while let Some(next) = step(words, start) {
        start = next;
    }
    start
}

/// The index of the word after the wrapper at `start`; `None` when there is no wrapper or nothing after it.
fn step(words: &[Option<String>], start: usize) -> Option<usize> {
    let program = words.get(start)?.as_deref()?;
    let name = program.rsplit('/').next().unwrap_or(program);
    let wrapper = WRAPPERS.iter().find(|wrapper| wrapper.name == name)?;
    let mut at = start + 1;
    let mut operands = wrapper.operands;
    loop {
        let word = words.get(at)?.as_deref()?;
        if word == "--" {
            at += 1;
            break;
        }
        if word.len() > 1 && word.starts_with('-') {
            at += 1 + usize::from(wrapper.valued.contains(&word));
        } else if wrapper.assignments && is_assignment(word) {
            at += 1;
        } else if operands > 0 {
            operands -= 1;
            at += 1;
        } else {
            break;
        }
    }
    (at < words.len()).then_some(at)
}

/// True for `NAME=value`.
pub(super) fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty()
            && !name.starts_with(|char: char| char.is_ascii_digit())
            && name.chars().all(|char| char == '_' || char.is_ascii_alphanumeric())
    })
}

struct Wrapper {
    name: &'static str,
    /// Options whose value is the next word.
    valued: &'static [&'static str],
    /// Words before the program.
    operands: usize,
    /// `NAME=value` may stand before the program.
    assignments: bool,
}

const fn plain(name: &'static str) -> Wrapper {
    Wrapper { name, valued: &[], operands: 0, assignments: false }
}

const WRAPPERS: &[Wrapper] = &[
    Wrapper {
        name: "sudo",
        valued: &["-u", "-g", "-h", "-p", "-C", "-r", "-t", "-T", "-U", "-D", "-R", "--user", "--group"],
        operands: 0,
        assignments: true,
    },
    Wrapper { name: "doas", valued: &["-u", "-C"], operands: 0, assignments: false },
    Wrapper { name: "env", valued: &["-u", "--unset", "-C", "--chdir"], operands: 0, assignments: true },
    Wrapper { name: "gosu", valued: &[], operands: 1, assignments: false },
    Wrapper { name: "su-exec", valued: &[], operands: 1, assignments: false },
    Wrapper {
        name: "timeout",
        valued: &["-k", "-s", "--kill-after", "--signal"],
        operands: 1,
        assignments: false,
    },
    Wrapper { name: "nice", valued: &["-n", "--adjustment"], operands: 0, assignments: false },
    Wrapper { name: "exec", valued: &["-a"], operands: 0, assignments: false },
    plain("command"),
    plain("builtin"),
    plain("nohup"),
    plain("time"),
    plain("eatmydata"),
    plain("stdbuf"),
    plain("busybox"),
    plain("!"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn program(line: &str) -> &str {
        let words: Vec<&str> = line.split(' ').collect();
        let values: Vec<_> = words.iter().map(|word| (*word != "?").then(|| (*word).to_owned())).collect();
        words[wrapped(&values)]
    }

    #[test]
    fn sees_through_wrappers_and_stops_at_what_it_does_not_know() {
        assert_eq!(program("apt-get install x"), "apt-get");
        assert_eq!(program("sudo -E -u root apt-get install"), "apt-get");
        assert_eq!(program("/usr/bin/env -i A=b nice -n 5 make"), "make");
        assert_eq!(program("timeout -k 5 60 curl x"), "curl");
        assert_eq!(program("gosu app sh -c x"), "sh");
        assert_eq!(program("env A=b"), "env");
        assert_eq!(program("sudo ? x"), "sudo");
        assert_eq!(program("exec -- java"), "java");
    }
}
