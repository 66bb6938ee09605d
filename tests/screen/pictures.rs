//! The pictures of the documentation: the real program in a pseudo-terminal, each screen written as SVG.
//!
//! Not a test of anything: `scripts/pictures` runs it, so that the pictures stay true.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use support::terminal::{Screen, Terminal};

use crate::support;

/// Rows and columns of a picture.
const SIZE: (u16, u16) = (30, 110);
/// Width and height of a cell, and the size of its letters, in pixels.
const CELL: (f32, f32) = (8.4, 17.0);
const FONT_SIZE: f32 = 14.0;
/// Between the screen and the border of the picture, in pixels.
const MARGIN: f32 = 12.0;
/// Background and text, then the sixteen colours of a terminal.
const BACKGROUND: &str = "#16181d";
const FOREGROUND: &str = "#d8dce4";
const PALETTE: [&str; 16] = [
    "#16181d", "#e06c75", "#8cc570", "#e0b964", "#61afef", "#c678dd", "#56b6c2", "#d8dce4", "#7f8694", "#f0848c",
    "#a5d68c", "#f0cc80", "#82c0f5", "#d795e8", "#78ccd6", "#ffffff",
];
/// Each picture: what is pressed for it, and what is on the screen when it is time.
const PICTURES: [(&str, &str, &str); 8] = [
    ("overview", "0", "Overview"),
    ("keys", "1", "SHA256:"),
    ("saas", "2", "Demo shop"),
    ("ims", "3", "IMS organization"),
    ("export", "4", "Data export"),
    ("feed", "gjjjj\r", "This run"),
    ("items", "m", "Items of products"),
    ("item", "\r", "Item of products"),
];
/// The demo is so large that its run goes on while the pictures are made.
const PRODUCTS: u32 = 8_000;
/// The demo of the moving picture is so small that its run is over within half a minute.
const FEW_PRODUCTS: u32 = 700;
/// How often the screen is looked at for the moving picture.
const TICK: Duration = Duration::from_millis(500);
/// How long its end is shown before it begins again.
const HOLD: u32 = 8;
/// A run that takes longer than so many ticks does not end.
const MOST_TICKS: usize = 240;
/// When nothing is written for so long, the screen shows what was asked for. During a run there is a frame a second.
const REST: Duration = Duration::from_millis(400);

#[test]
#[ignore = "run by scripts/pictures"]
fn pictures() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures");
    std::fs::create_dir_all(&directory).expect("a directory");
    let state = tempfile::tempdir().expect("a directory");
    let mut terminal = Terminal::demo_in(SIZE, PRODUCTS, state.path());
    // Some thousand items are on their way, so that every page has something to show.
    terminal.wait("a run under way", |screen| screen.contains("  3%  "));
    for (name, keys, sign) in PICTURES {
        terminal.press(keys);
        terminal.wait_for(sign);
        std::thread::sleep(REST);
        let path = directory.join(format!("{name}.svg"));
        std::fs::write(&path, terminal.look(svg)).expect("written");
    }
}

/// A whole run as a picture that moves, the first of the README.
#[test]
#[ignore = "run by scripts/pictures"]
fn moving_picture() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/pictures/run.svg");
    let state = tempfile::tempdir().expect("a directory");
    let terminal = Terminal::demo_in(SIZE, FEW_PRODUCTS, state.path());
    terminal.wait_for("Export");
    let mut frames = Vec::new();
    while !terminal.look(|screen| screen.contains("Export done at")) {
        assert!(frames.len() < MOST_TICKS, "the run does not end:\n{}", terminal.text());
        frames.push(terminal.look(rows));
        std::thread::sleep(TICK);
    }
    std::thread::sleep(REST);
    frames.push(terminal.look(rows));
    std::fs::write(path, moving(&frames)).expect("written");
}

/// Frames one after another, again and again. A row is drawn once for as long as it stays the same.
fn moving(frames: &[Vec<String>]) -> String {
    let ticks = frames.len() + HOLD as usize;
    let seconds = TICK.as_secs_f32() * ticks as f32;
    let mut picture = head();
    for row in 0..usize::from(SIZE.0) {
        let mut from = 0;
        for shown in frames.chunk_by(|one, next| one[row] == next[row]) {
            let to = if from + shown.len() == frames.len() { ticks } else { from + shown.len() };
            if to - from == ticks {
                picture.push_str(&shown[0][row]);
            } else if !shown[0][row].is_empty() {
                // Without animation the end is shown.
                let still = if to == ticks { "visible" } else { "hidden" };
                let (begin, end) = (from as f32 / ticks as f32, to as f32 / ticks as f32);
                let (values, times) = match (from, to == ticks) {
                    (0, _) => ("visible;hidden".to_owned(), format!("0;{end:.4}")),
                    (_, true) => ("hidden;visible".to_owned(), format!("0;{begin:.4}")),
                    _ => ("hidden;visible;hidden".to_owned(), format!("0;{begin:.4};{end:.4}")),
                };
                let _ = write!(
                    picture,
                    "<g visibility=\"{still}\"><animate attributeName=\"visibility\" calcMode=\"discrete\" values=\"{values}\" \
                     keyTimes=\"{times}\" dur=\"{seconds:.1}s\" repeatCount=\"indefinite\"/>\n{}</g>\n",
                    shown[0][row]
                );
            }
            from = to;
        }
    }
    picture.push_str("</svg>\n");
    picture
}

/// A screen as a picture: one rectangle for each run of a background, one text for each run of a style.
fn svg(screen: &Screen) -> String {
    format!("{}{}</svg>\n", head(), rows(screen).concat())
}

/// The beginning of a picture, with its background.
fn head() -> String {
    let (rows, columns) = (SIZE.0, SIZE.1);
    let (width, height) = (f32::from(columns) * CELL.0 + 2.0 * MARGIN, f32::from(rows) * CELL.1 + 2.0 * MARGIN);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"ui-monospace, \
         'DejaVu Sans Mono', Menlo, Consolas, monospace\" font-size=\"{FONT_SIZE}\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{BACKGROUND}\"/>\n"
    )
}

/// What is drawn of each row.
fn rows(screen: &Screen) -> Vec<String> {
    let draw = |row| {
        let mut drawn = String::new();
        let mut column = 0;
        while let Some(run) = Run::at(screen.grid(), row, column) {
            run.draw(row, &mut drawn);
            column = run.from + run.columns;
        }
        drawn
    };
    (0..SIZE.0).map(draw).collect()
}

/// Cells beside each other that look alike.
struct Run {
    from: u16,
    columns: u16,
    text: String,
    style: Style,
}

#[derive(PartialEq, Eq)]
struct Style {
    foreground: &'static str,
    background: &'static str,
    is_bold: bool,
}

impl Run {
    fn at(screen: &vt100::Screen, row: u16, from: u16) -> Option<Self> {
        let style = Style::of(screen.cell(row, from)?);
        let mut run = Run { from, columns: 0, text: String::new(), style };
        while let Some(cell) = screen.cell(row, from + run.columns).filter(|cell| Style::of(cell) == run.style) {
            if !cell.is_wide_continuation() {
                run.text.push_str(if cell.has_contents() { cell.contents() } else { " " });
            }
            run.columns += 1;
        }
        Some(run)
    }

    fn draw(&self, row: u16, picture: &mut String) {
        let (x, y) = (MARGIN + f32::from(self.from) * CELL.0, MARGIN + f32::from(row) * CELL.1);
        let width = f32::from(self.columns) * CELL.0;
        let Style { foreground, background, is_bold } = self.style;
        // Writing to a String cannot fail.
        if background != BACKGROUND {
            let height = CELL.1;
            let _ = writeln!(
                picture,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{background}\"/>"
            );
        }
        if self.text.trim().is_empty() {
            return;
        }
        let text = self.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let weight = if is_bold { " font-weight=\"bold\"" } else { "" };
        let baseline = y + CELL.1 * 0.75;
        // The length keeps columns in line whatever the font is.
        let _ = writeln!(
            picture,
            "<text x=\"{x:.1}\" y=\"{baseline:.1}\" fill=\"{foreground}\" textLength=\"{width:.1}\" \
             lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\"{weight}>{text}</text>"
        );
    }
}

impl Style {
    fn of(cell: &vt100::Cell) -> Self {
        let colour = |colour, default| match colour {
            vt100::Color::Idx(index) => PALETTE.get(usize::from(index)).copied().unwrap_or(default),
            vt100::Color::Default | vt100::Color::Rgb(..) => default,
        };
        let (foreground, background) = (colour(cell.fgcolor(), FOREGROUND), colour(cell.bgcolor(), BACKGROUND));
        let (foreground, background) = if cell.inverse() { (background, foreground) } else { (foreground, background) };
        Self { foreground, background, is_bold: cell.bold() }
    }
}
