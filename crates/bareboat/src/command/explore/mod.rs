//! `bareboat explore`: an image file by file, in a terminal; or its biggest files as text.

mod screen;

use std::io::IsTerminal;
use std::process::ExitCode;

use bareboat_image::TreePath;
use bareboat_image::source::Image;
use bareboat_inspect::audit::{Auditor, Configuration, Context};
use bareboat_inspect::explore::{Action, Explorer, plain, view};
use bareboat_inspect::facts::Facts;

use self::screen::Screen;
use super::image;
use super::lint::today;
use crate::cli::ExploreArgs;
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::print;

/// Shows the image until the user has seen enough.
pub fn run(session: &Session, arguments: &ExploreArgs) -> Result<ExitCode, Failure> {
    let is_plain = arguments.plain || !std::io::stdout().is_terminal() || !std::io::stdin().is_terminal();
    image::visit(session, arguments.image.asked(), |image, facts| {
        if is_plain {
            print(&plain(&facts, arguments.lines));
            return Ok(());
        }
        session.terminal.clear();
        interact(image, &facts)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn interact(image: &Image<'_>, facts: &Facts) -> Result<(), Failure> {
    let auditor =
        Auditor::new(Configuration::default()).map_err(|error| Failure::input(error.to_string()))?;
    let audit = auditor.audit(&Context { facts, today: today() });
    let mut explorer = Explorer::new(facts, &audit);
    let broken = |error: std::io::Error| Failure::world("cannot use the terminal").because(error);
    let mut screen = Screen::enter().map_err(broken)?;
    loop {
        let (width, height) = screen.size();
        explorer.set_page(height.saturating_sub(3));
        screen.draw(&view(&explorer, width, height)).map_err(broken)?;
        let Some(key) = screen.key().map_err(broken)? else { continue };
        match explorer.key(key) {
            Action::Draw => {}
            Action::Quit => return Ok(()),
            Action::Extract(path) => {
                let said = extract(image, facts, &path).unwrap_or_else(|failure| failure.message);
                explorer.say(said);
            }
        }
    }
}

/// Writes a file under its own name into the working directory, where nothing of that name is.
fn extract(image: &Image<'_>, facts: &Facts, path: &TreePath) -> Result<String, Failure> {
    let contents = image::contents(image, facts, &[path.clone()].into())?;
    let content =
        contents.get(path).ok_or_else(|| Failure::input(format!("`{path}` is too large to extract")))?;
    let name = String::from_utf8_lossy(path.file_name()).into_owned();
    let unwritable = |error: std::io::Error| Failure::world(format!("cannot write ./{name}: {error}"));
    let mut file = std::fs::File::create_new(&name).map_err(unwritable)?;
    std::io::Write::write_all(&mut file, content).map_err(unwritable)?;
    Ok(format!("wrote ./{name}"))
}
