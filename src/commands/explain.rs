//! `explain`: why a product is or is not on the storefront.

use jiff::tz::TimeZone;

use super::Invocation;
use super::output::Output;
use super::report;
use crate::connector::explain;
use crate::error::Exit;

/// Prints the page of one product. Exit code 3 if something hides it.
pub async fn run(sku: &str, setting: &Invocation, output: &mut Output) -> anyhow::Result<Exit> {
    let connector = setting.connector().await?;
    let explanation = connector.explain(sku).await?;
    output.record("explanation", explain::document(&explanation))?;
    report::sections(&explain::sections(&explanation, &TimeZone::system()), output)?;
    Ok(explanation.exit())
}
