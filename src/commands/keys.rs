//! `keys verify`, `keys set` and `keys rotate`.

use std::path::Path;

use serde_json::json;

use super::Invocation;
use super::output::{Output, stdin_text, talk};
use crate::cli::{KeysCommand, PairArgs};
use crate::connector::{Connector, after_rotation};
use crate::domain::Environment;
use crate::error::{Exit, Problem};
use crate::keys::{ApiKey, KeyPair, PrivateKey};
use crate::private_file::{self, Secrecy};
use crate::secret::Secret;
use crate::settings::Saved;

/// Runs one of them.
pub async fn run(command: KeysCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    match command {
        KeysCommand::Verify { environment } => verify(environment, &setting.connector().await?, output).await,
        KeysCommand::Set(files) => {
            let pair = read(&files)?;
            let connector = setting.opened().await?;
            let (saved, unsure) = connector.set_pair(files.environment, &pair, files.i_know.as_deref()).await?;
            let exit = tell_saved(files.environment, &pair, &saved, "Saved", output)?;
            if let Some(problem) = unsure {
                talk(&format!("Access of the new keys to the data space in use was not checked: {problem}"));
            }
            Ok(exit)
        }
        KeysCommand::Rotate(files) => rotate(&files, setting, output).await,
    }
}

async fn verify(environment: Option<Environment>, connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let environment = environment.unwrap_or(connector.overview().environment);
    connector.verify(environment).await?;
    output.say(
        &format!("The gateway accepts the {environment} keys."),
        "keys",
        json!({"environment": environment, "accepted": true}),
    )?;
    Ok(Exit::Done)
}

fn read(files: &PairArgs) -> Result<KeyPair, Problem> {
    let dash = Path::new("-");
    if files.api_key_file == dash && files.private_key_file == dash {
        return Err(Problem::usage(
            "only one of --api-key-file and --private-key-file can be read from standard input",
        )
        .hint("put the other in a file of mode 0600"));
    }
    let api_key = if files.api_key_file == dash {
        stdin_text()?
    } else {
        Secret::new(private_file::read(&files.api_key_file, Secrecy::Open).map_err(|error| Problem::of(&error))?)
    };
    let api_key = ApiKey::parse(api_key.expose()).map_err(|error| Problem::of(&error))?;
    let private_key = if files.private_key_file == dash {
        PrivateKey::parse(stdin_text()?.expose())
    } else {
        PrivateKey::read(&files.private_key_file)
    };
    Ok(KeyPair { api_key, private_key: private_key.map_err(|error| Problem::of(&error))? })
}

async fn rotate(files: &PairArgs, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let environment = files.environment;
    let pair = read(files)?;
    let connector = setting.opened().await?;
    let saved = connector.rotate_pair(environment, &pair, files.i_know.as_deref()).await?;
    let exit = tell_saved(environment, &pair, &saved, "The gateway accepts the new keys. Saved", output)?;
    talk(after_rotation(connector.overview().settings.setup.in_commerce));
    Ok(exit)
}

fn tell_saved(
    environment: Environment,
    pair: &KeyPair,
    saved: &Saved,
    verb: &str,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let place = match &saved.private_key_file {
        Some(path) => format!("{} (mode 0600, not encrypted)", private_file::safe(path)),
        None => format!("{}, both encrypted", saved.where_to),
    };
    let fingerprint = pair.private_key.fingerprint();
    output.say(
        &format!(
            "{verb} the {environment} keys: API key {}, private key RSA {} bits {fingerprint} in {place}.",
            pair.api_key.masked(),
            pair.private_key.bits(),
        ),
        "keys",
        json!({
            "environment": environment,
            "saved": true,
            "bits": pair.private_key.bits(),
            "fingerprint": fingerprint,
            "private_key_file": saved.private_key_file.as_deref().map(private_file::safe),
            "saved_in": saved.where_to,
            "note": saved.note,
        }),
    )?;
    if let Some(note) = &saved.note {
        talk(note.as_str());
    }
    Ok(Exit::Done)
}
