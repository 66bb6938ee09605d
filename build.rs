//! What the build itself knows of the program, for `--version`: target, features, commit, and the version of the TLS library.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// `cargo run` and `cargo test` hand what is set here on to the program, which takes every `COMMERCE_CONNECTOR_…` for a setting: so
/// these have another beginning.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=Cargo.lock");
    println!("cargo::rerun-if-env-changed=BUILD_COMMIT");
    let target = env::var("TARGET").unwrap_or_default();
    println!("cargo::rustc-env=BUILD_TARGET={target}");
    let features = env::vars().filter_map(|(name, _)| name.strip_prefix("CARGO_FEATURE_").map(str::to_lowercase));
    println!("cargo::rustc-env=BUILD_FEATURES={}", features.collect::<Vec<_>>().join(","));
    if let Some(version) = locked_version("rustls") {
        println!("cargo::rustc-env=BUILD_RUSTLS={version}");
    }
    // Only what is shipped says its commit: in a development build, each commit would compile everything once more.
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    if is_release
        && env::var_os("BUILD_COMMIT").is_none()
        && let Some(commit) = commit()
    {
        println!("cargo::rustc-env=BUILD_COMMIT={commit}");
    }
}

/// The version of a package as Cargo.lock has it.
fn locked_version(package: &str) -> Option<String> {
    let lock = fs::read_to_string("Cargo.lock").ok()?;
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    Some(rest.split_once('"')?.0.to_owned())
}

/// The commit of this directory; none where it is no repository of its own, as in an unpacked archive.
fn commit() -> Option<String> {
    let here = env::var("CARGO_MANIFEST_DIR").ok().and_then(|here| fs::canonicalize(here).ok())?;
    let top = fs::canonicalize(git(&["rev-parse", "--show-toplevel"])?).ok()?;
    if top != here {
        return None;
    }
    // Another branch, and another commit of it.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    git(&["rev-parse", "--short=12", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}
