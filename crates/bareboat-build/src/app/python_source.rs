//! What a Python source file says at its top level that matters for starting it: application objects,
//! factories, main guards, ports. The code is parsed, never run.

use ruff_python_ast::{CmpOp, Expr, ExprCall, Stmt};
use ruff_python_parser::parse_module;

/// What was found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceFacts {
    /// Application objects assigned at module level, in order.
    pub objects: Vec<AppObject>,
    /// `if __name__ == "__main__":` is there.
    pub has_main_guard: bool,
    /// A port given as a literal to a `run`-like call anywhere in the file.
    pub port: Option<u16>,
    /// The value of `os.environ.setdefault("DJANGO_SETTINGS_MODULE", …)`.
    pub django_settings: Option<String>,
    /// Top-level modules the file imports, sorted.
    pub imports: Vec<String>,
}

/// An application object or factory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppObject {
    /// Name of the variable or of the factory function.
    pub name: String,
    /// How it is served.
    pub interface: Interface,
    /// The framework's class, for people: `FastAPI`, `Flask`.
    pub framework: &'static str,
    /// The name is a function that returns the object.
    pub is_factory: bool,
}

/// The two Python server interfaces (PEP 3333 and the ASGI specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interface {
    /// Synchronous.
    Wsgi,
    /// Asynchronous.
    Asgi,
}

/// Constructors that make an application: the last component(s) of the called name, where it must come from.
const CONSTRUCTORS: &[(&str, &str, Interface, &str)] = &[
    ("FastAPI", "fastapi", Interface::Asgi, "FastAPI"),
    ("Starlette", "starlette", Interface::Asgi, "Starlette"),
    ("Litestar", "litestar", Interface::Asgi, "Litestar"),
    ("Quart", "quart", Interface::Asgi, "Quart"),
    ("Flask", "flask", Interface::Wsgi, "Flask"),
    ("APIFlask", "apiflask", Interface::Wsgi, "APIFlask"),
    ("Bottle", "bottle", Interface::Wsgi, "Bottle"),
    ("App", "falcon.asgi", Interface::Asgi, "Falcon"),
    ("App", "falcon", Interface::Wsgi, "Falcon"),
    ("FastHTML", "fasthtml", Interface::Asgi, "FastHTML"),
    ("BlackSheep", "blacksheep", Interface::Asgi, "BlackSheep"),
    ("Application", "blacksheep", Interface::Asgi, "BlackSheep"),
    ("get_asgi_application", "django", Interface::Asgi, "Django"),
    ("get_wsgi_application", "django", Interface::Wsgi, "Django"),
    ("AsyncApp", "connexion", Interface::Asgi, "Connexion"),
    ("FlaskApp", "connexion", Interface::Wsgi, "Connexion"),
];

/// Reads the facts of one source text; `None` when it does not parse as Python.
pub fn read(source: &str) -> Option<SourceFacts> {
    let parsed = parse_module(source).ok()?;
    let body = &parsed.syntax().body;
    let imports = Imports::collect(body);
    let mut facts = SourceFacts { imports: imports.modules(), ..SourceFacts::default() };
    for statement in body {
        facts.read_top_level(statement, &imports);
    }
    facts.port = find_port(body);
    Some(facts)
}

impl SourceFacts {
    fn read_top_level(&mut self, statement: &Stmt, imports: &Imports) {
        match statement {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    if let Expr::Name(name) = target {
                        self.read_object(name.id.as_str(), &assign.value, imports);
                    }
                }
            }
            Stmt::AnnAssign(assign) => {
                if let (Expr::Name(name), Some(value)) = (&*assign.target, &assign.value) {
                    self.read_object(name.id.as_str(), value, imports);
                }
            }
            Stmt::FunctionDef(function) => {
                let returned = returned_constructor(&function.body, imports);
                if let Some((interface, framework)) = returned
                    && function
                        .parameters
                        .iter()
                        .all(|parameter| parameter.default().is_some() || parameter.is_variadic())
                {
                    let name = function.name.to_string();
                    self.objects.push(AppObject { name, interface, framework, is_factory: true });
                }
            }
            Stmt::If(test) if is_main_guard(&test.test) => self.has_main_guard = true,
            Stmt::Expr(expression) => self.read_settings(&expression.value),
            _ => {}
        }
        if let Stmt::FunctionDef(function) = statement {
            for inner in &function.body {
                if let Stmt::Expr(expression) = inner {
                    self.read_settings(&expression.value);
                }
            }
        }
    }

    fn read_object(&mut self, name: &str, value: &Expr, imports: &Imports) {
        let Expr::Call(call) = value else { return };
        let found = constructor(call, imports).or_else(|| {
            // `app = create_app()` where the factory is in this file.
            let Expr::Name(function) = &*call.func else { return None };
            let factory = self
                .objects
                .iter()
                .find(|object| object.is_factory && object.name == function.id.as_str())?;
            Some((factory.interface, factory.framework))
        });
        let found = found.or_else(|| wrapped_server(value, &self.objects));
        if let Some((interface, framework)) = found {
            self.objects.push(AppObject { name: name.to_owned(), interface, framework, is_factory: false });
        }
    }

    fn read_settings(&mut self, expression: &Expr) {
        let Expr::Call(call) = expression else { return };
        let Some(name) = dotted(&call.func) else { return };
        if !name.ends_with("environ.setdefault") {
            return;
        }
        let strings: Vec<_> = call.arguments.args.iter().filter_map(string_literal).collect();
        if let [key, value] = &strings[..]
            && key == "DJANGO_SETTINGS_MODULE"
        {
            self.django_settings = Some(value.clone());
        }
    }
}

/// `server = app.server` (Dash) is an attribute, not a call; a call around a known object keeps its interface.
fn wrapped_server(value: &Expr, objects: &[AppObject]) -> Option<(Interface, &'static str)> {
    let Expr::Call(call) = value else { return None };
    let Some(Expr::Name(inner)) = call.arguments.args.first() else { return None };
    let known = objects.iter().find(|object| object.name == inner.id.as_str() && !object.is_factory)?;
    Some((known.interface, known.framework))
}

fn constructor(call: &ExprCall, imports: &Imports) -> Option<(Interface, &'static str)> {
    let name = imports.qualify(&dotted(&call.func)?);
    let (module, class) = name.rsplit_once('.')?;
    CONSTRUCTORS
        .iter()
        .find(|(want, from, ..)| {
            *want == class && (module == *from || module.starts_with(&format!("{from}.")))
        })
        .map(|&(_, _, interface, framework)| (interface, framework))
}

/// The constructor whose result a function returns, directly or through a local variable.
fn returned_constructor(body: &[Stmt], imports: &Imports) -> Option<(Interface, &'static str)> {
    let mut locals: Vec<(&str, (Interface, &'static str))> = Vec::new();
    for statement in body {
        match statement {
            Stmt::Assign(assign) => {
                if let ([Expr::Name(name)], Expr::Call(call)) = (&assign.targets[..], &*assign.value)
                    && let Some(found) = constructor(call, imports)
                {
                    locals.push((name.id.as_str(), found));
                }
            }
            Stmt::Return(returned) => match returned.value.as_deref() {
                Some(Expr::Call(call)) => return constructor(call, imports),
                Some(Expr::Name(name)) => {
                    return locals
                        .iter()
                        .find(|(local, _)| *local == name.id.as_str())
                        .map(|(_, found)| *found);
                }
                _ => {}
            },
            _ => {}
        }
    }
    None
}

fn is_main_guard(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let (Some(CmpOp::Eq), Some(right)) = (compare.ops.first(), compare.comparators.first()) else {
        return false;
    };
    let is_name = |side: &Expr| matches!(side, Expr::Name(name) if name.id.as_str() == "__name__");
    let is_main = |side: &Expr| string_literal(side).as_deref() == Some("__main__");
    (is_name(&compare.left) && is_main(right)) || (is_main(&compare.left) && is_name(right))
}

/// The first literal `port=` of a call whose name ends in `run`, `serve` or `run_app`, anywhere in the file.
fn find_port(body: &[Stmt]) -> Option<u16> {
    struct Finder(Option<u16>);
    impl<'a> ruff_python_ast::visitor::Visitor<'a> for Finder {
        fn visit_expr(&mut self, expression: &'a Expr) {
            if let Expr::Call(call) = expression
                && self.0.is_none()
                && dotted(&call.func)
                    .is_some_and(|name| RUNNERS.contains(&name.rsplit('.').next().unwrap_or_default()))
            {
                let port =
                    call.arguments.keywords.iter().find(|keyword| keyword.arg.as_deref() == Some("port"));
                self.0 = port
                    .and_then(|keyword| integer_literal(&keyword.value))
                    .and_then(|value| u16::try_from(value).ok());
            }
            ruff_python_ast::visitor::walk_expr(self, expression);
        }
    }
    let mut finder = Finder(None);
    ruff_python_ast::visitor::walk_body(&mut finder, body);
    finder.0
}

const RUNNERS: &[&str] = &["run", "serve", "run_app", "run_server", "launch", "run_simple", "make_server"];

/// Local names → qualified names, from the file's imports.
struct Imports(Vec<(String, String)>);

impl Imports {
    fn collect(body: &[Stmt]) -> Self {
        let mut names = Vec::new();
        for statement in body {
            match statement {
                Stmt::Import(import) => {
                    for alias in &import.names {
                        let name = alias.name.to_string();
                        let local = alias.asname.as_ref().map_or_else(|| name.clone(), ToString::to_string);
                        names.push((local, name));
                    }
                }
                Stmt::ImportFrom(import) if import.level == 0 => {
                    let module = import.module.as_deref().unwrap_or_default();
                    for alias in &import.names {
                        let local = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                        names.push((local, format!("{module}.{}", alias.name)));
                    }
                }
                Stmt::Try(attempt) => names.extend(Self::collect(&attempt.body).0),
                _ => {}
            }
        }
        Self(names)
    }

    /// `Flask` → `flask.Flask`, `fa.FastAPI` → `fastapi.FastAPI`.
    fn qualify(&self, name: &str) -> String {
        let (head, tail) = name.split_once('.').map_or((name, None), |(head, tail)| (head, Some(tail)));
        let Some((_, full)) = self.0.iter().find(|(local, _)| local == head) else { return name.to_owned() };
        tail.map_or_else(|| full.clone(), |tail| format!("{full}.{tail}"))
    }

    fn modules(&self) -> Vec<String> {
        let mut modules: Vec<_> =
            self.0.iter().map(|(_, full)| full.split('.').next().unwrap_or_default().to_owned()).collect();
        modules.sort();
        modules.dedup();
        modules
    }
}

fn dotted(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => Some(format!("{}.{}", dotted(&attribute.value)?, attribute.attr)),
        _ => None,
    }
}

fn string_literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
        _ => None,
    }
}

fn integer_literal(expression: &Expr) -> Option<u64> {
    match expression {
        Expr::NumberLiteral(number) => number.value.as_int().and_then(|value| value.as_u64()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<(String, Interface, bool)> {
        let facts = read(source).unwrap();
        facts.objects.into_iter().map(|object| (object.name, object.interface, object.is_factory)).collect()
    }

    #[test]
    fn finds_objects_however_the_class_is_imported() {
        assert_eq!(
            names("from flask import Flask\nweb = Flask(__name__)\n"),
            [("web".into(), Interface::Wsgi, false)]
        );
        assert_eq!(
            names("import fastapi as fa\nx: object = fa.FastAPI()\n"),
            [("x".into(), Interface::Asgi, false)]
        );
        assert_eq!(names("from falcon.asgi import App\na = App()\n"), [("a".into(), Interface::Asgi, false)]);
        assert_eq!(names("class Flask: ...\nweb = Flask()\n"), []);
    }

    #[test]
    fn finds_factories_that_need_no_arguments() {
        let source = "from flask import Flask\ndef create_app(config=None):\n    app = Flask('x')\n    return app\napplication = create_app()\n";
        assert_eq!(
            names(source),
            [("create_app".into(), Interface::Wsgi, true), ("application".into(), Interface::Wsgi, false)]
        );
        assert_eq!(names("from flask import Flask\ndef make(config):\n    return Flask(config)\n"), []);
    }

    #[test]
    fn finds_main_guards_ports_and_settings() {
        let source = "import os, uvicorn\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nif '__main__' == __name__:\n    uvicorn.run('x:app', port=9000)\n";
        let facts = read(source).unwrap();
        assert!(facts.has_main_guard);
        assert_eq!((facts.port, facts.django_settings.as_deref()), (Some(9000), Some("shop.settings")));
        assert_eq!(read("def ("), None);
    }
}
