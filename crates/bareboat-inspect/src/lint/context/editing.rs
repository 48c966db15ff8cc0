//! Helpers for fixes: edits that keep a file's formatting.

use std::borrow::Cow;

use bareboat_dockerfile::{Edit, Instruction, Position, Span};

use super::{Context, Step};

impl Context<'_> {
    /// The text of `span`; what is not UTF-8 is replaced.
    pub fn text(&self, span: Span) -> Cow<'_, str> {
        String::from_utf8_lossy(span.of(self.file.source()))
    }

    /// Line and column of the byte at `offset`.
    pub fn position(&self, offset: usize) -> Position {
        self.lines.position(offset)
    }

    /// The line end this file uses: `\r\n` when its first line has it.
    pub fn line_end(&self) -> &'static str {
        let source = self.file.source();
        let first = source.iter().position(|byte| *byte == b'\n');
        if first.is_some_and(|at| source[..at].ends_with(b"\r")) { "\r\n" } else { "\n" }
    }

    /// Removes an instruction with its lines and heredocs.
    pub fn remove_instruction(&self, instruction: &Instruction) -> Edit {
        Edit::remove(instruction.span)
    }

    /// Inserts `lines` (one or more, without the last line end) above the line of `instruction`.
    pub fn insert_above(&self, instruction: &Instruction, lines: &str) -> Edit {
        Edit::insert(instruction.span.start, format!("{lines}{}", self.line_end()))
    }

    /// Inserts `lines` (one or more, without the last line end) below `instruction` and its heredocs.
    pub fn insert_below(&self, instruction: &Instruction, lines: &str) -> Edit {
        let end = self.line_end();
        let ended = instruction.span.of(self.file.source()).ends_with(b"\n");
        let text = if ended { format!("{lines}{end}") } else { format!("{end}{lines}") };
        Edit::insert(instruction.span.end, text)
    }

    /// The keyword `name` in the case that `like` is written in: lower when that has no capitals.
    pub fn keyword_like(&self, like: &Instruction, name: &str) -> String {
        let written = &like.command.keyword.text;
        match written.chars().any(|char| char.is_uppercase()) {
            true => name.to_uppercase(),
            false => name.to_lowercase(),
        }
    }

    /// `value` in double quotes, as ENV and LABEL read it back.
    pub fn quoted(&self, value: &str) -> String {
        let escape = self.file.escape();
        let mut quoted = String::from("\"");
        for char in value.chars() {
            if char == '"' || char == '$' || char == escape {
                quoted.push(escape);
            }
            quoted.push(char);
        }
        quoted.push('"');
        quoted
    }

    /// Adds `command` to the end of a shell-form RUN, joined with `&&` in the way its lines are written, so that
    /// it runs when everything before it went well. `None` where that cannot be said: heredocs, JSON form,
    /// a background command, mistakes in the script.
    pub fn append_command(&self, step: &Step<'_>, command: &str) -> Option<Edit> {
        let run = step.run().filter(|run| run.is_shell_form())?;
        let script = &run.scripts.first().filter(|script| !script.nested && !script.file)?.script;
        let last = script.body.items.last()?;
        let has_more = !step.instruction.heredocs.is_empty() || !script.heredocs.is_empty();
        if has_more || last.background || !script.errors.is_empty() || !script.comments.is_empty() {
            return None;
        }
        let source = self.file.source();
        let end = script.span(last.range.clone()).end;
        let joint = last.rest.last().map(|(operator, _)| script.span(operator.range.clone()));
        let on_one_line = !step.instruction.text_span().of(source).contains(&b'\n');
        if on_one_line {
            return Some(Edit::insert(end, format!(" && {command}")));
        }
        // The operator starts its line, or ends it: do the same, as far in as that line is.
        let (escape, line_end) = (self.file.escape(), self.line_end());
        let starts_line = |at: usize| self.line_start(at) + self.indent(at).len() == at;
        let leads = joint.is_none_or(|joint| starts_line(joint.start));
        let indent = match joint {
            Some(joint) if leads => self.indent(joint.start),
            _ => self.indent(end),
        };
        let text = match leads {
            true => format!(" {escape}{line_end}{indent}&& {command}"),
            false => format!(" && {escape}{line_end}{indent}{command}"),
        };
        Some(Edit::insert(end, text))
    }

    /// Where the line of the byte at `offset` starts.
    pub fn line_start(&self, offset: usize) -> usize {
        let before = &self.file.source()[..offset.min(self.file.source().len())];
        before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    }

    /// The white space that the line of the byte at `offset` starts with.
    pub fn indent(&self, offset: usize) -> Cow<'_, str> {
        let start = self.line_start(offset);
        let line = &self.file.source()[start..];
        let length = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        self.text(Span::new(start, start + length))
    }
}
