//! `metrics`: the figures of `[metrics] file`, printed.

use super::Invocation;
use super::output::Output;
use crate::connector::MetricsFormat;
use crate::error::Exit;

/// Prints them; where nothing was sent yet, those that are known.
pub async fn run(setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let text = setting.connector().await?.metrics(MetricsFormat::Prometheus).await?;
    output.text(text.trim_end())?;
    Ok(Exit::Done)
}
