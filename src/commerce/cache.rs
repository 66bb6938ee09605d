//! Lets Commerce forget the settings that it has cached: by its own command, never by touching the cache store.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;

use crate::private_file::safe;
use crate::untrusted::SafeText;

/// Commerce's own command line, below the root.
const PROGRAM: &str = "bin/magento";
/// How long it may take: on a slow disk it compiles a good part of the code first.
const TIME_LIMIT: Duration = Duration::from_mins(1);
/// How much of its output is shown when it fails, in characters.
const OUTPUT_LIMIT: usize = 400;

/// Runs `php bin/magento cache:clean config` in the installation's root. `None` if that is done; otherwise what the person
/// has to do, in a sentence.
pub async fn clean_config(root: &Path) -> Option<String> {
    let by_hand = |who: &str| format!("run `cd '{}' && {who}php {PROGRAM} cache:clean config`", safe(root));
    let Ok(meta) = root.join(PROGRAM).metadata() else {
        return Some(format!("Commerce may use cached values until you {}", by_hand("")));
    };
    // What root writes into the cache directories, the shop can no longer replace.
    if rustix::process::geteuid().is_root() && meta.uid() != 0 {
        let who = format!("sudo -u '#{}' ", meta.uid());
        return Some(format!("Commerce may use cached values; as the owner of its files, {}", by_hand(&who)));
    }
    let mut command = Command::new("php");
    command.args([PROGRAM, "cache:clean", "config", "--no-interaction"]).current_dir(root);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let why = match tokio::time::timeout(TIME_LIMIT, command.output()).await {
        Ok(Ok(output)) if output.status.success() => return None,
        Ok(Ok(output)) => {
            let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
            text.push_str(&String::from_utf8_lossy(&output.stderr));
            format!("it failed with {}: {}", output.status, SafeText::limited(text.trim(), OUTPUT_LIMIT))
        }
        Ok(Err(error)) if error.kind() == ErrorKind::NotFound => "php is not in PATH".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("it took longer than {} s", TIME_LIMIT.as_secs()),
    };
    Some(format!("the values are saved, but Commerce's cache could not be cleaned ({why}): {}", by_hand("")))
}
