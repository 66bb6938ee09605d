//! `keys verify` and `keys set`.

use std::path::Path;

use serde_json::json;

use super::Setting;
use super::output::{Output, stdin_text, talk};
use crate::cli::KeysCommand;
use crate::client::models::Environment;
use crate::connector::Connector;
use crate::error::{Exit, Problem};
use crate::keys::{ApiKey, KeyPair, PrivateKey};
use crate::private_file::{self, Secrecy};
use crate::secret::Secret;

/// Runs one of them.
///
/// # Errors
/// Whatever a person has to be told.
pub async fn run(command: KeysCommand, setting: &Setting, output: &mut Output) -> anyhow::Result<Exit> {
    match command {
        KeysCommand::Verify { environment } => verify(environment, &setting.connector().await?, output).await,
        KeysCommand::Set { environment, api_key_file, private_key_file } => {
            let store = setting.load()?;
            let state_dir = setting.state_dir(&store);
            let connector = Connector::new(store, state_dir, None);
            connector.load().await;
            set(environment, &api_key_file, &private_key_file, &connector, output).await
        }
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

async fn set(
    environment: Environment,
    api_key_file: &Path,
    private_key_file: &Path,
    connector: &Connector,
    output: &mut Output,
) -> anyhow::Result<Exit> {
    let dash = Path::new("-");
    if api_key_file == dash && private_key_file == dash {
        return Err(Problem::usage(
            "only one of --api-key-file and --private-key-file can be read from standard input",
        )
        .hint("put the other into a file of mode 0600")
        .into());
    }
    let api_key = if api_key_file == dash {
        stdin_text()?
    } else {
        Secret::new(private_file::read(api_key_file, Secrecy::Open).map_err(|error| Problem::of(&error))?)
    };
    let api_key = ApiKey::parse(api_key.expose()).map_err(|error| Problem::of(&error))?;
    let private_key = if private_key_file == dash {
        PrivateKey::parse(stdin_text()?.expose())
    } else {
        PrivateKey::read(private_key_file)
    };
    let pair = KeyPair { api_key, private_key: private_key.map_err(|error| Problem::of(&error))? };
    let saved = connector.save_pair(environment, &pair).await?;
    let place = match &saved.private_key_file {
        Some(path) => format!("{} (mode 0600, not encrypted)", private_file::safe(path)),
        None => format!("{}, both encrypted", saved.where_to),
    };
    let fingerprint = pair.private_key.fingerprint();
    output.say(
        &format!(
            "Saved the {environment} keys: API key {}, private key RSA {} bits {fingerprint} in {place}.",
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
