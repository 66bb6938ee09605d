//! `contexts …`, and which context a command uses.

use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::json;

use super::output::{Output, table};
use super::{Invocation, Purpose};
use crate::cli::ContextsCommand;
use crate::config::contexts::{Context, Contexts, FILE_NAME};
use crate::connector::this_program;
use crate::error::{Exit, Problem};
use crate::private_file::safe;
use crate::tui::{ContextCheck, ScreenContexts};

/// Runs one of them.
pub fn run(command: &ContextsCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let mut contexts = setting.contexts()?;
    match command {
        ContextsCommand::List => list(&contexts, setting, output)?,
        ContextsCommand::Use { name, .. } => {
            contexts.make_current(name.as_deref()).map_err(|error| Problem::of(&error))?;
            let text = match name {
                Some(name) => format!("Using context {name} from now on."),
                None => "Using no context from now on: the default configuration and state.".to_owned(),
            };
            output.say(&text, "context_used", json!({"name": name}))?;
        }
        ContextsCommand::Add { name } => {
            let context = setting.new_context(name);
            contexts.add(&context).map_err(|error| Problem::of(&error))?;
            let (config, state) = (safe(&context.config), setting.state_of(&context));
            let next = if context.config.exists() {
                format!("Try it: `commerce-connector --context {name} status`.")
            } else {
                format!("Next: `commerce-connector --context {name} config init`.")
            };
            output.say(
                &format!(
                    "Added context {name}, listed in {}.\nConfiguration: {config}\nState: {state}\n{next}",
                    safe(contexts.path())
                ),
                "context_added",
                json!({"name": name, "config": config, "state_directory": state}),
            )?;
        }
        ContextsCommand::Remove { name } => {
            let state = contexts.find(name).map(|context| setting.state_of(&context));
            let context = contexts.remove(name).map_err(|error| Problem::of(&error))?;
            let (config, state) = (safe(&context.config), state.unwrap_or_default());
            output.say(
                &format!("Removed context {name} from the list. Nothing else was deleted.\nConfiguration: {config}\nState: {state}"),
                "context_removed",
                json!({"name": name, "config": config, "state_directory": state}),
            )?;
        }
    }
    Ok(Exit::Done)
}

fn list(contexts: &Contexts, setting: &Invocation, output: &mut Output) -> Result<(), Problem> {
    let in_use = setting.name_in_use(contexts);
    let mut rows = vec![["", "NAME", "CONFIGURATION", "STATE"].map(str::to_owned).to_vec()];
    for context in contexts.all() {
        let is_in_use = in_use.as_deref() == Some(&context.name);
        let (config, state) = (safe(&context.config), setting.state_of(&context));
        output.record(
            "context",
            json!({"name": context.name, "in_use": is_in_use, "config": config, "state_directory": state}),
        )?;
        let mark = if is_in_use { "*" } else { "" };
        rows.push(vec![mark.to_owned(), context.name, config.to_string(), state]);
    }
    if rows.len() == 1 {
        return output.text("No contexts. Add one: `commerce-connector contexts add NAME`.");
    }
    output.text(&table(&rows, &[]))
}

/// Puts a screen in another context in the place of this program; why that could not be done.
pub(super) fn open_screen_in(name: &str) -> Problem {
    let arguments = std::env::args_os().skip(1).chain([format!("--context={name}").into()]);
    let error = Command::new(this_program()).args(arguments).exec();
    Problem::new(Exit::Other, format!("the screen cannot be opened in context {name}: {error}"))
        .hint(format!("run `commerce-connector --context {name}`"))
}

impl Invocation {
    /// The list of contexts.
    ///
    /// # Errors
    /// A usage [`Problem`] with file and line.
    pub fn contexts(&self) -> Result<Contexts, Problem> {
        Contexts::load(self.place(Purpose::Configuration).join(FILE_NAME)).map_err(|error| Problem::of(&error))
    }

    /// The context that this invocation is in: none with `--config`, else that of `--context`, else the current one.
    ///
    /// # Errors
    /// A usage [`Problem`] with the nearest name.
    pub fn context_in_use(&self) -> Result<Option<Context>, Problem> {
        // Whoever names no context needs no list, not even one that can be read.
        if self.global.config.is_some() || self.global.context.as_deref() == Some("") {
            return Ok(None);
        }
        let contexts = self.contexts()?;
        let name = self.name_in_use(&contexts);
        name.map(|name| contexts.find(&name)).transpose().map_err(|error| Problem::of(&error))
    }

    fn name_in_use(&self, contexts: &Contexts) -> Option<String> {
        match &self.global.context {
            _ if self.global.config.is_some() => None,
            Some(name) => Some(name.clone()).filter(|name| !name.is_empty()),
            None => contexts.current().map(str::to_owned),
        }
    }

    /// A context as `contexts add` makes it: with what the flags name, else with places of its own. A configuration that is
    /// there keeps the state that it had without a context: with another, everything would be sent again.
    fn new_context(&self, name: &str) -> Context {
        let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
        let own = |purpose| self.place(purpose).join("contexts").join(name);
        let given = self.global.config.as_ref().map(absolute);
        let was_there = given.as_ref().is_some_and(|config| config.exists());
        let config = given.unwrap_or_else(|| own(Purpose::Configuration).join("config.toml"));
        let own_state = || (!was_there).then(|| own(Purpose::State));
        let state_directory = self.global.state_dir.as_ref().map(absolute).or_else(own_state);
        Context { name: name.to_owned(), config, state_directory }
    }

    /// What the screen knows of contexts.
    pub(super) fn contexts_of_screen(&self) -> ScreenContexts {
        let here = Invocation { global: self.global.clone(), variables: self.variables.clone(), context: None };
        ScreenContexts {
            current: self.context.as_ref().map(|context| context.name.clone()),
            // A list that cannot be read is told of when a context is asked for.
            names: here.contexts().map(|all| all.all().map(|context| context.name).collect()).unwrap_or_default(),
            check: ContextCheck::new(move |name| here.can_switch_to(name)),
        }
    }

    /// Whether a screen that was opened so can be opened again in a context.
    fn can_switch_to(&self, name: &str) -> Result<(), Problem> {
        let fixed = [("--config", &self.global.config), ("--state-dir", &self.global.state_dir)];
        if let Some((flag, _)) = fixed.into_iter().find(|(_, value)| value.is_some()) {
            return Err(Problem::usage(format!("this screen was opened with {flag}, which wins over a context"))
                .hint("open it without that flag (and its environment variable)"));
        }
        let context = self.contexts()?.find(name).map_err(|error| Problem::of(&error))?;
        let there =
            Invocation { global: self.global.clone(), variables: self.variables.clone(), context: Some(context) };
        there.load().map(drop)
    }

    /// Where the state of a context is, as it may be shown.
    fn state_of(&self, context: &Context) -> String {
        let within = Invocation {
            global: crate::cli::Global::default(),
            variables: self.variables.clone(),
            context: Some(context.clone()),
        };
        match within.load() {
            Ok(store) => safe(&within.state_dir(&store)).to_string(),
            Err(_) => "unknown: the configuration cannot be read".to_owned(),
        }
    }
}
