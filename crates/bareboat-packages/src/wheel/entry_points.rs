//! `entry_points.txt`: the commands a wheel asks its installer to write.
//!
//! Follows PyPA's entry points specification: an INI file whose groups `console_scripts` and `gui_scripts` hold
//! `name = module:object [extras]`. Extras do not matter: pip and uv write the script with or without them.

use super::WheelError;

/// A command that starts a Python object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// File name below `bin`.
    pub name: String,
    /// Dotted module.
    pub module: String,
    /// Dotted path of a callable in the module.
    pub object: String,
}

/// The scripts of both groups in file order; the last one of a name wins.
pub(super) fn parse(file: &str, text: &str) -> Result<Vec<Script>, WheelError> {
    let mut scripts: Vec<Script> = Vec::new();
    let mut inside = false;
    for line in text.strip_prefix('\u{feff}').unwrap_or(text).lines() {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(group) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = matches!(group.trim(), "console_scripts" | "gui_scripts");
            continue;
        }
        if !inside {
            continue;
        }
        let script = parse_script(file, line)?;
        scripts.retain(|earlier| earlier.name != script.name);
        scripts.push(script);
    }
    Ok(scripts)
}

fn parse_script(file: &str, line: &str) -> Result<Script, WheelError> {
    let refuse = |why| WheelError::EntryPoint { entry: line.chars().take(200).collect(), why };
    let Some((name, value)) = line.split_once('=') else {
        return Err(WheelError::malformed(file, format!("has the line `{}` without `=`", shown(line))));
    };
    let name = name.trim();
    let target = value.split('[').next().unwrap_or_default().trim();
    let Some((module, object)) = target.split_once(':') else {
        return Err(refuse("names no callable: it has no `:`"));
    };
    let (module, object) = (module.trim(), object.trim());
    // The name becomes a file and both others become Python source: nothing but plain names may pass.
    if name.is_empty() || name == "." || name == ".." || name.len() > 255 || name.contains(['/', '\\']) {
        return Err(refuse("has a name that is no file name"));
    }
    if name.chars().any(char::is_control) {
        return Err(refuse("has control characters in its name"));
    }
    if !is_dotted_name(module) || !is_dotted_name(object) {
        return Err(refuse("does not name a module and an object in it"));
    }
    Ok(Script { name: name.to_owned(), module: module.to_owned(), object: object.to_owned() })
}

fn is_dotted_name(text: &str) -> bool {
    text.split('.').all(|part| {
        !part.starts_with(|c: char| c.is_ascii_digit())
            && !part.is_empty()
            && part.chars().all(|c| c == '_' || c.is_alphanumeric())
    })
}

impl Script {
    /// The script's text for the interpreter at the absolute path `interpreter`.
    pub fn text(&self, interpreter: &str) -> String {
        let Self { module, object, .. } = self;
        let import = object.split('.').next().unwrap_or(object);
        format!(
            "#!{interpreter}\n\
             import sys\n\
             \n\
             from {module} import {import}\n\
             \n\
             if __name__ == \"__main__\":\n    \
                 sys.exit({object}())\n"
        )
    }
}

fn shown(line: &str) -> String {
    line.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_groups_with_extras_comments_and_odd_spacing() {
        let text = "[console_scripts]\n# a comment\n demo=demo.cli : main\nwith.dot-1 = demo:Class.run [extra, more]\n\n\
                    [other]\nbroken line\n[gui_scripts]\nwindow = demo.gui:main\n[console_scripts]\ndemo = demo:again\n";
        let scripts = parse("entry_points.txt", text).unwrap();
        let shown: Vec<_> = scripts.iter().map(|s| format!("{} {} {}", s.name, s.module, s.object)).collect();
        assert_eq!(shown, ["with.dot-1 demo Class.run", "window demo.gui main", "demo demo again"]);
    }

    #[test]
    fn refuses_names_that_leave_bin_and_values_that_are_code() {
        for line in [
            "../sh = a:b",
            "a/b = a:b",
            ".. = a:b",
            "= a:b",
            "x = a",
            "x = a:",
            "x = a:b();import os",
            "x = a b:c",
            "x = 1a:b",
            "x = a..b:c",
            "nothing",
        ] {
            assert!(parse("entry_points.txt", &format!("[console_scripts]\n{line}\n")).is_err(), "{line}");
        }
    }

    #[test]
    fn imports_the_first_part_and_calls_the_whole() {
        let script = Script { name: "x".into(), module: "a.b".into(), object: "C.run".into() };
        assert_eq!(
            script.text("/app/.venv/bin/python"),
            "#!/app/.venv/bin/python\nimport sys\n\nfrom a.b import C\n\nif __name__ == \"__main__\":\n    sys.exit(C.run())\n"
        );
    }
}
