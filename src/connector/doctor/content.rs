//! Checks of what is in the data space: whether the services show what the ledger says was sent, and whether Adobe's own setting
//! names the same data space.

use std::time::Duration;

use tokio::time::timeout;

use super::AREA_LIMIT;
use super::check::Check;
use crate::connector::Connector;
use crate::connector::finding::{Finding, Level};
use crate::connector::verify::{Tally, VerifyNews, VerifyRequest, Visibility};
use crate::domain::Feed;
use crate::error::Exit;
use crate::export::ledger::FeedSummary;
use crate::format::{count, counted, duration};
use crate::remedy::{Hint, Remedy};
use crate::settings::{Setting, SettingStore as _};
use crate::untrusted::SafeText;

const VISIBLE: &str = "Visible items";
const SETTING: &str = "Adobe's setting";
/// How many items are looked at: two requests in most shops.
const SAMPLE: u64 = 100;

pub(super) async fn checks(connector: &Connector) -> Vec<Check> {
    setting(connector).into_iter().chain(visible(connector).await).collect()
}

/// Says if Adobe's own modules send into another data space; a setting that cannot be read is the matter of another check.
fn setting(connector: &Connector) -> Option<Check> {
    let layers = connector.settings();
    let theirs = layers.installation.as_ref()?.text(Setting::DataSpaceId).ok().flatten()?;
    let (ours, name, _) = connector.overview().data_space?;
    let (theirs, origin) = (SafeText::new(theirs.value.expose()), theirs.origin);
    if theirs.is_empty() || theirs.as_str() == ours.as_str() {
        return None;
    }
    let finding = Finding::warning(
        format!("Commerce is set to the data space {theirs} ({origin}), this program to {name} ({ours})"),
        "Adobe's modules and the storefront use the other one; what is sent from here is not seen there",
        Hint::from(Remedy::SelectDataSpace { id: theirs.clone() }).and(", or correct the setting in Commerce"),
    );
    Some(Check::new(SETTING, "another data space", vec![finding]))
}

/// Whether a sample of what was sent is there, once something was sent. A ledger that cannot be read is the matter of another check.
async fn visible(connector: &Connector) -> Option<Check> {
    let summary = tokio::task::block_in_place(|| connector.ledger_summary()).ok()?;
    let has_products = summary.iter().any(|feed| feed.feed == Feed::Products && feed.submitted > 0);
    if has_products { Some(look(connector, &summary).await) } else { None }
}

async fn look(connector: &Connector, summary: &[FeedSummary]) -> Check {
    if !connector.knows_storefront() {
        return Check::skipped(VISIBLE, "gateway.graphql_url is not set");
    }
    let request = VerifyRequest::sample(Some(SAMPLE));
    let mut unheard = |_: VerifyNews<'_>| Ok(());
    let sample = timeout(AREA_LIMIT, Box::pin(connector.verify_items(&request, &mut unheard)));
    let (sample, foreign) = tokio::join!(sample, foreign(connector));
    let check = match sample {
        Err(_) => Check::skipped(VISIBLE, "no response"),
        Ok(Ok(report)) => judged(&report.tally, || cost(connector, summary)),
        // Too many for a page that shows anything at all.
        Ok(Err(problem)) if problem.exit == Exit::Partial => {
            Check::wrong(VISIBLE, "none", nothing_visible(SAMPLE, &cost(connector, summary)))
        }
        Ok(Err(problem)) => {
            let means = "whether what was sent is visible is not known; exports do not need it";
            let finding = Finding { level: Level::Warning, ..Finding::of_problem(&problem, means) };
            Check::new(VISIBLE, "not checked", vec![finding])
        }
    };
    check.and(foreign)
}

/// Says if Live Search shows products that this installation never sent. Where it cannot be asked, nothing is said: not every shop
/// has it.
async fn foreign(connector: &Connector) -> Option<Finding> {
    let data_space = connector.config().saas.environment_id?;
    let found = timeout(AREA_LIMIT, Box::pin(connector.foreign_products(&data_space))).await.ok()?.ok()?;
    let first = found.skus.first()?;
    let what = format!(
        "{} of {} that Live Search shows were never sent from here, such as {first}",
        count(found.skus.len() as u64),
        counted(found.looked_at, "product")
    );
    let means = "another installation sends into this data space, or did before; its products stay until they are deleted from there";
    Some(Finding::warning(
        what,
        means,
        Hint::from("check that the data space is this shop's: ").and(Remedy::ListDataSpaces),
    ))
}

/// What came of a sample.
fn judged(tally: &Tally, cost: impl Fn() -> String) -> Check {
    let of = |state| tally.states.get(&state).copied().unwrap_or_default();
    let there = of(Visibility::AsSent) + of(Visibility::Older);
    let (missing, ghosts) = (of(Visibility::Missing), of(Visibility::Ghost));
    let mut findings = Vec::new();
    if there + ghosts == 0 && missing > 0 {
        findings.push(nothing_visible(missing, &cost()));
    } else if tally.wrong > 0 {
        findings.push(Finding::warning(
            format!(
                "{} of a sample of {} are not visible as sent",
                count(tally.wrong),
                counted(tally.checked(), "item")
            ),
            "a product may be missing or outdated on the storefront",
            Hint::from(Remedy::VerifyAll).and(" names each"),
        ));
    }
    let detail = format!("{} of a sample of {} visible", count(there), count(tally.checked()));
    Check::new(VISIBLE, &detail, findings)
}

fn nothing_visible(looked_at: u64, cost: &str) -> Finding {
    Finding::wrong(
        format!("none of {} that were accepted more than an hour ago is visible", counted(looked_at, "item")),
        "the data space sleeps (a testing one without a query for 90 days, or one that was empty 45 days after it was made) or \
         was emptied; what counts as sent is not there",
        Hint::from("ask Adobe Support whether it sleeps; if it was emptied, ").and(Remedy::DistrustLedger).and(cost),
    )
}

/// ` sends 15,618 items again, about 2 min`.
fn cost(connector: &Connector, summary: &[FeedSummary]) -> String {
    let items: u64 = summary.iter().map(|feed| feed.submitted).sum();
    let requests: u64 =
        summary.iter().map(|feed| feed.submitted.div_ceil(connector.batch_size(feed.feed) as u64)).sum();
    let rate = connector.config().gateway.requests_per_second;
    let time =
        (rate > 0.0).then(|| format!(", at least {}", duration(Duration::from_secs_f64(requests as f64 / rate))));
    format!(" and the next run send {} again{}", counted(items, "item"), time.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::super::check::Outcome;
    use super::*;

    fn tally(states: &[(Visibility, u64)], wrong: u64) -> Tally {
        Tally { states: states.iter().copied().collect(), wrong, ..Tally::default() }
    }

    #[test]
    fn a_sample_tells_an_empty_data_space_from_a_loss_and_from_patience() {
        let check = |states: &[_], wrong| judged(&tally(states, wrong), || " costs".to_owned());
        let asleep = check(&[(Visibility::Missing, 7), (Visibility::NotExpected, 3)], 7);
        assert_eq!(asleep.outcome, Outcome::Wrong);
        assert!(asleep.findings[0].what.starts_with("none of 7 items"), "{:?}", asleep.findings);
        assert!(asleep.findings[0].next.command_line().ends_with("--distrust` costs"), "{:?}", asleep.findings);
        let loss = check(&[(Visibility::AsSent, 95), (Visibility::Missing, 5)], 5);
        assert_eq!(loss.outcome, Outcome::Warning);
        assert!(loss.findings[0].what.starts_with("5 of a sample of 100 items"), "{:?}", loss.findings);
        let soon = check(&[(Visibility::NotYet, 50)], 0);
        assert_eq!((soon.outcome, soon.detail.as_str()), (Outcome::Ok, "0 of a sample of 50 visible"));
    }
}
