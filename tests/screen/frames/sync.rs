//! The ways to sync, the guard, health and what is looked up.

use commerce_connector::commerce::extensions::{Change, Extension};
use commerce_connector::commerce::health::{ChangeLog, Cron, FeedPath, IndexerStatus, ItemError, Mode, Part, View};
use commerce_connector::commerce::triggers::Triggers;
use commerce_connector::connector::ExportRequest;
use commerce_connector::connector::doctor::{Check, Outcome};
use commerce_connector::connector::estimate::{Estimate, FeedEstimate};
use commerce_connector::connector::finding::Finding;
use commerce_connector::connector::guard::customised::Customised;
use commerce_connector::connector::health::{AdobeItems, ByState, FeedHealth, Health, Installation};
use commerce_connector::connector::services::{FeedCondition, Module, SERVICES, ServiceStatus, Services};
use commerce_connector::domain::MAX_DELETE;
use commerce_connector::export::SyncMode;
use commerce_connector::export::held::{Held, What};
use commerce_connector::report::{Row, Tone};
use commerce_connector::tui::panes::export::requests::{ExportReply, ExportWork};
use commerce_connector::tui::panes::{Effect, Work};
use commerce_connector::tui::widgets::dialog::ReportKind;

use super::*;

fn reply(state: &mut State, reply: Reply) {
    state.update(Event::Reply(reply), &now());
}

fn path(indexer: IndexerStatus, mode: Mode, cursor: u64, log: ChangeLog) -> FeedPath {
    let view = Part::Known(Some(View { mode, cursor }));
    FeedPath {
        indexer: Part::Known(Some(indexer)),
        view,
        log: Part::Known(log),
        triggers: Part::Known(Triggers::There(String::new())),
    }
}

pub fn health() -> Health {
    let items = AdobeItems {
        by_state: Some(ByState { submitted: 19_996, awaiting: 3, will_retry: 0, needs_attention: 1 }),
        rows: 20_000,
        deleted: 12,
        last_modified: Some("2026-03-04T10:58:00Z".parse().unwrap()),
        errors: vec![ItemError {
            source_id: 7,
            status: 400,
            at: None,
            message: "name is required".into(),
            request_id: Some("9b1d".into()),
        }],
    };
    let feed = |feed, path| FeedHealth {
        feed,
        ours: None,
        path: Some(path),
        adobe: Some(Part::Known(items.clone())),
        pending: None,
    };
    let log = |newest, backlog| ChangeLog { newest, backlog: Some(backlog) };
    let feeds = vec![
        feed(Feed::ScopesWebsite, path(IndexerStatus::ReindexRequired, Mode::BySchedule, 4, log(4, 0))),
        feed(Feed::ProductAttributes, path(IndexerStatus::Ready, Mode::OnSave, 4, log(4, 0))),
        feed(Feed::Categories, path(IndexerStatus::Ready, Mode::BySchedule, 4, log(1_300, 1_204))),
        feed(Feed::Products, path(IndexerStatus::Processing, Mode::BySchedule, 9_120, log(8_400, 0))),
    ];
    let stall = Finding::wrong(
        "products: silent stall: Commerce has read catalog_data_exporter_products_cl up to version 9120, but the log \
         ends at 8400",
        "Commerce treats every new change as already seen and skips it, without any error",
        "`bin/magento indexer:reindex catalog_data_exporter_products` fixes it and reindexes the feed",
    );
    let cron = Part::Known(Cron { last_seen: Some(Duration::from_secs(40)), stuck: Vec::new() });
    let installation = Some(Installation { has_adobe_export: true, cron, locks: Part::Known(Vec::new()) });
    Health { feeds, installation, findings: vec![stall.about(Feed::Products)] }
}

pub fn services() -> Services {
    let status = |(number, service): (usize, commerce_connector::connector::services::Service)| ServiceStatus {
        service,
        is_available: Some(true),
        module: if number == 1 { Module::Installed("4.2.0".into()) } else { Module::NotInstalled },
        feeds: service
            .feeds
            .iter()
            .map(|&feed| match feed {
                Feed::Prices => (feed, FeedCondition::Failing),
                Feed::Orders => (feed, FeedCondition::NotSent),
                _ => (feed, FeedCondition::Healthy),
            })
            .collect(),
    };
    let services = SERVICES.into_iter().enumerate().map(status).collect();
    Services { services, health_problem: None }
}

pub fn healthy(kind: DataSpaceKind) -> State {
    let mut state = ready(Pane::Export, kind);
    reply(&mut state, Reply::Export(ExportReply::Health(Ok(health()))));
    state
}

#[test]
fn trouble_of_the_selected_feed() {
    let mut state = healthy(DataSpaceKind::Testing);
    key(&mut state, KeyCode::Down);
    key(&mut state, KeyCode::Down);
    key(&mut state, KeyCode::Down);
    snapshot("export-backlog", &state);
    let words = ["Reindex required", "Update on Save", "backlog 1,204", "silent stall"];
    for (feed, words) in [0, 2, 3, 4].into_iter().zip(words) {
        key(&mut state, KeyCode::Home);
        (0..feed).for_each(|_| key(&mut state, KeyCode::Down));
        assert!(draw(&state, THEME, (80, 24)).backend().to_string().contains(&format!(": {words}")), "{words}");
    }
}

#[test]
fn absent_and_experimental_feeds() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    let counts = vec![(Feed::Products, Some(2_046)), (Feed::ProductOverrides, Some(12))];
    let absent = vec![
        (Feed::Orders, "the table sales_order is missing".into()),
        (Feed::CategoryPermissions, "the table magento_catalogpermissions_index is missing".into()),
    ];
    reply(&mut state, Reply::Export(ExportReply::Counts(Ok(SourceFeeds { counts, absent, ..SourceFeeds::default() }))));
    key(&mut state, KeyCode::End);
    key(&mut state, KeyCode::Up);
    snapshot("export-absent", &state);
}

/// Looks as `state` does where a module has a plugin on the products feed.
fn customised(mut state: State) -> State {
    let extension = Extension {
        module: "Acme_Feeds".into(),
        file: "app/code/Acme/Feeds/etc/di.xml".into(),
        line: Some(12),
        change: Change::Plugin {
            class: r"Magento\CatalogDataExporter\Model\Provider\Product\Attributes".into(),
            plugin: r"Acme\Feeds\Plugin\AddRating".into(),
        },
        feeds: vec![Feed::Products],
    };
    let customised = vec![Customised { open: vec![Feed::Products], extension }];
    let counts = vec![(Feed::Products, Some(2_046)), (Feed::Prices, Some(2_046))];
    let feeds = SourceFeeds { counts, customised, ..SourceFeeds::default() };
    reply(&mut state, Reply::Export(ExportReply::Counts(Ok(feeds))));
    state
}

#[test]
fn a_feed_that_a_module_changes() {
    snapshot("overview-customised", &customised(ready(Pane::Overview, DataSpaceKind::Testing)));
    let mut state = customised(ready(Pane::Export, DataSpaceKind::Production));
    press(&mut state, "a");
    snapshot("export-customised", &state);
}

#[test]
fn health_of_a_feed_in_full() {
    let mut state = healthy(DataSpaceKind::Testing);
    (0..4).for_each(|_| key(&mut state, KeyCode::Down));
    press(&mut state, "I");
    snapshot("feed-health", &state);
    key(&mut state, KeyCode::End);
    snapshot("feed-health-end", &state);
}

#[test]
fn records_by_id() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    (0..4).for_each(|_| key(&mut state, KeyCode::Down));
    press(&mut state, "i24-MB01, 24-MB02, 7");
    snapshot("by-ids", &state);
}

#[test]
fn clean_up_of_a_feed() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    (0..3).for_each(|_| key(&mut state, KeyCode::Down));
    press(&mut state, "zcategory");
    key(&mut state, KeyCode::Enter);
    snapshot("clean-up", &state);
}

#[test]
fn the_guard_refuses() {
    let mut state = ready(Pane::Export, DataSpaceKind::Production);
    press(&mut state, "aMain");
    key(&mut state, KeyCode::Enter);
    let what = "this is a staging installation (MAGENTO_CLOUD_ENVIRONMENT_TYPE is staging), and Main is a production data space: nothing was sent";
    let hint = "select a testing data space, or send anyway: --i-know \"Main\"";
    reply(&mut state, Reply::Export(ExportReply::RunStarted(Err(Problem::new(Exit::Guarded, what).hint(hint)))));
    snapshot("guard", &state);
}

fn started(keys: &str) -> State {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, keys);
    let begun = run::begun(&state);
    reply(&mut state, begun);
    state.update(Event::Progress(progress(false)), &now());
    state
}

#[test]
fn a_run_says_what_it_is() {
    snapshot("partial-running", &started("p"));
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    (0..2).for_each(|_| key(&mut state, KeyCode::Down));
    press(&mut state, "zproductAttributes");
    key(&mut state, KeyCode::Enter);
    let begun = run::begun(&state);
    reply(&mut state, begun);
    state.update(Event::Progress(progress(false)), &now());
    snapshot("clean-up-running", &state);
}

#[test]
fn a_run_of_ids_names_those_that_nobody_has() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    (0..4).for_each(|_| key(&mut state, KeyCode::Down));
    press(&mut state, "i24-MB01, nonsense");
    key(&mut state, KeyCode::Enter);
    let begun = run::begun(&state);
    reply(&mut state, begun);
    let mut last = progress(false);
    last.feeds.retain(|feed| feed.feed == Feed::Products);
    for feed in &mut last.feeds {
        let known = FeedProgress::new(Feed::Products);
        *feed = FeedProgress { phase: Phase::Done, source_records: Some(1), changed: 2, submitted: 2, ..known };
    }
    let unknown_ids = vec!["nonsense".into()];
    let report = RunReport { progress: last, end: RunEnd::Complete, unknown_ids, requests_per_second: None };
    state.update(Event::RunEnded(Ok(report)), &now());
    let shown = draw(&state, THEME, (80, 24)).backend().to_string();
    assert!(shown.contains("20,000"), "the feed has as many records as before");
    snapshot("by-ids-ended", &state);
}

/// Some of these states, to be drawn at every size.
pub fn states() -> [State; 3] {
    let mut feed = healthy(DataSpaceKind::Testing);
    (0..4).for_each(|_| key(&mut feed, KeyCode::Down));
    press(&mut feed, "I");
    key(&mut feed, KeyCode::End);
    let mut clean_up = healthy(DataSpaceKind::Production);
    press(&mut clean_up, "z");
    [feed, clean_up, started("t")]
}

#[test]
fn remarks_of_a_run_are_one_notice() {
    let mut state = started("p");
    let text = "compared in full, because it was never compared in full from here";
    let note = |feed| RunEvent::Note { feed, text: text.into() };
    let news = [Feed::Products, Feed::Prices, Feed::Variants, Feed::Orders].map(note).to_vec();
    state.update(Event::Run { news, skipped: 0 }, &now());
    snapshot("remarks", &state);
}

#[test]
fn estimate() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "e");
    let feed = |feed, records, items: u64, batch_size: usize, bytes| FeedEstimate {
        feed,
        source_records: Some(records),
        items: Some(items),
        batch_size,
        requests: Some(items.div_ceil(batch_size as u64)),
        bytes,
    };
    let feeds = vec![
        feed(Feed::ScopesWebsite, 1, 1, 100, Some(180)),
        feed(Feed::ScopesCustomerGroup, 4, 4, 100, None),
        feed(Feed::Products, 20_000, 40_000, 100, Some(12_400_000)),
    ];
    reply(&mut state, Reply::Export(ExportReply::Estimate(Ok(Estimate { feeds, requests_per_second: Some(2.0) }))));
    snapshot("estimate", &state);
}

fn check(name: &'static str, outcome: Outcome, detail: &str, findings: Vec<Finding>) -> Reply {
    Reply::Export(ExportReply::Checked(Check { name, outcome, detail: detail.into(), facts: Vec::new(), findings }))
}

#[test]
fn the_doctor() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "D");
    reply(&mut state, check("Configuration", Outcome::Ok, "/etc/commerce-connector/config.toml", Vec::new()));
    reply(&mut state, check("Database", Outcome::Ok, "shop at /run/mysqld/mysqld.sock, MariaDB 10.6", Vec::new()));
    snapshot("doctor-checking", &state);
    let late = Finding::wrong(
        "cron is not running: the last job was 3 h ago",
        "indexers, Adobe's own export and its retries do not work without it",
        "`bin/magento cron:install`, as the owner of the shop's files",
    );
    reply(&mut state, check("Cron", Outcome::Wrong, "not running", vec![late]));
    reply(&mut state, check("Proxy", Outcome::Skipped, "none is set", Vec::new()));
    reply(&mut state, Reply::Export(ExportReply::Diagnosed));
    snapshot("doctor", &state);
}

#[test]
fn available_services() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "V");
    reply(&mut state, Reply::Export(ExportReply::Services(services())));
    snapshot("services", &state);
}

#[test]
fn mistakes_in_the_catalogue_and_what_is_visible() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    press(&mut state, "M");
    let lint = ReportKind::Lint;
    assert!(draw(&state, THEME, (80, 24)).backend().to_string().contains("reading the catalogue"));
    let rows = vec![
        Row::new("1 error, 2 warnings in 3,604 items", Tone::Danger),
        Row::new("enabled products without a price: 1", Tone::Danger),
        Row::new("24-MB01, store view default", Tone::Remark),
        Row::new("prices of zero: none", Tone::Good),
    ];
    reply(&mut state, Reply::Export(ExportReply::Reported { kind: lint, result: Ok(rows) }));
    snapshot("lint", &state);
    key(&mut state, KeyCode::Esc);
    press(&mut state, "v");
    let refused = Problem::new(Exit::Refused, "Catalog Service refuses the API key");
    reply(&mut state, Reply::Export(ExportReply::Reported { kind: ReportKind::Visible, result: Err(refused) }));
    assert!(draw(&state, THEME, (80, 24)).backend().to_string().contains("refuses the API key"));
}

#[test]
fn reports_that_cannot_be_had() {
    let mut state = ready(Pane::Export, DataSpaceKind::Testing);
    let problem = || Problem::new(Exit::TryAgain, "the database shop does not answer").hint("check that it runs");
    reply(&mut state, Reply::Export(ExportReply::Health(Err(problem()))));
    press(&mut state, "e");
    reply(&mut state, Reply::Export(ExportReply::Estimate(Err(problem()))));
    snapshot("estimate-failed", &state);
    key(&mut state, KeyCode::Esc);
    press(&mut state, "I");
    let shown = draw(&state, THEME, (80, 24)).backend().to_string();
    assert!(shown.contains("Health in Commerce not available"));
}

#[test]
fn an_export_that_was_asked_for_on_the_command_line_says_what_it_is() {
    let mut state = State::new(overview(DataSpaceKind::Testing), Pane::Export);
    let request = ExportRequest { feeds: vec![Feed::Prices], ..ExportRequest::default() };
    state.begin(Some(request), &now());
    let begun = run::begun(&state);
    reply(&mut state, begun);
    assert!(draw(&state, THEME, (80, 24)).backend().to_string().contains("Export of prices"));
}

/// A run that held back a part of the products.
fn held(dry_run: bool) -> State {
    let mut state = started("p");
    let mut last = progress(false);
    last.dry_run = dry_run;
    last.feeds.retain(|feed| feed.feed == Feed::Products);
    let held = Held {
        feed: Feed::Products,
        what: What::Deletions,
        items: 12_400,
        size: 40_000,
        most: MAX_DELETE,
        examples: vec!["24-MB01 · default".into(), "24-MB02 · default".into(), "24-MB04 · default".into()],
        since: None,
    };
    for feed in &mut last.feeds {
        let known = FeedProgress::new(Feed::Products);
        *feed = FeedProgress {
            phase: Phase::Done,
            source_records: Some(9),
            submitted: 2,
            held: vec![held.clone()],
            ..known
        };
    }
    let report = RunReport { progress: last, end: RunEnd::Complete, unknown_ids: vec![], requests_per_second: None };
    state.update(Event::RunEnded(Ok(report)), &now());
    state
}

#[test]
fn what_a_run_held_back_is_asked_about() {
    let mut state = held(false);
    snapshot("held", &state);
    press(&mut state, "n");
    snapshot("held-declined", &state);
    let mut state = held(false);
    let effects = state.update(Event::Key(KeyEvent::new(KeyCode::Char('y'), KeyModifiers::NONE)), &now());
    let [Effect::Work(Work::Export(ExportWork::StartExport(request)))] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!((&request.mode, request.feeds.as_slice()), (&SyncMode::Full, [Feed::Products].as_slice()));
    assert_eq!(request.allowed.iter().map(|held| held.items).collect::<Vec<_>>(), [12_400], "so many and no more");
    assert!(
        !draw(&held(true), THEME, (80, 24)).backend().to_string().contains("Delete them"),
        "a dry run asks nothing"
    );
}
