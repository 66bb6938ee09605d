//! A text as a QR code: half blocks where Unicode can be shown, else two cells of colour or of ASCII for a module.
//!
//! It must never know what the text is for.

use qrcode::{Color as Module, EcLevel, QrCode};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::theme::{Colours, Role, Theme};
use crate::tui::widgets::text::paragraph;

/// The light border around a code, in modules. The standard asks for 4; cameras read it with 2, and rows are scarce.
const BORDER: usize = 2;

/// Draws it in the middle of `area`, or says how large the terminal must be.
pub fn draw(frame: &mut Frame, area: Rect, text: &str, theme: Theme) {
    // The least correction: nothing is printed or scratched here, and a smaller code fits into more terminals.
    let Ok(code) = QrCode::with_error_correction_level(text, EcLevel::L) else {
        let words =
            paragraph("The text is too long for a QR code.", usize::from(area.width), theme.style(Role::Warning));
        frame.render_widget(Paragraph::new(words), area);
        return;
    };
    let lines = if theme.unicode { half_blocks(&code, theme) } else { double_cells(&code, theme) };
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX);
    let width = u16::try_from(lines.first().map_or(0, Line::width)).unwrap_or(u16::MAX);
    if width > area.width || height > area.height {
        let whole = frame.area();
        let (columns, rows) = (whole.width - area.width + width, whole.height - area.height + height);
        let words = format!(
            "The QR code needs a terminal of {columns} columns and {rows} rows; this one has {} and {}. Enlarge it, use a smaller font, or copy the URL instead.",
            whole.width, whole.height
        );
        let words = paragraph(&words, usize::from(area.width), theme.style(Role::Warning));
        frame.render_widget(Paragraph::new(words), area);
        return;
    }
    let place = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    frame.render_widget(Paragraph::new(lines), place);
}

/// The modules row by row, `true` for dark ones, with the border.
fn modules(code: &QrCode) -> Vec<Vec<bool>> {
    let size = code.width();
    let is_dark = |x: usize, y: usize| {
        let inside = |at: usize| at.checked_sub(BORDER).filter(|at| *at < size);
        matches!((inside(x), inside(y)), (Some(x), Some(y)) if code[(x, y)] == Module::Dark)
    };
    let all = size + 2 * BORDER;
    (0..all).map(|y| (0..all).map(|x| is_dark(x, y)).collect()).collect()
}

/// Two rows of modules in one row of cells. Black on white where there are colours; without, light is drawn, as on a dark screen.
fn half_blocks(code: &QrCode, theme: Theme) -> Vec<Line<'static>> {
    let rows = modules(code);
    let has_colours = theme.colours != Colours::None;
    let style = if has_colours { Style::new().fg(Color::Black).bg(Color::White) } else { Style::new() };
    let is_drawn = |row: Option<&Vec<bool>>, x: usize| row.is_some_and(|row| row[x] == has_colours);
    let lines = rows.chunks(2).map(|pair| {
        let text: String = (0..pair[0].len())
            .map(|x| match (is_drawn(pair.first(), x), is_drawn(pair.get(1), x)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect();
        Line::from(Span::styled(text, style))
    });
    lines.collect()
}

/// Each module as two cells, which is about square: coloured blanks, or without colours `##` for light.
fn double_cells(code: &QrCode, theme: Theme) -> Vec<Line<'static>> {
    let line = |row: &Vec<bool>| {
        let cells = row.iter().map(|dark| match (theme.colours != Colours::None, dark) {
            (true, true) => Span::styled("  ", Style::new().bg(Color::Black)),
            (true, false) => Span::styled("  ", Style::new().bg(Color::White)),
            (false, true) => Span::raw("  "),
            (false, false) => Span::raw("##"),
        });
        Line::from(cells.collect::<Vec<_>>())
    };
    modules(code).iter().map(line).collect()
}
