//! What this build is: for `--version`, tickets and packages.

use serde_json::{Value, json};

/// The commit it was built from: as whoever built it said (`BUILD_COMMIT`), else that of the repository, in a release build.
const COMMIT: Option<&str> = option_env!("BUILD_COMMIT");
/// What it was built for, such as `x86_64-unknown-linux-gnu`.
const TARGET: &str = env!("BUILD_TARGET");
/// Its features of Cargo, comma-separated.
const FEATURES: &str = env!("BUILD_FEATURES");
/// The version of the TLS library, by Cargo.lock.
const RUSTLS: Option<&str> = option_env!("BUILD_RUSTLS");

/// Version, commit, target, features, SQLite and TLS, one a line.
pub fn text() -> String {
    let commit = COMMIT.map(|commit| format!(" ({commit})")).unwrap_or_default();
    format!(
        "{} {}{commit}\ntarget: {TARGET}\nfeatures: {}\nSQLite: {}\nTLS: {}",
        env!("CARGO_PKG_NAME"),
        env!("CARGO_PKG_VERSION"),
        if FEATURES.is_empty() { "none" } else { FEATURES },
        rusqlite::version(),
        tls(),
    )
}

/// The same as one record.
pub fn json() -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "commit": COMMIT,
        "target": TARGET,
        "features": FEATURES.split(',').filter(|feature| !feature.is_empty()).collect::<Vec<_>>(),
        "sqlite": rusqlite::version(),
        "tls": tls(),
    })
}

fn tls() -> String {
    match RUSTLS {
        Some(version) => format!("rustls {version} with ring"),
        None => "rustls with ring".to_owned(),
    }
}
