//! What `bareboat init` writes: the decisions of detection as configuration.

use super::build::{Request, Workshop, lock, prepare};
use crate::BuildError;

/// The text of a `bareboat.toml` that says what detection found.
///
/// # Errors
/// As a build, up to detection.
pub fn configuration(workshop: &Workshop<'_>, request: &Request<'_>) -> Result<String, BuildError> {
    let prepared = prepare(workshop, request)?;
    let (lock, _) = lock(workshop, request)?;
    let target = super::target::Target::new(lock.release()?, request.host)?;
    let entry = prepared.entry(lock.locked(target.architecture)?)?;
    let words: Vec<String> = entry.words.iter().map(|word| toml_string(word)).collect();
    let mut text = format!("# {}: {}\n", entry.what, entry.why);
    text.push_str(&format!("command = [{}]\n", words.join(", ")));
    if let Some(port) = entry.port {
        text.push_str(&format!("port = {port}\n"));
    }
    text.push_str(&format!("debian = \"{}\"   # Python {}\n", target.release.number(), lock.python));
    text.push_str(
        "\n# packages = []             # further Debian packages\n\
         # writable = []             # directories the application may write to\n\
         # slice = \"safe\"            # or \"full\", \"web\"\n\
         # env = { NAME = \"value\" }\n",
    );
    Ok(text)
}

fn toml_string(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
