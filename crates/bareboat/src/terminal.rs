//! What a person sees: stdout is data, stderr is talk. Colours and bars only where they can be seen.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use bareboat_build::event::Event;
use bareboat_store::FetchEvent;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub use bareboat_report::render::table;
pub use bareboat_report::size;

use crate::cli::{ColorChoice, Global};
use crate::failure::Failure;

/// The terminal and what the user wants to see on it.
pub struct Terminal {
    verbose: bool,
    quiet: bool,
    colors: bool,
    data_colors: bool,
    progress: Mutex<Option<Progress>>,
    has_bars: bool,
    /// Downloads tried again so far.
    retries: AtomicUsize,
    /// Of a build's commands, a line that is not complete.
    output: Mutex<Vec<u8>>,
}

struct Progress {
    bar: ProgressBar,
    stage: String,
    wanted: u64,
    loaded: BTreeMap<String, u64>,
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default();
/// Characters of an instruction that are shown.
const LONGEST_INSTRUCTION: usize = 160;
/// Bytes of a command's line that are kept until its end comes.
const LONGEST_LINE: usize = 64 * 1024;
const GOOD: Style = AnsiColor::Green.on_default().bold();

impl Terminal {
    /// Looks at the options, the terminal and `NO_COLOR` (no-color.org).
    pub fn new(global: &Global) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let colors = match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && wanted,
        };
        let data_colors = match global.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => std::io::stdout().is_terminal() && wanted,
        };
        let has_bars = terminal && !global.quiet && std::env::var_os("CI").is_none();
        Self {
            verbose: global.verbose,
            quiet: global.quiet,
            colors,
            data_colors,
            progress: Mutex::new(None),
            has_bars,
            retries: AtomicUsize::new(0),
            output: Mutex::default(),
        }
    }

    /// Whether data on stdout is coloured.
    pub fn colors_data(&self) -> bool {
        self.data_colors
    }

    /// A line for the person, unless quiet.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            self.line(text);
        }
    }

    /// A good end.
    pub fn done(&self, text: &str) {
        if !self.quiet {
            self.line(&self.paint(GOOD, text));
        }
    }

    /// Something to know that is no error.
    pub fn warning(&self, text: &str) {
        self.line(&format!("{}: {text}", self.paint(WARNING, "warning")));
    }

    /// A decision, with `-v`.
    pub fn decision(&self, text: &str) {
        if self.verbose {
            self.line(&format!("  {text}"));
        }
    }

    /// An error with its causes and hint.
    pub fn failure(&self, failure: &Failure) {
        self.flush_output();
        self.clear();
        let mut text = format!("{}: {}", self.paint(ERROR, "error"), failure.message);
        for cause in &failure.causes {
            text.push_str(&format!("\n  because: {cause}"));
        }
        if let Some(hint) = &failure.hint {
            text.push_str(&format!("\n  {}: {hint}", self.paint(HINT, "hint")));
        }
        self.line(&text);
    }

    /// Shows what a build does.
    pub fn event(&self, event: Event) {
        match event {
            Event::Stage { name } => self.stage(name),
            Event::Step { origin } => self.message(&origin.to_string()),
            Event::Decision { text } => self.decision(&text),
            Event::Warning { text } => self.warning(&text),
            Event::Instruction { text, known } => self.instruction(&text, known),
            Event::Output { bytes, .. } => self.output(&bytes),
        }
    }

    /// One line per instruction; whatever its command wrote before ends first.
    fn instruction(&self, text: &str, known: bool) {
        self.flush_output();
        let text: String = match text.char_indices().nth(LONGEST_INSTRUCTION) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text.to_owned(),
        };
        self.say(&if known { format!("{text} (cached)") } else { text });
    }

    /// What a command of the build writes, in whole lines.
    fn output(&self, bytes: &[u8]) {
        if self.quiet {
            return;
        }
        let mut pending = self.output.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        pending.extend_from_slice(bytes);
        let end = match pending.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end,
            None if pending.len() > LONGEST_LINE => pending.len() - 1,
            None => return,
        };
        let rest = pending.split_off(end + 1);
        let lines = std::mem::replace(&mut *pending, rest);
        drop(pending);
        for line in String::from_utf8_lossy(&lines).lines() {
            self.line(&format!("  {line}"));
        }
    }

    /// A last line without its end.
    fn flush_output(&self) {
        let pending = {
            let mut output = self.output.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            std::mem::take(&mut *output)
        };
        if !pending.is_empty() {
            self.line(&format!("  {}", String::from_utf8_lossy(&pending)));
        }
    }

    fn stage(&self, name: String) {
        self.clear();
        if self.has_bars {
            let bar = ProgressBar::new_spinner();
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.set_style(
                ProgressStyle::with_template("{spinner} {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_spinner()),
            );
            bar.enable_steady_tick(Duration::from_millis(120));
            bar.set_message(name.clone());
            *self.lock() = Some(Progress { bar, stage: name, wanted: 0, loaded: BTreeMap::new() });
        } else if self.verbose {
            self.line(&name);
        }
    }

    /// A bar for bytes whose number becomes known as they go; nothing where there are no bars.
    pub fn bytes(&self, what: &str) -> ByteBar {
        self.clear();
        if !self.has_bars {
            return ByteBar { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::new(0);
        bar.set_draw_target(ProgressDrawTarget::stderr());
        let style =
            ProgressStyle::with_template("{msg} {wide_bar} {decimal_bytes} of {decimal_total_bytes}, {eta}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what.to_owned());
        ByteBar { bar }
    }

    fn message(&self, text: &str) {
        if let Some(progress) = &*self.lock() {
            progress.bar.set_message(format!("{}: {text}", progress.stage));
        }
        self.decision(text);
    }

    /// Shows downloads.
    pub fn fetch(&self, event: &FetchEvent<'_>) {
        if let FetchEvent::Retrying { label, why, .. } = event {
            self.retrying(label, why);
        }
        let mut guard = self.lock();
        let Some(progress) = &mut *guard else { return };
        match event {
            FetchEvent::Started { total, .. } => progress.wanted += total.unwrap_or_default(),
            FetchEvent::Progress { label, bytes } => _ = progress.loaded.insert((*label).to_owned(), *bytes),
            FetchEvent::Finished { label, bytes } => _ = progress.loaded.insert((*label).to_owned(), *bytes),
            _ => {}
        }
        let loaded = progress.loaded.values().sum();
        let text = format!("{}: {} of {}", progress.stage, size(loaded), size(progress.wanted));
        progress.bar.set_message(text);
    }

    /// A mirror that is down fails every download alike: a few times are enough to know.
    fn retrying(&self, label: &str, why: &str) {
        const TOLD: usize = 2;
        let before = self.retries.fetch_add(1, Ordering::Relaxed);
        if before < TOLD || self.verbose {
            self.warning(&format!("{label}: {why}; trying again"));
        } else if before == TOLD {
            self.warning("more downloads are tried again; `-v` tells which and why");
        }
    }

    /// Takes a bar off the screen.
    pub fn clear(&self) {
        if let Some(progress) = self.lock().take() {
            progress.bar.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        let guard = self.lock();
        match &*guard {
            Some(progress) => progress.bar.suspend(|| write_line(text)),
            None => write_line(text),
        }
    }

    fn paint(&self, style: Style, text: &str) -> String {
        if self.colors { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Progress>> {
        self.progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// How far bytes have come. Gone from the screen when dropped.
pub struct ByteBar {
    bar: ProgressBar,
}

impl ByteBar {
    /// So many more are to come.
    pub fn expect(&self, bytes: u64) {
        self.bar.inc_length(bytes);
    }

    /// So many more came.
    pub fn advance(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

impl Drop for ByteBar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Talk. A closed stderr is no reason to stop.
fn write_line(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Data, to stdout. A reader that went away ends the program quietly, as for any filter.
pub fn print(text: &str) {
    let mut stdout = std::io::stdout().lock();
    if stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).is_err() {
        std::process::exit(0);
    }
}
