//! The way from nothing to a shop whose data flows: which steps are done, and what comes next.
//!
//! Pure: it judges what is known already. The Overview pane and `status` say the same with the same words; it must never know
//! a key of the screen or a command.

use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use super::guard::customised::{Customised, CustomisedFeed};
use super::services::{FeedCondition, Module, ServiceStatus, Services};
use super::{Half, Overview, PairStatus};
use crate::domain::{Feed, Project};
use crate::error::{Exit, Problem};
use crate::export::ledger::FeedSummary;
use crate::format::{count, counted};
use crate::remedy::Hint;

/// The steps, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Where items come from.
    Shop,
    /// The key pair in use.
    Credentials,
    /// Project and data space.
    Configuration,
    /// The IMS organization; nothing needs it.
    Organization,
    /// What was sent.
    Export,
    /// Whom it serves.
    Services,
}

impl Stage {
    /// All of them.
    pub const ALL: [Stage; 6] =
        [Stage::Shop, Stage::Credentials, Stage::Configuration, Stage::Organization, Stage::Export, Stage::Services];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Stage::Shop => "Shop",
            Stage::Credentials => "Credentials",
            Stage::Configuration => "SaaS configuration",
            Stage::Organization => "IMS organization",
            Stage::Export => "Data export",
            Stage::Services => "Available services",
        }
    }
}

impl Stage {
    /// The same in one word, as the screen's own panes are called.
    pub fn short_title(self) -> &'static str {
        match self {
            Stage::Shop => "Shop",
            Stage::Credentials => "Keys",
            Stage::Configuration => "SaaS",
            Stage::Organization => "IMS",
            Stage::Export => "Export",
            Stage::Services => "Services",
        }
    }
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    Done,
    /// It is running by itself.
    Busy,
    /// It is being looked at.
    Looking,
    /// To be done now.
    Next,
    /// To be done after an earlier one.
    Later,
    /// May be done, but nothing needs it.
    Optional,
    /// Done, but something about it needs a person.
    Attention,
    /// It does not work as it is.
    Wrong,
}

impl StepState {
    /// In one word.
    pub fn word(self) -> &'static str {
        match self {
            StepState::Done => "done",
            StepState::Busy => "running",
            StepState::Looking => "looking",
            StepState::Next => "next",
            StepState::Later => "later",
            StepState::Optional => "optional",
            StepState::Attention => "attention",
            StepState::Wrong => "wrong",
        }
    }

    /// Whether a person has to do something about it.
    pub fn needs_a_person(self) -> bool {
        matches!(self, StepState::Next | StepState::Attention | StepState::Wrong)
    }
}

/// What there is to do about a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextAction {
    /// Say where the shop is.
    SetSource,
    /// See to it that the source can be read.
    MendSource,
    /// Add the keys that are missing.
    AddKeys,
    /// Use the other pair, which is complete.
    UseOtherPair,
    /// Ask the gateway about the keys.
    VerifyKeys,
    /// Look at why the keys are refused.
    MendKeys,
    /// Try again: the gateway did not answer.
    AskAgain,
    CreateProject,
    /// List the projects, to choose a data space or to create a project.
    LookAtProjects,
    ChooseDataSpace,
    /// Sign in, to choose an organization.
    SignIn,
    Export,
    /// Say how feeds are to be sent that were changed.
    DecideCustomised,
    /// Look at the items that failed.
    LookAtFailures,
    LookAtServices,
}

/// A step as it is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub stage: Stage,
    pub state: StepState,
    /// What is known of it, in one sentence without a full stop.
    pub says: Hint,
    /// What there is to do about it.
    pub deed: Option<NextAction>,
}

/// Something that is looked up.
#[derive(Debug)]
pub enum Known<'a, T: ?Sized> {
    /// Not yet.
    NotYet,
    Is(&'a T),
    /// It cannot be known; why.
    Failed(&'a Problem),
}

impl<T: ?Sized> Clone for Known<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: ?Sized> Copy for Known<'_, T> {}

/// What the gateway says of the pair in use.
#[derive(Debug, Clone, Copy)]
pub enum GatewaySays<'a> {
    /// It was not asked.
    NotAsked,
    /// It is being asked.
    Asking,
    /// It accepts the pair; when it said so.
    Accepts(&'a Zoned),
    /// It does not, or did not answer.
    Problem(&'a Problem),
}

/// What is known.
#[derive(Debug)]
pub struct Facts<'a> {
    /// What is configured.
    pub overview: &'a Overview,
    /// Both pairs; `None` until they were looked at.
    pub pairs: Option<&'a [PairStatus; 2]>,
    /// What the gateway says of the pair in use.
    pub gateway: GatewaySays<'a>,
    /// The projects that the keys see; `None` until they were listed.
    pub projects: Option<&'a [Project]>,
    /// The feeds of the source with their source records.
    pub source: Known<'a, [(Feed, Option<u64>)]>,
    /// What was changed of them in Adobe's exporter.
    pub customised: &'a [Customised],
    /// What the ledger of the chosen data space knows.
    pub ledger: Known<'a, [FeedSummary]>,
    /// The services; `None` until they were looked at.
    pub services: Option<&'a Services>,
    /// Whether an export is running.
    pub is_exporting: bool,
    /// The zone that times are shown in.
    pub zone: TimeZone,
}

/// The steps as they are now, in order.
pub fn steps(facts: &Facts) -> Vec<Step> {
    let shop = shop(facts);
    let credentials = credentials(facts);
    // Whoever has saved keys can continue to choose, even while the gateway is being asked about them.
    let has_keys = !matches!(credentials.state, StepState::Next | StepState::Wrong);
    let configuration = configuration(facts, has_keys);
    let is_ready = [&shop, &credentials, &configuration]
        .iter()
        .all(|step| !matches!(step.state, StepState::Next | StepState::Wrong | StepState::Later));
    let export = export(facts, is_ready);
    let services = services(facts, &export);
    let mut steps = vec![shop, credentials, configuration, organization(facts), export, services];
    // One at a time: what stands behind a step that is to be done comes later.
    let mut to_do = steps.iter_mut().filter(|step| step.state == StepState::Next);
    to_do.next();
    to_do.for_each(|step| step.state = StepState::Later);
    steps
}

/// The step that comes next: the first that a person has to see to, what is wrong or missing before what merely needs attention.
pub fn next(steps: &[Step]) -> Option<&Step> {
    let is_blocked = |step: &&Step| matches!(step.state, StepState::Next | StepState::Wrong);
    steps.iter().find(is_blocked).or_else(|| steps.iter().find(|step| step.state.needs_a_person()))
}

/// How a script learns how it stands: done only if no step needs a person.
pub fn exit(steps: &[Step], facts: &Facts) -> Exit {
    // Whatever else was found: the same command may say more later.
    if matches!(facts.source, Known::Failed(problem) if problem.exit == Exit::TryAgain) {
        return Exit::TryAgain;
    }
    if let GatewaySays::Problem(problem) = facts.gateway {
        return problem.exit;
    }
    if next(steps).is_some() { Exit::Partial } else { Exit::Done }
}

fn step(stage: Stage, is: StepState, says: impl Into<Hint>, deed: Option<NextAction>) -> Step {
    Step { stage, state: is, says: says.into(), deed }
}

fn shop(facts: &Facts) -> Step {
    let is = |state, says: String, deed| step(Stage::Shop, state, says, deed);
    let source = &facts.overview.source;
    if facts.overview.settings.setup.without_source {
        let says = "not set: the Commerce installation on this server, or a directory of feed files";
        return is(StepState::Next, says.to_owned(), Some(NextAction::SetSource));
    }
    match facts.source {
        Known::NotYet => is(StepState::Looking, format!("{source}: counting…"), None),
        Known::Failed(problem) => step(Stage::Shop, StepState::Wrong, problem.in_full(), Some(NextAction::MendSource)),
        Known::Is(counts) => {
            let feeds = counted(counts.len() as u64, "feed");
            let records: Option<u64> = counts.iter().map(|(_, records)| *records).sum();
            let says = match records {
                Some(records) => format!("{source}: {} in {feeds}", counted(records, "source record")),
                None => format!("{source}: {feeds}"),
            };
            is(StepState::Done, says, None)
        }
    }
}

fn credentials(facts: &Facts) -> Step {
    let is = |state, says: String, deed| step(Stage::Credentials, state, says, deed);
    let environment = facts.overview.environment;
    let Some(pairs) = facts.pairs else {
        return is(StepState::Looking, "reading the configuration…".to_owned(), None);
    };
    let (in_use, other): (Vec<_>, Vec<_>) = pairs.iter().partition(|pair| pair.environment == environment);
    let other = other.iter().find(|pair| pair.is_complete());
    let Some(pair) = in_use.first() else { return is(StepState::Looking, String::new(), None) };
    if let Some(reason) = [&pair.api_key, &pair.private_key].into_iter().find_map(|half| match half {
        Half::Unusable { reason } => Some(reason),
        Half::Present { .. } | Half::Missing => None,
    }) {
        return is(
            StepState::Wrong,
            format!("the {environment} pair cannot be used: {reason}"),
            Some(NextAction::AddKeys),
        );
    }
    let is_missing = |half: &Half| *half == Half::Missing;
    let missing = match (is_missing(&pair.api_key), is_missing(&pair.private_key)) {
        (false, false) => {
            return match facts.gateway {
                GatewaySays::NotAsked => {
                    let says = format!("the {environment} pair is saved, but not verified");
                    is(StepState::Attention, says, Some(NextAction::VerifyKeys))
                }
                GatewaySays::Asking => is(StepState::Looking, format!("verifying the {environment} pair…"), None),
                GatewaySays::Accepts(at) => {
                    let at = at.strftime("%H:%M:%S %Z");
                    is(StepState::Done, format!("the {environment} pair, accepted by the gateway at {at}"), None)
                }
                GatewaySays::Problem(problem) if problem.exit == Exit::Refused => {
                    step(Stage::Credentials, StepState::Wrong, problem.in_full(), Some(NextAction::MendKeys))
                }
                GatewaySays::Problem(problem) => {
                    step(Stage::Credentials, StepState::Attention, problem.in_full(), Some(NextAction::AskAgain))
                }
            };
        }
        (true, true) => "is missing",
        (true, false) => "has no API key",
        (false, true) => "has no private key",
    };
    match other {
        Some(other) => {
            let says =
                format!("the {environment} pair is in use and {missing}; the {} pair is complete", other.environment);
            is(StepState::Next, says, Some(NextAction::UseOtherPair))
        }
        None => is(StepState::Next, format!("the {environment} pair {missing}"), Some(NextAction::AddKeys)),
    }
}

fn configuration(facts: &Facts, has_keys: bool) -> Step {
    let is = |state, says: String, deed| step(Stage::Configuration, state, says, deed);
    let overview = facts.overview;
    let listed = facts.projects;
    let Some((id, name, kind)) = &overview.data_space else {
        return match listed {
            _ if !has_keys => {
                is(StepState::Later, "a project and one of its data spaces; set keys first".to_owned(), None)
            }
            Some([]) => is(
                StepState::Next,
                "no project yet: create one; its data spaces are created with it".to_owned(),
                Some(NextAction::CreateProject),
            ),
            Some(projects) => {
                let spaces: usize = projects.iter().map(|project| project.data_spaces.len()).sum();
                let says =
                    format!("no data space is selected; {} in {}", spaces, counted(projects.len() as u64, "project"));
                is(StepState::Next, says, Some(NextAction::ChooseDataSpace))
            }
            None => is(StepState::Next, "no data space is selected".to_owned(), Some(NextAction::LookAtProjects)),
        };
    };
    let project = overview.project.as_ref().map(|(_, name)| format!("{name}, ")).unwrap_or_default();
    let is_gone = listed
        .is_some_and(|projects| !projects.iter().flat_map(|project| &project.data_spaces).any(|space| space.id == *id));
    if is_gone {
        let says = format!("{project}these keys have no access to data space {name} ({id})");
        return is(StepState::Wrong, says, Some(NextAction::ChooseDataSpace));
    }
    is(StepState::Done, format!("{project}data space {name} ({kind})"), None)
}

fn organization(facts: &Facts) -> Step {
    match &facts.overview.organization {
        Some(id) => step(Stage::Organization, StepState::Done, id.to_string(), None),
        None => {
            step(Stage::Organization, StepState::Optional, "none; not needed for exports", Some(NextAction::SignIn))
        }
    }
}

fn export(facts: &Facts, is_ready: bool) -> Step {
    let is = |state, says: String, deed| step(Stage::Export, state, says, deed);
    if facts.is_exporting {
        return is(StepState::Busy, "export running".to_owned(), None);
    }
    if facts.overview.data_space.is_none() {
        return is(StepState::Later, "sends the shop's feeds to the data space".to_owned(), None);
    }
    let feeds = match facts.ledger {
        Known::NotYet => return is(StepState::Looking, "reading the ledger…".to_owned(), None),
        Known::Failed(problem) => return step(Stage::Export, StepState::Wrong, problem.in_full(), None),
        Known::Is(feeds) => feeds,
    };
    let sent: Vec<Feed> = Feed::ALL.into_iter().filter(|feed| !feed.is_experimental()).collect();
    if let Some(refusal) = CustomisedFeed::among(facts.customised, &sent) {
        return is(StepState::Attention, refusal.words_beforehand(), Some(NextAction::DecideCustomised));
    }
    let last = feeds.iter().filter_map(|feed| feed.last_sync.max(feed.last_partial)).max();
    let sum = |of: fn(&FeedSummary) -> u64| feeds.iter().map(of).sum::<u64>();
    let (submitted, attention) = (sum(|feed| feed.submitted), sum(|feed| feed.needs_attention));
    let retried = sum(|feed| feed.will_retry + feed.awaiting);
    if last.is_none() && submitted + attention + retried == 0 {
        let says = "nothing sent to this data space yet".to_owned();
        return if is_ready {
            is(StepState::Next, says, Some(NextAction::Export))
        } else {
            is(StepState::Later, says, None)
        };
    }
    let mut says = vec![format!("{} sent", counted(submitted, "item"))];
    if attention > 0 {
        says.push(format!("{} {} a fix", count(attention), if attention == 1 { "needs" } else { "need" }));
    }
    if retried > 0 {
        says.push(format!("{} pending", count(retried)));
    }
    let when = match last {
        Some(at) => format!("last export {}", local(at, &facts.zone)),
        None => "no feed is complete yet".to_owned(),
    };
    let says = format!("{}; {when}", says.join(", "));
    match (attention, retried, last) {
        (0, 0, Some(_)) => is(StepState::Done, says, None),
        (0, _, _) => is(StepState::Attention, says, Some(NextAction::Export)),
        _ => is(StepState::Attention, says, Some(NextAction::LookAtFailures)),
    }
}

fn services(facts: &Facts, export: &Step) -> Step {
    let is = |state, says: String| step(Stage::Services, state, says, Some(NextAction::LookAtServices));
    let Some(services) = facts.services else {
        let says = "Live Search, Catalog Service and others use the exported feeds";
        return is(StepState::Later, says.to_owned());
    };
    let is_installed = |status: &&ServiceStatus| matches!(status.module, Module::Installed(_));
    let knows_modules = services.services.iter().any(|status| is_installed(&status));
    // Where modules are known, a service that is not installed has nothing to wait for.
    let concerned: Vec<&ServiceStatus> = services
        .services
        .iter()
        .filter(|status| !status.feeds.is_empty() && status.is_available != Some(false))
        .filter(|status| !knows_modules || is_installed(status))
        .collect();
    let named = |condition| {
        let has = |status: &&&ServiceStatus| status.feeds.iter().map(|(_, is)| *is).max() == Some(condition);
        concerned.iter().filter(has).map(|status| status.service.name).collect::<Vec<_>>()
    };
    let (healthy, failing) = (named(FeedCondition::Healthy), named(FeedCondition::Failing));
    let waiting = concerned.len() - healthy.len() - failing.len();
    let is_exported = !matches!(export.state, StepState::Later | StepState::Next);
    if !failing.is_empty() && is_exported {
        return is(StepState::Attention, format!("{} affected by failed feeds", failing.join(", ")));
    }
    if healthy.is_empty() {
        let says =
            if is_exported { "no service has all its feeds yet" } else { "available once their feeds are exported" };
        return is(StepState::Later, says.to_owned());
    }
    let rest = if waiting > 0 { format!("; {waiting} incomplete") } else { String::new() };
    is(StepState::Done, format!("all feeds sent for {}{rest}", healthy.join(", ")))
}

fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

#[cfg(test)]
mod tests;
