//! Attribute metadata, and attribute values of a page of entities (feed map §0).
//!
//! **Row presence decides**: a row of the store view wins over the default row even if its value is NULL, and whatever the
//! attribute's scope is. That is one of the two answers Adobe's exporter can give; its own depends on row order.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::context::Context;
use crate::commerce::database::{Database, DatabaseError, LinkColumn, Snapshot, in_list};

/// What has attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Entity {
    /// `catalog_product`
    Product,
    /// `catalog_category`
    Category,
}

impl Entity {
    /// `eav_entity_type.entity_type_code`
    pub(super) fn type_code(self) -> &'static str {
        match self {
            Entity::Product => "catalog_product",
            Entity::Category => "catalog_category",
        }
    }

    /// The entity table; its value tables are named after it.
    pub(super) fn table(self) -> &'static str {
        match self {
            Entity::Product => "catalog_product_entity",
            Entity::Category => "catalog_category_entity",
        }
    }

    pub(super) fn link(self, database: &Database) -> LinkColumn {
        match self {
            Entity::Product => database.schema().product_link,
            Entity::Category => database.schema().category_link,
        }
    }
}

/// What values are stored as: which value table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Backend {
    /// A column of the entity table itself: not read here.
    Static,
    /// `_int`
    Int,
    /// `_decimal`
    Decimal,
    /// `_varchar`
    Varchar,
    /// `_text`
    Text,
    /// `_datetime`
    Datetime,
}

impl Backend {
    fn of(backend_type: &str) -> Self {
        match backend_type {
            "int" => Backend::Int,
            "decimal" => Backend::Decimal,
            "varchar" => Backend::Varchar,
            "text" => Backend::Text,
            "datetime" => Backend::Datetime,
            // Other types have tables of their own making, which no feed knows.
            _ => Backend::Static,
        }
    }

    /// What the name of the value table ends with.
    pub(super) fn suffix(self) -> Option<&'static str> {
        match self {
            Backend::Static => None,
            Backend::Int => Some("int"),
            Backend::Decimal => Some("decimal"),
            Backend::Varchar => Some("varchar"),
            Backend::Text => Some("text"),
            Backend::Datetime => Some("datetime"),
        }
    }
}

/// An attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// `eav_attribute.attribute_id`
    pub id: u32,
    /// `eav_attribute.attribute_code`
    pub code: String,
    /// Which value table.
    pub backend: Backend,
    /// `eav_attribute.frontend_input`
    pub frontend_input: Option<String>,
    /// `eav_attribute.frontend_label`
    pub frontend_label: Option<String>,
    /// `eav_attribute.source_model`
    pub source_model: Option<String>,
    /// `eav_attribute.is_user_defined`
    pub is_user_defined: bool,
}

/// The same in the query's order.
type AttributeRow = (u32, String, String, Option<String>, Option<String>, Option<String>, u8);

/// The attributes of an entity type.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes {
    by_code: HashMap<String, Attribute>,
}

impl Attributes {
    pub(super) async fn load(
        database: &Database,
        snapshot: &mut Snapshot,
        entity: Entity,
    ) -> Result<Self, DatabaseError> {
        let sql = format!(
            "SELECT a.attribute_id, a.attribute_code, a.backend_type, a.frontend_input, a.frontend_label, \
             a.source_model, a.is_user_defined FROM {} a JOIN {} t ON t.entity_type_id = a.entity_type_id \
             WHERE t.entity_type_code = '{}'",
            database.table("eav_attribute"),
            database.table("eav_entity_type"),
            entity.type_code(),
        );
        let rows: Vec<AttributeRow> = snapshot.rows(&sql).await?;
        let by_code = rows
            .into_iter()
            .map(|(id, code, backend_type, frontend_input, frontend_label, source_model, is_user_defined)| {
                let backend = Backend::of(&backend_type);
                let is_user_defined = is_user_defined != 0;
                let attribute =
                    Attribute { id, code, backend, frontend_input, frontend_label, source_model, is_user_defined };
                (attribute.code.clone(), attribute)
            })
            .collect();
        Ok(Self { by_code })
    }

    /// An attribute by its code.
    pub(super) fn get(&self, code: &str) -> Option<&Attribute> {
        self.by_code.get(code)
    }

    /// Those of these codes that the shop has.
    pub(super) fn of_codes<'a>(&'a self, codes: &'a [&'a str]) -> impl Iterator<Item = &'a Attribute> {
        codes.iter().filter_map(|code| self.get(code))
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Attribute> {
        self.by_code.values()
    }
}

/// Attribute values of a page of entities, in every store view.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Values {
    /// By entity, attribute and store; `None` is a row whose value is NULL.
    rows: HashMap<(u64, u32, u32), Option<String>>,
    /// Entity and store of every row.
    present: HashSet<(u64, u32)>,
}

impl Values {
    /// Reads the values of these attributes of these entities: one query, whatever their number. None without attributes.
    pub(super) async fn load(
        snapshot: &mut Snapshot,
        context: &Context,
        entity: Entity,
        ids: &[u64],
        attributes: impl IntoIterator<Item = &Attribute>,
    ) -> Result<Self, DatabaseError> {
        let mut by_backend: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for attribute in attributes {
            if let Some(suffix) = attribute.backend.suffix() {
                by_backend.entry(suffix).or_default().push(attribute.id);
            }
        }
        if by_backend.is_empty() || ids.is_empty() {
            return Ok(Self::default());
        }
        let ids = in_list(ids);
        let link = context.link(entity);
        let selects: Vec<String> = by_backend
            .into_iter()
            .map(|(suffix, attribute_ids)| {
                format!(
                    "SELECT e.entity_id, v.attribute_id, v.store_id, CAST(v.value AS CHAR) FROM {table} e \
                     JOIN {values} v ON v.{link} = e.{link} \
                     WHERE e.entity_id IN ({ids}) AND v.attribute_id IN ({attribute_ids}){is_current}",
                    table = context.table(entity.table()),
                    values = context.table(&format!("{}_{suffix}", entity.table())),
                    attribute_ids = in_list(attribute_ids),
                    is_current = context.is_current(entity, "e"),
                )
            })
            .collect();
        let rows: Vec<(u64, u32, u32, Option<String>)> = snapshot.rows(&selects.join(" UNION ALL ")).await?;
        let present = rows.iter().map(|(id, _, store, _)| (*id, *store)).collect();
        let rows = rows.into_iter().map(|(id, attribute, store, value)| ((id, attribute, store), value)).collect();
        Ok(Self { rows, present })
    }

    /// The value in a store view: its own row, else the default row (store 0). `None` if that row's value is NULL or there is
    /// no row.
    pub(super) fn get(&self, entity_id: u64, attribute: &Attribute, store_id: u32) -> Option<&str> {
        self.rows
            .get(&(entity_id, attribute.id, store_id))
            .or_else(|| self.rows.get(&(entity_id, attribute.id, 0)))
            .and_then(Option::as_deref)
    }

    /// The value of a store view laid over the default one: a NULL lets the default through.
    pub(super) fn laid_over(&self, entity_id: u64, attribute: &Attribute, store_id: u32) -> Option<&str> {
        let of = |store| self.rows.get(&(entity_id, attribute.id, store)).and_then(Option::as_deref);
        of(store_id).or_else(|| of(0))
    }

    /// Whether there is any row for the entity in a store view or in the default one, whatever its value.
    pub(super) fn has_any(&self, entity_id: u64, store_id: u32) -> bool {
        self.present.contains(&(entity_id, 0)) || self.present.contains(&(entity_id, store_id))
    }
}
