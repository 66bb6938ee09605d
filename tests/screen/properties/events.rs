//! Every event that can reach the screen, with made-up contents. A variant that is new does not compile here.

use std::path::PathBuf;
use std::sync::Arc;

use commerce_connector::connector::SourceFeeds;
use commerce_connector::connector::compare::{AdoptionCounts, FeedAdoption};
use commerce_connector::connector::completion::Completion;
use commerce_connector::connector::support_bundle::{Bundle, Part};
use commerce_connector::domain::Environment;
use commerce_connector::report::{Row, Tone};
use commerce_connector::secret::Secret;
use commerce_connector::settings::Saved;
use commerce_connector::tui::keymap::{BINDINGS, Key};
use commerce_connector::tui::model::Event;
use commerce_connector::tui::panes::Reply;
use commerce_connector::tui::panes::export::requests::ExportReply;
use commerce_connector::tui::panes::items::requests::ItemsReply;
use commerce_connector::tui::panes::keys::requests::KeysReply;
use commerce_connector::tui::panes::organization::requests::ImsReply;
use commerce_connector::tui::panes::overview::requests::OverviewReply;
use commerce_connector::tui::panes::saas::requests::SaasReply;
use commerce_connector::tui::runtime::clipboard::{Path, TooLong};
use commerce_connector::tui::widgets::click::{Click, Listed};
use commerce_connector::tui::widgets::dialog::ReportKind;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::items as item_values;
use super::tape::Tape;
use super::values as make;

/// Makes an event of one kind.
type Maker = fn(&mut Tape) -> Event;

/// One for each kind, at the place that [`kind_of`] gives.
pub const MAKERS: [Maker; 63] = [
    |tape| Event::Key(key(tape)),
    |tape| Event::Paste(Secret::new(pasted(tape))),
    |_| Event::Clock,
    |_| Event::Terminate,
    |tape| Event::Progress(make::progress(tape)),
    |tape| Event::Run { news: tape.list(6, make::run_event), skipped: tape.count() },
    |tape| Event::RunEnded(tape.result(make::report)),
    |_| Event::Busy,
    |_| Event::WorkerBroke,
    |tape| {
        let result = tape.pick(&[Ok(Path::Direct), Ok(Path::Tmux), Ok(Path::Screen), Err(TooLong)]);
        Event::Copied { name: tape.raw(), result }
    },
    |tape| Event::Reply(Reply::Overview(make::overview(tape))),
    |tape| {
        Event::Reply(Reply::Keys(KeysReply::Pairs(Environment::ALL.map(|environment| make::pair(environment, tape)))))
    },
    |tape| {
        Event::Reply(Reply::Keys(KeysReply::Verified { environment: environment(tape), result: tape.result(|_| ()) }))
    },
    |tape| {
        Event::Reply(Reply::Keys(KeysReply::KeyRead { environment: environment(tape), result: Err(tape.problem()) }))
    },
    |tape| Event::Reply(Reply::Keys(KeysReply::Saved { environment: environment(tape), result: tape.result(saved) })),
    |tape| Event::Reply(Reply::Keys(KeysReply::EnvironmentSet(tape.result(make::overview)))),
    |tape| {
        let result = tape.result(|tape| tape.list(4, make::project));
        Event::Reply(Reply::Saas(SaasReply::Projects { environment: environment(tape), result }))
    },
    |tape| Event::Reply(Reply::Saas(SaasReply::ProjectCreated(tape.result(make::project)))),
    |tape| Event::Reply(Reply::Saas(SaasReply::Renamed(tape.result(make::overview)))),
    |tape| Event::Reply(Reply::Saas(SaasReply::Selected(tape.result(make::overview)))),
    |tape| {
        let counts = |tape: &mut Tape| SourceFeeds {
            counts: tape.list(12, |tape| (tape.feed(), tape.some(Tape::count))),
            absent: tape.list(3, |tape| (tape.feed(), tape.safe())),
            customised: tape.list(3, make::customised),
        };
        Event::Reply(Reply::Export(ExportReply::Counts(tape.result(counts))))
    },
    |tape| {
        let ledger = |tape: &mut Tape| (tape.list(12, make::summary), tape.list(5, make::failure));
        Event::Reply(Reply::Export(ExportReply::Ledger(tape.result(ledger))))
    },
    |tape| Event::Reply(Reply::Export(ExportReply::Health(tape.result(make::health)))),
    |tape| Event::Reply(Reply::Export(ExportReply::Estimate(tape.result(make::estimate)))),
    |tape| Event::Reply(Reply::Export(ExportReply::Checked(make::check(tape)))),
    |_| Event::Reply(Reply::Export(ExportReply::Diagnosed)),
    |tape| Event::Reply(Reply::Export(ExportReply::Services(make::services(tape)))),
    |tape| {
        Event::Reply(Reply::Export(ExportReply::RunStarted(
            tape.result(|tape| tape.some(|tape| Box::new(make::about(tape)))),
        )))
    },
    |tape| ims(ImsReply::Status(tape.result(make::sign_in))),
    |tape| ims(ImsReply::Begun(tape.result(make::pending))),
    |tape| ims(ImsReply::SignedIn(tape.result(make::signed_in))),
    |tape| ims(ImsReply::SignedOut(tape.result(|tape| tape.some(Tape::safe)))),
    |tape| ims(ImsReply::Organizations(tape.result(|tape| tape.list(6, make::organization)))),
    |tape| ims(ImsReply::Selected(tape.result(make::overview))),
    |tape| {
        let (query, from) = (item_values::query(tape), item_values::page_from(tape));
        items(ItemsReply::Page { query, from, result: tape.result(|tape| tape.some(item_values::page)) })
    },
    |tape| {
        items(ItemsReply::Count { query: item_values::query(tape), result: tape.result(|tape| tape.some(Tape::count)) })
    },
    |tape| {
        let number = item_values::number(tape);
        items(ItemsReply::Looked { number, result: tape.result(|tape| Box::new(item_values::item_view(tape))) })
    },
    |tape| items(ItemsReply::Saved(tape.result(|tape| PathBuf::from(tape.raw())))),
    |tape| items(ItemsReply::Searching { query: item_values::query(tape), looked: tape.count() }),
    |tape| Event::Reply(Reply::Keys(KeysReply::Rotated { environment: environment(tape), result: tape.result(saved) })),
    |tape| Event::Reply(Reply::Home(OverviewReply::ConfigMade(tape.result(make::overview)))),
    |tape| Event::Reply(Reply::Home(OverviewReply::SourceSet(tape.result(make::overview)))),
    |tape| {
        let received = |tape: &mut Tape| tape.list(3, |tape| (make::id(tape), tape.timestamp())).into_iter().collect();
        Event::Reply(Reply::Saas(SaasReply::LastReceived(tape.result(received))))
    },
    |tape| Event::Reply(Reply::Saas(SaasReply::Foreseen { space: make::id(tape), result: tape.result(make::preview) })),
    |tape| Event::Reply(Reply::Export(ExportReply::Attached(Box::new(make::about(tape))))),
    |tape| {
        items(ItemsReply::Explained {
            sku: tape.safe(),
            result: tape.result(|tape| Box::new(item_values::explanation(tape))),
        })
    },
    |tape| {
        let read = |tape: &mut Tape| (make::overview(tape), tape.list(5, make::change));
        Event::Reply(Reply::Reloaded(tape.result(read)))
    },
    |tape| Event::Reply(Reply::Export(ExportReply::History(make::history(tape)))),
    |tape| {
        let watches = tape.list(3, make::watch);
        Event::Reply(Reply::Export(ExportReply::Watches { watches, is_followed: tape.yes() }))
    },
    |tape| {
        let completion = Completion { path: tape.raw(), note: tape.some(Tape::raw) };
        Event::Reply(Reply::Home(OverviewReply::PathCompleted { typed: tape.raw(), completion }))
    },
    |tape| {
        let row = |tape: &mut Tape| Row::new(tape.safe(), tape.pick(&[Tone::Plain, Tone::Remark, Tone::Danger]));
        let kind = tape.pick(&ReportKind::ALL);
        Event::Reply(Reply::Export(ExportReply::Reported { kind, result: tape.result(|tape| tape.list(5, row)) }))
    },
    |tape| items(ItemsReply::CsvSaved { path: PathBuf::from(tape.raw()), result: tape.result(Tape::count) }),
    |tape| {
        let at = |tape: &mut Tape| u16::try_from(tape.count() % 140).unwrap_or_default();
        let cursor_row = tape.some(at);
        let listed = tape.some(|tape| {
            if tape.yes() {
                Listed::Feed(tape.feed())
            } else {
                Listed::Reason { place: at(tape).into(), cursor: tape.some(|tape| at(tape).into()) }
            }
        });
        Event::Click(Click { column: at(tape), row: at(tape), width: at(tape), cursor_row, listed })
    },
    |tape| Event::Wheel { is_up: tape.yes() },
    |tape| Event::Reply(Reply::Export(ExportReply::DryRunLinted(Row::new(tape.safe(), Tone::Warning)))),
    |tape| {
        let feed = |tape: &mut Tape| FeedAdoption {
            feed: tape.feed(),
            sent: tape.count(),
            different: tape.count(),
            not_accepted: tape.count(),
            only_ours: tape.count(),
            not_judged: tape.count(),
            gone: tape.count(),
        };
        let counts = |tape: &mut Tape| AdoptionCounts { feeds: tape.list(9, feed), unsaid: tape.list(9, Tape::feed) };
        Event::Reply(Reply::Export(ExportReply::AdoptionPlanned(tape.result(counts))))
    },
    |tape| Event::Reply(Reply::Export(ExportReply::Adopted(tape.result(Tape::count)))),
    |tape| {
        let part = |tape: &mut Tape| Part { name: tape.safe(), about: tape.safe(), text: tape.raw().into_bytes() };
        let bundle = |tape: &mut Tape| Arc::new(Bundle { made_at: tape.timestamp(), parts: tape.list(20, part) });
        Event::Reply(Reply::Export(ExportReply::BundleCollected(tape.result(bundle))))
    },
    |tape| {
        let path = PathBuf::from(tape.raw());
        Event::Reply(Reply::Export(ExportReply::BundleWritten { path, result: tape.result(Tape::count) }))
    },
    |tape| Event::Reply(Reply::Context(tape.result(Tape::raw))),
    // Keys are what a person gives most; the more of them, the deeper a sequence gets.
    |tape| Event::Key(key(tape)),
    |tape| Event::Key(key(tape)),
    |tape| Event::Key(key(tape)),
];

/// Which of [`MAKERS`] makes such an event, without the keys at their end.
pub fn kind_of(event: &Event) -> usize {
    match event {
        Event::Key(_) => 0,
        Event::Paste(_) => 1,
        Event::Clock => 2,
        Event::Terminate => 3,
        Event::Progress(_) => 4,
        Event::Run { .. } => 5,
        Event::RunEnded(_) => 6,
        Event::Busy => 7,
        Event::WorkerBroke => 8,
        Event::Copied { .. } => 9,
        Event::Reply(Reply::Overview(_)) => 10,
        Event::Reply(Reply::Keys(KeysReply::Pairs(_))) => 11,
        Event::Reply(Reply::Keys(KeysReply::Verified { .. })) => 12,
        Event::Reply(Reply::Keys(KeysReply::KeyRead { .. })) => 13,
        Event::Reply(Reply::Keys(KeysReply::Saved { .. })) => 14,
        Event::Reply(Reply::Keys(KeysReply::EnvironmentSet(_))) => 15,
        Event::Reply(Reply::Saas(SaasReply::Projects { .. })) => 16,
        Event::Reply(Reply::Saas(SaasReply::ProjectCreated(_))) => 17,
        Event::Reply(Reply::Saas(SaasReply::Renamed(_))) => 18,
        Event::Reply(Reply::Saas(SaasReply::Selected(_))) => 19,
        Event::Reply(Reply::Export(ExportReply::Counts(_))) => 20,
        Event::Reply(Reply::Export(ExportReply::Ledger(_))) => 21,
        Event::Reply(Reply::Export(ExportReply::Health(_))) => 22,
        Event::Reply(Reply::Export(ExportReply::Estimate(_))) => 23,
        Event::Reply(Reply::Export(ExportReply::Checked(_))) => 24,
        Event::Reply(Reply::Export(ExportReply::Diagnosed)) => 25,
        Event::Reply(Reply::Export(ExportReply::Services(_))) => 26,
        Event::Reply(Reply::Export(ExportReply::RunStarted(_))) => 27,
        Event::Reply(Reply::Ims(ImsReply::Status(_))) => 28,
        Event::Reply(Reply::Ims(ImsReply::Begun(_))) => 29,
        Event::Reply(Reply::Ims(ImsReply::SignedIn(_))) => 30,
        Event::Reply(Reply::Ims(ImsReply::SignedOut(_))) => 31,
        Event::Reply(Reply::Ims(ImsReply::Organizations(_))) => 32,
        Event::Reply(Reply::Ims(ImsReply::Selected(_))) => 33,
        Event::Reply(Reply::Items(ItemsReply::Page { .. })) => 34,
        Event::Reply(Reply::Items(ItemsReply::Count { .. })) => 35,
        Event::Reply(Reply::Items(ItemsReply::Looked { .. })) => 36,
        Event::Reply(Reply::Items(ItemsReply::Saved(_))) => 37,
        Event::Reply(Reply::Items(ItemsReply::Searching { .. })) => 38,
        Event::Reply(Reply::Keys(KeysReply::Rotated { .. })) => 39,
        Event::Reply(Reply::Home(OverviewReply::ConfigMade(_))) => 40,
        Event::Reply(Reply::Home(OverviewReply::SourceSet(_))) => 41,
        Event::Reply(Reply::Saas(SaasReply::LastReceived(_))) => 42,
        Event::Reply(Reply::Saas(SaasReply::Foreseen { .. })) => 43,
        Event::Reply(Reply::Export(ExportReply::Attached(_))) => 44,
        Event::Reply(Reply::Items(ItemsReply::Explained { .. })) => 45,
        Event::Reply(Reply::Reloaded(_)) => 46,
        Event::Reply(Reply::Export(ExportReply::History(_))) => 47,
        Event::Reply(Reply::Export(ExportReply::Watches { .. })) => 48,
        Event::Reply(Reply::Home(OverviewReply::PathCompleted { .. })) => 49,
        Event::Reply(Reply::Export(ExportReply::Reported { .. })) => 50,
        Event::Reply(Reply::Items(ItemsReply::CsvSaved { .. })) => 51,
        Event::Click(_) => 52,
        Event::Wheel { .. } => 53,
        Event::Reply(Reply::Export(ExportReply::DryRunLinted(_))) => 54,
        Event::Reply(Reply::Export(ExportReply::AdoptionPlanned(_))) => 55,
        Event::Reply(Reply::Export(ExportReply::Adopted(_))) => 56,
        Event::Reply(Reply::Export(ExportReply::BundleCollected(_))) => 57,
        Event::Reply(Reply::Export(ExportReply::BundleWritten { .. })) => 58,
        Event::Reply(Reply::Context(_)) => 59,
    }
}

/// How many kinds [`kind_of`] tells apart.
pub const KINDS: usize = 60;

fn saved(tape: &mut Tape) -> Saved {
    Saved {
        where_to: tape.safe(),
        private_key_file: tape.some(|tape| PathBuf::from(tape.raw())),
        note: tape.some(Tape::safe),
    }
}

fn ims(reply: ImsReply) -> Event {
    Event::Reply(Reply::Ims(reply))
}

fn items(reply: ItemsReply) -> Event {
    Event::Reply(Reply::Items(reply))
}

fn environment(tape: &mut Tape) -> Environment {
    tape.pick(&Environment::ALL)
}

/// A key that means something somewhere, or one that is typed.
fn key(tape: &mut Tape) -> KeyEvent {
    let bound: Vec<Key> = BINDINGS.iter().flat_map(|binding| binding.keys).copied().collect();
    let (code, modifiers) = match tape.count() % 8 {
        0 => (KeyCode::Char(tape.pick(&['x', 'é', '東', '\u{202e}', '\u{7f}', ' '])), KeyModifiers::NONE),
        1 => (tape.pick(&[KeyCode::Backspace, KeyCode::Delete, KeyCode::Insert, KeyCode::F(5)]), KeyModifiers::ALT),
        _ => match tape.pick(&bound) {
            Key::Plain(code) => (code, KeyModifiers::NONE),
            Key::Ctrl(letter) => (KeyCode::Char(letter), KeyModifiers::CONTROL),
        },
    };
    KeyEvent::new(code, modifiers)
}

/// Text that somebody pastes: a key, an address, or whatever was on the clipboard.
fn pasted(tape: &mut Tape) -> String {
    match tape.count() % 3 {
        0 => "-----BEGIN PRIVATE KEY-----\r\nMIIE\r\n-----END PRIVATE KEY-----\r\n".to_owned(),
        1 => "https://127.0.0.1/callback?code=x&state=y".to_owned(),
        _ => tape.raw(),
    }
}
