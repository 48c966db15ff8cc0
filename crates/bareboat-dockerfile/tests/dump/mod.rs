//! A readable form of parsed nodes for snapshots.

use bareboat_dockerfile::instruction::{CommandLine, Executed, Healthcheck, Pair, Source, Transfer};
use bareboat_dockerfile::{Command, Instruction, Item, Kind, LineIndex, Parsed, Span, Word};

struct Dump<'a> {
    parsed: &'a Parsed,
    index: LineIndex<'a>,
    out: String,
}

/// One block of lines per item.
#[allow(dead_code, reason = "each test file uses what it needs")]
pub fn dump(parsed: &Parsed) -> String {
    let mut dump = Dump { parsed, index: parsed.file.line_index(), out: String::new() };
    for item in parsed.file.items() {
        dump.item(item);
    }
    dump.out + &errors(parsed)
}

/// One line per error, and its hint.
pub fn errors(parsed: &Parsed) -> String {
    let dump = Dump { parsed, index: parsed.file.line_index(), out: String::new() };
    let mut out = String::new();
    for error in &parsed.errors {
        let deferred = if error.deferred { " (deferred)" } else { "" };
        out += &format!("error {}: {error}{deferred}\n", dump.place(error.span));
        if let Some(hint) = error.hint() {
            out += &format!("  hint: {hint}\n");
        }
    }
    out
}

impl Dump<'_> {
    fn place(&self, span: Span) -> String {
        let (start, end) = (self.index.position(span.start), self.index.position(span.end));
        let text = String::from_utf8_lossy(span.of(self.parsed.file.source())).into_owned();
        format!("{}:{}-{}:{} {text:?}", start.line, start.column, end.line, end.column)
    }

    fn line(&mut self, depth: usize, text: impl AsRef<str>) {
        self.out += &format!("{}{}\n", "  ".repeat(depth), text.as_ref());
    }

    fn word(&mut self, depth: usize, label: &str, word: &Word) {
        let place = self.place(word.span);
        self.line(depth, format!("{label} {:?} @ {place}", word.text));
    }

    fn optional(&mut self, depth: usize, label: &str, word: Option<&Word>) {
        if let Some(word) = word {
            self.word(depth, label, word);
        }
    }

    fn item(&mut self, item: &Item) {
        let place = self.place(item.span());
        match item {
            Item::ByteOrderMark(_) => self.line(0, format!("byte order mark {place}")),
            Item::Blank(_) => self.line(0, format!("blank {place}")),
            Item::Comment(_) => self.line(0, format!("comment {place}")),
            Item::Skipped(_) => self.line(0, "skipped"),
            Item::Directive(directive) => {
                let value = self.place(directive.value_span);
                self.line(0, format!("directive {} = {value}", directive.name.as_str()));
            }
            Item::Instruction(instruction) => self.instruction(instruction),
        }
    }

    fn instruction(&mut self, instruction: &Instruction) {
        let pieces: Vec<_> = instruction.pieces.iter().map(|piece| format!("{:?}", piece.kind)).collect();
        self.line(0, format!("instruction {:?} [{}]", instruction.text.as_str(), pieces.join(" ")));
        self.command(1, &instruction.command);
        for heredoc in &instruction.heredocs {
            self.word(1, "heredoc", &heredoc.word);
            let (name, descriptor) = (&heredoc.name, heredoc.descriptor);
            let text = heredoc.text(self.parsed.file.source());
            let flags = format!("expand={} strip={}", heredoc.expand, heredoc.strip_tabs);
            self.line(2, format!("name={name:?} descriptor={descriptor} {flags} text={:?}", text.as_str()));
        }
        if let Kind::Run(run) = &instruction.effective().kind {
            let script = match run.executed(instruction, self.parsed.file.source()) {
                Executed::Shell(text) => format!("shell {:?}", text.as_str()),
                Executed::File { heredoc, text } => format!("file {heredoc} {:?}", text.as_str()),
                Executed::Exec(words) => {
                    format!("exec {:?}", words.iter().map(|word| &word.text).collect::<Vec<_>>())
                }
            };
            self.line(1, format!("script {script}"));
        }
        if let Some(expression) = instruction.onbuild_expression(self.parsed.file.source()) {
            self.line(1, format!("expression {expression:?}"));
        }
    }

    fn command(&mut self, depth: usize, command: &Command) {
        self.word(depth, "keyword", &command.keyword);
        for flag in &command.flags {
            let place = self.place(flag.span);
            self.line(depth, format!("flag {:?} {place}", flag.name));
            self.optional(depth + 1, "value", flag.value.as_ref());
        }
        self.kind(depth, &command.kind);
    }

    fn kind(&mut self, depth: usize, kind: &Kind) {
        match kind {
            Kind::Add(add) => {
                self.optional(depth, "checksum", add.checksum.as_ref());
                self.line(depth, format!("keep_git_dir={} unpack={:?}", add.keep_git_dir, add.unpack));
                self.transfer(depth, &add.transfer);
            }
            Kind::Copy(copy) => {
                self.optional(depth, "from", copy.from.as_ref());
                self.line(depth, format!("parents={}", copy.parents));
                self.transfer(depth, &copy.transfer);
            }
            Kind::Arg(pairs) => self.pairs(depth, pairs),
            Kind::Env(pairs) | Kind::Label(pairs) => {
                self.line(depth, format!("legacy={}", pairs.legacy));
                self.pairs(depth, &pairs.pairs);
            }
            Kind::Cmd(line) | Kind::Entrypoint(line) => self.command_line(depth, line),
            Kind::Run(run) => {
                for mount in &run.mounts {
                    let place = self.place(mount.span);
                    self.line(depth, format!("mount {place}"));
                    for option in &mount.options {
                        let place = self.place(option.span);
                        self.line(depth + 1, format!("{} {:?} @ {place}", option.key, option.value));
                    }
                }
                let devices: Vec<_> = run.devices.iter().map(|device| device.value.text.as_str()).collect();
                self.line(
                    depth,
                    format!("network={:?} security={:?} {devices:?}", run.network, run.security),
                );
                self.command_line(depth, &run.command);
            }
            Kind::Healthcheck(Healthcheck::None) => self.line(depth, "none"),
            Kind::Healthcheck(Healthcheck::Command(check)) => {
                let times = [check.interval, check.timeout, check.start_period, check.start_interval];
                self.line(depth, format!("{times:?} retries={:?}", check.retries));
                self.command_line(depth, &check.command);
            }
            Kind::Expose(words) | Kind::Shell(words) | Kind::Volume(words) => {
                words.iter().for_each(|word| self.word(depth, "word", word));
            }
            Kind::Maintainer(word) | Kind::Stopsignal(word) | Kind::User(word) | Kind::Workdir(word) => {
                self.word(depth, "word", word);
            }
            Kind::From(from) => {
                self.optional(depth, "platform", from.platform.as_ref());
                self.word(depth, "image", &from.image);
                if let Some(alias) = &from.alias {
                    self.word(depth, "as", &alias.keyword);
                    self.word(depth, "name", &alias.name);
                }
            }
            Kind::Onbuild(onbuild) => self.command(depth + 1, &onbuild.trigger),
            Kind::Broken => self.line(depth, "broken"),
        }
    }

    fn transfer(&mut self, depth: usize, transfer: &Transfer) {
        for source in &transfer.sources {
            match source {
                Source::Path(word) => self.word(depth, "source", word),
                Source::Heredoc(index) => self.line(depth, format!("source heredoc {index}")),
            }
        }
        self.word(depth, "destination", &transfer.destination);
        self.optional(depth, "chown", transfer.chown.as_ref());
        self.optional(depth, "chmod", transfer.chmod.as_ref());
        let exclude: Vec<_> = transfer.exclude.iter().map(|word| word.text.as_str()).collect();
        self.line(depth, format!("json={} link={} exclude={exclude:?}", transfer.json, transfer.link));
    }

    fn pairs(&mut self, depth: usize, pairs: &[Pair]) {
        for pair in pairs {
            self.word(depth, "name", &pair.name);
            self.optional(depth + 1, "value", pair.value.as_ref());
        }
    }

    fn command_line(&mut self, depth: usize, line: &CommandLine) {
        match line {
            CommandLine::Shell(text) => {
                let place = self.place(text.span());
                self.line(depth, format!("shell {:?} @ {place}", text.as_str()));
            }
            CommandLine::Exec(words) => words.iter().for_each(|word| self.word(depth, "exec", word)),
        }
    }
}
