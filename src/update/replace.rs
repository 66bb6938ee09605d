//! The program on disk: put in place in one step, with the old one kept beside it; and whether a package manager owns it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::UpdateError;
use crate::private_file;
use crate::untrusted::SafeText;

/// The command that updates it, where whoever built it said so.
const UPDATED_BY: Option<&str> = option_env!("BUILD_UPDATED_BY");

/// The command that updates the program `file` in the system below `root`; `None` if no package manager owns it.
pub fn packaged_by(file: &Path, root: &Path) -> Option<&'static str> {
    if UPDATED_BY.is_some() || file != Path::new("/usr/bin/commerce-connector") {
        return UPDATED_BY;
    }
    let has = |path: &str| root.join(path).exists();
    if has("var/lib/dpkg/info/commerce-connector.list") {
        Some("apt-get install --only-upgrade commerce-connector")
    } else if has("var/lib/rpm") || has("usr/lib/sysimage/rpm") {
        Some("dnf upgrade commerce-connector")
    } else {
        None
    }
}

/// Puts a program in the place of `file`, once it has said its version. Gives where the old one is. Blocking.
///
/// # Errors
/// [`UpdateError`]; the old program is then still in its place.
pub fn replace(file: &Path, program: &[u8], version: &str) -> Result<PathBuf, UpdateError> {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let new = file.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let old = file.with_file_name(format!("{name}.previous"));
    let result = write(file, &new, program)
        .map_err(|error| io_error(&new, &error))
        .and_then(|()| try_out(&new, version))
        .and_then(|()| swap(file, &new, &old).map_err(|error| io_error(file, &error)));
    if result.is_err() {
        // What was put in place is not there any more, and what was not may never have been made.
        let _ = fs::remove_file(&new);
    }
    result.map(|()| old)
}

/// Whoever may run the old one may run the new one.
fn write(old: &Path, new: &Path, program: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o700).open(new)?;
    file.write_all(program)?;
    file.set_permissions(fs::metadata(old)?.permissions())?;
    file.sync_all()
}

/// One for another system, or a newer libc, says nothing.
fn try_out(new: &Path, version: &str) -> Result<(), UpdateError> {
    let output = Command::new(new).arg("--version").output();
    let is_it = output.is_ok_and(|output| {
        output.status.success()
            && String::from_utf8_lossy(&output.stdout).contains(&format!("{} {version}", env!("CARGO_PKG_NAME")))
    });
    if is_it {
        return Ok(());
    }
    let reason = "its program does not run here, or is of another version";
    Err(UpdateError::Archive { file: SafeText::new(version), reason: reason.into() })
}

fn swap(file: &Path, new: &Path, old: &Path) -> io::Result<()> {
    match fs::remove_file(old) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::hard_link(file, old)?;
    fs::rename(new, file)?;
    File::open(file.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn io_error(path: &Path, error: &io::Error) -> UpdateError {
    UpdateError::Io { path: private_file::safe(path), reason: SafeText::new(&error.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_manager_that_owns_the_program_updates_it() {
        let root = tempfile::tempdir().expect("a directory");
        let by = |file: &str| packaged_by(Path::new(file), root.path());
        assert_eq!(by("/usr/bin/commerce-connector"), None, "nobody owns it");
        fs::create_dir_all(root.path().join("var/lib/rpm")).expect("made");
        assert_eq!(by("/usr/bin/commerce-connector"), Some("dnf upgrade commerce-connector"));
        fs::create_dir_all(root.path().join("var/lib/dpkg/info")).expect("made");
        fs::write(root.path().join("var/lib/dpkg/info/commerce-connector.list"), "").expect("written");
        assert!(by("/usr/bin/commerce-connector").is_some_and(|by| by.starts_with("apt-get")));
        assert_eq!(by("/usr/local/bin/commerce-connector"), None);
    }
}
