//! What directives are rendered with: CMS blocks, custom variables, themes and regions, read once per feed.
//!
//! Bounded by the shop's set-up, never by its number of products.

use std::collections::{BTreeMap, HashMap};

use super::super::context::Context;
use super::super::eav::Entity;
use super::html;
use super::parser::is_truthy;
use crate::commerce::database::{DatabaseError, Snapshot, in_list};

/// The store id that stands for *all store views*.
const ALL: u32 = 0;

/// What directives are rendered with, in every store view.
#[derive(Debug, Default)]
pub(super) struct Site {
    /// Active blocks, in the order of their ids.
    blocks: Vec<Block>,
    /// By code, in lower case.
    variables: HashMap<String, BTreeMap<u32, Variable>>,
    /// Paths of the themes of the storefront, by id.
    pub themes: HashMap<u32, String>,
    /// Names of regions, by id.
    pub regions: HashMap<u32, String>,
}

/// A CMS block, in the store views in which it is shown.
#[derive(Debug)]
pub(super) struct Block {
    pub id: u64,
    identifier: String,
    pub content: String,
    stores: Vec<u32>,
}

/// What a store view, or the default, says of a custom variable.
#[derive(Debug, Default)]
struct Variable {
    plain: Option<String>,
    html: Option<String>,
}

impl Site {
    /// `regions`: the ids whose names are needed.
    pub(super) async fn load(
        snapshot: &mut Snapshot,
        context: &Context,
        regions: &[u32],
    ) -> Result<Self, DatabaseError> {
        Ok(Self {
            blocks: blocks(snapshot, context).await?,
            variables: variables(snapshot, context).await?,
            themes: themes(snapshot, context).await?,
            regions: region_names(snapshot, context, regions).await?,
        })
    }

    /// The block of an id or an identifier, as a store view has it: its own before that of all store views.
    pub(super) fn block(&self, id: &str, store: u32) -> Option<&Block> {
        let digits = Some(id).filter(|id| id.bytes().all(|byte| byte.is_ascii_digit()));
        let number: Option<u64> = digits.and_then(|id| id.parse().ok());
        let is_named = |block: &Block| match number {
            Some(number) => block.id == number,
            None => block.identifier.to_lowercase() == id.to_lowercase(),
        };
        let of = |scope: u32| self.blocks.iter().find(|block| is_named(block) && block.stores.contains(&scope));
        of(store).or_else(|| of(ALL))
    }

    /// The value of a custom variable in a store view: its HTML, else its text in HTML.
    pub(super) fn variable(&self, code: &str, store: u32) -> Option<String> {
        let values = self.variables.get(&code.to_lowercase())?;
        // A store view's value is read beside the default one: without that, there is none.
        let default = values.get(&ALL)?;
        let own = values.get(&store);
        let pick = |of: fn(&Variable) -> Option<&String>| own.and_then(of).or_else(|| of(default));
        let html = pick(|variable| variable.html.as_ref()).filter(|html| !html.is_empty()).cloned();
        let plain = || pick(|variable| variable.plain.as_ref()).map(|text| html::with_breaks(&html::escaped(text)));
        html.or_else(plain).filter(|value| is_truthy(value))
    }
}

async fn blocks(snapshot: &mut Snapshot, context: &Context) -> Result<Vec<Block>, DatabaseError> {
    if !context.has_table("cms_block") || !context.has_table("cms_block_store") {
        return Ok(Vec::new());
    }
    let (block, block_store) = (context.table("cms_block"), context.table("cms_block_store"));
    let sql = format!(
        "SELECT column_name FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = '{}' AND column_name = 'row_id'",
        block_store.trim_matches('`')
    );
    let is_staged = !snapshot.rows::<String>(&sql).await?.is_empty();
    let (link, is_current) =
        if is_staged { ("row_id", context.is_current(Entity::Category, "b")) } else { ("block_id", String::new()) };
    let sql = format!(
        "SELECT b.block_id, b.identifier, b.content, s.store_id FROM {block} b JOIN {block_store} s \
         ON s.{link} = b.{link} WHERE b.is_active = 1{is_current} ORDER BY b.block_id, s.store_id"
    );
    let rows: Vec<(u64, String, Option<String>, u32)> = snapshot.rows(&sql).await?;
    let mut blocks: Vec<Block> = Vec::new();
    for (id, identifier, content, store) in rows {
        match blocks.last_mut().filter(|block| block.id == id) {
            Some(block) => block.stores.push(store),
            None => blocks.push(Block { id, identifier, content: content.unwrap_or_default(), stores: vec![store] }),
        }
    }
    Ok(blocks)
}

/// As read: code, store, text and HTML.
type VariableRow = (String, u32, Option<String>, Option<String>);

async fn variables(
    snapshot: &mut Snapshot,
    context: &Context,
) -> Result<HashMap<String, BTreeMap<u32, Variable>>, DatabaseError> {
    if !context.has_table("variable") || !context.has_table("variable_value") {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT v.code, w.store_id, w.plain_value, w.html_value FROM {} v JOIN {} w ON w.variable_id = v.variable_id \
         WHERE v.code IS NOT NULL ORDER BY w.value_id",
        context.table("variable"),
        context.table("variable_value"),
    );
    let rows: Vec<VariableRow> = snapshot.rows(&sql).await?;
    let mut variables: HashMap<String, BTreeMap<u32, Variable>> = HashMap::new();
    for (code, store, plain, html) in rows {
        variables.entry(code.to_lowercase()).or_default().insert(store, Variable { plain, html });
    }
    Ok(variables)
}

async fn themes(snapshot: &mut Snapshot, context: &Context) -> Result<HashMap<u32, String>, DatabaseError> {
    if !context.has_table("theme") {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT theme_id, theme_path FROM {} WHERE area = 'frontend' AND theme_path IS NOT NULL",
        context.table("theme")
    );
    Ok(snapshot.rows::<(u32, String)>(&sql).await?.into_iter().collect())
}

async fn region_names(
    snapshot: &mut Snapshot,
    context: &Context,
    ids: &[u32],
) -> Result<HashMap<u32, String>, DatabaseError> {
    if ids.is_empty() || !context.has_table("directory_country_region") {
        return Ok(HashMap::new());
    }
    let sql = format!(
        "SELECT region_id, default_name FROM {} WHERE region_id IN ({}) AND default_name IS NOT NULL",
        context.table("directory_country_region"),
        in_list(ids)
    );
    Ok(snapshot.rows::<(u32, String)>(&sql).await?.into_iter().collect())
}
