//! Made-up values of everything that is shown, each text of them hostile. A field that is new does not compile here.

use commerce_connector::attach::{About, PassEnd, WatchStatus};
use commerce_connector::commerce::extensions::{Change, Extension};
use commerce_connector::commerce::health::{
    ChangeLog, Cron, FeedLock, FeedPath, IndexerStatus, ItemError, Mode, Part, StuckJob, View,
};
use commerce_connector::commerce::triggers::Triggers;
use commerce_connector::config::changes::Change as ConfigChange;
use commerce_connector::connector::doctor::{Check, Outcome};
use commerce_connector::connector::estimate::{Estimate, FeedEstimate};
use commerce_connector::connector::finding::{Cause, Finding, Level};
use commerce_connector::connector::guard::customised::Customised;
use commerce_connector::connector::health::{AdobeItems, ByState, FeedHealth, Health, Installation, Pending};
use commerce_connector::connector::preview::RunPreview;
use commerce_connector::connector::services::{FeedCondition, Module, SERVICES, ServiceStatus, Services};
use commerce_connector::connector::{Half, Limits, Overview, PairStatus, SettingsOverview, Setup};
use commerce_connector::domain::KeysRemedy;
use commerce_connector::domain::Most;
use commerce_connector::domain::{DataSpace, DataSpaceKind, Environment, Project, ThreadCount};
use commerce_connector::export::control::Paused;
use commerce_connector::export::held::{Held, What};
use commerce_connector::export::ledger::{FeedSummary, PastEnd, PastRun, RunCounts, RunHistory, SentPerHour};
use commerce_connector::export::owner::Owner;
use commerce_connector::export::progress::{
    FeedProgress, ItemFailure, ItemState, Limit, Phase, Progress, RunEnd, RunEvent, RunReport,
};
use commerce_connector::export::reasons::{Reason, Reasons};
use commerce_connector::export::requests::{Durations, Latency, RequestOutcome, Requests};
use commerce_connector::ims::models::{Organization, OrganizationId, PendingSignIn, SignIn, SignedIn, SignedInAs};

use super::tape::Tape;

const PHASES: [Phase; 7] =
    [Phase::Waiting, Phase::Collecting, Phase::Sending, Phase::Deleting, Phase::Done, Phase::Stopped, Phase::Failed];
pub const STATES: [ItemState; 4] =
    [ItemState::Awaiting, ItemState::Submitted, ItemState::WillRetry, ItemState::NeedsAttention];
const KINDS: [DataSpaceKind; 2] = [DataSpaceKind::Production, DataSpaceKind::Testing];

/// Ids are checked where they enter, so the worst of them is only long.
pub fn id<T: std::str::FromStr>(tape: &mut Tape) -> T
where
    T::Err: std::fmt::Debug,
{
    let length = 1 + usize::try_from(tape.count() % 128).unwrap();
    "a".repeat(length).parse().unwrap()
}

pub fn change(tape: &mut Tape) -> ConfigChange {
    ConfigChange { key: tape.safe(), before: tape.some(Tape::safe), after: tape.some(Tape::safe) }
}

pub fn overview(tape: &mut Tape) -> Overview {
    Overview {
        installation: tape.safe(),
        environment: tape.pick(&Environment::ALL),
        gateway: tape.safe(),
        project: tape.some(|tape| (id(tape), tape.safe())),
        data_space: tape.some(|tape| (id(tape), tape.safe(), tape.pick(&KINDS))),
        source: tape.safe(),
        organization: tape.some(Tape::safe),
        config_path: tape.raw().into(),
        settings: Box::new(SettingsOverview {
            home: tape.safe(),
            problem: tape.some(Tape::problem),
            note: tape.some(Tape::safe),
            environment_locked: tape.some(Tape::safe),
            data_space_locked: tape.some(Tape::safe),
            setup: Setup { in_commerce: tape.yes(), without_file: tape.yes(), without_source: tape.yes() },
            organization_locked: tape.some(Tape::safe),
            read_only: tape.count().is_multiple_of(8),
            limits: Limits {
                requests_per_second: tape.some(Tape::rate),
                thread_count: ThreadCount::Fixed(2),
                batch_sizes: tape.list(3, |tape| (tape.feed(), 100)),
            },
        }),
        state_dir: tape.raw().into(),
    }
}

pub fn pair(environment: Environment, tape: &mut Tape) -> PairStatus {
    let mut half = || match tape.count() % 3 {
        0 => Half::Missing,
        1 => Half::Unusable { reason: tape.safe() },
        _ => Half::Present { shown: tape.safe(), origin: tape.safe(), locked: tape.some(Tape::safe) },
    };
    PairStatus { environment, api_key: half(), private_key: half() }
}

pub fn project(tape: &mut Tape) -> Project {
    let space = |tape: &mut Tape| DataSpace { id: id(tape), name: tape.safe(), kind: tape.pick(&KINDS) };
    Project { id: id(tape), name: tape.safe(), data_spaces: tape.list(3, space) }
}

pub fn customised(tape: &mut Tape) -> Customised {
    let extension = Extension {
        module: tape.safe(),
        file: tape.safe(),
        line: tape.some(|tape| usize::try_from(tape.count()).unwrap_or_default()),
        change: tape.some(|tape| Change::Query(tape.safe())).unwrap_or(Change::GiftCards),
        feeds: tape.list(3, Tape::feed),
    };
    Customised { extension, open: tape.list(3, Tape::feed) }
}

pub fn summary(tape: &mut Tape) -> FeedSummary {
    FeedSummary {
        feed: tape.feed(),
        submitted: tape.count(),
        awaiting: tape.count(),
        will_retry: tape.count(),
        needs_attention: tape.count(),
        last_sync: tape.some(Tape::timestamp),
        last_partial: tape.some(Tape::timestamp),
    }
}

pub fn failure(tape: &mut Tape) -> ItemFailure {
    ItemFailure {
        feed: tape.feed(),
        label: tape.safe(),
        state: tape.pick(&STATES),
        message: tape.safe(),
        code: tape.safe(),
        request_id: tape.some(Tape::safe),
    }
}

fn feed_progress(tape: &mut Tape) -> FeedProgress {
    FeedProgress {
        feed: tape.feed(),
        phase: tape.pick(&PHASES),
        source_records: tape.some(Tape::count),
        source_read: tape.count(),
        collected: tape.count(),
        unchanged: tape.count(),
        new: tape.count(),
        changed: tape.count(),
        gone: tape.count(),
        submitted: tape.count(),
        deleted: tape.count(),
        will_retry: tape.count(),
        needs_attention: tape.count(),
        unanswered: tape.count(),
        unsettled: tape.count(),
        requests: tape.count(),
        bytes: tape.count(),
        planned_requests: tape.count(),
        planned_bytes: tape.count(),
        forgotten: tape.count(),
        batch_size: 100,
        held: tape.list(2, held),
        estimated: tape.some(Tape::count),
    }
}

fn requests(tape: &mut Tape) -> Requests {
    let outcomes = [RequestOutcome::Ok, RequestOutcome::SlowedDown, RequestOutcome::Failed, RequestOutcome::Refused];
    let latency = |tape: &mut Tape| Latency { p50: tape.duration(), p90: tape.duration(), p99: tape.duration() };
    Requests {
        ok: tape.count(),
        slowed_down: tape.count(),
        failed: tape.count(),
        refused: tape.count(),
        waiting: tape.count(),
        oldest: tape.some(Tape::duration),
        silent: tape.some(Tape::duration),
        times_out: tape.some(Tape::duration),
        latency: tape.some(latency),
        recent: tape.list(200, |tape| tape.pick(&outcomes)),
        durations: Durations { classes: [0; 10].map(|_: u64| tape.count()), sum: tape.duration() },
        lately: tape.count(),
    }
}

fn reasons(tape: &mut Tape) -> Reasons {
    let reason = |tape: &mut Tape| Reason {
        state: tape.pick(&STATES),
        message: tape.safe(),
        items: tape.count(),
        feeds: tape.list(3, |tape| (tape.feed(), tape.count())),
    };
    Reasons { list: tape.list(20, reason), others: tape.count() }
}

pub fn progress(tape: &mut Tape) -> Progress {
    Progress {
        feeds: tape.list(12, feed_progress),
        elapsed: tape.duration(),
        items_per_second: tape.rate(),
        eta: tape.some(Tape::duration),
        limit: match tape.count() % 4 {
            0 => Limit::Unknown,
            1 => Limit::Gateway { requests_per_second: tape.rate() },
            2 => Limit::Source,
            _ => Limit::Waiting { remaining: tape.duration(), reason: tape.safe() },
        },
        dry_run: tape.yes(),
        stopping: tape.yes(),
        paused: tape.some(|tape| Paused { by: tape.some(Tape::safe) }),
        thread_count: 2,
        run_eta: tape.some(Tape::duration),
        requests: requests(tape),
        reasons: reasons(tape),
    }
}

fn held(tape: &mut Tape) -> Held {
    Held {
        feed: tape.feed(),
        what: tape.pick(&[What::Deletions, What::Changes]),
        items: tape.count(),
        size: tape.count(),
        most: tape.pick(&[Most::Percent(10), Most::Items(7), Most::NoLimit]),
        examples: tape.list(3, Tape::safe),
        since: None,
    }
}

pub fn run_event(tape: &mut Tape) -> RunEvent {
    match tape.count() % 8 {
        6 => RunEvent::Held(held(tape)),
        0 => RunEvent::FirstSync { source_records: tape.list(3, |tape| (tape.feed(), tape.some(Tape::count))) },
        1 => RunEvent::FeedStarted { feed: tape.feed(), source_records: tape.some(Tape::count) },
        2 => RunEvent::ItemFailed(failure(tape)),
        3 => RunEvent::Retrying { feed: tape.feed(), attempt: 3, after: tape.duration(), reason: tape.safe() },
        4 => RunEvent::Note { feed: tape.feed(), text: tape.safe() },
        5 => RunEvent::FeedFinished(feed_progress(tape)),
        _ => RunEvent::KeysRefused {
            message: tape.safe(),
            request_id: tape.some(Tape::safe),
            remedy: tape.pick(&[KeysRemedy::SetClock, KeysRemedy::CheckKeys]),
        },
    }
}

pub fn report(tape: &mut Tape) -> RunReport {
    RunReport {
        progress: progress(tape),
        end: match tape.count() % 4 {
            0 => RunEnd::Complete,
            1 => RunEnd::Stopped,
            2 => RunEnd::Failed { problems: tape.list(3, |tape| (tape.feed(), tape.problem())) },
            _ => RunEnd::KeysRefused {
                message: tape.safe(),
                remedy: tape.pick(&[KeysRemedy::SetClock, KeysRemedy::CheckKeys]),
            },
        },
        unknown_ids: tape.list(3, Tape::safe),
        requests_per_second: tape.some(Tape::rate),
    }
}

fn finding(tape: &mut Tape) -> Finding {
    Finding {
        level: tape.pick(&[Level::Warning, Level::Wrong]),
        cause: tape.pick(&[Cause::Here, Cause::Keys, Cause::Passing]),
        feed: tape.some(Tape::feed),
        what: tape.raw(),
        means: tape.raw(),
        next: tape.raw().into(),
    }
}

fn part<T>(tape: &mut Tape, make: impl FnOnce(&mut Tape) -> T) -> Part<T> {
    match tape.count() % 4 {
        0 => Part::Missing { table: tape.safe() },
        1 => Part::Unreadable { table: tape.safe(), reason: tape.safe() },
        _ => Part::Known(make(tape)),
    }
}

fn path(tape: &mut Tape) -> FeedPath {
    let status = |tape: &mut Tape| match tape.count() % 5 {
        0 => IndexerStatus::Ready,
        1 => IndexerStatus::ReindexRequired,
        2 => IndexerStatus::Processing,
        3 => IndexerStatus::Suspended,
        _ => IndexerStatus::Other(tape.safe()),
    };
    let view = |tape: &mut Tape| View { mode: tape.pick(&[Mode::BySchedule, Mode::OnSave]), cursor: tape.count() };
    FeedPath {
        indexer: part(tape, |tape| tape.some(status)),
        view: part(tape, |tape| tape.some(view)),
        log: part(tape, |tape| ChangeLog { newest: tape.count(), backlog: tape.some(Tape::count) }),
        triggers: part(tape, |tape| match tape.count() % 3 {
            0 => Triggers::Unseen,
            1 => Triggers::Missing(vec!["store".to_owned(); usize::from(tape.count() % 2 == 0) + 1]),
            _ => Triggers::There(String::new()),
        }),
    }
}

pub fn health(tape: &mut Tape) -> Health {
    let error = |tape: &mut Tape| ItemError {
        source_id: tape.count(),
        status: 400,
        at: tape.some(Tape::timestamp),
        message: tape.safe(),
        request_id: tape.some(Tape::safe),
    };
    let by_state = |tape: &mut Tape| ByState {
        submitted: tape.count(),
        awaiting: tape.count(),
        will_retry: tape.count(),
        needs_attention: tape.count(),
    };
    let adobe = |tape: &mut Tape| AdobeItems {
        by_state: tape.some(by_state),
        rows: tape.count(),
        deleted: tape.count(),
        last_modified: tape.some(Tape::timestamp),
        errors: tape.list(2, error),
    };
    let feed = |tape: &mut Tape| FeedHealth {
        feed: tape.feed(),
        ours: tape.some(summary),
        path: tape.some(path),
        adobe: tape.some(|tape| part(tape, adobe)),
        pending: tape.some(|tape| Pending { entries: tape.count(), since: tape.some(Tape::timestamp) }),
    };
    let stuck = |tape: &mut Tape| StuckJob { code: tape.safe(), age: tape.duration(), runs: tape.count() };
    let lock = |tape: &mut Tape| FeedLock { feed: tape.safe(), locked_by: tape.safe(), age: tape.duration() };
    let installation = |tape: &mut Tape| Installation {
        has_adobe_export: tape.yes(),
        cron: part(tape, |tape| Cron { last_seen: tape.some(Tape::duration), stuck: tape.list(2, stuck) }),
        locks: part(tape, |tape| tape.list(2, lock)),
    };
    Health { feeds: tape.list(12, feed), installation: tape.some(installation), findings: tape.list(4, finding) }
}

pub fn estimate(tape: &mut Tape) -> Estimate {
    let feed = |tape: &mut Tape| FeedEstimate {
        feed: tape.feed(),
        source_records: tape.some(Tape::count),
        items: tape.some(Tape::count),
        batch_size: 100,
        requests: tape.some(Tape::count),
        bytes: tape.some(Tape::count),
    };
    Estimate { feeds: tape.list(12, feed), requests_per_second: tape.some(Tape::rate) }
}

pub fn check(tape: &mut Tape) -> Check {
    Check {
        name: "Database",
        outcome: tape.pick(&[Outcome::Ok, Outcome::Warning, Outcome::Wrong, Outcome::Skipped]),
        detail: tape.safe(),
        facts: tape.list(2, Tape::safe),
        findings: tape.list(2, finding),
    }
}

pub fn services(tape: &mut Tape) -> Services {
    let conditions = [FeedCondition::Healthy, FeedCondition::NotSent, FeedCondition::Failing, FeedCondition::Unknown];
    let status = |tape: &mut Tape| ServiceStatus {
        service: tape.pick(&SERVICES),
        is_available: tape.some(Tape::yes),
        module: match tape.count() % 3 {
            0 => Module::Installed(tape.safe()),
            1 => Module::NotInstalled,
            _ => Module::Unknown,
        },
        feeds: tape.list(8, |tape| (tape.feed(), tape.pick(&conditions))),
    };
    Services { services: tape.list(6, status), health_problem: tape.some(Tape::problem) }
}

pub fn pending(tape: &mut Tape) -> PendingSignIn {
    PendingSignIn { url: tape.safe(), since: tape.timestamp(), is_resumed: tape.yes() }
}

pub fn signed_in(tape: &mut Tape) -> SignedIn {
    SignedIn {
        kind: tape.pick(&[SignedInAs::Person, SignedInAs::Service]),
        name: tape.safe(),
        email: tape.some(Tape::safe),
        until: tape.timestamp(),
        is_renewable: tape.yes(),
        kept: tape.safe(),
    }
}

pub fn sign_in(tape: &mut Tape) -> SignIn {
    match tape.count() % 4 {
        0 => SignIn::Out,
        1 => SignIn::Pending(pending(tape)),
        2 => SignIn::In(signed_in(tape)),
        _ => SignIn::Expired { name: tape.safe(), at: tape.timestamp() },
    }
}

pub fn organization(tape: &mut Tape) -> Organization {
    Organization {
        id: OrganizationId::new(&tape.raw(), &tape.raw()),
        name: tape.safe(),
        kind: tape.some(Tape::safe),
        country: tape.some(Tape::safe),
    }
}

pub fn preview(tape: &mut Tape) -> RunPreview {
    RunPreview { estimate: estimate(tape), items_there: tape.count(), refusal: tape.some(Tape::safe) }
}

fn owner(tape: &mut Tape) -> Owner {
    Owner { user: tape.safe(), host: tape.safe(), pid: 4711, process_start: tape.count(), since: 1_764_000_000 }
}

pub fn history(tape: &mut Tape) -> RunHistory {
    let mut sent_per_hour = SentPerHour { newest: tape.timestamp(), ..SentPerHour::default() };
    sent_per_hour.items.iter_mut().for_each(|hour| *hour = tape.count());
    RunHistory { runs: tape.list(30, past_run), sent_per_hour }
}

pub fn past_run(tape: &mut Tape) -> PastRun {
    let counts = |tape: &mut Tape| RunCounts { sent: tape.count(), failed: tape.count(), deleted: tape.count() };
    let end = match tape.count() % 8 {
        0 => PastEnd::Failed { what: tape.safe() },
        1 => PastEnd::KeysRefused { what: tape.safe() },
        2 => PastEnd::Running,
        3 => PastEnd::Died,
        4 => PastEnd::Unknown,
        5 => PastEnd::Held,
        6 => PastEnd::Stopped,
        _ => PastEnd::Complete,
    };
    PastRun {
        started_at: tape.timestamp(),
        request: tape.safe(),
        owner: owner(tape),
        feeds: tape.list(11, Tape::feed),
        ended_at: tape.some(Tape::timestamp),
        counts: tape.some(counts),
        end,
    }
}

pub fn watch(tape: &mut Tape) -> WatchStatus {
    let pass = |tape: &mut Tape| PassEnd { at: tape.timestamp(), sent: tape.count(), failed: tape.count() };
    WatchStatus {
        owner: owner(tape),
        data_space: id(tape),
        every: tape.duration(),
        last_pass: tape.some(pass),
        next_pass: tape.some(Tape::timestamp),
        problem: tape.some(Tape::safe),
    }
}

pub fn about(tape: &mut Tape) -> About {
    let owner = owner(tape);
    About { owner, request: tape.safe(), data_space: id(tape), feeds: tape.list(11, Tape::feed) }
}
