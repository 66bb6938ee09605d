//! What stands in the dialogs about keys and data spaces: what will happen, in numbers where there are any.

use ratatui::text::Line;

use crate::connector::preview::RunPreview;
use crate::domain::{DataSpace, DataSpaceKind, Environment};
use crate::export::held::{Held, What};
use crate::format::{counted, duration};
use crate::private_file::safe;
use crate::tui::model::State;
use crate::tui::panes::Load;
use crate::tui::panes::keys::guide_text::LICENSE;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::content::spaced;
use crate::tui::widgets::text::{paragraph, time};

/// So many of what was held back are reported in the question; the summary of the run has all.
const HELD_SHOWN: usize = 3;

/// What is asked for to know where the shop is, and what is written there later.
pub fn source(state: &State, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let saved = format!("Saved in {}.", safe(&state.overview.config_path));
    let texts = [
        "Type the path of the Commerce installation on this server, such as /var/www/shop: the directory that holds app/etc/env.php. A directory of feed files (products.ndjson etc.) also works.",
        "Exports only read its database. Keys, project and data space that you save here are written to its core_config_data, where Commerce reads them; instance.settings = \"file\" keeps them in the configuration file.",
        &saved,
    ];
    spaced(texts.map(|text| paragraph(text, room, theme.style(Role::Text))))
}

/// What creating a project means.
pub fn create(theme: Theme, room: usize) -> Vec<Line<'static>> {
    let texts = [
        "Name it after the shop, not after a service such as Live Search. Data spaces are created with it; how many depends on the license:",
        LICENSE,
    ];
    spaced(texts.map(|text| paragraph(text, room, theme.style(Role::Text))))
}

/// What choosing a data space means. What lies ahead is reported as far as it is known: the question does not wait for it.
pub fn choose(space: &DataSpace, state: &State, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let plain = |text: &str| paragraph(text, room, theme.style(Role::Text));
    let mut paragraphs = Vec::new();
    if let Some(refusal) = ahead(space, state).and_then(|ahead| ahead.refusal.as_ref()) {
        let text = format!("▲ {refusal}. Every export into it is refused until you type its name.");
        paragraphs.push(paragraph(&text, room, theme.style(Role::Danger)));
    }
    let kind = match space.kind {
        DataSpaceKind::Production => {
            "This is a Production data space: the services of a live shop read from it. All exports will go into it."
        }
        DataSpaceKind::Testing => "This is a Testing data space. All exports will go into it.",
    };
    let keeps = match &state.overview.data_space {
        Some((_, name, _)) => format!(" {name} keeps its data."),
        None => String::new(),
    };
    paragraphs.push(plain(&format!("{kind} Nothing is sent now.{keeps}")));
    let (text, role) = what_comes(space, state);
    paragraphs.push(paragraph(&text, room, theme.style(role)));
    spaced(paragraphs)
}

fn ahead<'a>(space: &DataSpace, state: &'a State) -> Option<&'a RunPreview> {
    state.saas.ahead.as_ref().filter(|ahead| ahead.space == space.id)?.report.value.as_ref()
}

/// What the next export into it will be.
fn what_comes(space: &DataSpace, state: &State) -> (String, Role) {
    let Some(known) = state.saas.ahead.as_ref().filter(|ahead| ahead.space == space.id) else {
        return ("To preview the first export, set the shop in pane 0.".to_owned(), Role::Dim);
    };
    match (&known.report.load, &known.report.value) {
        (Load::Failed { problem }, _) => {
            (format!("▲ Could not count the items to send: {}", problem.what), Role::Warning)
        }
        (Load::Done { at }, Some(preview)) => (in_numbers(preview, &time(at)), Role::Text),
        _ => ("◌ Counting the items to send … (no need to wait)".to_owned(), Role::Accent),
    }
}

/// `41,101 items of 7 feeds will be sent, about 3 min 26 s at 2 requests/s`.
fn in_numbers(preview: &RunPreview, at: &str) -> String {
    let estimate = &preview.estimate;
    let feeds = counted(estimate.feeds.len() as u64, "feed");
    let pace = match (estimate.time(), estimate.requests_per_second) {
        (Some(time), Some(rate)) => format!(", about {} at {rate} requests/s", duration(time)),
        _ => String::new(),
    };
    let (there, verb) = match preview.items_there {
        0 => ("nothing".to_owned(), "sends"),
        items => (counted(items, "item"), "sends only changes, at most"),
    };
    match estimate.items() {
        Some(items) => {
            let items = counted(items, "item");
            format!("It has {there} from here; the next export {verb} {items} of {feeds}{pace} (counted at {at}).")
        }
        None => format!(
            "It has {there} from here; the next export {verb} all items of {feeds}. This source cannot count them in advance (checked at {at})."
        ),
    }
}

/// What comparing the data space in use with another one means.
pub fn compare(state: &State, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let ours = state.overview.data_space.as_ref().map(|(_, name, _)| name.to_string()).unwrap_or_default();
    let texts = [
        format!(
            "Asks Catalog Service what {ours} (A) and another data space (B) show of a sample of the source's SKUs. Nothing is sent or changed."
        ),
        "Type the id or the name of the other one; the selected data space is proposed.".to_owned(),
    ];
    spaced(texts.iter().map(|text| paragraph(text, room, theme.style(Role::Text))))
}

/// What replacing a pair means.
pub fn rotate(environment: Environment, state: &State) -> Vec<String> {
    let home = if state.overview.settings.setup.in_commerce {
        "It is saved where Commerce reads it; Commerce Admin uses it after a cache clean."
    } else {
        "Commerce Admin has its own copy: if the old keys are deleted in the API portal, its services stop until you enter the new pair there too."
    };
    vec![
        format!(
            "Generate the new {environment} pair in the API portal first; do not delete the old one yet. Then paste both new keys here."
        ),
        "The new pair is verified with the gateway before it is saved. Until then the old pair keeps working."
            .to_owned(),
        home.to_owned(),
    ]
}

/// What using another environment means.
pub fn environment(environment: Environment, state: &State) -> Vec<String> {
    let other = state.overview.environment;
    if state.keys.is_complete(environment) {
        vec![
            format!(
                "The {other} pair is in use now. After the switch, projects, data spaces and exports are those of the {environment} pair and its gateway."
            ),
            "Nothing is sent now, and the other pair stays saved.".to_owned(),
        ]
    } else {
        vec![format!(
            "The {environment} pair is incomplete: nothing can be listed or exported until you add the rest. The other pair stays saved."
        )]
    }
}

/// What forgetting pasted keys means.
pub fn forget_draft(environment: Environment, state: &State) -> Vec<String> {
    let rest = if state.keys.is_complete(environment) { "The saved pair stays." } else { "None of it was saved." };
    vec![format!("The keys pasted for the {environment} pair are discarded. {rest}")]
}

/// What sending what was held back means, in numbers.
pub fn allow(held: &[Held]) -> (String, bool, Vec<String>) {
    let deletes = held.iter().any(|held| held.what == What::Deletions);
    let mut texts: Vec<String> = held.iter().take(HELD_SHOWN).map(Held::sentence).collect();
    if let Some(more) = held.len().checked_sub(HELD_SHOWN).filter(|more| *more > 0) {
        texts.push(format!("and {more} more"));
    }
    let (title, question) = if deletes {
        (
            "Delete them in the service?",
            "Everything else was sent. Delete them in the service? If the shop still has them, check its database first.",
        )
    } else {
        ("Send these changes?", "Everything else was sent. Send these changes?")
    };
    texts.push(question.to_owned());
    (title.to_owned(), true, texts)
}
