//! Attribute metadata (feed map §0).

use std::collections::HashMap;

use crate::commerce::database::{Database, DatabaseError, LinkColumn, Snapshot};

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
