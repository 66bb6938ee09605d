//! `verify`: what was sent and accepted beside what the storefront services show of it, by SKU and store view.
//!
//! It reads the ledger and asks the services with the public key; nothing is sent and nothing is changed.

pub mod confidence;
mod expected;
mod foreign;
mod judge;
mod look;
mod report;
pub mod sample;
mod unkept;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::confidence::{DEFAULT_SHARE, most_wrong, size_for};
use self::look::Look;
use self::sample::{Draw, rare};
use super::Connector;
use super::resume::Resume;
use crate::domain::{DataSpaceId, Feed};
use crate::error::{Exit, Problem};
use crate::export::ledger::{ItemNumber, ItemQuery, PageFrom};
use crate::format::full_moment;
use crate::remedy::Remedy;
use crate::untrusted::SafeText;

/// How many items are looked at between two remarks on how far it has come: ten requests.
const PAGE: usize = 1_000;
/// So many products that should be visible and are not say something about the data space as a whole.
const MANY: u64 = 20;

/// What to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// So many at random; `None` = as many as rule out that [`DEFAULT_SHARE`] are not as sent.
    Sample(Option<u64>),
    /// These SKUs.
    Skus(Vec<String>),
    /// Everything that was ever sent; goes on where an interrupted look ended.
    All,
}

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyRequest {
    pub choice: Choice,
    /// Only this store view.
    pub store_view: Option<String>,
    /// The customer group's id, for prices; 0 = not logged in.
    pub group: u64,
    /// Whether Live Search is asked, too.
    pub live_search: bool,
    /// After this time what was accepted should be visible.
    pub patience: Duration,
    /// What a sample is drawn by; the same seed, the same sample.
    pub seed: u64,
}

impl VerifyRequest {
    /// A random sample of this size, with the prices of everybody, for what was accepted more than an hour ago (the longest
    /// that Adobe gives for a first index, protocol page §7). `None` = as many as its stated confidence needs.
    #[must_use]
    pub fn sample(size: Option<u64>) -> Self {
        Self {
            choice: Choice::Sample(size),
            store_view: None,
            group: 0,
            live_search: false,
            patience: Duration::from_hours(1),
            seed: fastrand::u64(..),
        }
    }
}

/// Where a product stands in one store view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Visibility {
    /// Visible as it was sent.
    AsSent,
    /// Visible as it was before.
    Older,
    /// Not visible, and not long enough ago to be.
    NotYet,
    /// Not visible though it should be.
    Missing,
    /// Visible though it was deleted.
    Ghost,
    /// Not visible, as it should be.
    NotExpected,
}

impl Visibility {
    /// Its name in JSON: `as-sent`.
    pub fn name(self) -> &'static str {
        match self {
            Self::AsSent => "as-sent",
            Self::Older => "older",
            Self::NotYet => "not-yet",
            Self::Missing => "missing",
            Self::Ghost => "ghost",
            Self::NotExpected => "not-expected",
        }
    }

    /// In the words of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::AsSent => "as sent",
            Self::Older => "older",
            Self::NotYet => "not visible yet",
            Self::Missing => "missing",
            Self::Ghost => "still shown",
            Self::NotExpected => "not expected",
        }
    }
}

/// A value that is shown otherwise than it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The field or attribute.
    pub what: SafeText,
    pub sent: SafeText,
    pub shown: SafeText,
}

impl Difference {
    /// The most characters of a value that are kept.
    const MOST: usize = 200;

    fn new(what: &str, sent: &str, shown: &str) -> Self {
        let value = |text| SafeText::limited(text, Self::MOST);
        Self { what: value(what), sent: value(sent), shown: value(shown) }
    }
}

/// One product in one store view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    pub sku: SafeText,
    pub store_view: SafeText,
    pub state: Visibility,
    /// Whether it should not be so.
    pub wrong: bool,
    /// Why, in a few words; may be empty.
    pub why: SafeText,
    /// What is shown otherwise than it was sent.
    pub differs: Vec<Difference>,
    /// `simple`, `configurable`, …; empty if it is not known.
    pub kind: SafeText,
    /// When its state was recorded: of an accepted item, when it was accepted.
    pub recorded_at: Timestamp,
    /// When it should be visible as it was sent, if it is not.
    pub expected_by: Option<Timestamp>,
}

impl Sighting {
    /// `missing, accepted 2 h ago`, and until when it may be so.
    pub fn told(&self, zone: &TimeZone) -> String {
        let why = if self.why.is_empty() { String::new() } else { format!(", {}", self.why) };
        let by = self.expected_by.filter(|_| !self.wrong);
        let by = by.map(|at| format!(", expected by {}", full_moment(at, zone))).unwrap_or_default();
        format!("{}{why}{by}", self.state.words())
    }

    /// Whether what is shown is not what was sent.
    pub fn is_different(&self) -> bool {
        !matches!(self.state, Visibility::AsSent | Visibility::NotExpected)
    }
}

/// How many were found in which state.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    pub states: BTreeMap<Visibility, u64>,
    /// Those that should not be as they are.
    pub wrong: u64,
    /// Looked at, by kind of product and store view.
    pub kinds: BTreeMap<SafeText, u64>,
}

impl Tally {
    fn add(&mut self, sighting: &Sighting) {
        *self.states.entry(sighting.state).or_default() += 1;
        self.wrong += u64::from(sighting.wrong);
        let kind = if sighting.kind.is_empty() { "unknown" } else { sighting.kind.as_str() };
        *self.kinds.entry(format!("{kind} in {}", sighting.store_view).into()).or_default() += 1;
    }

    /// How many were looked at.
    pub fn checked(&self) -> u64 {
        self.states.values().sum()
    }

    /// Those that differ from what was sent, and are not overdue.
    pub fn waiting(&self) -> u64 {
        self.checked() - self.of(Visibility::AsSent) - self.of(Visibility::NotExpected) - self.wrong
    }

    fn of(&self, state: Visibility) -> u64 {
        self.states.get(&state).copied().unwrap_or_default()
    }
}

/// What a sample says about everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bound {
    /// How many were drawn at random.
    pub drawn: u64,
    /// How many of those are not as they should be.
    pub wrong: u64,
    /// How many of everything are not as they should be, at most.
    pub at_most: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifyReport {
    /// How many items there are to look at.
    pub population: u64,
    pub tally: Tally,
    /// Of a sample.
    pub bound: Option<Bound>,
    /// Whether Live Search was asked and has no index.
    pub has_no_index: bool,
}

/// News of a look that is under way.
#[derive(Debug)]
pub enum VerifyNews<'a> {
    /// A product in a store view.
    Seen(&'a Sighting),
    /// It goes on after so many.
    Resumed(u64),
    /// So many of all were looked at.
    Checked(u64, u64),
}

/// Told of every sighting; an error ends the look.
pub type Tell<'a> = &'a mut (dyn FnMut(VerifyNews<'_>) -> Result<(), Problem> + Send);

impl Connector {
    /// Compares what was sent with what is visible.
    ///
    /// # Errors
    /// A [`Problem`]: nothing was sent, no key, or the service cannot be asked or shows nothing at all.
    pub async fn verify_items(&self, request: &VerifyRequest, tell: Tell<'_>) -> Result<VerifyReport, Problem> {
        let no_data_space = || Problem::usage("no data space is selected").hint(Remedy::ChooseDataSpace);
        let data_space = self.config().saas.environment_id.ok_or_else(no_data_space)?;
        let environment = self.config().gateway.environment;
        let mut look = Look::new(self.storefront(&data_space, environment)?, request);
        let view = look.suffix();
        let population = self.in_ledger(move |ledger| {
            let mut population = 0;
            ledger.each_label_after(Feed::Products, "", &mut |_, label| {
                population += u64::from(label.ends_with(view.as_str()));
                true
            })?;
            Ok(population)
        });
        let population = population.await?;
        if population == 0 {
            return Err(Problem::usage(match &request.store_view {
                Some(view) => format!("no product was ever sent for the store view {:?}", SafeText::new(view)),
                None => "no product was ever sent into this data space".to_owned(),
            }));
        }
        match &request.choice {
            Choice::Skus(skus) => self.look_at_skus(&mut look, skus, tell).await,
            Choice::Sample(size) => self.look_at_sample(&mut look, *size, population, tell).await,
            Choice::All => self.look_at_all(&mut look, &data_space, population, tell).await,
        }
    }

    async fn look_at_skus(
        &self,
        look: &mut Look<'_>,
        skus: &[String],
        tell: Tell<'_>,
    ) -> Result<VerifyReport, Problem> {
        let wanted: Vec<String> = skus.iter().map(|sku| sku.trim().to_owned()).filter(|sku| !sku.is_empty()).collect();
        let view = look.suffix();
        let (numbers, unknown) = self
            .in_ledger(move |ledger| {
                let mut numbers = Vec::new();
                let mut unknown = Vec::new();
                for sku in wanted {
                    let before = numbers.len();
                    ledger.each_label_after(Feed::Products, &sku, &mut |number, label| {
                        let is_of = label.strip_prefix(sku.as_str()).is_some_and(|rest| rest.starts_with(SEPARATOR));
                        // Another SKU may begin with this one and its separator.
                        let is_it = is_of && label.matches(SEPARATOR).count() == sku.matches(SEPARATOR).count() + 1;
                        if is_it && label.ends_with(view.as_str()) {
                            numbers.push(number);
                        }
                        label.starts_with(sku.as_str())
                    })?;
                    if numbers.len() == before {
                        unknown.push(sku);
                    }
                }
                Ok((numbers, unknown))
            })
            .await?;
        if let Some(sku) = unknown.first() {
            let what = format!("SKU {:?} was never sent into this data space", SafeText::new(sku));
            return Err(Problem::usage(what).hint("check its spelling; a SKU is case-sensitive here"));
        }
        let population = numbers.len() as u64;
        let mut tally = Tally::default();
        for numbers in numbers.chunks(PAGE) {
            look.page(self, numbers, &mut tally, tell).await?;
        }
        Ok(look.report(population, tally, None))
    }

    async fn look_at_sample(
        &self,
        look: &mut Look<'_>,
        size: Option<u64>,
        population: u64,
        tell: Tell<'_>,
    ) -> Result<VerifyReport, Problem> {
        let size = size.unwrap_or_else(|| size_for(population, DEFAULT_SHARE)).min(population);
        let wanted = usize::try_from(size).unwrap_or(usize::MAX);
        let (seed, view) = (look.request.seed, look.suffix());
        let drawn = self.in_ledger(move |ledger| {
            // As many again, to find what is rare among them.
            let mut draw = Draw::new(wanted.saturating_mul(2), seed);
            ledger.each_label_after(Feed::Products, "", &mut |number, label| {
                if label.ends_with(view.as_str()) {
                    draw.offer(number);
                }
                true
            })?;
            Ok((draw.population, draw.drawn()))
        });
        // What a run has added since the count is in here.
        let (population, drawn) = drawn.await?;
        let (sample, more) = drawn.split_at(wanted.min(drawn.len()));
        let mut tally = Tally::default();
        for (number, numbers) in sample.chunks(PAGE).enumerate() {
            look.page(self, numbers, &mut tally, tell).await?;
            let checked = (number * PAGE + numbers.len()) as u64;
            tell(VerifyNews::Checked(checked, sample.len() as u64))?;
        }
        let (drawn, wrong) = (sample.len() as u64, tally.wrong);
        let added = self.rare_of(sample, more).await?;
        look.page(self, &added, &mut tally, tell).await?;
        let bound = Bound { drawn, wrong, at_most: most_wrong(population, drawn, wrong) };
        Ok(look.report(population, tally, Some(bound)))
    }

    /// Those of `more` whose kind of product is rare in the sample in their store view.
    async fn rare_of(&self, sample: &[ItemNumber], more: &[ItemNumber]) -> Result<Vec<ItemNumber>, Problem> {
        let (sample, more) = (sample.to_vec(), more.to_vec());
        self.in_ledger(move |ledger| {
            let kind = |item: &crate::export::ledger::SentItem| {
                let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                let kind = item.payload.as_ref().map(|payload| text(&payload["type"])).unwrap_or_default();
                (kind, text(&item.minimal["storeViewCode"]))
            };
            let (sample, more) = (ledger.sent_items(&sample)?, ledger.sent_items(&more)?);
            let kinds = |items: &[_]| items.iter().map(kind).collect::<Vec<_>>();
            Ok(rare(&kinds(&sample), &kinds(&more)).into_iter().map(|place| more[place].number).collect())
        })
        .await
    }

    async fn look_at_all(
        &self,
        look: &mut Look<'_>,
        data_space: &DataSpaceId,
        population: u64,
        tell: Tell<'_>,
    ) -> Result<VerifyReport, Problem> {
        let path = self.shared.state_dir.join("verify").join(format!("{data_space}.json"));
        let mut resume: Resume<Asked, Looked> = Resume::open(path, Asked::of(look.request), Timestamp::now());
        let mut tally = Tally::default();
        let mut from = PageFrom::Start;
        if let Some(looked) = resume.begun() {
            tally = looked.tally.clone();
            tell(VerifyNews::Resumed(tally.checked()))?;
            for sighting in &looked.differing {
                tell(VerifyNews::Seen(sighting))?;
            }
            from = PageFrom::After(self.item_row(ItemNumber(looked.after)).await?.1);
        }
        loop {
            let query = ItemQuery::all(Feed::Products);
            let page = self.in_ledger(move |ledger| ledger.page(&query, &from, PAGE, &mut |_| true)).await?;
            let page = page.unwrap_or_default();
            let view = look.suffix();
            let chosen = page.rows.iter().filter(|row| row.label.as_str().ends_with(view.as_str()));
            let numbers: Vec<ItemNumber> = chosen.map(|row| row.number).collect();
            let seen = match look.page(self, &numbers, &mut tally, tell).await {
                Ok(seen) => seen,
                Err(problem) => {
                    // What was found before is not looked for again.
                    resume.save()?;
                    return Err(problem);
                }
            };
            tell(VerifyNews::Checked(tally.checked(), population))?;
            let Some(last) = page.rows.into_iter().last().filter(|_| page.has_after) else { break };
            resume.add(|looked| {
                looked.after = last.number.0;
                looked.tally = tally.clone();
                looked.differing.extend(seen.into_iter().filter(Sighting::is_different));
            })?;
            from = PageFrom::After(last);
        }
        resume.finish();
        Ok(look.report(population, tally, None))
    }
}

/// What was asked for, where everything is looked at.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    store_view: Option<String>,
    group: u64,
    live_search: bool,
}

impl Asked {
    fn of(request: &VerifyRequest) -> Self {
        Self { store_view: request.store_view.clone(), group: request.group, live_search: request.live_search }
    }
}

/// What was found of everything so far.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Looked {
    /// The number of the last item that was looked at.
    after: i64,
    tally: Tally,
    differing: Vec<Sighting>,
}

/// What stands between SKU and store view in a label.
const SEPARATOR: &str = " · ";

/// The end of a look at a data space that shows nothing at all.
fn nothing_shown(products: u64) -> Problem {
    Problem::new(
        Exit::Partial,
        format!("none of the first {products} products is visible: the data space is asleep, or not indexed"),
    )
    .hint(
        "a testing data space without a query for 90 days, and one that is empty 45 days after it was made, sleeps until Adobe \
         Support wakes it",
    )
}

/// What was accepted so long ago should be visible.
fn patience_of(request: &VerifyRequest) -> SignedDuration {
    SignedDuration::try_from(request.patience).unwrap_or(SignedDuration::MAX)
}
