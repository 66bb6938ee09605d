//! `notify test`: whether the channels of `[notify]` work.

use serde_json::json;

use super::Invocation;
use super::output::{Output, table};
use crate::cli::{ChannelChoice, NotifyCommand};
use crate::error::Exit;
use crate::notify::Channel;

/// Sends a test message, and says what became of it.
pub async fn run(command: NotifyCommand, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let NotifyCommand::Test { channel } = command;
    let connector = setting.connector().await?;
    let mut exit = Exit::Done;
    let mut rows = vec![["CHANNEL", "TO", "RESULT"].map(str::to_owned).to_vec()];
    for delivery in connector.test_notifications(channel.map(channel_of)).await? {
        let (channel, seconds) = (delivery.channel.name(), delivery.took.as_secs_f64());
        let failed = delivery.failed.as_ref().map(|failed| &failed.what);
        output.record(
            "notify_test",
            json!({"channel": channel, "to": delivery.target, "ok": failed.is_none(), "error": failed, "seconds": seconds}),
        )?;
        let result = failed.map_or_else(|| format!("OK, {seconds:.1} s"), |what| format!("failed: {what}"));
        rows.push(vec![channel.to_owned(), delivery.target.to_string(), result]);
        if let Some(problem) = delivery.problem() {
            exit = if exit == Exit::Other { exit } else { problem.exit };
        }
    }
    output.text(&table(&rows, &[]))?;
    Ok(exit)
}

fn channel_of(choice: ChannelChoice) -> Channel {
    match choice {
        ChannelChoice::Command => Channel::Command,
        ChannelChoice::Webhook => Channel::Webhook,
        ChannelChoice::Sendmail => Channel::Sendmail,
        ChannelChoice::Ping => Channel::Ping,
    }
}
