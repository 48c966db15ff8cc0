//! `bareboat push`, `pull`, `login`, `logout`: images travel to and from registries.

use std::io::{BufRead, IsTerminal, Write};
use std::process::ExitCode;

use bareboat_build::event::Event;
use bareboat_image::registry::{
    Keys, Login, PullOptions, PushEvent, Pushed, Registries, RegistryError, Settings,
};
use bareboat_image::{Descriptor, Reference};
use bareboat_store::{BasicCredentials, Fetcher};

use crate::cli::{Format, LoginArgs, NetworkArgs, PullArgs, PushArgs, RegistryArgs};
use crate::failure::Failure;
use crate::logins;
use crate::registries;
use crate::session::{Session, platforms, reference};
use crate::terminal::{print, size};

/// Does `work` with a client for registries that knows the user by `keys`.
pub fn with_registries<T>(
    session: &Session,
    arguments: &RegistryArgs,
    keys: &Keys<'_>,
    work: impl FnOnce(&Registries<'_>) -> Result<T, RegistryError>,
) -> Result<T, Failure> {
    let fetcher: Fetcher = session.fetcher(&NetworkArgs::default());
    let settings = Settings {
        plain_http: arguments.plain_http.iter().cloned().collect(),
        uploads: 0,
        rules: registries::rules()?,
    };
    let client = Registries::new(&fetcher, &session.store, keys, settings);
    let result = work(&client).map_err(Failure::from);
    session.terminal.clear();
    result
}

/// `push`.
pub fn push(session: &Session, arguments: &PushArgs) -> Result<ExitCode, Failure> {
    let descriptor = session.images().get(&arguments.image)?;
    let names = match &arguments.names[..] {
        [] => vec![session.images().name(&arguments.image)?],
        names => names.to_vec(),
    };
    let mut results = Vec::new();
    for name in &names {
        results.push((name.clone(), push_to(session, &arguments.registry, &descriptor, &reference(name)?)?));
    }
    if arguments.format == Format::Json {
        let results: Vec<_> = results.iter().map(|(name, pushed)| json(name, pushed)).collect();
        let value = serde_json::json!({ "version": 1, "digest": descriptor.digest, "pushed": results });
        print(&format!("{value:#}\n"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Pushes and says what travelled.
pub fn push_to(
    session: &Session,
    arguments: &RegistryArgs,
    descriptor: &Descriptor,
    reference: &Reference,
) -> Result<Pushed, Failure> {
    let name = reference.familiar();
    let bar = session.terminal.bytes(&format!("Pushing {name}"));
    let observer = |event: PushEvent| match event {
        PushEvent::Expected(bytes) => bar.expect(bytes),
        PushEvent::Settled(bytes) => bar.advance(bytes),
    };
    let pushed = with_registries(session, arguments, &logins::find, |registries| {
        registries.push(descriptor, reference, &observer)
    });
    drop(bar);
    let pushed = pushed?;
    session.terminal.done(&format!("pushed {name} ({})", summary(&pushed)));
    session.terminal.say(&format!("  {}@{}", reference.name(), descriptor.digest));
    Ok(pushed)
}

/// What travelled, in words.
pub fn summary(pushed: &Pushed) -> String {
    let parts = [
        ("sent", pushed.sent, pushed.sent_bytes),
        ("mounted", pushed.mounted, pushed.mounted_bytes),
        ("there already", pushed.present, pushed.present_bytes),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, blobs, _)| *blobs > 0)
        .map(|(what, blobs, bytes)| format!("{blobs} blobs {what}, {}", size(*bytes)))
        .collect();
    parts.join("; ")
}

fn json(name: &str, pushed: &Pushed) -> serde_json::Value {
    serde_json::json!({
        "name": name,
        "sent": pushed.sent, "sentBytes": pushed.sent_bytes,
        "mounted": pushed.mounted, "mountedBytes": pushed.mounted_bytes,
        "present": pushed.present, "presentBytes": pushed.present_bytes,
    })
}

/// `pull`.
pub fn pull(session: &Session, arguments: &PullArgs) -> Result<ExitCode, Failure> {
    let options = PullOptions {
        platforms: if arguments.all_platforms { Vec::new() } else { platforms(&arguments.platform)? },
    };
    for name in &arguments.names {
        let reference = reference(name)?;
        session.terminal.event(Event::Stage { name: format!("Pulling {}", reference.familiar()) });
        let pulled = with_registries(session, &arguments.registry, &logins::find, |registries| {
            registries.pull(&reference, &options)
        })?;
        let name = reference.familiar();
        session.images().put(&name, &pulled.descriptor)?;
        let came = format!("{} blobs came, {}", pulled.fetched, size(pulled.fetched_bytes));
        session.terminal.done(&format!("pulled {name} ({came}; {} were here)", pulled.present));
        session.terminal.say(&format!("  {}", pulled.descriptor.digest));
    }
    Ok(ExitCode::SUCCESS)
}

/// `login`: asks for what is missing, shows it to the registry, and keeps it.
pub fn login(session: &Session, arguments: &LoginArgs) -> Result<ExitCode, Failure> {
    let domain = &arguments.domain;
    let user = match &arguments.user {
        Some(user) => user.clone(),
        None => ask("User name: ")?,
    };
    let password = match arguments.password_stdin {
        true => line(&mut std::io::stdin().lock())?,
        false if std::io::stdin().is_terminal() => rpassword::prompt_password("Password: ")
            .map_err(|error| Failure::world("cannot read the password").because(error))?,
        false => {
            return Err(Failure::input("nobody is there to type a password").hint("pass `--password-stdin`"));
        }
    };
    if user.is_empty() || password.is_empty() {
        return Err(Failure::input("a login wants a user name and a password"));
    }
    let credentials = BasicCredentials::new(&user, &password);
    let given = move |_: &str| Ok(Some(Login::Password(credentials.clone())));
    with_registries(session, &arguments.registry, &given, |registries| registries.check_login(domain))?;
    let place = logins::keep(domain, &user, &password)?;
    session.terminal.done(&format!("logged in to {domain} as {user}; kept in {place}"));
    Ok(ExitCode::SUCCESS)
}

/// `logout`.
pub fn logout(session: &Session, domain: &str) -> Result<ExitCode, Failure> {
    match logins::forget(domain)? {
        true => session.terminal.done(&format!("logged out of {domain}")),
        false => session.terminal.say(&format!("nobody was logged in to {domain}")),
    }
    Ok(ExitCode::SUCCESS)
}

fn ask(question: &str) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::input("nobody is there to type a user name").hint("pass `--username NAME`"));
    }
    let _ = write!(std::io::stderr(), "{question}");
    line(&mut std::io::stdin().lock())
}

fn line(input: &mut dyn BufRead) -> Result<String, Failure> {
    let mut line = String::new();
    input
        .read_line(&mut line)
        .map_err(|error| Failure::world("cannot read standard input").because(error))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
