//! The beginning: a configuration with every key explained, and where the shop is.

use std::path::{Path, PathBuf};

use super::{Connector, Overview, explained};
use crate::commerce::env_php;
use crate::config::SourceKind;
use crate::config::store::Store;
use crate::error::{Exit, Problem};
use crate::feeds::source::Source;
use crate::feeds::source::files::Files;
use crate::private_file::{self, safe};

/// Every key, explained, with its default.
pub const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Writes a configuration with every key explained. A file that is there is left as it is.
///
/// # Errors
/// A [`Problem`] if there is a file already, or it cannot be written.
pub fn write_config(path: &Path) -> Result<(), Problem> {
    if path.symlink_metadata().is_ok() {
        return Err(
            Problem::usage(format!("{} already exists", safe(path))).hint("edit it, or set another file with --config")
        );
    }
    private_file::write(path, EXAMPLE.as_bytes()).map_err(explained)
}

/// The Commerce installation around a directory: itself or the nearest one above it that holds `app/etc/env.php`.
pub fn installation_around(directory: &Path) -> Option<PathBuf> {
    directory.ancestors().find(|root| root.join(env_php::PATH).is_file()).map(Path::to_owned)
}

impl Connector {
    /// Writes a configuration with every key explained, and uses it. A file that is there is left as it is. Blocking.
    ///
    /// # Errors
    /// A [`Problem`] if there is a file already, or it cannot be written.
    pub fn make_config(&self) -> Result<Overview, Problem> {
        write_config(self.store().path())?;
        self.change_store(|store| {
            *store = store.read_again()?;
            Ok(())
        })?;
        Ok(self.overview())
    }

    /// Takes items from here from now on: a Commerce installation (a directory that holds `app/etc/env.php`, or one below
    /// it) or a directory of feed files. Saves that in the configuration, and reads the installation's settings.
    ///
    /// # Errors
    /// A [`Problem`] if it is neither, or cannot be saved; what was configured before then still is.
    pub async fn set_source(&self, place: &Path) -> Result<Overview, Problem> {
        let place = place
            .strip_prefix("~")
            .map_or(place.to_owned(), |rest| std::env::home_dir().unwrap_or_default().join(rest));
        let place = std::path::absolute(&place).unwrap_or(place);
        let changes = match installation_around(&place) {
            Some(root) => vec![("source.kind", Some("commerce".to_owned())), ("instance.root", Some(text_of(&root)?))],
            None if holds_feeds(&place).await => {
                vec![("source.kind", Some("files".to_owned())), ("source.files.directory", Some(text_of(&place)?))]
            }
            None => return Err(no_source(&place)),
        };
        self.change_store(|store| store.save(&changes))?;
        self.load().await;
        Ok(self.overview())
    }

    /// Whether nothing says yet where items come from.
    pub(super) fn is_without_source(&self, store: &Store) -> bool {
        let config = store.config();
        self.shared.fixed_source.is_none()
            && match config.source.kind {
                SourceKind::Commerce => config.instance.root.is_none() && !config.source.commerce.names_a_database(),
                SourceKind::Files => false,
            }
    }
}

async fn holds_feeds(directory: &Path) -> bool {
    let source = Source::Files(Files::new(directory.to_owned()));
    source.feeds().await.is_ok_and(|feeds| !feeds.is_empty())
}

fn text_of(path: &Path) -> Result<String, Problem> {
    let text = path.to_str().map(str::to_owned);
    text.ok_or_else(|| {
        Problem::usage(format!("{} is not UTF-8, so the configuration cannot store it", safe(path)))
            .hint("create a symbolic link with a UTF-8 name, and use that")
    })
}

fn no_source(place: &Path) -> Problem {
    let place_text = safe(place);
    if !place.exists() {
        return Problem::usage(format!("{place_text} does not exist"))
            .hint("enter the path of the Commerce installation, such as /var/www/shop");
    }
    match place.read_dir() {
        Err(error) => Problem::new(Exit::Usage, format!("cannot open {place_text}: {error}"))
            .hint("run this program as a user that may read it, or set another directory"),
        Ok(_) => Problem::usage(format!("{place_text} is not a Commerce installation, and has no feed files"))
            .hint("an installation has app/etc/env.php; feed files are named products.ndjson, products.json and so on"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_is_found_from_anywhere_below_it() {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().join("shop");
        std::fs::create_dir_all(root.join("app/etc")).expect("made");
        assert_eq!(installation_around(&root.join("app")), None);
        std::fs::write(root.join(env_php::PATH), "<?php return [];").expect("written");
        assert_eq!(installation_around(&root.join("app")), Some(root.clone()));
        assert_eq!(installation_around(&root), Some(root));
        assert_eq!(installation_around(directory.path()), None);
    }
}
