//! Diagnostics, hints and their renderers: text, JSON, SARIF and others.
