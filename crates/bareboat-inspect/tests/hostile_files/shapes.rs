//! The files, each made to a wanted size in bytes.

/// A maker of files: about so many bytes.
pub type Make = fn(usize) -> Vec<u8>;

/// All shapes by name.
pub const SHAPES: &[(&str, Make)] = &[
    ("binary junk", junk),
    ("zeros", |size| vec![0; size]),
    ("invalid utf-8", |size| repeat("FROM a\nRUN echo ", b"\xff ", "\n", size)),
    ("invalid utf-8 everywhere", |size| vec![0xff; size]),
    ("one long word", |size| repeat("FROM a\nRUN echo ", b"a", "\n", size)),
    ("variables on one line", |size| repeat("FROM a\nRUN echo ", b"$x ", "\n", size)),
    ("substitutions on one line", |size| repeat("FROM a\nRUN echo ", b"$(a) ", "\n", size)),
    ("commands on one line", |size| repeat("FROM a\nRUN true", b";cd x", "\n", size)),
    ("pipes", |size| repeat("FROM a\nRUN a", b"|b", "\n", size)),
    ("and lists", |size| repeat("FROM a\nRUN a", b"&&b||c", "\n", size)),
    ("continuations", |size| repeat("FROM a\nRUN a", b"\\\n", "b\n", size)),
    ("continued words", |size| repeat("FROM a\nRUN a", b" \\\n  x", "b\n", size)),
    ("comments in continuations", |size| repeat("FROM a\nRUN a \\\n", b"# c\n", "b\n", size)),
    ("blank continuations", |size| repeat("FROM a\nRUN a \\\n", b"\n", "b\n", size)),
    ("continued and blank", |size| repeat("FROM a\nRUN a", b" \\\n\n", "b\n", size)),
    ("open heredocs", |size| repeat("FROM a\n", b"RUN <<E\n", "", size)),
    ("open heredocs one line", |size| repeat("FROM a\nRUN cat", b" <<E", "\n", size)),
    ("closed heredocs", |size| repeat("FROM a\n", b"RUN <<E\nE\n", "", size)),
    ("closed heredocs one line", |size| {
        let mut text = repeat("FROM a\nRUN cat", b" <<E", "\n", size / 2);
        text.extend(repeat("", b"E\n", "", size / 2));
        text
    }),
    ("heredocs in a heredoc", |size| repeat("FROM a\nRUN <<EOF\n", b"cat <<E <<F\n", "EOF\n", size)),
    ("long heredoc", |size| repeat("FROM a\nRUN <<EOF\n", b"echo $a `b`\n", "EOF\n", size)),
    ("copy heredoc", |size| repeat("FROM a\nCOPY <<EOF /x\n", b"echo $a `b`\n", "EOF\n", size)),
    ("stages", |size| numbered(size, |n| format!("FROM a AS s{n}\n"))),
    ("chained stages", |size| {
        numbered(size, |n| match n {
            0 => "FROM debian:12 AS s0\n".to_owned(),
            _ => format!("FROM s{} AS s{n}\n", n - 1),
        })
    }),
    ("chained stages with work", |size| {
        numbered(size, |n| match n {
            0 => "FROM debian:12 AS s0\n".to_owned(),
            _ => format!("FROM s{} AS s{n}\nENV a{n}=$b\nRUN echo $a{n} $c | tee\nUSER x{n}\n", n - 1),
        })
    }),
    ("copies between stages", |size| {
        numbered(size, |n| match n {
            0 => "FROM golang:1.22 AS s0\nRUN go build\n".to_owned(),
            _ => format!("FROM python:3.12-alpine AS s{n}\nCOPY --from=s{} / /\n", n - 1),
        })
    }),
    ("copies of copies", |size| {
        let stage = |n: usize| {
            let from = format!("FROM python:3.12-alpine AS s{n}\nRUN pip install x\n");
            let copy = format!("COPY --from=s{} /usr /usr\n", n.saturating_sub(1));
            repeat(&from, copy.as_bytes(), "", size / 5)
        };
        (0..5).flat_map(stage).collect()
    }),
    ("copies in one stage", |size| {
        numbered(size, |n| match n {
            0 => "FROM python:3.12-alpine AS s\nRUN pip install x\nFROM gcr.io/distroless/python3-debian12\n"
                .to_owned(),
            _ => format!("COPY --from=s /usr/local/lib/python3.12 /x{n}\n"),
        })
    }),
    ("forward references", |size| {
        let mut text = numbered(size / 2, |n| format!("FROM a\nCOPY --from=t{n} a b\n"));
        text.extend(numbered(size / 2, |n| format!("FROM b AS t{n}\n")));
        text
    }),
    ("duplicate stage names", |size| repeat("", b"FROM a AS b\n", "", size)),
    ("environment", |size| numbered_after("FROM a\n", size, |n| format!("ENV a{n}=b\n"))),
    ("environment that doubles", |size| repeat("FROM scratch\nENV A=aa\n", b"ENV A=$A$A\n", "", size)),
    ("environment that grows", |size| repeat("FROM scratch\n", b"ENV PATH=$PATH:/x\n", "", size)),
    ("one environment", |size| {
        numbered_after("FROM scratch\nENV x=1", size, |n| format!(" a{n}=$a{}", n / 2))
    }),
    ("arguments", |size| numbered_after("FROM scratch\n", size, |n| format!("ARG a{n}=$a{}\n", n / 2))),
    ("global arguments", |size| numbered(size, |n| format!("ARG a{n}=$a{}\n", n / 2))),
    ("labels", |size| numbered_after("FROM a\nLABEL x=1", size, |n| format!(" a{n}=b"))),
    ("ports", |size| repeat("FROM a\nEXPOSE 1", b" 80/TCP", "\n", size)),
    ("sources", |size| repeat("FROM a\nCOPY a", b" b", " c\n", size)),
    ("undefined variables", |size| repeat("FROM scratch\nCOPY a", b" $b", " c/\n", size)),
    ("misspelt variables", |size| {
        let mut text = numbered_after("FROM scratch\n", size / 2, |n| format!("ENV variable_name_{n}=b\n"));
        text.extend(numbered(size / 2, |n| format!("WORKDIR $variable_nane_{n}\n")));
        text
    }),
    ("misspelt keywords", |size| repeat("FROM a\n", b"RUM a\n", "", size)),
    ("misspelt flags", |size| repeat("FROM a\nCOPY", b" --chwn=a", " a b\n", size)),
    ("misspelt stages", |size| {
        let mut text = numbered(size / 2, |n| format!("FROM a AS stage{n}\n"));
        text.extend(numbered(size / 2, |n| format!("COPY --from=stahe{n} a b\n")));
        text
    }),
    ("long values", |size| {
        let long = "b".repeat(size / 2);
        repeat(&format!("FROM scratch\nENV a={long}\n"), b"COPY $a $a\nUSER $a\nWORKDIR /$a\n", "", size)
    }),
    ("values that are split", |size| {
        let long = "b ".repeat(size / 4);
        repeat(&format!("FROM scratch\nENV a=\"{long}\"\n"), b"RUN apt-get install $a\n", "", size)
    }),
    ("patterns in values", |size| {
        let long = "ab".repeat(size / 4);
        repeat(&format!("FROM scratch\nENV a={long}\n"), b"ENV b=${a%%*a*c} c=${a//*a*c/}\n", "", size)
    }),
    ("global arguments that double", |size| repeat("ARG A=aa\n", b"ARG A=$A$A\n", "FROM $A\n", size)),
    ("misspelt arguments", |size| {
        let mut text = numbered(size / 2, |n| format!("ARG argument_name_{n}=b\n"));
        text.extend(numbered(size / 2, |n| format!("FROM $argument_nane_{n}\n")));
        text
    }),
    ("deep chains with work", |size| {
        numbered(size, |n| match n {
            0 => "FROM scratch AS s0\n".to_owned(),
            _ => format!(
                "FROM s{} AS s{n}\nENV a{n}=$b$a1\nCOPY $d /x\nCOPY --from=s0 /a /b\nWORKDIR c\n",
                n - 1
            ),
        })
    }),
    ("relative copies", |size| repeat("FROM scratch\n", b"COPY a b\n", "", size)),
    ("failed expansions", |size| {
        let long = "b".repeat(size / 2);
        repeat(&format!("FROM scratch\nENV a={long}\n"), b"ENV a=${\n", "", size)
    }),
    ("working directories", |size| repeat("FROM a\n", b"WORKDIR a\n", "", size)),
    ("users", |size| repeat("FROM a\n", b"USER root\nUSER a\n", "", size)),
    ("shells", |size| repeat("FROM a\n", b"SHELL [\"bash\",\"-c\"]\nRUN a|b\n", "", size)),
    ("many commands", |size| repeat("FROM a\n", b"CMD a\nENTRYPOINT b\n", "", size)),
    ("healthchecks", |size| repeat("FROM a\n", b"HEALTHCHECK CMD a\n", "", size)),
    ("json", |size| repeat("FROM a\nCMD [\"a\"", b",\"b\"", "]\n", size)),
    ("broken json", |size| repeat("FROM a\nCMD [", b"[\"b\",", "\n", size)),
    ("mounts", |size| repeat("FROM a\nRUN", b" --mount=type=cache,target=/x", " a\n", size)),
    ("one mount", |size| repeat("FROM a\nRUN --mount=type=cache", b",a=b", " a\n", size)),
    ("parentheses", |size| repeat("FROM a\nRUN ", b"(", "\n", size)),
    ("closed parentheses", |size| repeat("FROM a\nRUN a", b")", "\n", size)),
    ("arithmetic", |size| repeat("FROM a\nRUN echo ", b"$((", "\n", size)),
    ("arithmetic or not", |size| repeat("FROM a\nRUN echo ", b"$((a)", "\n", size)),
    ("nested substitutions", |size| repeat("FROM a\nRUN echo ", b"$(", "\n", size)),
    ("nested parameters", |size| repeat("FROM a\nRUN echo ", b"${a:-", "\n", size)),
    ("nested parameters outside", |size| repeat("FROM a\nWORKDIR ", b"${a:-", "\n", size)),
    ("open quotes", |size| repeat("FROM a\nRUN echo ", b"\"'", "\n", size)),
    ("backquotes", |size| repeat("FROM a\nRUN echo ", b"`a` ", "\n", size)),
    ("open backquotes", |size| repeat("FROM a\nRUN echo ", b"\\``", "\n", size)),
    ("backslashes", |size| repeat("FROM a\nRUN echo ", b"\\", "\n", size)),
    ("patterns", |size| repeat("FROM a\nRUN echo ", b"@(", "\n", size)),
    ("arrays", |size| repeat("FROM a\nRUN ", b"a=(", "\n", size)),
    ("cases", |size| repeat("FROM a\nRUN ", b"case a in b) c;; esac;", "\n", size)),
    ("nested ifs", |size| repeat("FROM a\nRUN ", b"if ", "\n", size)),
    ("functions", |size| repeat("FROM a\nRUN ", b"f() { a; };", "\n", size)),
    ("assignments", |size| numbered_after("FROM a\nRUN true", size, |n| format!(";a{n}=$a{}", n / 2))),
    ("exports", |size| repeat("FROM a\nRUN true", b";export a=$(b)", "\n", size)),
    ("shell in shell", |size| repeat("FROM a\nRUN true", b";sh -c 'cd $a'", "\n", size)),
    ("shell heredocs", |size| repeat("FROM a\nRUN <<E\n", b"bash <<X\ncd $a\nX\n", "E\n", size)),
    ("installs", |size| repeat("FROM a\nRUN apt-get update && apt-get install", b" aa", "\n", size)),
    ("install calls", |size| repeat("FROM a\nRUN apt-get update", b"&& apt-get install a", "\n", size)),
    ("install runs", |size| {
        repeat(
            "FROM debian:12\n",
            b"RUN apt-get update\nRUN apt-get install a\nRUN pip install b\n",
            "",
            size,
        )
    }),
    ("updates", |size| repeat("FROM debian:12\n", b"RUN apt-get update\n", "", size)),
    ("fetches", |size| repeat("FROM a\nRUN true", b"&& wget -k a && curl -k b | sh", "\n", size)),
    ("volumes", |size| numbered_after("FROM a\n", size, |n| format!("VOLUME /v{n}\nRUN touch /v{n}/a\n"))),
    ("triggers", |size| {
        let mut text = repeat("FROM a AS b\n", b"ONBUILD RUN cd $a | c\n", "", size / 2);
        text.extend(repeat("", b"FROM b\n", "", size / 2));
        text
    }),
    ("pragmas", |size| repeat("FROM a\n", b"# hadolint ignore=DL3003\nRUN cd a\n", "", size)),
    ("unused pragmas", |size| repeat("FROM a\n", b"# bareboat ignore=from-latst\n", "", size)),
    ("one pragma", |size| repeat("# bareboat global ignore=a", b",from-latest", "\nFROM a\n", size)),
    ("stage pragmas", |size| repeat("", b"# hadolint stage ignore=DL3007\nFROM a:latest\n", "", size)),
    ("global pragmas", |size| repeat("FROM a\n", b"# hadolint global ignore=DL3001\nRUN cd a|b\n", "", size)),
    ("broken pragmas", |size| repeat("FROM a\n", b"# hadolint ignore=,,=;check=skip\n", "", size)),
    ("directives", |size| repeat("# check=skip=a", b";skip=b", "\nFROM a\n", size)),
    ("comments", |size| repeat("FROM a\n", b"# a\n", "", size)),
    ("carriage returns", |size| repeat("FROM a\n", b"RUN a \\\r\n", "", size)),
    ("maintainers", |size| repeat("FROM a\n", b"MAINTAINER a\n", "", size)),
    ("lower case", |size| repeat("FROM a\nRUN a\nRUN b\n", b"run cd a\ncopy a b\n", "", size)),
    ("adds", |size| repeat("FROM a\n", b"ADD a b\n", "", size)),
    ("secrets", |size| numbered_after("FROM a\n", size, |n| format!("ARG password{n}=$a\n"))),
];

fn repeat(before: &str, piece: &[u8], after: &str, size: usize) -> Vec<u8> {
    let mut text = before.as_bytes().to_vec();
    while text.len() < size {
        text.extend_from_slice(piece);
    }
    text.extend_from_slice(after.as_bytes());
    text
}

fn numbered(size: usize, line: impl Fn(usize) -> String) -> Vec<u8> {
    numbered_after("", size, line)
}

fn numbered_after(before: &str, size: usize, line: impl Fn(usize) -> String) -> Vec<u8> {
    let mut text = before.to_owned();
    let mut number = 0;
    while text.len() < size {
        text.push_str(&line(number));
        number += 1;
    }
    text.into_bytes()
}

/// Bytes without any order, the same each time.
fn junk(size: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[3]
    };
    (0..size).map(|_| next()).collect()
}
