//! Made Dockerfiles, the same ones every time: the shapes that real files have, good and bad, in all combinations.
//! What hadolint cannot read is not among them (a line right after a heredoc): a rival that gives up is fast.

use std::fmt::Write;

/// The file with this number.
pub fn dockerfile(number: u64) -> String {
    Maker { state: number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1, text: String::new() }.make()
}

struct Maker {
    state: u64,
    text: String,
}

impl Maker {
    fn make(mut self) -> String {
        for _ in 0..8 {
            self.next();
        }
        if self.one_in(4) {
            self.line("# syntax=docker/dockerfile:1");
        }
        if self.one_in(5) {
            self.line("# hadolint global ignore=DL3059");
        }
        if self.one_in(3) {
            self.line("ARG VERSION=1.2.3");
        }
        let family = self.below(FAMILIES.len());
        let stages = 1 + self.below(3);
        for stage in 0..stages {
            self.stage(&FAMILIES[family], stage, stage + 1 == stages);
        }
        self.text
    }

    fn stage(&mut self, family: &Family, number: usize, last: bool) {
        let is_small = last && self.one_in(3);
        let base = self.choose(if is_small { SMALL_BASES } else { family.bases });
        match last {
            true => self.line(&format!("FROM {base}")),
            false => self.line(&format!("FROM {base} AS stage{number}")),
        }
        for _ in 0..1 + self.below(3) {
            let line = self.choose(SETTINGS);
            self.line(line);
        }
        if self.one_in(2) {
            self.line("WORKDIR /app");
        }
        for _ in 0..1 + self.below(2) {
            self.install(family);
        }
        if self.one_in(2) {
            self.line("# what is built");
        }
        let copy = self.choose(COPIES);
        self.line(copy);
        for _ in 0..self.below(3) {
            let script = self.choose(SCRIPTS);
            self.line(script);
        }
        if number > 0 {
            self.line(&format!("COPY --from=stage{} /app /app", number - 1));
        }
        if last {
            for _ in 0..2 + self.below(3) {
                let line = self.choose(ENDINGS);
                self.line(line);
            }
        }
        self.text.push('\n');
    }

    /// A RUN with a list of packages, one a line or all in one.
    fn install(&mut self, family: &Family) {
        let before = self.choose(family.before);
        let after = self.choose(family.after);
        let mut packages: Vec<&str> = Vec::new();
        for _ in 0..1 + self.below(7) {
            packages.push(self.choose(family.packages));
        }
        let (break_line, joint) =
            if self.one_in(2) { (" \\\n      ", " \\\n    && ") } else { (" ", " && ") };
        let mut run = format!("RUN {before}");
        for package in packages {
            run.push_str(break_line);
            run.push_str(package);
        }
        if self.one_in(4) && break_line.contains('\n') {
            run.push_str(" \\\n    # as small as it can be");
        }
        if !after.is_empty() {
            let _ = write!(run, "{joint}{after}");
        }
        self.line(&run);
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// xorshift64.
    fn next(&mut self) -> u64 {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.state
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap_or_default() % limit
    }

    fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    fn choose<'t>(&mut self, texts: &[&'t str]) -> &'t str {
        texts[self.below(texts.len())]
    }
}

/// Images of one kind and how packages get into them.
struct Family {
    bases: &'static [&'static str],
    before: &'static [&'static str],
    packages: &'static [&'static str],
    after: &'static [&'static str],
}

const SMALL_BASES: &[&str] =
    &["scratch", "gcr.io/distroless/static-debian12", "alpine:3.20", "debian:bookworm-slim", "alpine"];

const FAMILIES: &[Family] = &[
    Family {
        bases: &[
            "debian:12",
            "debian:latest",
            "ubuntu:24.04",
            "python:3.12-slim",
            "node:22-bookworm",
            "golang:1.22",
        ],
        before: &[
            "apt-get update && apt-get install -y --no-install-recommends",
            "apt-get update && apt-get install -y",
            "apt-get install",
            "apt update; apt install -y",
            "set -eux; apt-get update; DEBIAN_FRONTEND=noninteractive apt-get install -yq",
        ],
        packages: &[
            "curl",
            "git",
            "ca-certificates",
            "build-essential=12.9",
            "libpq-dev",
            "vim",
            "wget",
            "gnupg2",
        ],
        after: &[
            "rm -rf /var/lib/apt/lists/*",
            "apt-get clean",
            "",
            "apt-get autoremove -y && rm -rf /tmp/*",
        ],
    },
    Family {
        bases: &["alpine:3.20", "python:3.12-alpine", "node:22-alpine3.20", "golang:1.22-alpine"],
        before: &[
            "apk add --no-cache",
            "apk add",
            "apk --update add",
            "apk update && apk add --virtual .build",
        ],
        packages: &["curl", "git=2.45.2-r0", "bash", "gcc", "musl-dev", "make", "linux-headers", "tzdata"],
        after: &["", "rm -rf /var/cache/apk/*", "apk del .build", "update-ca-certificates"],
    },
    Family {
        bases: &["python:3.12", "python:${VERSION}", "python:3.11-slim-bookworm", "python"],
        before: &[
            "pip install",
            "pip install --no-cache-dir",
            "pip3 install --upgrade",
            "python -m pip install",
        ],
        packages: &[
            "flask==3.0.3",
            "gunicorn",
            "'requests>=2,<3'",
            "numpy",
            "-r requirements.txt",
            "pandas==2.2.2",
        ],
        after: &["", "rm -rf ~/.cache", "pip check"],
    },
    Family {
        bases: &["node:22", "node:lts", "node:20-slim"],
        before: &["npm install", "npm install -g", "yarn add", "npm ci && npm install"],
        packages: &["express@4.19.2", "typescript", "eslint@latest", "pm2", "left-pad"],
        after: &["npm cache clean --force", "", "yarn cache clean"],
    },
    Family {
        bases: &["fedora:40", "rockylinux:9", "registry.access.redhat.com/ubi9/ubi-minimal:9.4"],
        before: &["dnf install -y", "yum -y install", "microdnf install", "dnf -y update && dnf -y install"],
        packages: &["httpd", "git-2.45.2", "java-17-openjdk", "tar", "gzip", "unzip"],
        after: &["dnf clean all", "yum clean all && rm -rf /var/cache/yum", ""],
    },
];

const SETTINGS: &[&str] = &[
    "LABEL org.opencontainers.image.title=\"app\" \\\n      org.opencontainers.image.version=\"1.0.0\"",
    "LABEL maintainer=\"team@example.com\"",
    "MAINTAINER Team <team@example.com>",
    "ENV PATH=/opt/bin:$PATH",
    "ENV APP_HOME /srv/app",
    "ENV LANG=C.UTF-8 LC_ALL=C.UTF-8 \\\n    PYTHONUNBUFFERED=1",
    "ARG DEBIAN_FRONTEND=noninteractive",
    "ARG API_TOKEN",
    "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]",
    "USER root",
    "VOLUME /data",
];

const COPIES: &[&str] = &[
    "COPY . .",
    "COPY . /app",
    "ADD . /app",
    "COPY requirements.txt package.json /app/",
    "COPY --chown=app:app src/ /app/src/",
    "ADD https://example.com/archive.tar.gz /opt/",
    "COPY <<EOF /etc/app.conf\nlisten = 8080\nworkers = 4\nEOF\n",
    "COPY [\"a file\", \"/app/\"]",
];

const SCRIPTS: &[&str] = &[
    "RUN curl -fsSL https://example.com/install.sh | bash",
    "RUN wget -O /tmp/x.tgz https://example.com/x.tgz && tar -xzf /tmp/x.tgz -C /opt && rm /tmp/x.tgz",
    "RUN cd /app && make && make install",
    "RUN useradd -u 1001 -m app && chown -R app:app /app",
    "RUN for file in $(ls *.txt); do echo $file; done",
    "RUN if [ \"$VERSION\" == \"1\" ]; then echo -e 'one\\n'; else export X=`date`; fi",
    "RUN <<EOF\nset -e\nmkdir -p /var/log/app\ncat /etc/os-release | grep ID\nEOF\n",
    "RUN --mount=type=cache,target=/root/.cache \\\n    go build -o /app/server ./... && \\\n    # keep it small\n    strip /app/server",
    "RUN chmod 777 /app && sudo ln -sf /bin/bash /bin/sh",
    "RUN [\"/bin/sh\", \"-c\", \"echo $HOME\"]",
    "RUN echo \"deb http://example.com stable main\" >> /etc/apt/sources.list && apt-key add key.gpg || true",
    "RUN python -m compileall -q /app \\\n\n    && find /app -name '*.pyc' -delete",
];

const ENDINGS: &[&str] = &[
    "EXPOSE 8080",
    "EXPOSE 80/TCP 443",
    "EXPOSE 70000",
    "HEALTHCHECK --interval=30s CMD curl -f http://localhost:8080/ || exit 1",
    "USER app",
    "USER 1001:1001",
    "WORKDIR srv",
    "ENTRYPOINT [\"/app/server\"]",
    "ENTRYPOINT /app/run.sh",
    "CMD [\"python\", \"app.py\"]",
    "CMD python app.py",
    "STOPSIGNAL SIGTERM",
    "ONBUILD RUN echo built",
];
