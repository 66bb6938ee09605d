//! What two data spaces show, SKU by SKU: before a catalogue is promoted, and for services that want both to be largely the same.
//!
//! Only the storefront services are asked, with public keys; nothing is sent and nothing is changed.

mod differences;
mod gather;
mod report;
mod skus;

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use self::differences::ShownOtherwise;
use self::differences::between;
use self::gather::{Side, in_view};
pub use self::report::which_is_which;
use self::skus::{Place, Skus};
use super::Connector;
use super::resume::Resume;
use super::verify::confidence::{DEFAULT_SHARE, most_wrong, size_for};
use super::verify::sample::Draw;
use crate::client::storefront::{MAX_SKUS, ShownProduct, VISITORS};
use crate::domain::{DataSpaceId, Environment};
use crate::error::{Exit, Problem};
use crate::untrusted::SafeText;

/// SKUs between two remarks on how far it has come, and between two pages that are remembered: ten requests.
const PAGE: usize = 1_000;

/// Where the SKUs come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum SkuOrigin {
    /// From the source.
    Source,
    /// From Live Search of both data spaces, which finds what is displayable, 10,000 in each store view.
    Search,
    /// These.
    Ids(Vec<String>),
}

/// How many are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowMany {
    All,
    /// So many at random; `None` = as many as rule out that [`DEFAULT_SHARE`] differ.
    Sample(Option<u64>),
}

/// What to compare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataSpacesRequest {
    /// Id, name or beginning of one, each.
    pub spaces: [String; 2],
    /// With which pair's API key each is asked; `None` = by its type.
    pub pairs: [Option<Environment>; 2],
    pub skus: SkuOrigin,
    pub how_many: HowMany,
    /// Only this store view: its code, or `website/store/view`.
    pub store_view: Option<String>,
    /// What a sample is drawn by.
    pub seed: u64,
}

/// How a SKU stands in both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    Equal,
    Differs,
    OnlyA,
    OnlyB,
    /// Neither shows it.
    Neither,
}

impl Standing {
    /// Its name in JSON: `only-a`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Differs => "differs",
            Self::OnlyA => "only-a",
            Self::OnlyB => "only-b",
            Self::Neither => "neither",
        }
    }

    /// In the words of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Differs => "different",
            Self::OnlyA => "only in A",
            Self::OnlyB => "only in B",
            Self::Neither => "in neither",
        }
    }

    /// Whether the data spaces show something else.
    pub fn is_difference(self) -> bool {
        matches!(self, Self::Differs | Self::OnlyA | Self::OnlyB)
    }
}

/// One SKU in one store view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkuComparison {
    pub sku: SafeText,
    pub store_view: SafeText,
    pub state: Standing,
    /// What both show, and otherwise.
    pub differs: Vec<ShownOtherwise>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct DataSpacesReport {
    /// Id and name of each.
    pub spaces: [(DataSpaceId, SafeText); 2],
    /// SKUs in store views that there are.
    pub population: u64,
    /// Those that were looked at.
    pub states: BTreeMap<Standing, u64>,
    /// Of a sample: how many of the population differ at most, 95 % sure.
    pub at_most_different: Option<u64>,
}

impl DataSpacesReport {
    /// How many stand so.
    pub fn of(&self, state: Standing) -> u64 {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// How many were looked at.
    pub fn checked(&self) -> u64 {
        self.states.values().sum()
    }

    /// How many show something else.
    pub fn different(&self) -> u64 {
        self.states.iter().filter(|(state, _)| state.is_difference()).map(|(_, number)| number).sum()
    }

    /// How many of a hundred that at least one of them shows are the same in both; `None` if nothing is shown.
    pub fn percent_equal(&self) -> Option<f64> {
        let shown = self.checked() - self.of(Standing::Neither);
        (shown > 0).then(|| 100.0 * self.of(Standing::Equal) as f64 / shown as f64)
    }

    /// The data space that shows nothing at all of what the other one shows.
    pub fn empty_side(&self) -> Option<&SafeText> {
        let [a, b] = &self.spaces;
        let shown_by_both = self.of(Standing::Equal) + self.of(Standing::Differs);
        match (self.of(Standing::OnlyA), self.of(Standing::OnlyB)) {
            (0, only_b) if shown_by_both == 0 && only_b > 0 => Some(&a.1),
            (only_a, 0) if shown_by_both == 0 && only_a > 0 => Some(&b.1),
            _ => None,
        }
    }

    /// 3 if anything differs.
    pub fn exit(&self) -> Exit {
        if self.different() > 0 { Exit::Partial } else { Exit::Done }
    }
}

/// News of a comparison that is under way.
#[derive(Debug)]
pub enum DataSpacesNews<'a> {
    /// Which is A, and which is B: id and name of each.
    Begun(&'a [(DataSpaceId, SafeText); 2]),
    /// A SKU in a store view.
    Seen(&'a SkuComparison),
    /// It goes on after so many.
    Resumed(u64),
    /// So many of all were looked at.
    Checked(u64, u64),
}

/// Told of every SKU; an error ends the comparison.
pub type Tell<'a> = &'a mut (dyn FnMut(DataSpacesNews<'_>) -> Result<(), Problem> + Send);

/// What was asked for, where everything is looked at.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    skus: SkuOrigin,
    store_view: Option<String>,
}

/// What was found of everything so far.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Looked {
    after: Place,
    states: BTreeMap<Standing, u64>,
    differing: Vec<SkuComparison>,
}

impl Connector {
    /// Compares what two data spaces show.
    ///
    /// # Errors
    /// A [`Problem`]: no such data space or store view, no key, no SKUs, or a service cannot be asked.
    pub async fn compare_data_spaces(
        &self,
        request: &DataSpacesRequest,
        tell: Tell<'_>,
    ) -> Result<DataSpacesReport, Problem> {
        let [a, b] = &request.spaces;
        let (a, b) = (self.side(a, request.pairs[0]).await?, self.side(b, request.pairs[1]).await?);
        if a.id == b.id {
            return Err(Problem::usage(format!("{} is one data space, compared with itself", a.name)));
        }
        let sides = [&a, &b];
        let spaces = sides.map(|side| (side.id.clone(), side.name.clone()));
        tell(DataSpacesNews::Begun(&spaces))?;
        let skus = self.places(request, sides).await?;
        let population = skus.count()?;
        if population == 0 {
            return Err(Problem::usage("there are no SKUs to ask for"));
        }
        let (states, at_most_different) = match (&request.skus, request.how_many) {
            (SkuOrigin::Source | SkuOrigin::Search, HowMany::Sample(size)) => {
                let size = size.unwrap_or_else(|| size_for(population, DEFAULT_SHARE)).min(population);
                let states = look_at_sample(sides, skus, size, request.seed, tell).await?;
                let wrong = states.iter().filter(|(state, _)| state.is_difference()).map(|(_, number)| number).sum();
                (states, Some(most_wrong(population, size, wrong)))
            }
            (SkuOrigin::Ids(_), _) | (_, HowMany::All) => {
                let path = self.shared.state_dir.join("compare").join(format!("{}.{}.json", a.id, b.id));
                let asked = Asked { skus: request.skus.clone(), store_view: request.store_view.clone() };
                let resume = Resume::open(path, asked, Timestamp::now());
                (look_at_all(sides, skus, population, resume, tell).await?, None)
            }
        };
        Ok(DataSpacesReport { spaces, population, states, at_most_different })
    }
}

async fn look_at_all(
    sides: [&Side; 2],
    skus: Skus,
    population: u64,
    mut resume: Resume<Asked, Looked>,
    tell: Tell<'_>,
) -> Result<BTreeMap<Standing, u64>, Problem> {
    let (mut states, mut after) = (BTreeMap::new(), Place::default());
    if let Some(looked) = resume.begun() {
        (states, after) = (looked.states.clone(), looked.after.clone());
        tell(DataSpacesNews::Resumed(states.values().sum()))?;
        looked.differing.iter().try_for_each(|found| tell(DataSpacesNews::Seen(found)))?;
    }
    loop {
        let places = skus.after(&after, PAGE)?;
        let Some(last) = places.last().cloned() else { break };
        let seen = match look_at(sides, &places, &mut states, tell).await {
            Ok(seen) => seen,
            Err(problem) => {
                // What was found before is not looked for again.
                resume.save()?;
                return Err(problem);
            }
        };
        tell(DataSpacesNews::Checked(states.values().sum(), population))?;
        resume.add(|looked| {
            (looked.after, looked.states) = (last.clone(), states.clone());
            looked.differing.extend(seen.into_iter().filter(|found| found.state.is_difference()));
        })?;
        after = last;
    }
    resume.finish();
    Ok(states)
}

async fn look_at_sample(
    sides: [&Side; 2],
    skus: Skus,
    size: u64,
    seed: u64,
    tell: Tell<'_>,
) -> Result<BTreeMap<Standing, u64>, Problem> {
    let mut draw = Draw::new(usize::try_from(size).unwrap_or(usize::MAX), seed);
    let mut after = Place::default();
    loop {
        let places = skus.after(&after, PAGE)?;
        let Some(last) = places.last().cloned() else { break };
        for place in places {
            draw.offer(place);
        }
        after = last;
    }
    let mut drawn = draw.drawn();
    // Those of one store view are asked for together.
    drawn.sort_unstable();
    let mut states = BTreeMap::new();
    for places in drawn.chunks(PAGE) {
        look_at(sides, places, &mut states, tell).await?;
        tell(DataSpacesNews::Checked(states.values().sum(), size))?;
    }
    Ok(states)
}

/// Asks both for these SKUs, which are in order, and tells of each.
async fn look_at(
    [a, b]: [&Side; 2],
    places: &[Place],
    states: &mut BTreeMap<Standing, u64>,
    tell: Tell<'_>,
) -> Result<Vec<SkuComparison>, Problem> {
    let mut seen = Vec::with_capacity(places.len());
    for of_view in places.chunk_by(Place::is_beside) {
        for some in of_view.chunks(MAX_SKUS) {
            let Some(scope) = some.first().map(|place| place.scope(VISITORS)) else { continue };
            let skus: Vec<String> = some.iter().map(|place| place.sku.clone()).collect();
            let (shown_by_a, shown_by_b) =
                tokio::join!(a.storefront.products(&scope, &skus), b.storefront.products(&scope, &skus));
            let shown_by_a = by_sku(shown_by_a.map_err(|error| in_view(&scope, a, &error))?);
            let shown_by_b = by_sku(shown_by_b.map_err(|error| in_view(&scope, b, &error))?);
            for sku in &skus {
                let (state, differs) = compare(shown_by_a.get(sku), shown_by_b.get(sku));
                let (sku, store_view) = (SafeText::new(sku), SafeText::new(&scope.store_view));
                seen.push(SkuComparison { sku, store_view, state, differs });
            }
        }
    }
    for found in &seen {
        *states.entry(found.state).or_default() += 1;
        tell(DataSpacesNews::Seen(found))?;
    }
    Ok(seen)
}

fn by_sku(shown: Vec<ShownProduct>) -> HashMap<String, ShownProduct> {
    shown.into_iter().map(|product| (product.sku.clone(), product)).collect()
}

fn compare(a: Option<&ShownProduct>, b: Option<&ShownProduct>) -> (Standing, Vec<ShownOtherwise>) {
    match (a, b) {
        (Some(a), Some(b)) => {
            let differs = between(a, b);
            (if differs.is_empty() { Standing::Equal } else { Standing::Differs }, differs)
        }
        (Some(_), None) => (Standing::OnlyA, Vec::new()),
        (None, Some(_)) => (Standing::OnlyB, Vec::new()),
        (None, None) => (Standing::Neither, Vec::new()),
    }
}
