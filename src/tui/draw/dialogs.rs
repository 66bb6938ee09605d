//! Dialogs above a pane: what is asked, what will happen, and which keys answer.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Clear, Padding, Paragraph};

use crate::connector::ExportRequest;
use crate::connector::guard::customised::CustomisedFeed;
use crate::domain::Feed;
use crate::export::SyncMode;
use crate::format::{count, counted};
use crate::tui::draw::{choice_text, unsaved};
use crate::tui::keymap::{Action, KeyContext, key_of};
use crate::tui::model::State;
use crate::tui::panes::export::{adoption, bundle, reading_text};
use crate::tui::panes::keys::key_dialog;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::content::{Content, answered, spaced};
use crate::tui::widgets::dialog::{Dialog, LineDialog, LinePurpose, Palette, Question, Reading};
use crate::tui::widgets::text::{fit, left, paragraph, width};
use crate::tui::widgets::{help, notice};

/// What is asked before items are written to a file.
const SAVE_CSV: &str =
    "Type the path of a new file. Every item that is meant is written to it, with state, error and request id.";

/// What is asked before items are filtered by their errors.
const ERROR_TEXT: &str = "Show only items whose error text or code contains this (any case). Leave empty to show all.";

/// The width of a dialog where there is room for it, in cells.
const WIDTH: u16 = 74;

/// What sending into such a data space means.
const PRODUCTION: &str = "This is a Production data space: the services of a live shop read from it. New and changed items reach them; deleted ones are removed there.";

/// Draws it in the middle of `area`.
pub fn draw(frame: &mut Frame, area: Rect, dialog: &Dialog, state: &State, theme: Theme) {
    let outer = WIDTH.min(area.width);
    // Border and padding on both sides.
    let room = usize::from(outer).saturating_sub(4);
    let content = match dialog {
        Dialog::Line(line) => line_content(line, state, theme, room),
        Dialog::PrivateKey(dialog) => {
            key_dialog::content(dialog, theme, room, usize::from(area.height).saturating_sub(2))
        }
        Dialog::Question(question) => question_content(question, state, theme, room),
        Dialog::Adopt(adopting) => adoption::content(adopting, theme, room),
        Dialog::Discard(dialog) => unsaved::discard(dialog, theme, room),
        Dialog::Unsaved(_) => unsaved::leaving(state, theme, room),
        Dialog::Reading { what: Reading::Notices, scroll } => {
            Content { scroll: *scroll, ..Content::text("Notices", notice::all(&state.notices, theme, room)) }
        }
        Dialog::Reading { what, scroll } => {
            Content { scroll: *scroll, ..reading_text::content(what, state.view(&state.export), theme, room) }
        }
        Dialog::Palette(palette) => {
            palette_content(palette, state, theme, room, usize::from(area.height).saturating_sub(2))
        }
        Dialog::Help(of) => {
            help::content(of, state.is_read_only(), theme, room, usize::from(area.height).saturating_sub(2))
        }
    };
    let wanted = u16::try_from(content.lines.len() + 2).unwrap_or(u16::MAX);
    let height = wanted.min(area.height);
    let place =
        Rect { x: area.x + (area.width - outer) / 2, y: area.y + (area.height - height) / 2, width: outer, height };
    let visible = usize::from(height.saturating_sub(2));
    let scroll = content.scroll.min(content.lines.len().saturating_sub(visible));
    let border = theme.style(if content.danger { Role::Danger } else { Role::Accent });
    let mut block = Block::bordered()
        .border_type(BorderType::Rounded)
        .border_style(border)
        .title(Span::styled(format!(" {} ", fit(&content.title, room)), theme.style(Role::Title)))
        .padding(Padding::horizontal(1));
    if content.lines.len() > visible {
        let shown = format!(" {}-{} of {} ", scroll + 1, scroll + visible, content.lines.len());
        block = block.title_bottom(Line::styled(shown, border).right_aligned());
    }
    let inner = block.inner(place);
    clear(frame, place);
    frame.render_widget(block, place);
    let offset = u16::try_from(scroll).unwrap_or(u16::MAX);
    frame.render_widget(Paragraph::new(content.lines).scroll((offset, 0)), inner);
    if let Some((column, line)) = content.cursor
        && let Some(line) = line.checked_sub(scroll)
        && line < usize::from(inner.height)
    {
        let x = inner.x + u16::try_from(column).unwrap_or(u16::MAX).min(inner.width.saturating_sub(1));
        let y = inner.y + u16::try_from(line).unwrap_or(u16::MAX);
        frame.set_cursor_position(Position::new(x, y));
    }
}

/// Empties a place, and the cell left of it where that holds a wide character: its second half would hide the border.
fn clear(frame: &mut Frame, place: Rect) {
    frame.render_widget(Clear, place);
    let Some(left) = place.x.checked_sub(1) else { return };
    for y in place.y..place.bottom() {
        if let Some(cell) = frame.buffer_mut().cell_mut((left, y))
            && width(cell.symbol()) > 1
        {
            cell.set_symbol(" ");
        }
    }
}

/// The text of an editor as it may be shown, and where its cursor is.
fn shown(line: &LineDialog, room: usize) -> (String, usize) {
    let text = line.editor.text();
    let is_secret = line.purpose.is_secret(text);
    let before = line.editor.before_cursor();
    if is_secret {
        // As many dots as characters, so that a person sees that the paste arrived, and how long it is.
        let dots = "•".repeat(text.chars().count().min(room.saturating_sub(1)));
        return (dots, before.chars().count().min(room.saturating_sub(1)));
    }
    // A long text slides, so that the cursor stays in sight.
    let mut skipped = 0;
    while width(&before[skipped..]) + 1 > room {
        skipped += before[skipped..].chars().next().map_or(1, char::len_utf8);
    }
    (fit(&text[skipped..], room), width(&before[skipped..]))
}

fn line_content(line: &LineDialog, state: &State, theme: Theme, room: usize) -> Content {
    let plain = |text: &str| paragraph(text, room, theme.style(Role::Text));
    let (title, danger, mut lines) = match &line.purpose {
        LinePurpose::ApiKey(environment) => (
            format!("API key of the {environment} pair"),
            false,
            plain("Paste the public API key from the API portal. Only its length is shown."),
        ),
        LinePurpose::Source => ("Shop location".to_owned(), false, choice_text::source(state, theme, room)),
        LinePurpose::KeyFile(environment) => (
            format!("Private key of the {environment} pair from a file"),
            false,
            plain("Type the path of the private key file. You must own it, with mode 0600."),
        ),
        LinePurpose::CreateProject => ("Create a SaaS project".to_owned(), false, choice_text::create(theme, room)),
        LinePurpose::RenameProject(_) => (
            "Rename the project".to_owned(),
            false,
            plain("A name is only a label: id, data spaces, data and services do not change."),
        ),
        LinePurpose::RenameDataSpace(_) => (
            "Rename the data space".to_owned(),
            false,
            plain("A name is only a label: id, data and services do not change."),
        ),
        LinePurpose::ChooseProduction(space) => (
            format!("Choose {}", space.name),
            true,
            spaced([
                choice_text::choose(space, state, theme, room),
                plain(&format!("Type its name to select it: {}", space.name)),
            ]),
        ),
        LinePurpose::ExportToProduction { request, name } => {
            let mut texts = vec![plain(&what_will_be_sent(request, state)), plain(PRODUCTION)];
            let changed = what_was_changed(request, state);
            texts.extend(changed.map(|text| paragraph(&text, room, theme.style(Role::Danger))));
            texts.push(plain(&format!("Type its name to start: {name}")));
            (format!("Export into {name}"), true, spaced(texts))
        }
        LinePurpose::ByIds(feed) => (
            format!("Send records of {feed} by id"),
            false,
            plain(&format!(
                "Type ids or SKUs of {feed}, separated by commas. Their items are sent even if unchanged. A number is an id if a record has it, else a SKU."
            )),
        ),
        LinePurpose::ErrorText => ("Filter by error text".to_owned(), false, plain(ERROR_TEXT)),
        LinePurpose::SaveCsv(_) => ("Save as CSV".to_owned(), false, plain(SAVE_CSV)),
        LinePurpose::SaveBundle => ("Support bundle".to_owned(), false, bundle::lines(&state.export, theme, room)),
        LinePurpose::CompareWith => ("Compare data spaces".to_owned(), false, choice_text::compare(state, theme, room)),
        LinePurpose::CleanUp(feed) => {
            (format!("Reset {feed}"), true, spaced(clean_up_texts(*feed, state).iter().map(|text| plain(text))))
        }
        LinePurpose::PasteBack | LinePurpose::ImsClientId | LinePurpose::ImsClientSecret { .. } => {
            let (title, text) = crate::tui::panes::organization::view::line_words(&line.purpose);
            (title.to_owned(), false, plain(&text))
        }
        LinePurpose::LoseSight { environment, name, refusal } => (
            format!("Replace the {environment} keys"),
            true,
            spaced([
                paragraph(&format!("▲ {refusal}"), room, theme.style(Role::Danger)),
                plain(&format!("Type the data space's name to replace the keys anyway: {name}")),
            ]),
        ),
        LinePurpose::Guard { name, refusal, .. } => (
            "Run stopped by the guard".to_owned(),
            true,
            spaced([
                paragraph(&format!("▲ {refusal}"), room, theme.style(Role::Danger)),
                plain(&format!("Type the data space's name to send anyway: {name}")),
            ]),
        ),
    };
    lines.push(Line::default());
    let (text, column) = shown(line, room.saturating_sub(2));
    let row = lines.len();
    lines.push(Line::from(vec![
        Span::styled("▸ ", theme.style(Role::Accent)),
        Span::styled(text, theme.style(Role::Title)),
    ]));
    lines.push(Line::default());
    match &line.error {
        Some(error) => lines.extend(paragraph(&format!("✗ {error}"), room, theme.style(Role::Danger))),
        None if line.completion.is_some() => {
            let completion = line.completion.as_deref().unwrap_or_default();
            lines.extend(paragraph(completion, room, theme.style(Role::Dim)));
        }
        None if line.busy => lines.push(Line::styled("◌ waiting for a response …", theme.style(Role::Accent))),
        None => {
            lines.push(Line::styled(fit(&answers(line), room), theme.style(Role::Dim)));
        }
    }
    let cursor = (!line.busy).then_some((column + 2, row));
    // What is typed is at the end: where not all fits, the end is what is shown.
    Content { title, danger, lines, cursor, scroll: usize::MAX }
}

/// Which keys answer the dialog; of a text that is hidden, how long it is.
fn answers(line: &LineDialog) -> String {
    let (accept, back) = (key_of(KeyContext::Line, Action::Accept), key_of(KeyContext::Line, Action::Back));
    match &line.purpose {
        LinePurpose::Guard { .. } => {
            format!("{accept}: send · {back}: cancel; other data spaces are in pane 2")
        }
        purpose if purpose.is_about_ims() && purpose.is_secret(line.editor.text()) => {
            let length = u64::try_from(line.editor.text().chars().count()).unwrap_or(u64::MAX);
            format!("{}; {accept}: OK · {back}: cancel", counted(length, "character"))
        }
        purpose if purpose.is_path() => {
            format!("{accept}: OK · {}: complete the path · {back}: cancel", key_of(KeyContext::Line, Action::Complete))
        }
        _ => format!("{accept}: OK · {back}: cancel"),
    }
}

/// What a clean-up of a feed does, in numbers.
fn clean_up_texts(feed: Feed, state: &State) -> [String; 3] {
    let known = state
        .export
        .summary_of(feed)
        .map_or(0, |known| known.submitted + known.awaiting + known.will_retry + known.needs_attention);
    let records = match state.export.source_records_of(feed) {
        Some(records) => format!("all items of {}", counted(records, "source record")),
        None => "all items of the source".to_owned(),
    };
    [
        format!(
            "The ledger forgets {} of {feed} in this data space, then {records} are sent again.",
            counted(known, "item")
        ),
        "Deletions are lost: items that the service has and the shop does not will stay in the service for good."
            .to_owned(),
        format!("Type the feed's name to start: {feed}"),
    ]
}

/// The feeds of a run. Experimental ones are sent only when they are named.
fn feeds_of(request: &ExportRequest, state: &State) -> Vec<Feed> {
    match request.feeds.as_slice() {
        [] => state.export.feeds().into_iter().filter(|feed| !feed.is_experimental()).collect(),
        named => named.to_vec(),
    }
}

/// Why a run would be refused: one of its feeds was changed in Adobe's exporter, and nobody said how to send it.
fn what_was_changed(request: &ExportRequest, state: &State) -> Option<String> {
    let refusal = CustomisedFeed::among(&state.export.customised, &feeds_of(request, state));
    refusal.map(|refusal| format!("▲ {}. The run will be refused.", refusal.words_beforehand()))
}

/// The feeds of a run with their source records.
fn what_will_be_sent(request: &ExportRequest, state: &State) -> String {
    let chosen = feeds_of(request, state);
    let records: u64 = chosen.iter().filter_map(|feed| state.export.source_records_of(*feed)).sum();
    let which = match chosen.as_slice() {
        [one] => format!("the feed {one}"),
        many => counted(u64::try_from(many.len()).unwrap_or(u64::MAX), "feed"),
    };
    let records = counted(records, "source record");
    match &request.mode {
        SyncMode::Full => {
            format!("Compares {which} with {records} and sends every new, changed or deleted item.")
        }
        SyncMode::Partial(_) => {
            format!(
                "Compares the changes in Commerce's change logs for {which} and sends new, changed or deleted items."
            )
        }
        SyncMode::Retry { .. } => format!("Sends the failed items of {which} again."),
        SyncMode::ByIds { words, .. } => {
            let named = counted(u64::try_from(words.len()).unwrap_or(u64::MAX), "record");
            format!("Sends {named} of {which}, even if unchanged.")
        }
        SyncMode::Cleanup => {
            format!("Forgets what was sent of {which} and resends all items of {records}.")
        }
    }
}

fn question_content(question: &Question, state: &State, theme: Theme, room: usize) -> Content {
    let (title, danger, texts) = match question {
        Question::Choose(space) => {
            let lines = choice_text::choose(space, state, theme, room);
            return answered(KeyContext::Question, format!("Choose {}", space.name), false, lines, theme);
        }
        Question::PastedKey(_) => (
            "A private key was pasted".to_owned(),
            false,
            vec![
                format!(
                    "The pasted text looks like a private key. It was not stored: {} cannot use it.",
                    state.pane.title()
                ),
                "Open it in Keys?".to_owned(),
            ],
        ),
        Question::Kept(kept) => return unsaved::kept(kept, state, theme, room),
        Question::Stop => ("Stop the export".to_owned(), true, stop_texts(state)),
        Question::Quit => {
            let keys = [Action::Accept, Action::Stop].map(|action| key_of(KeyContext::Leaving, action));
            let mut texts = vec![format!(
                "{}: the export continues without this screen, also after you log out. A new screen or `export status --watch` \
                 follows it; `export stop` stops it.",
                keys[0]
            )];
            texts.push(format!("{}: stop the export, then quit.", keys[1]));
            texts.extend(stop_texts(state));
            ("Export running. Quit?".to_owned(), false, texts)
        }
        Question::QuitWithRun if state.export.request.dry_run => (
            "Dry run running. Quit?".to_owned(),
            false,
            vec!["The dry run ends with this screen. It sent nothing, so nothing is lost.".to_owned()],
        ),
        Question::QuitWithRun => {
            let mut texts = vec!["The export of the demo ends with this screen.".to_owned()];
            texts.extend(stop_texts(state));
            ("Export running. Quit?".to_owned(), false, texts)
        }
        Question::Allow { held, .. } => choice_text::allow(held),
        Question::SendAgain { request, items, records } => send_again_texts(request, *items, *records, state),
        Question::SignOut => (
            "Sign out of IMS".to_owned(),
            false,
            vec![
                "The tokens are revoked at IMS and deleted here. The saved IMS organization stays, and exports keep working: they are signed with the key pair.".to_owned(),
            ],
        ),
        Question::Environment(environment) => {
            (format!("Use the {environment} environment"), false, choice_text::environment(*environment, state))
        }
        Question::Rotate(environment) => {
            (format!("Replace the {environment} pair"), true, choice_text::rotate(*environment, state))
        }
        Question::ForgetDraft(environment) => {
            (format!("Discard the pasted {environment} keys"), false, choice_text::forget_draft(*environment, state))
        }
    };
    let lines = spaced(texts.iter().map(|text| paragraph(text, room, theme.style(Role::Text))));
    let place = if *question == Question::Quit { KeyContext::Leaving } else { KeyContext::Question };
    answered(place, title, danger, lines, theme)
}

/// What sending some items again means, in numbers.
fn send_again_texts(
    request: &ExportRequest,
    items: usize,
    records: usize,
    state: &State,
) -> (String, bool, Vec<String>) {
    let number = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let feed = request.feeds.first().map_or("", |feed| feed.name());
    let chosen = counted(number(items), "item");
    let record = counted(number(records), "source record");
    let to = state.overview.data_space.as_ref().map(|(_, name, _)| format!(" to {name}")).unwrap_or_default();
    let texts = vec![
        format!(
            "{chosen} of {feed}: {record} will be read and sent{to}, changed or not. Items deleted in the shop are deleted there."
        ),
        "Every item of these records is sent, for all store views: there may be more items than you selected."
            .to_owned(),
    ];
    (format!("Send {chosen} again"), false, texts)
}

/// What stopping the run means, in numbers.
fn stop_texts(state: &State) -> Vec<String> {
    let mut texts = Vec::new();
    if state.export.active().is_some() {
        let totals = state.export.totals();
        let more = if totals.is_collecting { " so far" } else { "" };
        texts.push(format!(
            "Sent: {} of {} found{more}; not sent: {}.",
            count(totals.submitted),
            counted(totals.to_send, "item"),
            count(totals.to_send.saturating_sub(totals.submitted))
        ));
    }
    texts.push("Batches in flight finish, then the run stops. Nothing is lost: run again to resume.".to_owned());
    texts
}

/// What Enter does, and the contexts whose names begin with what was typed.
fn contexts_text(name: &str, state: &State) -> Vec<String> {
    let listed = |context: &String| {
        let is_current = state.contexts.current.as_ref() == Some(context);
        format!("  {context}{}", if is_current { " (in use)" } else { "" })
    };
    let mut texts = vec!["Enter: open this screen in the context with that name".to_owned()];
    texts.extend(state.contexts.names.iter().filter(|context| context.starts_with(name)).map(listed));
    if state.contexts.names.is_empty() {
        texts.push("No contexts. Add one: `commerce-connector contexts add NAME`.".to_owned());
    }
    texts
}

fn palette_content(palette: &Palette, state: &State, theme: Theme, room: usize, height: usize) -> Content {
    let typed = palette.editor.text();
    let mut lines = vec![
        Line::from(vec![
            Span::styled(": ", theme.style(Role::Accent)),
            Span::styled(fit(typed, room.saturating_sub(3)), theme.style(Role::Title)),
        ]),
        Line::default(),
    ];
    if let Some(name) = palette.context() {
        lines.extend(
            contexts_text(name, state).into_iter().map(|text| Line::styled(fit(&text, room), theme.style(Role::Text))),
        );
        let column = 2 + width(palette.editor.before_cursor());
        return Content {
            title: "Switch context".to_owned(),
            danger: false,
            lines,
            cursor: Some((column, 0)),
            scroll: 0,
        };
    }
    let matches = palette.matches();
    let list_height = height.saturating_sub(lines.len()).max(1);
    let from = crate::tui::widgets::list::window(palette.selected, matches.len(), list_height);
    if matches.is_empty() {
        lines.push(Line::styled("no matching action", theme.style(Role::Dim)));
    }
    for (number, binding) in matches.iter().enumerate().skip(from).take(list_height) {
        let is_selected = number == palette.selected;
        let key = binding.keys.first().map(|key| key.name().into_owned()).unwrap_or_default();
        let is_refused = state.is_read_only() && binding.action.changes();
        let words = if is_refused { format!("Read-only: {}", binding.long) } else { binding.long.to_owned() };
        let style = theme.style(if is_refused { Role::Dim } else { Role::Text });
        let home = binding.home(palette.here);
        let words = Span::styled(left(&words, room.saturating_sub(20)), style);
        let line = Line::from(vec![
            Span::styled(if is_selected { "▸ " } else { "  " }, theme.style(Role::Accent)),
            Span::styled(left(&key, 8), theme.style(Role::Accent)),
            words,
            Span::styled(format!("  {home}"), theme.style(Role::Dim)),
        ]);
        lines.push(crate::tui::widgets::list::selected(line, is_selected));
    }
    let column = 2 + width(palette.editor.before_cursor());
    Content { title: "Actions".to_owned(), danger: false, lines, cursor: Some((column, 0)), scroll: 0 }
}
