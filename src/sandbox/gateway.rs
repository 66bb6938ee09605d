//! Everything that a sandbox knows, which its routes share.

use std::sync::{Arc, Mutex};

use jiff::SignedDuration;
use tokio::time::Instant;

use super::Edition;
use super::faults::Faults;
use super::pairs::Registered;
use super::rate::{Bucket, Limit};
use super::registry::Registry;
use super::shared::lock;
use super::store::{Keep, Store};
use super::tokens::Ims;

/// Everything that a sandbox knows.
#[derive(Debug)]
pub(super) struct Gateway {
    pub(super) edition: Edition,
    pub(super) keep: Keep,
    /// Production and sandbox, each with projects of its own.
    tenants: [Arc<Tenant>; 2],
    pub(super) ims: Ims,
    pub(super) faults: Mutex<Faults>,
    pub(super) store: Mutex<Store>,
    /// How long after it was received something is shown.
    pub(super) visible_after: SignedDuration,
}

/// One registered API key, and what belongs to it.
#[derive(Debug)]
pub(super) struct Tenant {
    pub(super) keys: Registered,
    pub(super) registry: Mutex<Registry>,
    /// `None` = no limit.
    pub(super) bucket: Option<Mutex<Bucket>>,
}

impl Tenant {
    pub(super) fn new(keys: Registered, registry: Registry, limit: Option<Limit>) -> Self {
        let bucket = limit.map(|limit| Mutex::new(Bucket::new(limit, Instant::now())));
        Self { keys, registry: Mutex::new(registry), bucket }
    }
}

impl Gateway {
    pub(super) fn new(
        edition: Edition,
        keep: Keep,
        tenants: [Tenant; 2],
        faults: Faults,
        visible_after: SignedDuration,
    ) -> Self {
        Self {
            edition,
            keep,
            tenants: tenants.map(Arc::new),
            ims: Ims::default(),
            faults: Mutex::new(faults),
            store: Mutex::default(),
            visible_after,
        }
    }

    /// The tenant with this API key.
    pub(super) fn tenant(&self, api_key: &str) -> Option<&Arc<Tenant>> {
        self.tenants.iter().find(|tenant| tenant.keys.api_key == api_key)
    }

    /// Whether any tenant has this data space.
    pub(super) fn has_data_space(&self, id: &str) -> bool {
        self.tenants.iter().any(|tenant| lock(&tenant.registry).data_space(id).is_some())
    }
}
