//! Values that are read once per feed: the first page that needs one reads it, and every later page has it.
//!
//! They are known by their types, so that what is shared must not know who needs what.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

/// One value of each type, or none yet.
#[derive(Default)]
pub(super) struct Once(Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>);

impl std::fmt::Debug for Once {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Once")
    }
}

impl Once {
    fn cell<T: Any + Send + Sync>(&self) -> Arc<OnceCell<Arc<T>>> {
        let mut cells = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = cells.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(OnceCell::<Arc<T>>::new()));
        // Each is kept under its own type, so the default is never taken.
        Arc::clone(cell).downcast().unwrap_or_default()
    }

    /// The value of this type; `read` is asked for it the first time. Who comes meanwhile waits.
    pub(super) async fn get_or_try_init<T, E, F>(&self, read: impl FnOnce() -> F) -> Result<Arc<T>, E>
    where
        T: Any + Send + Sync,
        F: Future<Output = Result<T, E>>,
    {
        let cell = self.cell::<T>();
        let value = cell.get_or_try_init(|| async { read().await.map(Arc::new) }).await?;
        Ok(Arc::clone(value))
    }
}
