//! Attribute values of a page of entities (feed map §0).
//!
//! **Row presence decides**: a row of the store view wins over the default row even if its value is NULL, and whatever the
//! attribute's scope is. That is one of the two answers Adobe's exporter can give; its own depends on row order.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::context::Context;
use super::eav::{Attribute, Entity};
use crate::commerce::database::{DatabaseError, Snapshot, in_list};

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
