//! `inventoryStockStatus`: what is salable in each stock (feed map §7).

use super::super::Collected;
use super::context::Context;
use crate::commerce::database::{DatabaseError, Snapshot};

pub(super) async fn page(
    _snapshot: &mut Snapshot,
    _context: &Context,
    _ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    Ok(Vec::new())
}
