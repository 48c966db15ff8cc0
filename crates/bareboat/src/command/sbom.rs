//! `bareboat sbom`: an image's bill of materials.

use std::process::ExitCode;

use bareboat_inspect::bill;
use bareboat_packages::sbom::{Bill, cyclonedx, spdx};

use super::image;
use crate::cli::{BillFormat, SbomArgs};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::print;

/// Prints the document, or writes it into a file.
pub fn run(session: &Session, arguments: &SbomArgs) -> Result<ExitCode, Failure> {
    let facts = image::facts(session, arguments.image.asked())?;
    let bill = bill::bill(&facts, env!("CARGO_PKG_VERSION"));
    for gap in &bill.gaps {
        session.terminal.warning(&format!("the bill of materials is not complete: {gap}"));
    }
    let document = document(&bill, arguments.format);
    let Some(file) = &arguments.output else {
        print(&document);
        return Ok(ExitCode::SUCCESS);
    };
    std::fs::write(file, document)
        .map_err(|error| Failure::world(format!("cannot write `{}`", file.display())).because(error))?;
    session.terminal.done(&format!("wrote {} ({} components)", file.display(), bill.components.len()));
    Ok(ExitCode::SUCCESS)
}

fn document(bill: &Bill, format: BillFormat) -> String {
    match format {
        BillFormat::SpdxJson => spdx(bill),
        BillFormat::CycloneDxJson => cyclonedx(bill),
    }
}
