use super::*;

fn detect_in(files: &[(&str, &str)], distributions: &[&str]) -> Result<EntryPoint, DetectError> {
    detect_with(files, distributions, &Config::default(), None)
}

fn detect_with(
    files: &[(&str, &str)],
    distributions: &[&str],
    config: &Config,
    dockerfile: Option<&DockerfileHints>,
) -> Result<EntryPoint, DetectError> {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let mut paths: Vec<String> = files.iter().map(|(path, _)| (*path).to_owned()).collect();
    paths.sort();
    let distributions = distributions.iter().map(|name| (*name).to_owned()).collect();
    detect(&Application {
        root: root.path(),
        files: &paths,
        config,
        distributions: &distributions,
        dockerfile,
    })
}

fn line(found: &EntryPoint) -> String {
    found.words.join(" ")
}

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n";
const FASTAPI: &str = "from fastapi import FastAPI\napi = FastAPI()\n";

#[test]
fn serves_flask_with_gunicorn_and_says_why() {
    let found = detect_in(&[("app.py", FLASK)], &["flask", "gunicorn"]).unwrap();
    assert_eq!(line(&found), "gunicorn app:app");
    assert_eq!(found.what, "Flask application `app` in `app.py`");
    assert_eq!(found.environment["PORT"], "5000");
    assert_eq!(found.environment["GUNICORN_CMD_ARGS"], "--worker-tmp-dir=/dev/shm");
}

#[test]
fn falls_back_to_the_development_server_with_a_note() {
    let found = detect_in(&[("web.py", FLASK)], &["flask"]).unwrap();
    assert_eq!(line(&found), "flask --app web:app run --host 0.0.0.0 --port ${PORT:-5000}");
    assert_eq!(found.notes.len(), 1);
}

#[test]
fn finds_asgi_objects_in_src_layouts() {
    let files = [("src/shop/__init__.py", ""), ("src/shop/api.py", FASTAPI)];
    let found = detect_in(&files, &["fastapi", "uvicorn"]).unwrap();
    assert_eq!(line(&found), "uvicorn shop.api:api --host 0.0.0.0 --port ${PORT:-8000}");
}

#[test]
fn prefers_the_procfile_and_honours_its_port() {
    let files = [
        ("Procfile", "release: python manage.py migrate\nweb: gunicorn web:app -b 0.0.0.0:$PORT\n"),
        ("web.py", FLASK),
    ];
    let found = detect_in(&files, &["flask", "gunicorn"]).unwrap();
    assert_eq!(line(&found), "gunicorn web:app -b 0.0.0.0:$PORT");
    assert_eq!(found.why, "`Procfile`");
}

#[test]
fn takes_command_and_port_from_a_dockerfile() {
    let words = ["gunicorn", "--bind", "0.0.0.0:5000", "app:app"].map(str::to_owned).to_vec();
    let hints = DockerfileHints { command: words, port: Some(5000), ..DockerfileHints::default() };
    let found =
        detect_with(&[("app.py", FLASK)], &["flask", "gunicorn"], &Config::default(), Some(&hints)).unwrap();
    assert_eq!(line(&found), "gunicorn --bind 0.0.0.0:${PORT:-5000} app:app");
    let script = DockerfileHints { command: vec!["./start.sh".to_owned()], ..DockerfileHints::default() };
    let found =
        detect_with(&[("app.py", FLASK)], &["flask", "gunicorn"], &Config::default(), Some(&script)).unwrap();
    assert_eq!(line(&found), "gunicorn app:app");
}

#[test]
fn serves_django_through_the_module_beside_its_settings() {
    let wsgi = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
    let manage = "import os\ndef main():\n    os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nif __name__ == '__main__':\n    main()\n";
    let files = [("aaa/wsgi.py", wsgi), ("manage.py", manage), ("shop/wsgi.py", wsgi)];
    assert_eq!(line(&detect_in(&files, &["django", "gunicorn"]).unwrap()), "gunicorn shop.wsgi:application");
    let found = detect_in(&files, &["django"]).unwrap();
    assert_eq!(line(&found), "python manage.py runserver --noreload 0.0.0.0:${PORT:-8000}");
}

#[test]
fn starts_dashboards_packages_and_scripts() {
    let found = detect_in(&[("app.py", "import streamlit as st\n")], &["streamlit"]).unwrap();
    assert_eq!(found.port, Some(8501));
    let found = detect_in(&[("tool/__main__.py", "print(1)\n"), ("tool/__init__.py", "")], &[]).unwrap();
    assert_eq!(line(&found), "python -m tool");
    let found =
        detect_in(&[("job.py", "if __name__ == '__main__':\n    pass\n"), ("lib.py", "")], &[]).unwrap();
    assert_eq!(line(&found), "python job.py");
}

#[test]
fn says_what_it_looked_for_when_nothing_is_certain() {
    let guard = "if __name__ == '__main__':\n    pass\n";
    let error = detect_in(&[("one.py", guard), ("two.py", guard)], &[]).unwrap_err();
    insta::assert_snapshot!(format!("{error}\n{}", error.hint().unwrap()), @r#"
    cannot tell how the application starts
      looked for: `web` in `Procfile` (no such file); `[project.scripts]` in `pyproject.toml` (none); an ASGI or WSGI application object in the code (none); `if __name__ == "__main__"`: several files have one (one.py, two.py)
    add a line like `command = "python -m yourapp"` to `bareboat.toml` (`bareboat init` writes the file)
    "#);
}

#[test]
fn refuses_a_configured_command_that_needs_a_shell() {
    let config = Config { command: Some(Command::Line("a && b".to_owned())), ..Config::default() };
    let error = detect_with(&[], &[], &config, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot use `command`: `&&` in `a && b` needs a shell, and the image has none"
    );
}

#[test]
fn imports_a_django_project_from_where_its_manage_file_is() {
    let wsgi = "from django.core.wsgi import get_wsgi_application\napplication = get_wsgi_application()\n";
    let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\nif __name__ == '__main__':\n    pass\n";
    let files = [("backend/config/wsgi.py", wsgi), ("backend/manage.py", manage), ("docs/manage.py/x", "")];
    let found = detect_in(&files, &["django", "gunicorn"]).unwrap();
    assert_eq!(
        (line(&found).as_str(), &found.import_roots[..]),
        ("gunicorn config.wsgi:application", &["backend".to_owned()][..])
    );
}

#[test]
fn imports_modules_from_where_they_find_each_other() {
    let main = format!("import settings\n{FASTAPI}");
    let files = [("backend/main.py", main.as_str()), ("backend/settings.py", "")];
    let found = detect_in(&files, &["fastapi", "uvicorn"]).unwrap();
    assert!(line(&found).starts_with("uvicorn main:api"), "{}", line(&found));
    assert_eq!(found.import_roots, ["backend"]);
    let main = format!("from app.settings import x\n{FASTAPI}");
    let found =
        detect_in(&[("app/main.py", main.as_str()), ("app/settings.py", "")], &["fastapi", "uvicorn"])
            .unwrap();
    assert!(line(&found).starts_with("uvicorn app.main:api"), "{}", line(&found));
    assert!(found.import_roots.is_empty());
}

#[test]
fn imports_a_workspace_member_as_it_would_be_installed() {
    let web = format!("import words\n{FLASK}");
    let files = [
        ("packages/web/pyproject.toml", ""),
        ("packages/web/src/web/__init__.py", web.as_str()),
        ("packages/words/pyproject.toml", ""),
        ("packages/words/src/words/__init__.py", ""),
    ];
    let found = detect_in(&files, &["flask", "gunicorn"]).unwrap();
    assert_eq!(
        (line(&found).as_str(), &found.import_roots[..]),
        ("gunicorn web:app", &["packages/web/src".to_owned()][..])
    );
}

#[test]
fn serves_frameworks_that_are_their_own_server() {
    let sanic = "from sanic import Sanic\napp = Sanic('x')\nif __name__ == '__main__':\n    app.run()\n";
    assert_eq!(
        line(&detect_in(&[("server.py", sanic)], &["sanic"]).unwrap()),
        "sanic server:app --host 0.0.0.0 --port ${PORT:-8000}"
    );
    let aiohttp = "from aiohttp import web\napp = web.Application()\n";
    assert_eq!(
        line(&detect_in(&[("main.py", aiohttp)], &["aiohttp", "gunicorn"]).unwrap()),
        "gunicorn main:app --worker-class aiohttp.GunicornWebWorker"
    );
    let dash = "import dash\napp = dash.Dash('x')\nserver = app.server\nif __name__ == '__main__':\n    app.run(debug=True)\n";
    assert_eq!(line(&detect_in(&[("app.py", dash)], &["dash", "gunicorn"]).unwrap()), "gunicorn app:server");
    let found = detect_in(&[("app.py", dash)], &["dash"]).unwrap();
    assert_eq!((line(&found).as_str(), found.port), ("python app.py", Some(8050)));
    assert_eq!((found.environment["HOST"].as_str(), &found.notes[..]), ("0.0.0.0", &[][..]));
}

#[test]
fn serves_plain_callables() {
    let wsgi = "def application(environ, start_response):\n    return []\n";
    assert_eq!(line(&detect_in(&[("wsgi.py", wsgi)], &["gunicorn"]).unwrap()), "gunicorn wsgi:application");
    let asgi = "async def app(scope, receive, send): ...\n";
    let found = detect_in(&[("main.py", asgi)], &["uvicorn"]).unwrap();
    assert_eq!(line(&found), "uvicorn main:app --host 0.0.0.0 --port ${PORT:-8000}");
}

#[test]
fn says_when_a_written_command_is_passed_over() {
    let files = [("Procfile", "web: python migrate.py && gunicorn app:app\n"), ("app.py", FLASK)];
    let found = detect_in(&files, &["flask", "gunicorn"]).unwrap();
    assert_eq!(
        found.notes,
        [
            "`web` in `Procfile`: `&&` in `python migrate.py && gunicorn app:app` needs a shell, and the image has none; not used"
        ]
    );
}

#[test]
fn says_when_a_server_is_only_for_this_machine() {
    let bottle = "import bottle\nif __name__ == '__main__':\n    bottle.run(port=7000)\n";
    let found = detect_in(&[("web.py", bottle)], &["bottle"]).unwrap();
    assert_eq!((found.port, found.notes.len()), (Some(7000), 1));
    assert!(
        found.notes[0].starts_with("`web.py`, line 3, listens on this machine only"),
        "{}",
        found.notes[0]
    );
}

#[test]
fn turns_the_paths_of_a_dockerfile_into_those_of_the_image() {
    let hints = DockerfileHints {
        command: ["python", "/code/server.py", "--config", "/etc/x"].map(str::to_owned).to_vec(),
        working_directory: "/code".to_owned(),
        copied: vec!["src".to_owned(), "requirements.txt".to_owned()],
        environment: [("PYTHONPATH", "/code:/code/lib"), ("PATH", "/x"), ("PIP_X", "1"), ("MODE", "web")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        ..DockerfileHints::default()
    };
    let found = detect_with(&[("src/server.py", FLASK)], &[], &Config::default(), Some(&hints)).unwrap();
    assert_eq!(line(&found), "python /app/src/server.py --config /etc/x");
    assert_eq!(found.import_roots, ["src"]);
    let environment: Vec<String> =
        found.environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    assert_eq!(environment, ["MODE=web", "PYTHONPATH=/app:/app/lib"]);
}
