//! `bareboat cache`: how much is kept, what can go, whether it is whole.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use bareboat_store::{PruneOptions, Repair};

use crate::cli::{CacheAction, Format, FormatArgs};
use crate::failure::Failure;
use crate::session::Session;
use crate::terminal::{print, size, table};

/// Shows, prunes or verifies.
pub fn run(session: Session, action: CacheAction) -> Result<ExitCode, Failure> {
    match action {
        CacheAction::Show(format) => show(&session, &format),
        CacheAction::Prune { max, older, dry_run } => prune(session, max.as_deref(), older, dry_run),
        CacheAction::Verify { repair } => verify(&session, repair),
    }
}

fn show(session: &Session, format: &FormatArgs) -> Result<ExitCode, Failure> {
    let usage = session.store.usage()?;
    let root = session.store.root().display().to_string();
    if format.format == Format::Json {
        let value = serde_json::json!({
            "version": 1, "directory": root, "blobs": usage.blobs, "blobBytes": usage.blob_bytes, "actions": usage.actions,
            "actionBytes": usage.action_bytes, "roots": usage.roots, "rootBytes": usage.root_bytes,
            "references": usage.references,
        });
        print(&format!("{value:#}\n"));
        return Ok(ExitCode::SUCCESS);
    }
    let rows = vec![
        vec!["blobs".to_owned(), usage.blobs.to_string(), size(usage.blob_bytes)],
        vec!["results".to_owned(), usage.actions.to_string(), size(usage.action_bytes)],
        vec!["unpacked roots".to_owned(), usage.roots.to_string(), size(usage.root_bytes)],
        vec!["image names".to_owned(), usage.references.to_string(), "—".to_owned()],
    ];
    print(&format!("{root}\n{}", table(&["kept", "number", "bytes"], &rows)));
    Ok(ExitCode::SUCCESS)
}

fn prune(
    mut session: Session,
    max: Option<&str>,
    older: Option<u64>,
    dry_run: bool,
) -> Result<ExitCode, Failure> {
    let max_bytes = max.map(parse_size).transpose()?;
    if max_bytes.is_none() && older.is_none() {
        return Err(Failure::input("nothing says what may go").hint("pass `--max 2G` or `--older 30`"));
    }
    let keep: BTreeSet<_> = session.images().reachable()?;
    let options = PruneOptions {
        max_bytes,
        older_than: older.map(|days| Duration::from_secs(days * 24 * 60 * 60)),
        now: SystemTime::now(),
        keep,
        dry_run,
    };
    let terminal = session.terminal.clone();
    let pruned = session.store.prune(&options, || terminal.say("waiting for another bareboat to finish"))?;
    let verb = if dry_run { "would remove" } else { "removed" };
    session.terminal.done(&format!(
        "{verb} {} entries, {}",
        pruned.blobs + pruned.actions + pruned.roots,
        size(pruned.blob_bytes + pruned.action_bytes + pruned.root_bytes)
    ));
    Ok(ExitCode::SUCCESS)
}

/// `500M`, `2G`, `1000000`: decimal units.
fn parse_size(text: &str) -> Result<u64, Failure> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text[digits.len()..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1_000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        _ => 0,
    };
    let number: Option<u64> = digits.parse().ok();
    number
        .and_then(|number| number.checked_mul(unit))
        .filter(|_| unit > 0)
        .ok_or_else(|| Failure::input(format!("`{text}` is no size")).hint("write it like `500M` or `2G`"))
}

fn verify(session: &Session, repair: bool) -> Result<ExitCode, Failure> {
    let repair_mode = if repair { Repair::Remove } else { Repair::Report };
    let verified = session.store.verify(repair_mode, &|_| {})?;
    for entry in &verified.corrupt {
        session.terminal.warning(&format!("damaged: {}", entry.path.display()));
    }
    session.terminal.say(&format!("read {} entries, {}", verified.checked, size(verified.bytes)));
    if verified.corrupt.is_empty() {
        session.terminal.done("everything is whole");
        return Ok(ExitCode::SUCCESS);
    }
    if repair {
        session.terminal.done(&format!("removed {} damaged entries", verified.corrupt.len()));
        return Ok(ExitCode::SUCCESS);
    }
    Ok(ExitCode::from(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes_in_decimal_units() {
        assert_eq!(
            ["7", "500M", "2g"].map(|text| parse_size(text).unwrap()),
            [7, 500_000_000, 2_000_000_000]
        );
        assert!(parse_size("2 parsecs").is_err() && parse_size("").is_err());
    }
}
