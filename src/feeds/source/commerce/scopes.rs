//! Placeholder.

use super::super::Collected;
use super::context::Context;
use crate::commerce::database::{DatabaseError, Snapshot};

pub(super) async fn websites(
    _snapshot: &mut Snapshot,
    _context: &Context,
    _ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    Ok(Vec::new())
}

pub(super) async fn customer_groups(
    _snapshot: &mut Snapshot,
    _context: &Context,
    _ids: &[u64],
) -> Result<Vec<Collected>, DatabaseError> {
    Ok(Vec::new())
}
