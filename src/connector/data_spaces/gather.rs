//! What is asked for: the two data spaces, the store views, and the SKUs in them.

use serde_json::Value;

use super::skus::{Place, Skus};
use super::{DataSpacesRequest, SkuOrigin, VISITORS};
use crate::client::storefront::{MAX_FOUND, MAX_SKUS, StoreScope, Storefront, StorefrontError};
use crate::connector::reading::each_record;
use crate::connector::{Connector, explained};
use crate::domain::{DataSpaceId, DataSpaceKind, Environment, Feed};
use crate::error::Problem;
use crate::feeds::content::Content;
use crate::feeds::source::{Collected, Selection, Source};
use crate::untrusted::SafeText;

/// One of the two data spaces.
#[derive(Debug)]
pub(super) struct Side {
    pub id: DataSpaceId,
    pub name: SafeText,
    pub storefront: Storefront,
}

impl Connector {
    /// The data space that a word stands for, asked with the key of its type if that is saved, else of the pair in use. Without a
    /// private key the registry cannot be asked: then the word is the id.
    pub(super) async fn side(&self, word: &str, pair: Option<Environment>) -> Result<Side, Problem> {
        let Ok(client) = self.client() else {
            let id: DataSpaceId = word.parse().map_err(|error| Problem::usage(format!("{error}")))?;
            let pair = pair.unwrap_or(self.config().gateway.environment);
            return Ok(Side { name: SafeText::new(id.as_str()), storefront: self.storefront(&id, pair)?, id });
        };
        let id = self.data_space_of(word).await?;
        let (_, space) = client.data_space(&id).await.map_err(explained)?;
        let of_kind = match space.kind {
            DataSpaceKind::Production => Environment::Production,
            DataSpaceKind::Testing => Environment::Sandbox,
        };
        let pair = match pair {
            Some(pair) => pair,
            None if self.public_key(of_kind)?.is_some() => of_kind,
            None => self.config().gateway.environment,
        };
        Ok(Side { storefront: self.storefront(&id, pair)?, id, name: space.name })
    }

    /// Every SKU that is asked for, in each of its store views.
    pub(super) async fn places(&self, request: &DataSpacesRequest, sides: [&Side; 2]) -> Result<Skus, Problem> {
        let skus = Skus::new()?;
        if request.skus == SkuOrigin::Source {
            return from_source(&self.source().await?.for_run(), request.store_view.as_deref(), skus).await;
        }
        for view in self.store_views(request.store_view.as_deref()).await? {
            if let SkuOrigin::Ids(ids) = &request.skus {
                ids.iter()
                    .map(|sku| sku.trim())
                    .filter(|sku| !sku.is_empty())
                    .try_for_each(|sku| skus.add(&Place::new(&view, sku)))?;
                continue;
            }
            for side in sides {
                for page in 1..=MAX_FOUND / MAX_SKUS {
                    let found =
                        side.storefront.skus(&view, page).await.map_err(|error| in_view(&view, side, &error))?;
                    found.iter().try_for_each(|sku| skus.add(&Place::new(&view, sku)))?;
                    if found.len() < MAX_SKUS {
                        break;
                    }
                }
            }
        }
        Ok(skus)
    }

    /// The store views of the source, or the one that is named in full.
    async fn store_views(&self, named: Option<&str>) -> Result<Vec<StoreScope>, Problem> {
        let parts: Vec<&str> = named.map(|named| named.split('/').collect()).unwrap_or_default();
        if let [website, store, view] = parts[..] {
            return Ok(vec![scope(website, store, view)]);
        }
        let unnamed = |problem: Problem| problem.hint("or name a store view in full: --store-view WEBSITE/STORE/VIEW");
        let source = self.source().await.map_err(unnamed)?.for_run();
        let take = |views: &mut Vec<StoreScope>, record| {
            if let Collected::Item { content, .. } = record {
                views.extend(views_of(&content));
            }
            Ok(())
        };
        let mut views =
            each_record(&source, Feed::ScopesWebsite, Selection::All, Vec::new(), take).await.map_err(unnamed)?;
        if let Some(named) = named {
            let known: Vec<String> = views.iter().map(|view| SafeText::new(&view.store_view).to_string()).collect();
            views.retain(|view| view.store_view == named);
            if views.is_empty() {
                let what = format!("no store view {:?}; there are {}", SafeText::new(named), known.join(", "));
                return Err(Problem::usage(what));
            }
        }
        Ok(views)
    }
}

/// What a service said in a store view of a data space.
pub(super) fn in_view(view: &StoreScope, side: &Side, error: &StorefrontError) -> Problem {
    let problem = Problem::of(error);
    Problem {
        what: format!("{}, store view {}: {}", side.name, SafeText::new(&view.store_view), problem.what),
        ..problem
    }
}

/// The SKUs of the source in its store views, or in the one that is named.
async fn from_source(source: &Source, named: Option<&str>, skus: Skus) -> Result<Skus, Problem> {
    let view = named.map(|named| named.rsplit('/').next().unwrap_or(named).to_owned());
    let take = move |skus: &mut Skus, record: Collected| {
        let Collected::Item { content, .. } = record else { return Ok(()) };
        let [website, store, store_view, sku] =
            ["/websiteCode", "/storeCode", "/storeViewCode", "/sku"].map(|field| text(&content, field));
        if sku.is_empty() || view.as_ref().is_some_and(|view| *view != store_view) {
            return Ok(());
        }
        skus.add(&Place { website, store, view: store_view, sku })
    };
    each_record(source, Feed::Products, Selection::All, skus, take).await
}

fn text(content: &Content, pointer: &str) -> String {
    content.lookup(pointer).and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}

/// The store views of a website.
fn views_of(content: &Content) -> Vec<StoreScope> {
    let website = text(content, "/website/websiteCode");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let stores = content.lookup("/website/stores").unwrap_or_default();
    let mut views = Vec::new();
    for store in list(&stores) {
        for view in list(&store["storeViews"]) {
            let code = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            views.push(scope(&website, &code(&store["storeCode"]), &code(&view["storeViewCode"])));
        }
    }
    views
}

fn scope(website: &str, store: &str, view: &str) -> StoreScope {
    StoreScope {
        website: website.to_owned(),
        store: store.to_owned(),
        store_view: view.to_owned(),
        customer_group: VISITORS.to_owned(),
    }
}
