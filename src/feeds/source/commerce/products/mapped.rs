//! Attributes that products have besides their own, from where the configuration says: a value, a column or a table.

use super::attributes::{AttributeEntry, Listing};
use super::batch::{Batch, PerProduct};
use super::reader::Reader;
use crate::commerce::database::DatabaseError;
use crate::domain::{KeyedBy, MappedAttribute, Supply};

/// The products' own table.
const PRODUCTS: &str = "catalog_product_entity";

/// The mapped attributes of a page of products, in the order of the configuration.
#[derive(Debug)]
pub(super) struct Mapped(Vec<MappedValues>);

/// One of them.
#[derive(Debug)]
struct MappedValues {
    code: String,
    values: Values,
}

#[derive(Debug)]
enum Values {
    /// Every product has it.
    Fixed(String),
    /// In the order of the values, so that an unchanged product has an unchanged hash.
    Rows(PerProduct<String>),
}

impl Mapped {
    pub(super) async fn load(reader: &mut Reader<'_>, batch: &Batch) -> Result<Self, DatabaseError> {
        let mut mapped = Vec::new();
        for MappedAttribute { code, supply } in reader.context.attributes.iter() {
            let values = match supply {
                // Read with all attributes of the shop.
                Supply::Attribute => continue,
                Supply::Value(value) => Values::Fixed(value.clone()),
                Supply::Column(column) => {
                    let sql = format!(
                        "SELECT e.entity_id, CAST(e.`{column}` AS CHAR) FROM {entity} e \
                         WHERE {is_of_page} AND e.`{column}` IS NOT NULL{is_current}",
                        entity = reader.table(PRODUCTS),
                        is_of_page = batch.has_id("e.entity_id"),
                        is_current = reader.is_current("e"),
                    );
                    Values::Rows(rows(reader, batch, &sql).await?)
                }
                Supply::Table { table, column, key, by } => {
                    let table = reader.table(table);
                    let sql = match by {
                        KeyedBy::Id => format!(
                            "SELECT `{key}`, CAST(`{column}` AS CHAR) FROM {table} \
                             WHERE {is_of_page} AND `{column}` IS NOT NULL ORDER BY 1, 2",
                            is_of_page = batch.has_id(&format!("`{key}`")),
                        ),
                        KeyedBy::Sku => format!(
                            "SELECT e.entity_id, CAST(t.`{column}` AS CHAR) FROM {entity} e JOIN {table} t ON t.`{key}` = e.sku \
                             WHERE {is_of_page} AND t.`{column}` IS NOT NULL{is_current} ORDER BY 1, 2",
                            entity = reader.table(PRODUCTS),
                            is_of_page = batch.has_id("e.entity_id"),
                            is_current = reader.is_current("e"),
                        ),
                    };
                    Values::Rows(rows(reader, batch, &sql).await?)
                }
            };
            mapped.push(MappedValues { code: code.clone(), values });
        }
        Ok(Self(mapped))
    }

    /// Adds those of a product to its attributes; one of the same code gives way.
    pub(super) fn put<'a>(&'a self, attributes: &mut Vec<AttributeEntry<'a>>, index: usize) {
        for MappedValues { code, values } in &self.0 {
            attributes.retain(|entry| entry.code() != code);
            let value: Vec<&str> = match values {
                Values::Fixed(value) => vec![value],
                Values::Rows(rows) => rows.of(index).iter().map(String::as_str).collect(),
            };
            if !value.is_empty() {
                attributes.push(AttributeEntry::Mapped(Listing { attribute_code: code, value }));
            }
        }
    }
}

async fn rows(reader: &mut Reader<'_>, batch: &Batch, sql: &str) -> Result<PerProduct<String>, DatabaseError> {
    let rows: Vec<(u64, String)> = reader.rows(sql).await?;
    Ok(batch.by_id(rows, |row| row))
}
