//! `ims login|status|organizations|select|logout`.

use std::io::{BufRead as _, IsTerminal as _};
use std::path::Path;

use serde_json::{Value, json};

use super::Invocation;
use super::output::{Output, moment, stdin_text, table, talk};
use crate::cli::{ImsCommand, LoginArgs};
use crate::connector::{ClientSecret, Connector};
use crate::error::{Exit, Problem};
use crate::ims::models::{OrganizationId, PendingSignIn, SignIn, SignedIn, SignedInAs};
use crate::private_file::{self, Secrecy};
use crate::remedy::Hint;
use crate::secret::Secret;

/// Runs one of them.
pub async fn run(command: ImsCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.connector().await?;
    match command {
        ImsCommand::Login(args) if args.client_credentials => login_as_service(&args, &connector, output).await,
        ImsCommand::Login(args) => login(args.url.as_deref(), &connector, output).await,
        ImsCommand::Status => status(&connector, output).await,
        ImsCommand::Organizations => organizations(&connector, output).await,
        ImsCommand::Select { id } => select(&id, &connector, output).await,
        ImsCommand::Logout => logout(&connector, output).await,
    }
}

/// Prints the URL to open, then reads the one it redirected to.
async fn login(url: Option<&Path>, connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    if let Some(file) = url {
        let pasted = text_of(file, Secrecy::Open)?;
        return reported(&connector.finish_sign_in(&pasted).await?, output);
    }
    if let SignIn::In(signed_in) = connector.sign_in().await? {
        talk("Already signed in. To sign out: `commerce-connector ims logout`.");
        return reported(&signed_in, output);
    }
    let pending = connector.begin_sign_in().await?;
    talk(if pending.is_resumed {
        "Resuming sign-in. Open this URL in a browser on any computer and sign in:"
    } else {
        "Open this URL in a browser on any computer and sign in:"
    });
    output.say(pending.url.as_str(), "sign_in", pending_fields(&pending))?;
    talk("Then paste the full URL you were redirected to, even if that page does not open.");
    if !std::io::stdin().is_terminal() {
        let pasted = tokio::task::spawn_blocking(stdin_text).await??;
        if pasted.expose().trim().is_empty() {
            return Err(Problem::usage("no URL on standard input; the sign-in is still pending")
                .hint("run `commerce-connector ims login --url FILE` with the URL in a file")
                .into());
        }
        return reported(&connector.finish_sign_in(&pasted).await?, output);
    }
    loop {
        let Some(line) = tokio::task::spawn_blocking(line_of_stdin).await?? else {
            return Err(Problem::usage("sign-in pending: run `commerce-connector ims login` to resume").into());
        };
        match connector.finish_sign_in(&line).await {
            Ok(signed_in) => return reported(&signed_in, output),
            // A wrong paste: there is a person here who can paste another.
            Err(problem) if problem.exit == Exit::Usage => {
                let hint = problem.hint.as_ref().map(Hint::command_line).unwrap_or_default();
                talk(&format!("{problem}: {hint}. Paste again:"));
            }
            Err(problem) => return Err(problem.into()),
        }
    }
}

async fn login_as_service(args: &LoginArgs, connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let dash = Path::new("-");
    if args.client_id_file.as_deref() == Some(dash) && args.client_secret_file.as_deref() == Some(dash) {
        return Err(Problem::usage(
            "only one of --client-id-file and --client-secret-file can be read from standard input",
        )
        .hint("put the other in a file of mode 0600")
        .into());
    }
    let client_id = args.client_id_file.as_deref().map(|file| text_of(file, Secrecy::Open)).transpose()?;
    let secret = match args.client_secret_file.as_deref() {
        Some(file) if file == dash => Some(ClientSecret::Pasted(stdin_text()?)),
        Some(file) => Some(ClientSecret::InFile(file.to_owned())),
        None => None,
    };
    let client_id = client_id.as_ref().map(Secret::expose);
    reported(&connector.sign_in_as_service(client_id, secret).await?, output)
}

async fn status(connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let exit = match connector.sign_in().await? {
        SignIn::In(signed_in) => return reported(&signed_in, output),
        SignIn::Pending(pending) => {
            output.say(
                &format!("Sign-in pending; open this URL: {}", pending.url),
                "sign_in",
                pending_fields(&pending),
            )?;
            Exit::Refused
        }
        SignIn::Expired { name, at } => {
            output.say(
                &format!("The sign-in of {name} expired at {}. Sign in again.", moment(at)),
                "sign_in",
                json!({"state": "expired", "name": name, "since": at}),
            )?;
            Exit::Refused
        }
        SignIn::Out => {
            output.say("Not signed in.", "sign_in", json!({"state": "out"}))?;
            Exit::Refused
        }
    };
    Ok(exit)
}

async fn organizations(connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let organizations = connector.organizations().await?;
    let saved = connector.overview().organization;
    let is_saved = |id: &OrganizationId| saved.as_ref().is_some_and(|saved| saved.as_str() == id.as_str());
    let mut rows = vec![["ORGANIZATION", "ID", "TYPE", "COUNTRY", ""].map(str::to_owned).to_vec()];
    for organization in &organizations {
        let in_use = is_saved(&organization.id);
        output.record(
            "organization",
            json!({
                "id": organization.id.as_str(), "name": organization.name, "kind": organization.kind,
                "country": organization.country, "in_use": in_use,
            }),
        )?;
        let optional =
            |text: &Option<crate::untrusted::SafeText>| text.as_ref().map(ToString::to_string).unwrap_or_default();
        rows.push(vec![
            organization.name.to_string(),
            organization.id.as_str().to_owned(),
            optional(&organization.kind),
            optional(&organization.country),
            if in_use { "in use".to_owned() } else { String::new() },
        ]);
    }
    if organizations.is_empty() {
        output.text("Your account has no organizations.")?;
    } else {
        output.text(&table(&rows, &[]))?;
    }
    if let Some(saved) = saved.as_ref().filter(|_| !organizations.iter().any(|organization| is_saved(&organization.id)))
    {
        let text = format!("Your account has no access to the saved organization {saved}.");
        output.record("organization_not_seen", json!({"id": saved, "message": text}))?;
        talk(&text);
    }
    Ok(Exit::Done)
}

async fn select(id: &str, connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    let id = OrganizationId::parse(id).ok_or_else(|| {
        Problem::usage("not an organization id (example: 0123456789ABCDEF01234567@AdobeOrg)")
            .hint("`commerce-connector ims organizations` lists the ids")
    })?;
    let overview = connector.select_organization(&id).await?;
    output.say(
        &format!("IMS organization set to {}, saved in {}.", id.as_str(), overview.settings.home),
        "organization",
        json!({"id": id.as_str(), "in_use": true, "saved_in": overview.settings.home, "note": overview.settings.note}),
    )?;
    if let Some(note) = &overview.settings.note {
        talk(note.as_str());
    }
    Ok(Exit::Done)
}

async fn logout(connector: &Connector, output: &mut Output) -> anyhow::Result<Exit> {
    // What cannot be read is deleted like any other.
    let was_out = matches!(connector.sign_in().await, Ok(SignIn::Out));
    let untold = connector.sign_out().await?;
    if was_out {
        let fields = json!({"state": "out", "revoked": false, "note": "not signed in"});
        output.say("Not signed in; nothing to do.", "sign_in", fields)?;
        return Ok(Exit::Done);
    }
    output.say(
        "Signed out; tokens deleted.",
        "sign_in",
        json!({"state": "out", "revoked": untold.is_none(), "note": untold}),
    )?;
    if let Some(note) = untold {
        talk(note.as_str());
    }
    Ok(Exit::Done)
}

/// Says who is signed in.
fn reported(signed_in: &SignedIn, output: &mut Output) -> anyhow::Result<Exit> {
    let SignedIn { kind, name, email, until, is_renewable, kept } = signed_in;
    let who = match (kind, email) {
        (SignedInAs::Service, _) => format!("the service {name}"),
        (SignedInAs::Person, Some(email)) => format!("{name} ({email})"),
        (SignedInAs::Person, None) => name.to_string(),
    };
    let then = if *is_renewable { "then it is renewed" } else { "then sign in again" };
    output.say(
        &format!("Signed in as {who} until {}, {then}. The tokens are {kept}.", moment(*until)),
        "sign_in",
        json!({
            "state": "signed_in", "kind": kind, "name": name, "email": email, "until": until,
            "renewable": is_renewable, "kept": kept,
        }),
    )?;
    Ok(Exit::Done)
}

fn pending_fields(pending: &PendingSignIn) -> Value {
    json!({"state": "pending", "url": pending.url, "since": pending.since, "resumed": pending.is_resumed})
}

/// What a file, or standard input, holds.
fn text_of(file: &Path, secrecy: Secrecy) -> Result<Secret, Problem> {
    if file == Path::new("-") {
        return stdin_text();
    }
    private_file::read(file, secrecy).map(Secret::new).map_err(|error| Problem::of(&error))
}

/// The next line of standard input that is not empty; `None` at its end.
fn line_of_stdin() -> Result<Option<Secret>, Problem> {
    for line in std::io::stdin().lock().lines() {
        let line = Secret::new(line.map_err(|error| Problem::usage(format!("standard input: {error}")))?);
        if !line.expose().trim().is_empty() {
            return Ok(Some(line));
        }
    }
    Ok(None)
}
