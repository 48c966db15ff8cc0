//! Real applications of many shapes: built from the real archive and index, run by real engines, asked for a page.

#![allow(clippy::unwrap_used)]

mod apps;

use apps::{App, Engine, Expect};

macro_rules! apps {
    ($($name:ident: $app:expr;)*) => {
        $(#[test]
        fn $name() {
            $app.check(stringify!($name));
        })*
    };
}

const FLASK: &str = "from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef index():\n    return 'hello from flask'\n";
const FASTAPI: &str = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef index():\n    return {'hello': 'fastapi'}\n";

apps! {
    flask_with_gunicorn: App::new()
        .file("requirements.txt", "flask==3.1.3\ngunicorn==23.0.0\n")
        .file("app.py", FLASK)
        .expect(Expect::Page("hello from flask"));
    flask_in_podman: App::new()
        .file("requirements.txt", "flask==3.1.3\ngunicorn==23.0.0\n")
        .file("app.py", FLASK)
        .engine(Engine::Podman)
        .expect(Expect::Page("hello from flask"));
    flask_development_server: App::new()
        .file("requirements.txt", "flask==3.1.3\n")
        .file("web/__init__.py", FLASK)
        .expect(Expect::Page("hello from flask"));
    fastapi_with_uvicorn: App::new()
        .file("requirements.txt", "fastapi\nuvicorn[standard]\n")
        .file("main.py", FASTAPI)
        .expect(Expect::Page("fastapi"));
    starlette_with_hypercorn_on_debian_12: App::new()
        .file("requirements.txt", "starlette\nhypercorn\n")
        .file(".python-version", "3.11\n")
        .file("site.py", "")
        .file("service.py", "from starlette.applications import Starlette\nfrom starlette.responses import PlainTextResponse\nfrom starlette.routing import Route\nimport sys\nasync def home(request):\n    return PlainTextResponse('python %d.%d' % sys.version_info[:2])\napp = Starlette(routes=[Route('/', home)])\n")
        .expect(Expect::Page("python 3.11"));
    django_with_gunicorn: App::new()
        .file("requirements.txt", "django==5.2\ngunicorn==23.0.0\n")
        .file("manage.py", "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nif __name__ == '__main__':\n    from django.core.management import execute_from_command_line\n    execute_from_command_line(sys.argv)\n")
        .file("shop/__init__.py", "")
        .file("shop/settings.py", "SECRET_KEY='x'\nALLOWED_HOSTS=['*']\nROOT_URLCONF='shop.urls'\nINSTALLED_APPS=[]\nMIDDLEWARE=[]\n")
        .file("shop/urls.py", "from django.http import HttpResponse\nfrom django.urls import path\nurlpatterns=[path('', lambda r: HttpResponse('hello from django'))]\n")
        .file("shop/wsgi.py", "import os\nfrom django.core.wsgi import get_wsgi_application\nos.environ.setdefault('DJANGO_SETTINGS_MODULE','shop.settings')\napplication = get_wsgi_application()\n")
        .expect(Expect::Page("hello from django"));
    waitress_factory_with_a_procfile: App::new()
        .file("requirements.txt", "flask==3.1.3\nwaitress\n")
        .file("Procfile", "web: waitress-serve --port=$PORT --call app:create_app\n")
        .file("bareboat.toml", "port = 8123\n")
        .file("app.py", "from flask import Flask\ndef create_app():\n    app = Flask(__name__)\n    app.add_url_rule('/', 'i', lambda: 'from a factory')\n    return app\n")
        .expect(Expect::Page("from a factory"));
    src_layout_with_uv_lock_made_here: App::new()
        .file("pyproject.toml", "[project]\nname='shop'\nversion='1.2'\nrequires-python='>=3.11'\ndependencies=['flask==3.1.3','gunicorn==23.0.0']\n[build-system]\nrequires=['hatchling']\nbuild-backend='hatchling.build'\n")
        .file("src/shop/__init__.py", FLASK)
        .before("uv lock")
        .expect(Expect::Page("hello from flask"));
    workspace_of_uv_in_podman: App::new()
        .file("pyproject.toml", "[tool.uv.workspace]\nmembers=['packages/*']\n")
        .file("packages/web/pyproject.toml", "[project]\nname='web'\nversion='1'\nrequires-python='>=3.11'\ndependencies=['flask==3.1.3','gunicorn==23.0.0','words']\n[tool.uv.sources]\nwords={workspace=true}\n[build-system]\nrequires=['hatchling']\nbuild-backend='hatchling.build'\n")
        .file("packages/web/src/web/__init__.py", "from flask import Flask\nfrom words import GREETING\napp = Flask(__name__)\n@app.get('/')\ndef index():\n    return GREETING\n")
        .file("packages/words/pyproject.toml", "[project]\nname='words'\nversion='1'\nrequires-python='>=3.11'\n[build-system]\nrequires=['hatchling']\nbuild-backend='hatchling.build'\n")
        .file("packages/words/src/words/__init__.py", "GREETING = 'hello from a member'\n")
        .before("uv lock")
        .engine(Engine::Podman)
        .expect(Expect::Page("hello from a member"));
    pylock_made_here: App::new()
        .file("pyproject.toml", "[project]\nname='shop'\nversion='1'\nrequires-python='>=3.11'\ndependencies=['flask==3.1.3','gunicorn==23.0.0']\n")
        .file("app.py", FLASK)
        .before("uv export --no-emit-project --format pylock.toml -o pylock.toml")
        .expect(Expect::Page("hello from flask"));
    poetry_lock_made_here: App::new()
        .file("pyproject.toml", "[tool.poetry]\nname='shop'\nversion='1'\npackage-mode=false\n[tool.poetry.dependencies]\npython='^3.11'\nflask='^3.1'\ngunicorn='^23'\n[tool.poetry.group.dev.dependencies]\npytest='*'\n")
        .file("app.py", FLASK)
        .before("uv tool run --with poetry-plugin-pypi-mirror poetry lock")
        .expect(Expect::Page("hello from flask"));
    pdm_lock_made_here: App::new()
        .file("pyproject.toml", "[project]\nname='shop'\nversion='1'\nrequires-python='>=3.11'\ndependencies=['flask==3.1.3','gunicorn==23.0.0']\n[tool.pdm]\ndistribution=false\n")
        .file("app.py", FLASK)
        .before("uv tool run --with hishel<2 pdm lock")
        .expect(Expect::Page("hello from flask"));
    pipfile_lock_made_here: App::new()
        .file("Pipfile", "[packages]\nflask='==3.1.3'\ngunicorn='*'\n[requires]\npython_version='3.11'\n")
        .file("app.py", FLASK)
        .before("uv tool run pipenv lock")
        .expect(Expect::Page("hello from flask"));
    django_below_the_root: App::new()
        .file("requirements.txt", "django==5.2\ngunicorn==23.0.0\n")
        .file("backend/manage.py", "import os, sys\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\nif __name__ == '__main__':\n    from django.core.management import execute_from_command_line\n    execute_from_command_line(sys.argv)\n")
        .file("backend/shop/__init__.py", "")
        .file("backend/shop/settings.py", "SECRET_KEY='x'\nALLOWED_HOSTS=['*']\nROOT_URLCONF='shop.urls'\nINSTALLED_APPS=[]\nMIDDLEWARE=[]\n")
        .file("backend/shop/urls.py", "from django.http import HttpResponse\nfrom django.urls import path\nurlpatterns=[path('', lambda r: HttpResponse('hello from below'))]\n")
        .file("backend/shop/wsgi.py", "import os\nfrom django.core.wsgi import get_wsgi_application\nos.environ.setdefault('DJANGO_SETTINGS_MODULE','shop.settings')\napplication = get_wsgi_application()\n")
        .expect(Expect::Page("hello from below"));
    sources_in_a_directory_of_a_dockerfile: App::new()
        .file("requirements.txt", "flask==3.1.3\n")
        .file("Dockerfile", "FROM python:3.13\nWORKDIR /code\nCOPY src .\nENV GREETING='hello from ENV'\nCMD [\"python\", \"server.py\"]\n")
        .file("src/server.py", "import os\nfrom flask import Flask\nimport texts\napp = Flask(__name__)\n@app.get('/')\ndef index():\n    return texts.GREETING\nif __name__ == '__main__':\n    app.run(host='0.0.0.0', port=int(os.environ.get('PORT', 8000)))\n")
        .file("src/texts.py", "import os\nGREETING = os.environ['GREETING']\n")
        .expect(Expect::Page("hello from ENV"));
    temporary_files_on_a_read_only_root: App::new()
        .file("job.py", "import tempfile\nfrom multiprocessing import Manager\nif __name__ == '__main__':\n    with Manager() as manager, tempfile.NamedTemporaryFile() as file:\n        file.write(b'x')\n        print('shared', dict(manager.dict(a=1)))\n")
        .expect(Expect::Output("shared {'a': 1}"));
    plain_script: App::new()
        .file("job.py", "import sqlite3, ssl, zoneinfo\nif __name__ == '__main__':\n    assert len(ssl.create_default_context().get_ca_certs()) > 100\n    zoneinfo.ZoneInfo('US/Eastern')\n    print('certs, zones and sqlite', sqlite3.sqlite_version)\n")
        .expect(Expect::Output("certs, zones and sqlite"));
    numpy_pandas_scipy: App::new()
        .file("requirements.txt", "numpy\npandas\nscipy\n")
        .file("main.py", "import numpy, pandas, scipy.linalg\nif __name__ == '__main__':\n    print(pandas.DataFrame({'a': numpy.arange(3)}).a.sum(), scipy.linalg.det(numpy.eye(2)))\n")
        .expect(Expect::Output("3 1.0"));
    opencv_with_its_gl_library: App::new()
        .file("requirements.txt", "opencv-python\n")
        .file("main.py", "import cv2\nif __name__ == '__main__':\n    print('cv2', cv2.cvtColor(__import__('numpy').zeros((2,2,3),'uint8'), cv2.COLOR_BGR2GRAY).shape)\n")
        // Parts of libglib2.0 want these, and nothing loads those parts.
        .without(&["libmount1", "libselinux1"])
        .expect(Expect::Output("cv2 (2, 2)"));
    native_wheels: App::new()
        .file("requirements.txt", "cryptography\npillow\nlxml\npsycopg[binary]\n")
        .file("main.py", "import io, lxml.etree, psycopg\nfrom PIL import Image\nfrom cryptography.fernet import Fernet\nif __name__ == '__main__':\n    b = io.BytesIO(); Image.new('RGB', (2, 2)).save(b, 'PNG')\n    f = Fernet(Fernet.generate_key())\n    print(lxml.etree.fromstring('<a/>').tag, len(b.getvalue()) > 50, f.decrypt(f.encrypt(b'x')), psycopg.pq.__impl__)\n")
        .expect(Expect::Output("a True b'x' binary"));
    psycopg2_from_debian: App::new()
        .file("requirements.txt", "psycopg2\n")
        .file("bareboat.toml", "[debian-python]\npsycopg2 = 'python3-psycopg2'\n")
        .file("main.py", "import psycopg2\nif __name__ == '__main__':\n    print('libpq', psycopg2.__libpq_version__ > 0)\n")
        .expect(Expect::Output("libpq True"));
    psycopg_with_the_library_it_opens: App::new()
        .file("requirements.txt", "psycopg\n")
        .file("main.py", "import psycopg\nif __name__ == '__main__':\n    print('libpq by', psycopg.pq.__impl__, psycopg.pq.version() > 0)\n")
        .expect(Expect::Output("libpq by python True"));
    python_magic_with_the_library_it_opens: App::new()
        .file("requirements.txt", "python-magic\n")
        .file("main.py", "import magic\nif __name__ == '__main__':\n    print(magic.from_buffer(b'%PDF-1.4\\n', mime=True))\n")
        .expect(Expect::Output("application/pdf"));
    streamlit: App::new()
        .file("requirements.txt", "streamlit\n")
        .file("app.py", "import streamlit as st\nst.title('hello')\n")
        .expect(Expect::Page("Streamlit"));
    celery_worker: App::new()
        .file("requirements.txt", "celery\n")
        .file("Procfile", "worker: celery -A tasks report\n")
        .file("tasks.py", "from celery import Celery\napp = Celery('tasks', broker='memory://')\n")
        .expect(Expect::Output("celery"));
}
