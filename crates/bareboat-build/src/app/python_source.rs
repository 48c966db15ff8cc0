//! What a Python source file says at its top level that matters for starting it: application objects,
//! factories, main guards, ports. The code is parsed, never run.

use ruff_python_ast::{CmpOp, Expr, ExprAttribute, ExprCall, Stmt, StmtFunctionDef};
use ruff_python_parser::parse_module;

mod listening;

/// What was found in one file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceFacts {
    /// Application objects assigned at module level, in order.
    pub objects: Vec<AppObject>,
    /// `if __name__ == "__main__":` is there.
    pub has_main_guard: bool,
    /// The port that the file's own server listens on, as far as it is written down.
    pub port: Option<u16>,
    /// Line of a call that starts a server on the loopback interface only, which nobody outside a container reaches.
    pub only_loopback: Option<usize>,
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

/// How a server talks to an application: the two Python interfaces (PEP 3333 and the ASGI specification), or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interface {
    /// Synchronous.
    Wsgi,
    /// Asynchronous.
    Asgi,
    /// The framework's own: only its own server, or one that it brings a worker for.
    Own,
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
    ("default_app", "bottle", Interface::Wsgi, "Bottle"),
    ("app", "bottle", Interface::Wsgi, "Bottle"),
    ("Dash", "dash", Interface::Own, "Dash"),
    ("Sanic", "sanic", Interface::Own, "Sanic"),
    ("Application", "aiohttp.web", Interface::Own, "aiohttp"),
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
    let listening = listening::find(body, &facts.objects, &imports);
    facts.port = listening.port;
    facts.only_loopback = listening.only_loopback.map(|offset| line_of(source, offset));
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
                self.objects.extend(plain_callable(function));
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
        if let Expr::Attribute(attribute) = value {
            self.read_inner_server(name, attribute);
        }
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

    /// `server = app.server`: the WSGI application inside a Dash object.
    fn read_inner_server(&mut self, name: &str, attribute: &ExprAttribute) {
        let Expr::Name(outer) = &*attribute.value else { return };
        let is_dash = |object: &AppObject| object.framework == "Dash" && object.name == outer.id.as_str();
        if attribute.attr.as_str() == "server" && self.objects.iter().any(is_dash) {
            let (name, interface) = (name.to_owned(), Interface::Wsgi);
            self.objects.push(AppObject { name, interface, framework: "Dash", is_factory: false });
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

/// A call around a known object keeps its interface.
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

/// A function that is an application itself: its parameters have the names that the interfaces' specifications use.
fn plain_callable(function: &StmtFunctionDef) -> Option<AppObject> {
    let names: Vec<&str> =
        function.parameters.iter().map(|parameter| parameter.name().trim_start_matches('_')).collect();
    let (interface, framework) = match (function.is_async, &names[..]) {
        (false, ["environ" | "env", "start_response"]) => (Interface::Wsgi, "WSGI"),
        (true, ["scope", "receive", "send"]) => (Interface::Asgi, "ASGI"),
        _ => return None,
    };
    Some(AppObject { name: function.name.to_string(), interface, framework, is_factory: false })
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

/// The line, counted from 1, of a byte offset.
fn line_of(source: &str, offset: usize) -> usize {
    source.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
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
