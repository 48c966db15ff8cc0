//! Dockerfile text to spans to instructions; word expansion; .dockerignore; no I/O.
