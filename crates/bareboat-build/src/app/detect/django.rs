//! Django: the project's own WSGI or ASGI module, found through `manage.py`'s settings and the code.

use super::{Application, EntryPoint, Source, module_name, server};
use crate::app::python_source::Interface;

/// The command that serves a Django project.
pub(super) fn find(
    application: &Application<'_>,
    sources: &[Source],
    looked_for: &mut Vec<String>,
) -> Option<EntryPoint> {
    if !application.distributions.contains("django") {
        return None;
    }
    let mut manages: Vec<&String> = application
        .files
        .iter()
        .filter(|path| path.as_str() == "manage.py" || path.ends_with("/manage.py"))
        .collect();
    manages.sort_by_key(|path| path.matches('/').count());
    // Its directory is where Django's modules are imported from.
    let manage = manages.first().map(|path| (*path).clone());
    let settings = sources
        .iter()
        .find(|source| Some(&source.path) == manage.as_ref())
        .and_then(|source| source.facts.django_settings.clone());
    let object = |interface| {
        let mut found: Vec<_> = sources
            .iter()
            .flat_map(|source| source.facts.objects.iter().map(move |object| (source, object)))
            .filter(|(_, object)| object.framework == "Django" && object.interface == interface)
            .collect();
        // The one beside the settings that `manage.py` names comes first.
        let package =
            settings.as_deref().and_then(|name| name.rsplit_once('.')).map(|(package, _)| package.to_owned());
        found.sort_by_key(|(source, _)| {
            package.as_ref().is_none_or(|package| !source.module.starts_with(package.as_str()))
        });
        found.into_iter().next()
    };
    let asgi_server = server::choose(Interface::Asgi, application.distributions);
    let wsgi_server = server::choose(Interface::Wsgi, application.distributions);
    let asgi_only = asgi_server.is_some() && wsgi_server.is_none();
    let order =
        if asgi_only { [Interface::Asgi, Interface::Wsgi] } else { [Interface::Wsgi, Interface::Asgi] };
    for interface in order {
        if let Some((source, object)) = object(interface)
            && let Some(server) = server::choose(interface, application.distributions)
        {
            let what = format!("Django project (`{}` in `{}`)", object.name, source.path);
            let root = manage.as_deref().and_then(|manage| Some(manage.rsplit_once('/')?.0));
            let below = root.and_then(|root| source.path.strip_prefix(root)?.strip_prefix('/'));
            let module = below.map_or_else(|| source.module.clone(), |path| module_name(path, &[]));
            let found = server::entry_point(server, &module, object, 8000, what);
            let import_roots = below.and(root).map(str::to_owned).into_iter().collect();
            return Some(EntryPoint { import_roots, ..found });
        }
    }
    let Some(manage) = &manage else {
        looked_for
            .push("Django is installed, but there is no `manage.py` and no WSGI or ASGI module".to_owned());
        return None;
    };
    let words =
        ["python", manage, "runserver", "--noreload", "0.0.0.0:${PORT:-8000}"].map(str::to_owned).to_vec();
    let mut found = EntryPoint::new(
        words,
        format!("Django project (`{manage}`)"),
        "Django's development server: no WSGI or ASGI server is locked",
    );
    found.port = Some(8000);
    found.notes.push(
        "the development server is not for production: add `gunicorn` or `uvicorn` to the dependencies"
            .to_owned(),
    );
    Some(found)
}
