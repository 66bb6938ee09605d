//! `self-update`: a newer version in the place of this one.

use std::cmp::Ordering;
use std::path::Path;

use serde_json::json;

use super::Invocation;
use super::output::Output;
use crate::cli::SelfUpdateArgs;
use crate::error::{Exit, Explain, Problem};
use crate::private_file::safe;
use crate::untrusted::SafeText;
use crate::update::{self, CURRENT, UpdateError};

/// Runs it.
pub async fn run(args: SelfUpdateArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let explained = |error: UpdateError| Problem::of(&error as &dyn Explain);
    let program = std::env::current_exe()?;
    if let Some(by) = update::packaged_by(&program, Path::new("/")) {
        return Err(explained(UpdateError::Packaged { by }).into());
    }
    let store = setting.load()?;
    let config = &store.config().update;
    let Some(from) = args.from.or_else(|| config.from.clone()) else {
        return Err(Problem::usage("nothing says where new versions are")
            .hint("name a directory or an https URL, or set update.from")
            .into());
    };
    let Some(key) = args.key.or_else(|| config.key_file.as_deref().map(|key| store.resolve(key))) else {
        return Err(Problem::usage("nothing says which public key the publisher has")
            .hint("add --key FILE, or set update.key_file")
            .into());
    };
    let ca_file = store.config().gateway.ca_file.as_deref().map(|file| store.resolve(file));
    let offer = update::look(&from, key, ca_file).await.map_err(explained)?;
    let version = SafeText::new(&offer.version);
    match offer.compared() {
        Ordering::Equal if !args.force => {
            let fields = json!({"version": CURRENT, "updated": false});
            output.say(&format!("{CURRENT} is the newest version there."), "self_update", fields)?;
            return Ok(Exit::Done);
        }
        Ordering::Less if !args.force => return Err(explained(UpdateError::Older { offered: version }).into()),
        _ => {}
    }
    let bytes = offer.program().await.map_err(explained)?;
    let old = tokio::task::block_in_place(|| update::replace(&program, &bytes, &offer.version)).map_err(explained)?;
    let (program, old) = (safe(&program), safe(&old));
    output.say(
        &format!(
            "Updated from {CURRENT} to {version}: {program}\nThe old program is {old}. A watch that is running goes on with it until it is restarted."
        ),
        "self_update",
        json!({"version": version, "was": CURRENT, "updated": true, "program": program, "previous": old}),
    )?;
    Ok(Exit::Done)
}
