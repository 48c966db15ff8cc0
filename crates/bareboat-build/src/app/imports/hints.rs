//! Which distribution has a module, where the two have different names, and what to do about a missing module.

use super::standard;

/// What to do about the missing top-level module `name`.
pub fn hint(name: &str, python: (u8, u8)) -> String {
    let top = name.split('.').next().unwrap_or(name);
    if let Some(advice) = standard::absence(top, python) {
        return advice;
    }
    match distribution_of(name) {
        Some(distribution) => format!("add `{distribution}` to the dependencies"),
        None => format!(
            "add the distribution that has `{top}` (often `{}`) to the dependencies",
            top.replace('_', "-")
        ),
    }
}

/// The distribution that has the module `name` (dotted) when its own name does not tell. A longer entry wins.
pub fn distribution_of(name: &str) -> Option<&'static str> {
    let mut rest = name;
    loop {
        if let Ok(index) = DISTRIBUTIONS.binary_search_by(|(module, _)| module.cmp(&rest)) {
            return Some(DISTRIBUTIONS[index].1);
        }
        rest = rest.rsplit_once('.')?.0;
    }
}

/// Module and distribution, sorted by module.
const DISTRIBUTIONS: &[(&str, &str)] = &[
    ("Crypto", "pycryptodome"),
    ("Cryptodome", "pycryptodomex"),
    ("MySQLdb", "mysqlclient"),
    ("OpenGL", "PyOpenGL"),
    ("OpenSSL", "pyOpenSSL"),
    ("PIL", "pillow"),
    ("Xlib", "python-xlib"),
    ("_cffi_backend", "cffi"),
    ("_yaml", "PyYAML"),
    ("absl", "absl-py"),
    ("apiclient", "google-api-python-client"),
    ("argon2", "argon2-cffi"),
    ("attr", "attrs"),
    ("azure.core", "azure-core"),
    ("azure.identity", "azure-identity"),
    ("azure.keyvault.secrets", "azure-keyvault-secrets"),
    ("azure.servicebus", "azure-servicebus"),
    ("azure.storage.blob", "azure-storage-blob"),
    ("bs4", "beautifulsoup4"),
    ("bson", "pymongo"),
    ("cairo", "pycairo"),
    ("corsheaders", "django-cors-headers"),
    ("crispy_forms", "django-crispy-forms"),
    ("cv2", "opencv-python-headless"),
    ("dateutil", "python-dateutil"),
    ("dbus", "dbus-python"),
    ("debug_toolbar", "django-debug-toolbar"),
    ("discord", "discord.py"),
    ("django_filters", "django-filter"),
    ("dns", "dnspython"),
    ("docx", "python-docx"),
    ("dotenv", "python-dotenv"),
    ("engineio", "python-engineio"),
    ("environ", "django-environ"),
    ("faiss", "faiss-cpu"),
    ("fitz", "pymupdf"),
    ("gi", "PyGObject"),
    ("git", "GitPython"),
    ("google.api_core", "google-api-core"),
    ("google.auth", "google-auth"),
    ("google.cloud.bigquery", "google-cloud-bigquery"),
    ("google.cloud.firestore", "google-cloud-firestore"),
    ("google.cloud.logging", "google-cloud-logging"),
    ("google.cloud.pubsub_v1", "google-cloud-pubsub"),
    ("google.cloud.secretmanager", "google-cloud-secret-manager"),
    ("google.cloud.storage", "google-cloud-storage"),
    ("google.cloud.tasks", "google-cloud-tasks"),
    ("google.genai", "google-genai"),
    ("google.oauth2", "google-auth"),
    ("google.protobuf", "protobuf"),
    ("googleapiclient", "google-api-python-client"),
    ("grpc", "grpcio"),
    ("grpc_health", "grpcio-health-checking"),
    ("grpc_reflection", "grpcio-reflection"),
    ("grpc_status", "grpcio-status"),
    ("haystack", "django-haystack"),
    ("hydra", "hydra-core"),
    ("jose", "python-jose"),
    ("jwt", "PyJWT"),
    ("kafka", "kafka-python"),
    ("keycloak", "python-keycloak"),
    ("ldap", "python-ldap"),
    ("magic", "python-magic"),
    ("memcache", "python-memcached"),
    ("mpl_toolkits", "matplotlib"),
    ("multipart", "python-multipart"),
    ("mysql.connector", "mysql-connector-python"),
    ("nacl", "PyNaCl"),
    ("oauth2_provider", "django-oauth-toolkit"),
    ("odf", "odfpy"),
    ("opentelemetry.instrumentation.django", "opentelemetry-instrumentation-django"),
    ("opentelemetry.instrumentation.fastapi", "opentelemetry-instrumentation-fastapi"),
    ("opentelemetry.instrumentation.flask", "opentelemetry-instrumentation-flask"),
    ("opentelemetry.instrumentation.requests", "opentelemetry-instrumentation-requests"),
    ("opentelemetry.sdk", "opentelemetry-sdk"),
    ("opentelemetry.trace", "opentelemetry-api"),
    ("osgeo", "GDAL"),
    ("paho", "paho-mqtt"),
    ("phonenumber_field", "django-phonenumber-field"),
    ("pkg_resources", "setuptools"),
    ("playhouse", "peewee"),
    ("pptx", "python-pptx"),
    ("psycopg", "psycopg[binary]"),
    ("psycopg2", "psycopg2-binary"),
    ("pwiz", "peewee"),
    ("pythonjsonlogger", "python-json-logger"),
    ("pywintypes", "pywin32"),
    ("rest_framework", "djangorestframework"),
    ("rest_framework_simplejwt", "djangorestframework-simplejwt"),
    ("saml2", "pysaml2"),
    ("serial", "pyserial"),
    ("skimage", "scikit-image"),
    ("sklearn", "scikit-learn"),
    ("slack", "slackclient"),
    ("slugify", "python-slugify"),
    ("socketio", "python-socketio"),
    ("socks", "PySocks"),
    ("speech_recognition", "SpeechRecognition"),
    ("storages", "django-storages"),
    ("telegram", "python-telegram-bot"),
    ("tlz", "toolz"),
    ("usb", "pyusb"),
    ("vertexai", "google-cloud-aiplatform"),
    ("websocket", "websocket-client"),
    ("win32api", "pywin32"),
    ("win32com", "pywin32"),
    ("wx", "wxPython"),
    ("xdg", "pyxdg"),
    ("yaml", "PyYAML"),
    ("zmq", "pyzmq"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_table_sorted_for_searching() {
        let modules: Vec<_> = DISTRIBUTIONS.iter().map(|(module, _)| module).collect();
        assert!(modules.is_sorted_by(|left, right| left < right), "{:?}", {
            let at = modules.windows(2).find(|pair| pair[0] >= pair[1]);
            at.map(<[_]>::to_vec)
        });
    }

    #[test]
    fn names_the_distribution_or_says_how_to_find_it() {
        assert_eq!(distribution_of("cv2"), Some("opencv-python-headless"));
        assert_eq!(distribution_of("google.cloud.storage.client"), Some("google-cloud-storage"));
        assert_eq!(distribution_of("google"), None);
        assert_eq!(hint("yaml.constructor", (3, 13)), "add `PyYAML` to the dependencies");
        assert!(hint("my_module", (3, 13)).contains("often `my-module`"));
        assert!(hint("cgi", (3, 13)).contains("legacy-cgi") && !hint("cgi", (3, 11)).contains("legacy-cgi"));
        assert!(hint("tkinter.ttk", (3, 13)).contains("python3-tk"));
    }
}
