//! Conditions whose outcome in the image is known without running anything: platform, Python release, type checking.

use std::cmp::Ordering;

use ruff_python_ast::{BoolOp, CmpOp, Expr, Number, Stmt, UnaryOp};

/// What is known of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Always true in the image.
    True,
    /// Always false in the image.
    False,
    /// True exactly in the module that is run as the program.
    Main,
    /// Only running tells.
    Unknown,
}

impl Outcome {
    fn of(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            // Nobody writes `__name__ != "__main__"` around an import that matters.
            Self::Main | Self::Unknown => Self::Unknown,
        }
    }
}

/// Evaluates `test` for CPython `python` on Linux.
pub(super) fn evaluate(test: &Expr, python: (u8, u8)) -> Outcome {
    match test {
        Expr::BooleanLiteral(literal) => Outcome::of(literal.value),
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(value) => Outcome::of(value.as_u64() != Some(0)),
            _ => Outcome::Unknown,
        },
        Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => evaluate(&unary.operand, python).not(),
        Expr::BoolOp(operation) => {
            let outcomes = operation.values.iter().map(|value| evaluate(value, python));
            combine(operation.op, outcomes)
        }
        Expr::Compare(compare) => match (&compare.ops[..], &compare.comparators[..]) {
            ([operator], [right]) => evaluate_comparison(&compare.left, *operator, right, python),
            _ => Outcome::Unknown,
        },
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(method) if method.attr.as_str() == "startswith" => {
                match (fact(&method.value), call.arguments.args.first().and_then(text)) {
                    (Some(fact), Some(prefix)) => Outcome::of(fact.starts_with(prefix)),
                    _ => Outcome::Unknown,
                }
            }
            _ => Outcome::Unknown,
        },
        // `TYPE_CHECKING` and `typing.TYPE_CHECKING` are false whenever a program runs; so is `__debug__`'s opposite.
        _ => match dotted(test).as_deref() {
            Some("TYPE_CHECKING") => Outcome::False,
            Some(name) if name.ends_with(".TYPE_CHECKING") => Outcome::False,
            Some("__debug__") => Outcome::True,
            _ => Outcome::Unknown,
        },
    }
}

fn combine(operator: BoolOp, outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let (decides, neutral) = match operator {
        BoolOp::And => (Outcome::False, Outcome::True),
        BoolOp::Or => (Outcome::True, Outcome::False),
    };
    let mut combined = neutral;
    for outcome in outcomes {
        if outcome == decides {
            return decides;
        }
        if outcome != neutral {
            // `__name__ == "__main__" and …` is still nothing but a main guard to everybody else.
            combined =
                if operator == BoolOp::And && outcome == Outcome::Main { outcome } else { Outcome::Unknown };
        }
    }
    combined
}

fn evaluate_comparison(left: &Expr, operator: CmpOp, right: &Expr, python: (u8, u8)) -> Outcome {
    if dotted(left).as_deref() == Some("__name__") && text(right) == Some("__main__") && operator == CmpOp::Eq
    {
        return Outcome::Main;
    }
    if let Some(fact) = fact(left) {
        return compare_fact(fact, operator, right);
    }
    match version_part(left, python) {
        Some((own, is_whole)) => compare_version(&own, is_whole, operator, right),
        None => Outcome::Unknown,
    }
}

/// Names and calls whose value is the same in every image.
fn fact(expression: &Expr) -> Option<&'static str> {
    let name = match expression {
        Expr::Call(call) if call.arguments.is_empty() => format!("{}()", dotted(&call.func)?),
        _ => dotted(expression)?,
    };
    Some(match name.as_str() {
        "sys.platform" => "linux",
        "os.name" => "posix",
        "platform.system()" => "Linux",
        "sys.implementation.name" => "cpython",
        "platform.python_implementation()" => "CPython",
        _ => return None,
    })
}

fn compare_fact(fact: &str, operator: CmpOp, right: &Expr) -> Outcome {
    let members = || match right {
        Expr::Tuple(tuple) => tuple.elts.iter().map(text).collect::<Option<Vec<_>>>(),
        Expr::List(list) => list.elts.iter().map(text).collect(),
        Expr::Set(set) => set.elts.iter().map(text).collect(),
        _ => None,
    };
    let known = match operator {
        CmpOp::Eq => text(right).map(|value| value == fact),
        CmpOp::NotEq => text(right).map(|value| value != fact),
        CmpOp::In => members().map(|members| members.contains(&fact)),
        CmpOp::NotIn => members().map(|members| !members.contains(&fact)),
        _ => None,
    };
    known.map_or(Outcome::Unknown, Outcome::of)
}

/// The known start of `sys.version_info`, `sys.version_info[0]`, `sys.version_info[:2]` or `sys.version_info.major`, and
/// whether more numbers follow it.
fn version_part(expression: &Expr, python: (u8, u8)) -> Option<(Vec<u64>, bool)> {
    let own = [u64::from(python.0), u64::from(python.1)];
    let is_version = |expression: &Expr| dotted(expression).as_deref() == Some("sys.version_info");
    let part = |parts: &[u64]| Some((parts.to_vec(), false));
    match expression {
        _ if is_version(expression) => Some((own.to_vec(), true)),
        Expr::Attribute(attribute) if is_version(&attribute.value) => match attribute.attr.as_str() {
            "major" => part(&own[..1]),
            "minor" => part(&own[1..]),
            _ => None,
        },
        Expr::Subscript(subscript) if is_version(&subscript.value) => match &*subscript.slice {
            Expr::Slice(slice) if slice.lower.is_none() => {
                let upper = slice.upper.as_deref().and_then(integer)?;
                part(own.get(..usize::try_from(upper).ok()?)?)
            }
            index => part(std::slice::from_ref(own.get(usize::try_from(integer(index)?).ok()?)?)),
        },
        _ => None,
    }
}

fn compare_version(own: &[u64], is_whole: bool, operator: CmpOp, right: &Expr) -> Outcome {
    let wanted: Option<Vec<u64>> = match right {
        Expr::Tuple(tuple) => tuple.elts.iter().map(integer).collect(),
        other => integer(other).map(|value| vec![value]),
    };
    let Some(wanted) = wanted else { return Outcome::Unknown };
    let shared = own.len().min(wanted.len());
    let ordering = match own[..shared].cmp(&wanted[..shared]) {
        // Only the numbers after the minor version decide.
        Ordering::Equal if is_whole && wanted.len() > shared => return Outcome::Unknown,
        // A tuple is greater than one that it starts with, and the whole version always goes on.
        Ordering::Equal if is_whole => Ordering::Greater,
        Ordering::Equal => own.len().cmp(&wanted.len()),
        decided => decided,
    };
    Outcome::of(match operator {
        CmpOp::Lt => ordering.is_lt(),
        CmpOp::LtE => ordering.is_le(),
        CmpOp::Gt => ordering.is_gt(),
        CmpOp::GtE => ordering.is_ge(),
        CmpOp::Eq => ordering.is_eq(),
        CmpOp::NotEq => ordering.is_ne(),
        _ => return Outcome::Unknown,
    })
}

/// `a.b.c` for names and attributes of names.
pub(super) fn dotted(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Name(name) => Some(name.id.to_string()),
        Expr::Attribute(attribute) => Some(format!("{}.{}", dotted(&attribute.value)?, attribute.attr)),
        _ => None,
    }
}

/// The value of a string literal.
pub(super) fn text(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::StringLiteral(literal) => Some(literal.value.to_str()),
        _ => None,
    }
}

fn integer(expression: &Expr) -> Option<u64> {
    match expression {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(value) => value.as_u64(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether a handler's body always ends the import or the program: it raises or exits as its last act.
pub(super) fn gives_up(body: &[Stmt]) -> bool {
    match body.last() {
        Some(Stmt::Raise(_)) => true,
        Some(Stmt::Expr(statement)) => match &*statement.value {
            Expr::Call(call) => {
                matches!(
                    dotted(&call.func).as_deref(),
                    Some("sys.exit" | "exit" | "quit" | "os._exit" | "os.abort")
                )
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(test: &str) -> Outcome {
        let parsed = ruff_python_parser::parse_expression(test).unwrap();
        evaluate(&parsed.syntax().body, (3, 13))
    }

    #[test]
    fn knows_the_platform() {
        for test in [
            "sys.platform == 'linux'",
            "sys.platform != 'win32'",
            "sys.platform.startswith('linux')",
            "sys.platform in ('linux', 'darwin')",
            "os.name == 'posix'",
            "platform.system() == 'Linux'",
            "not sys.platform.startswith('win')",
            "sys.platform == 'linux' or unknown",
            "sys.implementation.name == 'cpython'",
            "1",
        ] {
            assert_eq!(outcome(test), Outcome::True, "{test}");
        }
        for test in [
            "sys.platform == 'win32'",
            "os.name == 'nt'",
            "platform.system() == 'Windows' and unknown",
            "sys.platform not in {'linux'}",
            "TYPE_CHECKING",
            "typing.TYPE_CHECKING",
            "t.TYPE_CHECKING and x",
            "False",
            "0",
        ] {
            assert_eq!(outcome(test), Outcome::False, "{test}");
        }
    }

    #[test]
    fn knows_the_release() {
        for (test, value) in [
            ("sys.version_info >= (3, 11)", true),
            ("sys.version_info >= (3, 13)", true),
            ("sys.version_info > (3, 13)", true),
            ("sys.version_info <= (3, 13)", false),
            ("sys.version_info < (3, 13)", false),
            ("sys.version_info < (3, 14)", true),
            ("sys.version_info[:2] < (3, 8)", false),
            ("sys.version_info[0] == 2", false),
            ("sys.version_info[0] < 3", false),
            ("sys.version_info[1] >= 12", true),
            ("sys.version_info.major == 3", true),
            ("sys.version_info > (3,)", true),
            ("sys.version_info[:2] > (3, 13)", false),
            ("sys.version_info[:2] == (3, 13)", true),
            ("sys.version_info >= (3, 9, 2)", true),
            ("sys.version_info < (2, 7, 9)", false),
        ] {
            assert_eq!(outcome(test), Outcome::of(value), "{test}");
        }
    }

    #[test]
    fn admits_what_it_does_not_know() {
        for test in [
            "DEBUG",
            "sys.version_info >= (3, 13, 5)",
            "os.environ.get('X') == 'y'",
            "sys.platform == name",
            "a < sys.version_info < b",
            "not DEBUG",
            "DEBUG and sys.platform == 'linux'",
        ] {
            assert_eq!(outcome(test), Outcome::Unknown, "{test}");
        }
        assert_eq!(outcome("__name__ == '__main__'"), Outcome::Main);
    }
}
