//! Overview, Keys and SaaS identifier: the first run, what needs attention, and what is asked before something is changed.

use commerce_connector::connector::Setup;
use commerce_connector::connector::estimate::{Estimate, FeedEstimate};
use commerce_connector::connector::preview::RunPreview;
use commerce_connector::tui::panes::export::requests::ExportReply;
use commerce_connector::tui::panes::keys::requests::KeysReply;
use commerce_connector::tui::panes::saas;
use commerce_connector::tui::panes::saas::requests::SaasReply;

use super::*;

/// Nothing is configured, and no file is there.
fn new_here() -> State {
    let mut state = bare();
    state.pane = Pane::Overview;
    state.overview.settings.setup = Setup { in_commerce: false, without_file: true, without_source: true };
    state.overview.settings.home = "/home/ada/.config/commerce-connector/config.toml".into();
    state.overview.config_path = "/home/ada/.config/commerce-connector/config.toml".into();
    state
}

/// A calm day: everything was sent.
fn set_up() -> State {
    let mut state = ready(Pane::Overview, DataSpaceKind::Testing);
    let summaries = [(Feed::Categories, 80), (Feed::Products, 40_000)].map(|(feed, submitted)| FeedSummary {
        feed,
        submitted,
        awaiting: 0,
        will_retry: 0,
        needs_attention: 0,
        last_sync: Some("2026-03-04T08:12:00Z".parse().unwrap()),
        last_partial: None,
    });
    state.update(Event::Reply(Reply::Export(ExportReply::Ledger(Ok((summaries.to_vec(), Vec::new()))))), &now());
    state
}

fn snapshot_in(name: &str, state: &State, sizes: &[(u16, u16)]) {
    for size in sizes {
        let terminal = draw(state, THEME, *size);
        insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), terminal.backend());
    }
}

fn preview(items: u64, items_there: u64) -> RunPreview {
    let feed = FeedEstimate {
        feed: Feed::Products,
        source_records: Some(20_000),
        items: Some(items),
        batch_size: 100,
        requests: Some(items.div_ceil(100)),
        bytes: None,
    };
    let estimate = Estimate { feeds: vec![feed], requests_per_second: Some(2.0) };
    RunPreview { estimate, items_there, refusal: None }
}

/// The pane with the cursor on the data space of this name, and its choice asked about.
fn choosing(name: &str) -> State {
    let mut state = ready(Pane::Saas, DataSpaceKind::Testing);
    let is_it = |row: &saas::SaasRow| matches!(row, saas::SaasRow::Space(_, space) if space.name.as_str() == name);
    state.saas.selected = state.saas.rows().iter().position(is_it).unwrap();
    key(&mut state, KeyCode::Enter);
    state
}

fn foreseen(state: &mut State, result: Result<RunPreview, Problem>) {
    let space = state.saas.ahead.as_ref().unwrap().space.clone();
    state.update(Event::Reply(Reply::Saas(SaasReply::Foreseen { space, result })), &now());
}

#[test]
fn overview_of_a_new_user() {
    snapshot("overview-new", &new_here());
}

#[test]
fn overview_of_a_calm_day() {
    snapshot("overview-calm", &set_up());
}

#[test]
fn overview_with_items_that_need_attention() {
    snapshot_in("overview-attention", &ready(Pane::Overview, DataSpaceKind::Production), &SIZES[..1]);
}

#[test]
fn overview_when_the_gateway_is_gone() {
    let mut state = set_up();
    let problem =
        Problem::new(Exit::TryAgain, "the gateway commerce-beta.adobe.io cannot be reached: connection refused")
            .hint("check proxy and firewall");
    state.update(
        Event::Reply(Reply::Keys(KeysReply::Verified { environment: Environment::Sandbox, result: Err(problem) })),
        &now(),
    );
    snapshot_in("overview-gateway-gone", &state, &SIZES[..1]);
}

#[test]
fn overview_in_ascii_without_colours() {
    let look = Theme { colours: Colours::None, unicode: false };
    let terminal = draw(&set_up(), look, (80, 24));
    assert!(terminal.backend().to_string().is_ascii());
    insta::assert_snapshot!("overview-ascii-80x24", terminal.backend());
}

#[test]
fn where_the_shop_is() {
    let mut state = new_here();
    state.home.shop_here = Some("/var/www/shop".into());
    key(&mut state, KeyCode::Enter);
    snapshot_in("overview-shop", &state, &SIZES[..1]);
}

#[test]
fn keys_before_they_are_replaced() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    press(&mut state, "b");
    snapshot("keys-rotate", &state);
}

#[test]
fn keys_while_the_new_pair_is_not_accepted() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    press(&mut state, "by0123456789abcdef0123456789abcdef");
    key(&mut state, KeyCode::Enter);
    key(&mut state, KeyCode::Esc);
    press(&mut state, "y");
    press(&mut state, "by0123456789abcdef0123456789abcdef");
    key(&mut state, KeyCode::Enter);
    let pem = include_str!("../../../src/keys/fixtures/rsa-2048.pem");
    state.update(Event::Paste(Secret::new(pem)), &now());
    key(&mut state, KeyCode::Enter);
    let problem = Problem::new(
        Exit::Refused,
        "the gateway commerce-beta.adobe.io refused the sandbox keys: JWT is invalid (403053); the old pair is still \
         in use",
    );
    state.update(
        Event::Reply(Reply::Keys(KeysReply::Rotated { environment: Environment::Sandbox, result: Err(problem) })),
        &now(),
    );
    for size in SIZES {
        let shown = draw(&state, THEME, size).backend().to_string();
        assert!(!shown.contains("89abcdef0123"), "a key is shown whole");
    }
    snapshot_in("keys-rotate-refused", &state, &SIZES[..2]);
}

#[test]
fn a_private_key_that_nobody_asked_for() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    let pem = include_str!("../../../src/keys/fixtures/rsa-2048.pem");
    state.update(Event::Paste(Secret::new(pem)), &now());
    snapshot_in("keys-unasked", &state, &SIZES[..1]);
}

#[test]
fn the_guides() {
    let mut state = ready(Pane::Keys, DataSpaceKind::Testing);
    press(&mut state, "I");
    snapshot("keys-guide", &state);
    let mut state = ready(Pane::Saas, DataSpaceKind::Testing);
    press(&mut state, "I");
    snapshot_in("saas-license", &state, &SIZES[..1]);
}

#[test]
fn choosing_a_data_space_while_it_is_counted_and_after() {
    let mut state = choosing("Testing 2");
    snapshot_in("saas-choose-counting", &state, &SIZES[..1]);
    foreseen(&mut state, Ok(preview(41_101, 0)));
    snapshot("saas-choose", &state);
}

#[test]
fn choosing_a_data_space_that_the_guard_will_refuse() {
    let mut state = choosing("Main");
    let refusal = "this is a staging installation (set in instance.kind), and Main is a production data space";
    foreseen(&mut state, Ok(RunPreview { refusal: Some(refusal.into()), ..preview(41_101, 12_400) }));
    snapshot_in("saas-choose-guarded", &state, &SIZES[..1]);
}

#[test]
fn a_data_space_in_use_that_the_keys_do_not_see() {
    let mut state = ready(Pane::Saas, DataSpaceKind::Testing);
    let others = projects().split_off(1);
    state.update(
        Event::Reply(Reply::Saas(SaasReply::Projects { environment: Environment::Sandbox, result: Ok(others) })),
        &now(),
    );
    snapshot_in("saas-gone", &state, &SIZES[..1]);
    state.pane = Pane::Overview;
    snapshot_in("overview-gone", &state, &SIZES[..1]);
}

#[test]
fn what_was_known_stays_when_the_gateway_does_not_answer() {
    let mut state = ready(Pane::Saas, DataSpaceKind::Testing);
    let problem = Problem::new(Exit::TryAgain, "the gateway commerce-beta.adobe.io cannot be reached: timed out");
    state.update(
        Event::Reply(Reply::Saas(SaasReply::Projects { environment: Environment::Sandbox, result: Err(problem) })),
        &now(),
    );
    snapshot_in("saas-stale", &state, &SIZES[..1]);
}
