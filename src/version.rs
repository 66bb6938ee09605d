//! What this build is: for `--version`, tickets and packages.

use serde_json::{Value, json};

/// The commit it was built from, where whoever built it said so (`COMMERCE_CONNECTOR_COMMIT`).
const COMMIT: Option<&str> = option_env!("COMMERCE_CONNECTOR_COMMIT");

/// Version, commit, target, SQLite and TLS, one a line.
pub fn text() -> String {
    let commit = COMMIT.map(|commit| format!(" ({commit})")).unwrap_or_default();
    format!(
        "{} {}{commit}\ntarget: {}\nSQLite: {}\nTLS: rustls with ring",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        target(),
        rusqlite::version(),
    )
}

/// The same as one record.
pub fn json() -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commit": COMMIT,
        "target": target(),
        "sqlite": rusqlite::version(),
        "tls": "rustls with ring",
    })
}

fn target() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}
