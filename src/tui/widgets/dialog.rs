//! Dialogs: what is asked or shown above a pane. One at a time; a dialog takes every key until it is closed.

use crate::connector::ExportRequest;
use crate::connector::unsaved::KeptKeys;
use crate::domain::{DataSpace, DataSpaceId, Environment, Feed, ProjectId};
use crate::error::Problem;
use crate::export::held::Held;
use crate::export::ledger::ItemQuery;
use crate::export::progress::ItemFailure;
use crate::keys::{KeyError, PrivateKey};
use crate::report::Row;
use crate::secret::Secret;
use crate::tui::keymap::{self, Binding, KeyContext};
use crate::tui::remedy::sentence;
use crate::tui::widgets::adopting::Adopting;
use crate::tui::widgets::editor::{KEY_TEXT_LIMIT, KeyEditor, LineEditor};
use crate::tui::widgets::matching;
use crate::tui::widgets::reading::LogLine;
use crate::untrusted::SafeText;

/// An open dialog.
#[derive(Debug)]
pub enum Dialog {
    /// One line to fill in.
    Line(LineDialog),
    /// A private key to paste.
    PrivateKey(Box<KeyDialog>),
    /// Yes or no.
    Question(Question),
    /// Whether what Adobe's exporter has sent counts as sent.
    Adopt(Adopting),
    /// Something to read.
    Reading {
        what: Reading,
        /// How many lines further down than the first was scrolled to. What is drawn stops at the end by itself.
        scroll: usize,
    },
    /// Whether this dialog may be closed although what is in it is lost then.
    Discard(Box<Dialog>),
    /// What becomes of unsaved keys when the person leaves; with the dialog that was open then.
    Unsaved(Option<Box<Dialog>>),
    /// Every action by name.
    Palette(Palette),
    /// Every key of the place from which it was opened.
    Help(Help),
}

/// Something to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// One refused item in full.
    Failure(ItemFailure),
    /// One line of an item's page in full.
    Item(Row),
    /// One line of the log in full.
    Reported(LogLine),
    /// Who may generate keys, and where.
    WhereKeys,
    /// What a license includes, and how to ask for more.
    License,
    /// Everything that is known of a feed's health.
    Feed(Feed),
    /// Every notice in full.
    Notices,
    /// What a full export would take.
    Estimate,
    /// What the doctor found.
    Doctor,
    /// The services that the connector serves.
    Services,
    /// The run history.
    Runs,
    /// A report that is made on request.
    Report(ReportKind),
}

/// A report that is made on request, and reads more than the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// What is wrong with the catalogue.
    Lint,
    /// Whether what was sent is visible.
    Visible,
    /// Our items against those of Adobe's exporter.
    Exporter,
    /// What two data spaces show.
    DataSpaces,
}

impl ReportKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Lint, Self::Visible, Self::Exporter, Self::DataSpaces];

    /// What it is called.
    pub fn title(self) -> &'static str {
        match self {
            Self::Lint => "Mistakes in the catalogue",
            Self::Visible => "Visible items",
            Self::Exporter => "Compared with Adobe's exporter",
            Self::DataSpaces => "Two data spaces",
        }
    }
}

impl Dialog {
    /// A text from its beginning.
    #[must_use]
    pub fn reading(what: Reading) -> Self {
        Dialog::Reading { what, scroll: 0 }
    }

    /// Whether a person typed something into it that is nowhere else. A name that is typed to confirm something is not.
    pub fn has_typed_text(&self) -> bool {
        match self {
            Dialog::Line(line) => line.is_changed() && !line.purpose.is_confirmation(),
            Dialog::PrivateKey(dialog) => !dialog.editor.text().trim().is_empty(),
            _ => false,
        }
    }

    /// Which keys are valid in it.
    pub fn place(&self) -> KeyContext {
        match self {
            Dialog::Line(_) => KeyContext::Line,
            Dialog::PrivateKey(_) => KeyContext::KeyEditor,
            Dialog::Question(Question::Quit) => KeyContext::Leaving,
            Dialog::Question(Question::Kept(_)) => KeyContext::Kept,
            // Until there is something to say yes to, it can only be closed.
            Dialog::Adopt(Adopting { counts: None, .. }) | Dialog::Reading { .. } => KeyContext::Reading,
            Dialog::Question(_) | Dialog::Discard(_) | Dialog::Adopt(_) => KeyContext::Question,
            Dialog::Unsaved(_) => KeyContext::Unsaved,
            Dialog::Palette(_) => KeyContext::Palette,
            Dialog::Help(_) => KeyContext::Help,
        }
    }
}

/// A dialog with one line to fill in.
#[derive(Debug)]
pub struct LineDialog {
    pub purpose: LinePurpose,
    /// What was typed.
    pub editor: LineEditor,
    /// What it began with.
    begun_with: String,
    /// Why it was not accepted.
    pub error: Option<String>,
    /// What the path may go on with, after Tab.
    pub completion: Option<String>,
    /// Whether an answer is waited for.
    pub busy: bool,
}

impl LineDialog {
    /// An empty dialog, or one that begins with `text`.
    #[must_use]
    pub fn new(purpose: LinePurpose, text: &str) -> Self {
        let (editor, begun_with) = (LineEditor::with(text), text.to_owned());
        Self { purpose, editor, begun_with, error: None, completion: None, busy: false }
    }

    /// Whether another text is in it than at the beginning.
    fn is_changed(&self) -> bool {
        self.editor.text() != self.begun_with && !self.editor.text().trim().is_empty()
    }

    /// Shows why the line was not accepted.
    pub fn refuse(&mut self, problem: &Problem) {
        self.busy = false;
        self.error = Some(sentence(problem));
    }
}

/// What one line is filled in for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinePurpose {
    /// The API key of a pair.
    ApiKey(Environment),
    /// The location of the shop.
    Source,
    /// The path of a private key file.
    KeyFile(Environment),
    /// The name of a new project.
    CreateProject,
    /// A project's new name.
    RenameProject(ProjectId),
    /// A data space's new name.
    RenameDataSpace(DataSpaceId),
    /// The name of a production data space, typed to choose it.
    ChooseProduction(DataSpace),
    /// The name of the production data space, typed to export into it.
    ExportToProduction {
        request: ExportRequest,
        /// The data space's name.
        name: SafeText,
    },
    /// Ids or SKUs of a feed.
    ByIds(Feed),
    /// What the errors of the listed items must contain.
    ErrorText,
    /// The file to which the items of these queries are written as CSV.
    SaveCsv(Vec<ItemQuery>),
    /// The archive to which the support bundle is written.
    SaveBundle,
    /// The data space to compare the one in use with.
    CompareWith,
    /// The name of a feed, typed to clean it up.
    CleanUp(Feed),
    /// The address that a person was sent back to after signing in.
    PasteBack,
    /// The client id of a service that signs in.
    ImsClientId,
    /// Its client secret, or `@` and the file that holds it.
    ImsClientSecret { client_id: String },
    /// The name of the data space in use, typed to replace keys by such that do not see it.
    LoseSight {
        /// Which pair.
        environment: Environment,
        /// The data space's name.
        name: SafeText,
        /// What the new keys do not see.
        refusal: String,
    },
    /// The name of the data space, typed to continue with what the guard refused.
    Guard {
        request: ExportRequest,
        /// The data space's name.
        name: SafeText,
        /// Why the guard refused.
        refusal: String,
    },
}

impl LinePurpose {
    /// Whether the path of a file or directory is typed.
    pub fn is_path(&self) -> bool {
        matches!(
            self,
            LinePurpose::Source | LinePurpose::KeyFile(_) | LinePurpose::SaveCsv(_) | LinePurpose::SaveBundle
        )
    }

    /// Whether a name is typed again only to confirm something, or a text to find something.
    fn is_confirmation(&self) -> bool {
        matches!(
            self,
            LinePurpose::ChooseProduction(_)
                | LinePurpose::ExportToProduction { .. }
                | LinePurpose::CleanUp(_)
                | LinePurpose::LoseSight { .. }
                | LinePurpose::Guard { .. }
                | LinePurpose::ErrorText
        )
    }

    /// Whether it is for signing in.
    pub fn is_about_ims(&self) -> bool {
        matches!(self, LinePurpose::PasteBack | LinePurpose::ImsClientId | LinePurpose::ImsClientSecret { .. })
    }

    /// Whether what is typed must not be seen; the name of a file may be.
    pub fn is_secret(&self, text: &str) -> bool {
        match self {
            LinePurpose::ApiKey(_) | LinePurpose::PasteBack => true,
            LinePurpose::ImsClientSecret { .. } => !text.starts_with('@'),
            _ => false,
        }
    }
}

/// The private key dialog.
#[derive(Debug)]
pub struct KeyDialog {
    /// For which pair.
    pub environment: Environment,
    /// The pasted text.
    pub editor: KeyEditor,
    /// What the text is.
    pub preview: Preview,
    /// Whether the button has the focus, not the text.
    pub on_button: bool,
    /// Whether the text was pasted before the dialog was there.
    pub unasked: bool,
}

/// What a pasted text is, as far as can be seen here.
#[derive(Debug, Clone)]
pub enum Preview {
    /// Nothing yet.
    Empty,
    Usable(PrivateKey),
    /// Not one; why, and what to do.
    Unusable(Problem),
}

impl KeyDialog {
    /// An empty one.
    #[must_use]
    pub fn new(environment: Environment) -> Self {
        Self { environment, editor: KeyEditor::default(), preview: Preview::Empty, on_button: false, unasked: false }
    }

    /// Takes pasted text. A usable key moves the focus to the button, so that Enter is the next step.
    pub fn paste(&mut self, text: &str) {
        if self.editor.paste(text) {
            self.look();
            self.on_button = matches!(self.preview, Preview::Usable(_));
        } else {
            let limit = KEY_TEXT_LIMIT / 1024;
            self.preview = Preview::Unusable(Problem::usage(format!(
                "the pasted text is longer than {limit} KiB: not a private key; nothing was stored"
            )));
        }
    }

    /// Looks at the text again.
    pub fn look(&mut self) {
        let text = self.editor.text();
        self.preview = if text.trim().is_empty() {
            Preview::Empty
        } else {
            match PrivateKey::parse(&text) {
                Ok(key) => Preview::Usable(key),
                Err(error) => Preview::Unusable(explain(&error)),
            }
        };
    }
}

fn explain(error: &KeyError) -> Problem {
    Problem::of(error)
}

/// A yes-or-no question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Use this data space from now on?
    Choose(DataSpace),
    /// Take this text, which looks like a private key, to the pane of keys?
    PastedKey(Secret),
    /// Send what the last run held back?
    Allow {
        /// What it held back.
        held: Vec<Held>,
        /// The export that sends it.
        request: ExportRequest,
    },
    /// Go on with the unsaved keys of an earlier screen?
    Kept(Box<KeptKeys>),
    /// Stop the run?
    Stop,
    /// Leave, and what becomes of the run?
    Quit,
    /// Leave, though the run ends with the screen?
    QuitWithRun,
    /// Sign out of IMS?
    SignOut,
    /// Use this environment from now on?
    Environment(Environment),
    /// Replace this pair by a new one?
    Rotate(Environment),
    /// Forget what was pasted for this pair?
    ForgetDraft(Environment),
    /// Send the records of some items again?
    SendAgain {
        /// The export that does it.
        request: ExportRequest,
        /// How many items were chosen.
        items: usize,
        /// How many source records they belong to.
        records: usize,
    },
}

/// The palette of all actions.
#[derive(Debug)]
pub struct Palette {
    /// From where it was opened.
    pub here: KeyContext,
    /// What the names must contain.
    pub editor: LineEditor,
    /// Which of the matches is selected.
    pub selected: usize,
}

impl Palette {
    /// Every action, those of `here` first.
    #[must_use]
    pub fn new(here: KeyContext) -> Self {
        Self { here, editor: LineEditor::default(), selected: 0 }
    }

    /// The context that was named: `context luma`. Empty if no name is there yet.
    pub fn context(&self) -> Option<&str> {
        let rest = self.editor.text().trim_start().strip_prefix("context")?;
        (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
    }

    /// The actions that match what was typed: those that contain it, then those that contain its letters in order; of both,
    /// first the actions of the place from which the palette was opened.
    pub fn matches(&self) -> Vec<&'static Binding> {
        let mut matches: Vec<_> = keymap::palette()
            .filter_map(|binding| {
                let text = format!("{} {} {}", binding.long, binding.short, binding.home(self.here));
                Some((matching::rank(self.editor.text(), &text)?, !binding.is_valid_in(self.here), binding))
            })
            .collect();
        matches.sort_by_key(|(rank, is_elsewhere, _)| (*rank, *is_elsewhere));
        matches.into_iter().map(|(.., binding)| binding).collect()
    }
}

/// The keys of a place.
#[derive(Debug)]
pub struct Help {
    pub of: KeyContext,
    /// What the shown keys must contain.
    pub editor: LineEditor,
    /// How many lines further down than the first was scrolled to.
    pub scroll: usize,
}

impl Help {
    /// All keys of a place.
    #[must_use]
    pub fn new(of: KeyContext) -> Self {
        Self { of, editor: LineEditor::default(), scroll: 0 }
    }
}
