//! Where a run or a watch must be able to write, so that it can give up everything else.

use std::path::{Path, PathBuf};

use super::Connector;
use crate::config::MetricsAddress;
use crate::config::store::Store;
use crate::hardening::{Writing, write_only_below};
use crate::private_file;

/// Where programs keep what they need for a moment: SQLite sorts there. Devices: nothing of the system's is stored in them.
const SHARED: [&str; 4] = ["/tmp", "/var/tmp", "/dev", "/run/lock"];

/// The places; or why the process has to write wherever its user may.
fn places(store: &Store, state_dir: &Path) -> Result<Vec<PathBuf>, String> {
    let config = store.config();
    if !config.export.landlock {
        return Err("export.landlock is false".to_owned());
    }
    for (key, is_set) in [
        ("notify.command", config.notify.command.is_some()),
        ("notify.sendmail_to", config.notify.sendmail_to.is_some()),
    ] {
        // What it starts is bound as well, and nobody knows what that has to write.
        if is_set {
            return Err(format!("the program of {key} may write anywhere"));
        }
    }
    let metrics = config.metrics.file.as_deref().map(|file| store.resolve(file));
    let socket = match &config.metrics.listen {
        Some(MetricsAddress::Socket(socket)) => Some(socket.clone()),
        Some(MetricsAddress::Tcp(_)) | None => None,
    };
    let [metrics, socket] = [metrics, socket].map(|file| file.as_deref().and_then(Path::parent).map(Path::to_owned));
    // Where who sends leaves a mark for another user of the shop.
    let var = config.instance.root.as_deref().map(|root| store.resolve(root).join("var"));
    let own = [Some(state_dir.to_owned()), Some(std::env::temp_dir()), metrics, socket, var];
    Ok(own.into_iter().flatten().chain(SHARED.map(PathBuf::from)).collect())
}

/// Gives up writing anywhere else, in this thread and all that it starts: before the first one.
#[must_use]
pub fn confine(store: &Store, state_dir: &Path) -> Writing {
    let places = match places(store, state_dir) {
        Ok(places) => places,
        Err(why) => return Writing::Anywhere(why),
    };
    // What is not there can be given no right; and whoever cannot make it says so when the log begins.
    match private_file::create_dir(state_dir) {
        Ok(()) => write_only_below(&places),
        Err(error) => Writing::Anywhere(error.to_string()),
    }
}

impl Connector {
    /// Where a run or a watch with these settings may write. A thread tries it, and ends.
    pub(super) fn writing_of_exports(&self) -> Writing {
        match places(&self.store(), &self.shared.state_dir) {
            Err(why) => Writing::Anywhere(why),
            Ok(places) => std::thread::spawn(move || write_only_below(&places))
                .join()
                .unwrap_or_else(|_| Writing::Anywhere("it could not be tried".to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_written_follows_the_configuration_and_what_nobody_knows_ends_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("config.toml");
        let of = |text: &str| {
            private_file::write(&path, text.as_bytes()).expect("written");
            let store = Store::load(path.clone(), true, [], Vec::new()).expect("loads");
            places(&store, Path::new("/srv/state"))
        };
        let found =
            of("[metrics]\nfile = \"/srv/metrics/x.prom\"\n[instance]\nroot = \"/srv/shop\"\n").expect("places");
        for place in ["/srv/state", "/srv/metrics", "/srv/shop/var", "/tmp"] {
            assert!(found.contains(&PathBuf::from(place)), "{place}: {found:?}");
        }
        assert!(!found.contains(&PathBuf::from("/srv/shop")));
        assert_eq!(of("[export]\nlandlock = false\n"), Err("export.landlock is false".to_owned()));
        assert!(of("[notify]\ncommand = \"/bin/true\"\n").is_err_and(|why| why.contains("notify.command")));
        assert!(of("[notify]\nsendmail_to = \"root\"\n").is_err_and(|why| why.contains("notify.sendmail_to")));
    }
}
