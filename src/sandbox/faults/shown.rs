//! What the services show in spite of what they received: `[[shown]]` of a script.

use serde::Deserialize;
use sha1::{Digest as _, Sha1};

use super::draw;

/// What is odd about an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::sandbox) enum Oddity {
    /// It is not shown.
    Lost,
    /// It is shown as it was before its last change.
    Stale,
    /// It was deleted, and is shown.
    Ghost,
}

/// What the services show in spite of what they received.
#[derive(Debug, Default)]
pub(in crate::sandbox) struct ShownFaults {
    seed: u64,
    items: Vec<(Oddity, Which)>,
    /// Whether a data space shows nothing at all.
    pub(in crate::sandbox) is_asleep: bool,
    /// Whether Live Search has no index.
    pub(in crate::sandbox) has_no_index: bool,
    /// Whether the API key is not registered for the service.
    pub(in crate::sandbox) has_no_service: bool,
}

#[derive(Debug)]
enum Which {
    Share(f64),
    Skus(Vec<String>),
}

impl ShownFaults {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// What is odd about an item; of several, the first of the script.
    pub(in crate::sandbox) fn of(&self, sku: &str, key: &str, is_deleted: bool) -> Option<Oddity> {
        let number = Sha1::digest(key).iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
        let mut hits = self.items.iter().enumerate().filter(|(index, (_, which))| match which {
            Which::Share(share) => draw(self.seed.wrapping_add(*index as u64), number) < *share,
            Which::Skus(skus) => skus.iter().any(|other| other == sku),
        });
        hits.find(|(_, (oddity, _))| (*oddity == Oddity::Ghost) == is_deleted).map(|(_, (oddity, _))| *oddity)
    }
}

/// One `[[shown]]` as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShownEntry {
    kind: ShownKind,
    items: Option<f64>,
    skus: Option<Vec<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ShownKind {
    Lost,
    Stale,
    Ghost,
    Asleep,
    NoIndex,
    NoService,
}

impl ShownEntry {
    pub(super) fn add_to(self, faults: &mut ShownFaults) -> Result<(), String> {
        let oddity = match self.kind {
            ShownKind::Lost => Oddity::Lost,
            ShownKind::Stale => Oddity::Stale,
            ShownKind::Ghost => Oddity::Ghost,
            ShownKind::Asleep | ShownKind::NoIndex | ShownKind::NoService => {
                if self.items.is_some() || self.skus.is_some() {
                    return Err("items and skus do not go with this kind".to_owned());
                }
                match self.kind {
                    ShownKind::Asleep => faults.is_asleep = true,
                    ShownKind::NoIndex => faults.has_no_index = true,
                    _ => faults.has_no_service = true,
                }
                return Ok(());
            }
        };
        let which = match (self.items, self.skus) {
            (Some(share), None) if (0.0..=1.0).contains(&share) => Which::Share(share),
            (Some(share), None) => return Err(format!("items = {share} is not between 0 and 1")),
            (None, Some(skus)) if !skus.is_empty() => Which::Skus(skus),
            _ => return Err("say which: items = 0.05 or skus = [\"SKU\"]".to_owned()),
        };
        faults.items.push((oddity, which));
        Ok(())
    }
}
