//! What a command starts: where the program is found, and what the kernel makes of it (execve(2)).

use bareboat_image::TreePath;

use super::{Access, Content, Elf, Facts, Processor};

/// A command's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    /// The words as they are.
    pub fn new(words: Vec<&'a str>) -> Self {
        Self(words)
    }
}

/// A program and everything the kernel starts for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Its name in the command; empty for an empty command.
    pub name: String,
    /// Real paths: the file, the interpreter of its first line, that one's, and last an ELF file.
    pub chain: Vec<TreePath>,
    /// Why it does not start.
    pub fault: Option<StartFault>,
}

/// Why a program does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StartFault {
    /// There is no command.
    Nothing,
    /// It is nowhere.
    Missing {
        /// As it was named.
        name: String,
        /// Directories that were searched; none for a path.
        searched: Vec<String>,
    },
    /// It is a directory or a device.
    NotAFile {
        /// Where.
        path: TreePath,
    },
    /// The user may not execute it, or not reach it.
    NotAllowed {
        /// Where.
        path: TreePath,
    },
    /// Neither ELF nor a script.
    NotAProgram {
        /// Where.
        path: TreePath,
    },
    /// A script's first line names an interpreter that does not start.
    Interpreter {
        /// The script.
        path: TreePath,
        /// As its first line names it.
        interpreter: String,
        /// Why.
        fault: Box<StartFault>,
    },
    /// An ELF file for another processor.
    Processor {
        /// Where.
        path: TreePath,
        /// What it is for.
        found: String,
        /// What the image is for.
        wanted: String,
    },
    /// Its dynamic loader is not there.
    Loader {
        /// Where.
        path: TreePath,
        /// As it names it.
        loader: String,
    },
}

impl StartFault {
    /// The file it is about, where there is one.
    pub fn path(&self) -> Option<&TreePath> {
        match self {
            Self::Nothing | Self::Missing { .. } => None,
            Self::NotAFile { path }
            | Self::NotAllowed { path }
            | Self::NotAProgram { path }
            | Self::Interpreter { path, .. }
            | Self::Processor { path, .. }
            | Self::Loader { path, .. } => Some(path),
        }
    }
}

impl std::fmt::Display for StartFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Nothing => f.write_str("the image names no command"),
            Self::Missing { name, searched } if searched.is_empty() => {
                write!(f, "`{name}` is not in the image")
            }
            Self::Missing { name, searched } => {
                write!(f, "`{name}` is in no directory of `PATH`: {}", searched.join(", "))
            }
            Self::NotAFile { path } => write!(f, "`{path}` is no regular file"),
            Self::NotAllowed { path } => write!(f, "`{path}` may not be executed by the image's user"),
            Self::NotAProgram { path } => write!(f, "`{path}` is neither an ELF file nor a script with `#!`"),
            Self::Interpreter { path, interpreter, fault } => match &**fault {
                Self::Missing { name, searched } if !searched.is_empty() => {
                    write!(f, "`{path}` is a script for `{name}`, which is in no directory of `PATH`")
                }
                Self::Missing { .. } => {
                    write!(f, "`{path}` is a script for `{interpreter}`, which is not in the image")
                }
                other => write!(f, "`{path}` is a script for `{interpreter}`: {other}"),
            },
            Self::Processor { path, found, wanted } => {
                write!(f, "`{path}` is for {found}, the image for {wanted}")
            }
            Self::Loader { path, loader } => {
                write!(f, "`{path}` wants the loader `{loader}`, which is not in the image")
            }
        }
    }
}

impl Program {
    /// Finds what `words` start in the image's working directory and environment.
    pub fn find(facts: &Facts, words: &Words<'_>) -> Self {
        let name = words.0.first().copied().unwrap_or_default().to_owned();
        let mut chain = Vec::new();
        let fault = if name.is_empty() { Err(StartFault::Nothing) } else { named(facts, &name, &mut chain) };
        Self { name, chain, fault: fault.err() }
    }

    /// What becomes of executing the file at `path`, which must be real.
    pub fn of_file(facts: &Facts, path: &TreePath) -> Self {
        let mut chain = Vec::new();
        let fault = execute(facts, path, &mut chain).err();
        Self { name: path.to_string(), chain, fault }
    }
}

/// A path from the working directory, or a name to search (execvp(3)).
fn named(facts: &Facts, name: &str, chain: &mut Vec<TreePath>) -> Result<(), StartFault> {
    if name.contains('/') {
        let text = if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("{}/{name}", facts.config.working_dir)
        };
        let missing = || StartFault::Missing { name: name.to_owned(), searched: Vec::new() };
        let path = facts.at(&text).ok_or_else(missing)?;
        return execute(facts, &path, chain);
    }
    let searched = facts.search_path();
    let mut refused = None;
    for directory in &searched {
        let Some(path) = facts.at(&format!("{directory}/{name}")) else { continue };
        if facts.file(&path).is_some() && facts.may(Access::Execute, &path) {
            return execute(facts, &path, chain);
        }
        refused.get_or_insert(path);
    }
    match refused {
        Some(path) => execute(facts, &path, chain),
        None => {
            let searched = searched.into_iter().map(str::to_owned).collect();
            Err(StartFault::Missing { name: name.to_owned(), searched })
        }
    }
}

fn execute(facts: &Facts, path: &TreePath, chain: &mut Vec<TreePath>) -> Result<(), StartFault> {
    let at = || path.clone();
    chain.push(at());
    if facts.file(path).is_none() {
        return Err(StartFault::NotAFile { path: at() });
    }
    if !facts.may(Access::Execute, path) {
        return Err(StartFault::NotAllowed { path: at() });
    }
    let none = Content::default();
    let content = facts.content(path).unwrap_or(&none);
    match (&content.elf, &content.shebang) {
        (Elf::Facts(elf), _) => {
            if let Some(wanted) = facts.processor().filter(|processor| !processor.runs(elf)) {
                let (found, wanted) = (Processor::name_of(elf), wanted.name.to_owned());
                return Err(StartFault::Processor { path: at(), found, wanted });
            }
            match &elf.interpreter {
                Some(loader) if facts.at(loader).is_none_or(|real| facts.file(&real).is_none()) => {
                    Err(StartFault::Loader { path: at(), loader: loader.clone() })
                }
                _ => Ok(()),
            }
        }
        (Elf::Broken(_), _) => Err(StartFault::NotAProgram { path: at() }),
        (Elf::No, Some(line)) => script(facts, path, line, chain),
        (Elf::No, None) => Err(StartFault::NotAProgram { path: at() }),
    }
}

/// `#!INTERPRETER [ARGUMENT]`; `env NAME` searches `PATH`.
fn script(facts: &Facts, path: &TreePath, line: &str, chain: &mut Vec<TreePath>) -> Result<(), StartFault> {
    let mut words = line.split_whitespace();
    let interpreter = words.next().unwrap_or_default().to_owned();
    let fault = |fault| StartFault::Interpreter {
        path: path.clone(),
        interpreter: interpreter.clone(),
        fault: Box::new(fault),
    };
    // The kernel follows four (binfmt_script, `search_binary_handler`).
    if chain.len() > 5 {
        return Err(fault(StartFault::NotAProgram { path: path.clone() }));
    }
    if interpreter.is_empty() {
        return Err(StartFault::NotAProgram { path: path.clone() });
    }
    let missing = || fault(StartFault::Missing { name: interpreter.clone(), searched: Vec::new() });
    let real = facts.at(&interpreter).ok_or_else(missing)?;
    execute(facts, &real, chain).map_err(&fault)?;
    if interpreter.ends_with("/env") {
        let is_option = |word: &&str| word.starts_with('-') || word.contains('=');
        if let Some(name) = words.find(|word| !is_option(word)) {
            named(facts, name, chain).map_err(fault)?;
        }
    }
    Ok(())
}
