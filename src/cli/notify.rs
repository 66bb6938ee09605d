//! `notify …`

use clap::{Subcommand, ValueEnum};

/// `notify …`
#[derive(Debug, Subcommand)]
pub enum NotifyCommand {
    /// Send a test message over the configured channels
    ///
    /// Changes nothing. Exit codes: 0 every channel took it, 1 one did not, 2 no channel is configured, 5 one may take it later.
    Test {
        /// Only this channel [default: all that are configured]
        #[arg(long, value_enum)]
        channel: Option<ChannelChoice>,
    },
}

/// A channel of `[notify]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ChannelChoice {
    /// The program `notify.command`.
    Command,
    /// `notify.webhook_url`.
    Webhook,
    /// Mail to `notify.sendmail_to`.
    Sendmail,
    /// `notify.ping_url`.
    Ping,
}
