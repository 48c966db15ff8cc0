//! Walks a syntax tree and notes every import with its circumstances.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{
    ExceptHandler, Expr, ExprCall, Stmt, StmtIf, StmtImport, StmtImportFrom, StmtTry, StmtWith,
};

use super::{Branch, Dynamic, FileImports, Import, Need};
use crate::app::imports::condition::{Outcome, dotted, evaluate, gives_up, text};

/// The imports of a module's `body`, for CPython `python` on Linux.
pub(super) fn walk(body: &[Stmt], lines: Lines, python: (u8, u8)) -> FileImports {
    let circumstances =
        Circumstances { need: Need::Required, guard: None, branches: Vec::new(), only_as_main: false };
    let mut scanner = Scanner { lines, python, circumstances, guards: 0, found: FileImports::default() };
    scanner.visit_body(body);
    scanner.found
}

/// Line starts of a text.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn new(source: &str) -> Self {
        let breaks =
            source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(index, _)| index + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    /// The line of a byte offset, from 1.
    pub(super) fn of(&self, offset: usize) -> u32 {
        self.0.partition_point(|&start| start <= offset) as u32
    }
}

/// What stands around the statement being read.
#[derive(Clone)]
struct Circumstances {
    need: Need,
    guard: Option<u32>,
    branches: Vec<Branch>,
    only_as_main: bool,
}

struct Scanner {
    lines: Lines,
    python: (u8, u8),
    circumstances: Circumstances,
    guards: u32,
    found: FileImports,
}

impl<'a> Visitor<'a> for Scanner {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::If(condition) => self.condition(condition),
            Stmt::Try(guarded) => self.guarded(guarded),
            Stmt::With(with) => self.with(with),
            Stmt::FunctionDef(function) => {
                function.decorator_list.iter().for_each(|decorator| self.visit_decorator(decorator));
                self.within(Circumstances::enter_function, |scanner| scanner.visit_body(&function.body));
            }
            Stmt::Match(matched) => {
                self.visit_expr(&matched.subject);
                for case in &matched.cases {
                    self.within(
                        |inside| inside.weaken(Need::Optional),
                        |scanner| scanner.visit_body(&case.body),
                    );
                }
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expression: &'a Expr) {
        match expression {
            Expr::Call(call) => self.call(call),
            Expr::StringLiteral(literal) => self.name(literal.value.to_str()),
            Expr::Lambda(lambda) => {
                self.within(Circumstances::enter_function, |scanner| scanner.visit_expr(&lambda.body));
                return;
            }
            _ => {}
        }
        visitor::walk_expr(self, expression);
    }

    /// Annotations import nothing.
    fn visit_annotation(&mut self, _: &'a Expr) {}
}

impl Circumstances {
    fn weaken(&mut self, need: Need) {
        self.need = self.need.max(need);
    }

    /// A body that runs later: no handler around the definition catches anything there.
    fn enter_function(&mut self) {
        self.weaken(Need::Lazy);
        self.guard = None;
    }
}

impl Scanner {
    /// Reads something under changed circumstances.
    fn within(&mut self, change: impl FnOnce(&mut Circumstances), read: impl FnOnce(&mut Self)) {
        let outside = self.circumstances.clone();
        change(&mut self.circumstances);
        read(self);
        self.circumstances = outside;
    }

    fn add(&mut self, level: u32, module: &str, name: Option<&str>, offset: usize, is_lazy: bool) {
        let Circumstances { need, guard, branches, only_as_main } = self.circumstances.clone();
        self.found.imports.push(Import {
            level,
            module: module.to_owned(),
            name: name.map(str::to_owned),
            line: self.lines.of(offset),
            need: if is_lazy { need.max(Need::Lazy) } else { need },
            guard,
            branches,
            only_as_main,
        });
    }

    fn import(&mut self, import: &StmtImport) {
        for alias in &import.names {
            self.add(0, &alias.name, None, import.range.start().to_usize(), import.is_lazy);
        }
    }

    fn import_from(&mut self, import: &StmtImportFrom) {
        let module = import.module.as_ref().map_or("", |module| module.as_str());
        if (import.level, module) == (0, "__future__") {
            return;
        }
        for alias in &import.names {
            let name = (alias.name.as_str() != "*").then_some(alias.name.as_str());
            self.add(import.level, module, name, import.range.start().to_usize(), import.is_lazy);
        }
    }

    fn condition(&mut self, condition: &StmtIf) {
        self.visit_expr(&condition.test);
        // What is known of the branches so far: true once one of them is always taken.
        let mut outcome = evaluate(&condition.test, self.python);
        self.branch(outcome, &condition.body);
        let mut rest = rest_after(Outcome::True, outcome);
        for clause in &condition.elif_else_clauses {
            outcome = match &clause.test {
                Some(test) => {
                    self.visit_expr(test);
                    evaluate(test, self.python)
                }
                None => Outcome::True,
            };
            let reached = if rest == Outcome::True { outcome } else { both(rest, outcome) };
            self.branch(reached, &clause.body);
            rest = rest_after(rest, outcome);
        }
    }

    fn branch(&mut self, outcome: Outcome, body: &[Stmt]) {
        let change = |inside: &mut Circumstances| match outcome {
            Outcome::True => {}
            Outcome::False => inside.need = Need::Never,
            Outcome::Main => inside.only_as_main = true,
            Outcome::Unknown => inside.weaken(Need::Optional),
        };
        self.within(change, |scanner| scanner.visit_body(body));
    }

    fn guarded(&mut self, guarded: &StmtTry) {
        let catcher = guarded.handlers.iter().find(|handler| catches_import_errors(handler));
        let body_is_safe =
            catcher.is_some_and(|ExceptHandler::ExceptHandler(handler)| !gives_up(&handler.body));
        let guard = self.guards;
        self.guards += 1;
        let protect = |inside: &mut Circumstances| {
            if body_is_safe {
                inside.guard = Some(guard);
                inside.weaken(Need::Optional);
            }
        };
        self.within(protect, |scanner| scanner.visit_body(&guarded.body));
        for handler in &guarded.handlers {
            let ExceptHandler::ExceptHandler(content) = handler;
            let is_catcher = catcher == Some(handler);
            let depend = |inside: &mut Circumstances| match is_catcher {
                true => inside.branches.push(Branch { guard, failed: true }),
                // Runs after an error that has nothing to do with imports.
                false => inside.weaken(Need::Optional),
            };
            self.within(depend, |scanner| scanner.visit_body(&content.body));
        }
        let depend = |inside: &mut Circumstances| {
            if body_is_safe {
                inside.branches.push(Branch { guard, failed: false });
            }
        };
        self.within(depend, |scanner| scanner.visit_body(&guarded.orelse));
        self.visit_body(&guarded.finalbody);
    }

    /// `with contextlib.suppress(ImportError):` guards as a `try` does.
    fn with(&mut self, with: &StmtWith) {
        let suppresses = with.items.iter().any(|item| match &item.context_expr {
            Expr::Call(call) => {
                dotted(&call.func).is_some_and(|name| name == "suppress" || name.ends_with(".suppress"))
                    && call.arguments.args.iter().any(names_import_error)
            }
            _ => false,
        });
        with.items.iter().for_each(|item| self.visit_with_item(item));
        let guard = self.guards;
        self.guards += 1;
        let protect = |inside: &mut Circumstances| {
            if suppresses {
                inside.guard = Some(guard);
                inside.weaken(Need::Optional);
            }
        };
        self.within(protect, |scanner| scanner.visit_body(&with.body));
    }

    /// `importlib.import_module("x")`, `__import__("x")`, Django's `import_string("x.y")`.
    fn call(&mut self, call: &ExprCall) {
        let Some(function) = dotted(&call.func) else { return };
        let is_import = match function.rsplit('.').next().unwrap_or_default() {
            "import_module" | "__import__" | "import_string" => true,
            "run_module" => function.starts_with("runpy"),
            _ => false,
        };
        if !is_import || self.circumstances.need == Need::Never {
            return;
        }
        let offset = call.range_start.to_usize();
        match call.arguments.args.first().and_then(text) {
            Some(module) if !function.ends_with("import_string") && is_dotted_name(module) => {
                self.add(0, module, None, offset, false);
            }
            // The last part is an attribute.
            Some(path) if is_dotted_name(path) && path.contains('.') => {
                let (module, name) = path.rsplit_once('.').unwrap_or((path, ""));
                self.add(0, module, Some(name), offset, false);
            }
            _ => self.found.dynamic.push(Dynamic { line: self.lines.of(offset), call: function }),
        }
    }

    fn name(&mut self, text: &str) {
        let may_be_module = text.len() <= MAX_NAME && is_dotted_name(text);
        if may_be_module && self.found.names.len() < MAX_NAMES {
            self.found.names.insert(text.to_owned());
        }
    }
}

/// What is known of "none of the branches up to this one was taken".
fn rest_after(rest: Outcome, taken: Outcome) -> Outcome {
    match (rest, taken) {
        (Outcome::False, _) | (_, Outcome::True) => Outcome::False,
        (Outcome::True, Outcome::False) => Outcome::True,
        _ => Outcome::Unknown,
    }
}

/// Both hold.
fn both(rest: Outcome, outcome: Outcome) -> Outcome {
    match (rest, outcome) {
        (Outcome::False, _) | (_, Outcome::False) => Outcome::False,
        (_, Outcome::Main) => Outcome::Main,
        _ => Outcome::Unknown,
    }
}

fn catches_import_errors(handler: &ExceptHandler) -> bool {
    let ExceptHandler::ExceptHandler(handler) = handler;
    match handler.type_.as_deref() {
        None => true,
        Some(Expr::Tuple(tuple)) => tuple.elts.iter().any(names_import_error),
        Some(exception) => names_import_error(exception),
    }
}

fn names_import_error(exception: &Expr) -> bool {
    let name = dotted(exception).unwrap_or_default();
    matches!(
        name.strip_prefix("builtins.").unwrap_or(&name),
        "ImportError" | "ModuleNotFoundError" | "Exception" | "BaseException"
    )
}

fn is_dotted_name(text: &str) -> bool {
    text.split('.').all(|part| {
        !part.is_empty()
            && !part.starts_with(|c: char| c.is_ascii_digit())
            && part.chars().all(|c| c == '_' || c.is_alphanumeric())
    })
}

/// Longer strings are no module names.
const MAX_NAME: usize = 200;

/// More candidate names than any settings file has.
const MAX_NAMES: usize = 5000;
