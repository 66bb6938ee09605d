//! Writing settings where Commerce reads them: into `core_config_data`, then telling Commerce that it has read old ones.

use std::path::Path;

use crate::commerce::cache;
use crate::commerce::database::{Database, WriteError};
use crate::untrusted::SafeText;

/// What became of a save.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// Where the values are now, such as `core_config_data of the database shop`.
    pub where_to: SafeText,
    /// What the person still has to know or to do, if anything.
    pub note: Option<SafeText>,
}

/// Writes these values (path, value) for the whole installation, all or none, then lets Commerce forget what it has cached.
///
/// # Errors
/// [`WriteError`]; then every old value is still there.
pub async fn save(root: &Path, database: &Database, values: &[(&str, String)]) -> Result<Saved, WriteError> {
    database.write_settings(values).await?;
    let note = cache::clean_config(root).await;
    let where_to = SafeText::new(&format!("{} of the database {}", super::TABLE, database.settings().database));
    Ok(Saved { where_to, note: note.map(|note| SafeText::new(&note)) })
}
