//! The support bundle: what goes in, then where to write it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ratatui::text::Line;

use crate::connector::support_bundle::{Bundle, LEFT_OUT, Part};
use crate::error::Problem;
use crate::format::bytes;
use crate::private_file::safe;
use crate::tui::panes::export::ExportPane;
use crate::tui::panes::export::requests::ExportWork;
use crate::tui::panes::{Cx, Effects, Load};
use crate::tui::remedy::sentence;
use crate::tui::theme::{Role, Theme};
use crate::tui::widgets::dialog::{Dialog, LineDialog, LinePurpose};
use crate::tui::widgets::notices::Tone;
use crate::tui::widgets::text::{fit, left, paragraph, right};

/// Widths of the columns of name and size, in cells.
const NAME: usize = 20;
const SIZE: usize = 10;

impl ExportPane {
    /// Opens the dialog, and has the files collected.
    pub fn ask_for_bundle(&mut self, cx: &mut Cx<'_>, effects: &mut Effects) {
        if self.reports.bundle.begin(ExportWork::CollectBundle, effects) {
            self.reports.bundle.value = None;
        }
        cx.ask_line(LinePurpose::SaveBundle, "");
    }

    /// The files were collected: the path of the archive is proposed, unless one was typed.
    pub(super) fn on_bundle(&mut self, result: Result<Arc<Bundle>, Problem>, cx: &mut Cx<'_>) {
        if let (Ok(bundle), Some(Dialog::Line(line))) = (&result, cx.dialog.as_mut())
            && line.purpose == LinePurpose::SaveBundle
            && line.editor.text().is_empty()
        {
            *line = LineDialog::new(LinePurpose::SaveBundle, &bundle.file_name().display().to_string());
        }
        self.reports.bundle.take(result, cx.now);
    }

    /// What writes the archive to the path that was typed.
    ///
    /// # Errors
    /// A [`Problem`] if the files are not there yet, or never will be.
    pub fn write_bundle(&self, path: PathBuf) -> Result<ExportWork, Problem> {
        match (&self.reports.bundle.value, &self.reports.bundle.load) {
            (Some(bundle), _) => Ok(ExportWork::WriteBundle { bundle: bundle.clone(), path }),
            (None, Load::Failed { problem }) => Err(problem.clone()),
            (None, _) => Err(Problem::usage("the files are still being collected: wait a moment")),
        }
    }

    /// The archive was written, or could not be.
    pub(super) fn on_bundle_written(path: &Path, result: Result<u64, Problem>, cx: &mut Cx<'_>) {
        match result {
            Ok(size) => {
                cx.close_line(&[LinePurpose::SaveBundle]);
                cx.notice(Tone::Good, format!("wrote {} ({})", safe(path), bytes(size)));
            }
            Err(problem) => cx.refuse_line_or_tell(&problem),
        }
    }
}

/// The files of the archive, and what is asked.
pub fn lines(pane: &ExportPane, theme: Theme, room: usize) -> Vec<Line<'static>> {
    let Some(bundle) = &pane.reports.bundle.value else {
        return match &pane.reports.bundle.load {
            Load::Failed { problem } => paragraph(&format!("✗ {}", sentence(problem)), room, theme.style(Role::Danger)),
            _ => vec![Line::styled("◌ collecting the files: every check is run …", theme.style(Role::Accent))],
        };
    };
    let mut lines: Vec<Line> = bundle.parts.iter().map(|part| line_of(part, theme, room)).collect();
    lines.extend(paragraph(&format!("{LEFT_OUT} Write it to:"), room, theme.style(Role::Text)));
    lines
}

fn line_of(part: &Part, theme: Theme, room: usize) -> Line<'static> {
    let (name, size) = (left(part.name.as_str(), NAME), right(&bytes(part.text.len() as u64), SIZE));
    Line::styled(fit(&format!("{name}{size}  {}", part.about), room), theme.style(Role::Text))
}
