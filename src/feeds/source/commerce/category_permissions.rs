//! `categoryPermissions`, experimental: what a customer group may see of a category (protocol page §6).

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
