//! Where a file's own server listens, as far as literals tell: its port, and whether it is reachable from outside.

use std::collections::BTreeMap;

use ruff_python_ast::visitor::{Visitor, walk_body, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};

use super::{AppObject, Imports, dotted, integer_literal, string_literal};

/// What the calls of a file tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listening {
    /// The first port that is written down.
    pub(super) port: Option<u16>,
    /// Byte offset of a call that starts a server on the loopback interface.
    pub(super) only_loopback: Option<usize>,
}

/// Reads every call of `body`; `objects` are the application objects of the file.
pub(super) fn find(body: &[Stmt], objects: &[AppObject], imports: &Imports) -> Listening {
    let mut values = Values(BTreeMap::new());
    walk_body(&mut values, body);
    let mut finder = Finder { values: &values, objects, imports, found: Listening::default() };
    walk_body(&mut finder, body);
    finder.found
}

struct Finder<'a> {
    values: &'a Values<'a>,
    objects: &'a [AppObject],
    imports: &'a Imports,
    found: Listening,
}

impl<'a> Visitor<'a> for Finder<'_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            self.read(call);
        }
        walk_expr(self, expression);
    }
}

impl Finder<'_> {
    fn read(&mut self, call: &ExprCall) {
        let last = match &*call.func {
            Expr::Name(name) => name.id.as_str(),
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            _ => return,
        };
        let (host, port) = match last {
            "HTTPServer" | "ThreadingHTTPServer" | "WSGIServer" => match positional(call, 0) {
                Some(Expr::Tuple(address)) => (address.elts.first(), address.elts.get(1)),
                _ => (None, None),
            },
            "make_server" | "run_simple" | "create_server" => (positional(call, 0), positional(call, 1)),
            "listen" => (None, positional(call, 0)),
            "run" if self.is_object(&call.func) => (positional(call, 0), positional(call, 1)),
            "run" | "serve" | "run_app" | "run_server" | "launch" => (None, None),
            _ => return,
        };
        let host = keyword(call, &["host", "hostname", "address"]).or(host);
        let port = keyword(call, &["port"]).or(port).and_then(|port| self.values.port(port));
        self.found.port = self.found.port.or(port);
        let is_loopback = match host {
            Some(host) => self
                .values
                .text(host)
                .is_some_and(|host| matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1")),
            None => self.is_loopback_by_default(&call.func),
        };
        if is_loopback && self.found.only_loopback.is_none() {
            self.found.only_loopback = Some(call.arguments.range.start().to_usize());
        }
    }

    /// A method of an application object; `HOST` moves Dash's default, and the image sets it.
    fn is_object(&self, function: &Expr) -> bool {
        let Expr::Attribute(attribute) = function else { return false };
        let Expr::Name(object) = &*attribute.value else { return false };
        let is_it = |known: &&AppObject| known.name == object.id.as_str() && known.framework != "Dash";
        self.objects.iter().any(|known| is_it(&known))
    }

    /// The documented defaults: `run` of Flask, Quart, Sanic and Bottle, and uvicorn's.
    fn is_loopback_by_default(&self, function: &Expr) -> bool {
        let name = dotted(function).map(|name| self.imports.qualify(&name)).unwrap_or_default();
        matches!(name.as_str(), "uvicorn.run" | "bottle.run")
            || (name.ends_with(".run") && self.is_object(function))
    }
}

fn positional(call: &ExprCall, index: usize) -> Option<&Expr> {
    call.arguments.args.get(index)
}

fn keyword<'a>(call: &'a ExprCall, names: &[&str]) -> Option<&'a Expr> {
    let is_one = |keyword: &&ruff_python_ast::Keyword| {
        keyword.arg.as_ref().is_some_and(|name| names.contains(&name.as_str()))
    };
    call.arguments.keywords.iter().find(is_one).map(|keyword| &keyword.value)
}

/// What simple names are assigned, anywhere in the file; the last one counts.
struct Values<'a>(BTreeMap<&'a str, &'a Expr>);

impl<'a> Visitor<'a> for Values<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Assign(assign) => {
                if let [Expr::Name(name)] = &assign.targets[..] {
                    self.0.insert(name.id.as_str(), &assign.value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let (Expr::Name(name), Some(value)) = (&*assign.target, &assign.value) {
                    self.0.insert(name.id.as_str(), value);
                }
            }
            _ => {}
        }
        walk_stmt(self, statement);
    }
}

impl Values<'_> {
    fn port(&self, expression: &Expr) -> Option<u16> {
        let expression = self.settled(expression, MAX_STEPS)?;
        let number = integer_literal(expression).or_else(|| string_literal(expression)?.parse().ok());
        number.and_then(|value| u16::try_from(value).ok())
    }

    fn text(&self, expression: &Expr) -> Option<String> {
        string_literal(self.settled(expression, MAX_STEPS)?)
    }

    /// Follows names, `int(…)`, `… or default`, and the default of `os.environ.get` and `os.getenv`.
    fn settled<'a>(&'a self, expression: &'a Expr, steps: u8) -> Option<&'a Expr> {
        let next = match expression {
            _ if steps == 0 => return None,
            Expr::Name(name) => self.0.get(name.id.as_str()).copied()?,
            Expr::BoolOp(either) => either.values.last()?,
            Expr::Call(call) => {
                let name = dotted(&call.func)?;
                let reads_environment = name.ends_with("environ.get") || name.ends_with("getenv");
                match name.as_str() {
                    "int" | "str" => positional(call, 0)?,
                    _ if reads_environment => positional(call, 1).or_else(|| keyword(call, &["default"]))?,
                    _ => return None,
                }
            }
            literal => return Some(literal),
        };
        self.settled(next, steps - 1)
    }
}

/// Names may be assigned to each other in a circle.
const MAX_STEPS: u8 = 8;

#[cfg(test)]
mod tests {
    use super::super::read;

    fn port(source: &str) -> Option<u16> {
        read(source).unwrap().port
    }

    fn loopback(source: &str) -> Option<usize> {
        read(source).unwrap().only_loopback
    }

    #[test]
    fn finds_ports_however_they_are_written() {
        for source in [
            "app.run(port=7000)\n",
            "import os\napp.run('0.0.0.0', port=int(os.environ.get('PORT', 7000)))\n",
            "import os\nPORT = int(os.getenv('PORT', '7000'))\ndef main():\n    serve(app, port=PORT)\n",
            "import os\nrun(port=os.environ.get('PORT') or 7000)\n",
            "HTTPServer(('', 7000), Handler).serve_forever()\n",
            "make_server('0.0.0.0', 7000, app).serve_forever()\n",
            "async def main():\n    make_app().listen(7000)\n",
        ] {
            assert_eq!(port(source), Some(7000), "{source}");
        }
        assert_eq!(port("a = b\nb = a\nrun(port=a)\nsubprocess.run(['x'])\n"), None);
    }

    #[test]
    fn notices_servers_that_nobody_outside_reaches() {
        let flask = "from flask import Flask\napp = Flask('x')\n";
        assert_eq!(loopback(&format!("{flask}app.run(debug=True)\n")), Some(3));
        assert_eq!(loopback(&format!("{flask}app.run('0.0.0.0')\n")), None);
        assert_eq!(loopback("import uvicorn\nuvicorn.run('main:app', port=1)\n"), Some(2));
        assert_eq!(loopback("import uvicorn\nuvicorn.run('main:app', host='0.0.0.0')\n"), None);
        assert_eq!(loopback("HTTPServer(('localhost', 1), H)\n"), Some(1));
        assert_eq!(loopback("import asyncio\nasyncio.run(main())\n"), None);
        assert_eq!(loopback("HOST = 'localhost'\nserve(app, host=HOST)\n"), Some(2));
        assert_eq!(loopback("serve(app, host=settings.host)\n"), None);
    }
}
