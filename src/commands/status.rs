//! `status`: what is done, and the next step. The Overview pane shows the same texts.

use jiff::Zoned;
use serde_json::json;

use super::output::{Output, table};
use super::{Invocation, attach, day_after};
use crate::connector::Connector;
use crate::connector::checklist::{self, Facts, GatewaySays, Known, NextAction, Step};
use crate::error::{Exit, Problem};

/// Runs it. It needs no configuration: that there is none is what it says then.
pub async fn run(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.opened().await?;
    let overview = connector.overview();
    let pairs = tokio::task::block_in_place(|| connector.pairs());
    let now = Zoned::now();
    let is_complete = pairs.iter().any(|pair| pair.environment == overview.environment && pair.is_complete());
    let projects = if is_complete { Some(connector.projects().await) } else { None };
    let source = if overview.settings.setup.without_source { None } else { Some(connector.source_feeds().await) };
    let ledger = tokio::task::block_in_place(|| connector.ledger_summary());
    let has_source = matches!(source, Some(Ok(_)));
    let services = if overview.data_space.is_some() && has_source { Some(connector.services().await) } else { None };
    let gateway = match &projects {
        None => GatewaySays::NotAsked,
        Some(Ok(_)) => GatewaySays::Accepts(&now),
        Some(Err(problem)) => GatewaySays::Problem(problem),
    };
    let facts = Facts {
        overview: &overview,
        pairs: Some(&pairs),
        gateway,
        projects: projects.as_ref().and_then(|projects| projects.as_deref().ok()),
        source: match &source {
            None => Known::NotYet,
            Some(Ok(feeds)) => Known::Is(feeds.counts.as_slice()),
            Some(Err(problem)) => Known::Failed(problem),
        },
        customised: match &source {
            Some(Ok(feeds)) => feeds.customised.as_slice(),
            _ => &[],
        },
        ledger: match &ledger {
            Ok(feeds) => Known::Is(feeds.as_slice()),
            Err(problem) => Known::Failed(problem),
        },
        services: services.as_ref(),
        is_exporting: false,
        zone: now.time_zone().clone(),
    };
    let steps = checklist::steps(&facts);
    let exit = checklist::exit(&steps, &facts);
    tell(&connector, &steps, exit, output)?;
    if let (Some((data_space, ..)), Ok(feeds)) = (&overview.data_space, &ledger)
        && !feeds.is_empty()
    {
        tokio::task::block_in_place(|| {
            day_after::coverage(data_space, feeds, output)?;
            day_after::sent_per_hour(data_space, &connector, output)?;
            day_after::last_run(data_space, &connector, output)
        })?;
    }
    attach::watches(&connector, output).await?;
    Ok(exit)
}

fn tell(connector: &Connector, steps: &[Step], exit: Exit, output: &mut Output) -> Result<(), Problem> {
    let overview = connector.overview();
    let next = checklist::next(steps).and_then(|step| step.deed).map(words_of);
    let data_space = overview.data_space.as_ref();
    let project = overview.project.as_ref();
    output.record(
        "status",
        json!({
            "installation": overview.installation,
            "environment": overview.environment,
            "gateway": overview.gateway,
            "project_id": project.map(|(id, _)| id),
            "project_name": project.map(|(_, name)| name),
            "data_space_id": data_space.map(|(id, _, _)| id),
            "data_space_name": data_space.map(|(_, name, _)| name),
            "data_space_kind": data_space.map(|(_, _, kind)| kind),
            "config_path": crate::private_file::safe(&overview.config_path),
            "config_exists": !overview.settings.setup.without_file,
            "complete": exit == Exit::Done,
            "next": next,
        }),
    )?;
    let mut rows = Vec::new();
    for step in steps {
        let deed = step.deed.filter(|_| step.state.needs_a_person()).map(words_of);
        output.record(
            "step",
            json!({"step": step.stage.title(), "state": step.state.word(), "says": step.says, "next": deed}),
        )?;
        rows.push(vec![step.state.word().to_owned(), step.stage.title().to_owned(), step.says.command_line()]);
    }
    output.text(&format!("{}: {} keys, gateway {}", overview.installation, overview.environment, overview.gateway))?;
    output.text(&table(&rows, &[]))?;
    output.text(&match next {
        Some(next) => format!("Next: {next}"),
        None => "Nothing left to do.".to_owned(),
    })
}

/// The commands that do it.
fn words_of(deed: NextAction) -> &'static str {
    match deed {
        NextAction::SetSource => {
            "`commerce-connector config source DIR`: the Commerce installation, or a directory of feed files"
        }
        NextAction::MendSource => "`commerce-connector doctor` checks the source",
        NextAction::AddKeys => {
            "`commerce-connector keys set --environment ENVIRONMENT --api-key-file FILE --private-key-file FILE`; the license owner generates them in the API portal (account.magento.com)"
        }
        NextAction::UseOtherPair => {
            "set gateway.environment to the complete pair, or add the missing one with `commerce-connector keys set`"
        }
        NextAction::VerifyKeys => "`commerce-connector keys verify`",
        NextAction::MendKeys => {
            "`commerce-connector doctor` checks the keys; `commerce-connector keys set` saves another pair"
        }
        NextAction::AskAgain => "try again in a moment; `commerce-connector doctor` checks the gateway connection",
        NextAction::CreateProject => "`commerce-connector projects create NAME`",
        NextAction::LookAtProjects | NextAction::ChooseDataSpace => {
            "`commerce-connector projects list`, then `commerce-connector data-spaces select ID`"
        }
        NextAction::SignIn => "`commerce-connector ims login`",
        NextAction::Export => "`commerce-connector export run` (`export run --dry-run` only counts)",
        NextAction::DecideCustomised => "`commerce-connector doctor` lists every change and what to do about it",
        NextAction::LookAtFailures => {
            "`commerce-connector export status` lists failed items, `commerce-connector export retry` resends them"
        }
        NextAction::LookAtServices => "`commerce-connector services`, `commerce-connector feeds health`",
    }
}
