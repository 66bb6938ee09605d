//! Every key of config.toml, once: for environment variables, origins, and the nearest known key of a typing mistake.

pub use crate::domain::nearest;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// A whole number, or a word that stands for one.
    IntegerOrText,
    Number,
    /// `true` or `false`.
    Boolean,
}

/// One key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    /// Its dotted path, such as `gateway.environment`.
    pub path: &'static str,
    /// How its value is written.
    pub kind: ValueKind,
}

const fn text(path: &'static str) -> Key {
    Key { path, kind: ValueKind::Text }
}

const fn integer(path: &'static str) -> Key {
    Key { path, kind: ValueKind::Integer }
}

const fn boolean(path: &'static str) -> Key {
    Key { path, kind: ValueKind::Boolean }
}

/// Every key but the open-ended tables `gateway.jwt_claims`, `export.feeds`, `export.routes` and `feeds`.
pub const KEYS: &[Key] = &[
    text("gateway.environment"),
    text("gateway.production_url"),
    text("gateway.sandbox_url"),
    text("gateway.registry_path"),
    text("gateway.ca_file"),
    integer("gateway.connect_timeout_seconds"),
    integer("gateway.read_timeout_seconds"),
    integer("gateway.total_timeout_seconds"),
    Key { path: "gateway.requests_per_second", kind: ValueKind::Number },
    text("gateway.graphql_url"),
    Key { path: "gateway.graphql_requests_per_second", kind: ValueKind::Number },
    text("credentials.production.api_key"),
    text("credentials.production.private_key_file"),
    text("credentials.sandbox.api_key"),
    text("credentials.sandbox.private_key_file"),
    text("saas.project_id"),
    text("saas.project_name"),
    text("saas.environment_id"),
    text("saas.environment_name"),
    text("saas.environment_type"),
    text("saas.ims_organization_id"),
    text("ims.host"),
    text("ims.client_id"),
    text("ims.client_secret_file"),
    text("ims.redirect_uri"),
    text("ims.scopes"),
    text("ims.token_store"),
    text("source.kind"),
    text("source.files.directory"),
    text("source.commerce.url"),
    text("source.commerce.host"),
    integer("source.commerce.port"),
    text("source.commerce.socket"),
    text("source.commerce.user"),
    text("source.commerce.password_file"),
    text("source.commerce.database"),
    text("source.commerce.table_prefix"),
    text("source.commerce.tls_ca_file"),
    text("source.commerce.tls_cert_file"),
    text("source.commerce.tls_key_file"),
    text("source.commerce.tls_verify"),
    text("source.commerce.connection"),
    integer("source.commerce.order_days"),
    text("instance.root"),
    text("instance.settings"),
    text("instance.name"),
    text("instance.kind"),
    text("instance.edition"),
    text("instance.version"),
    Key { path: "export.thread_count", kind: ValueKind::IntegerOrText },
    integer("export.max_batch_bytes"),
    boolean("export.quiet_if_running"),
    boolean("export.landlock"),
    boolean("export.keep_payloads"),
    text("export.max_delete"),
    text("export.max_change"),
    integer("export.keep_deletions_days"),
    text("export.full_within"),
    integer("export.database_share"),
    text("state.directory"),
    text("state.ledger"),
    text("state.database.url"),
    text("state.database.tls_ca_file"),
    integer("state.database.lease_seconds"),
    text("metrics.file"),
    text("metrics.listen"),
    boolean("notify.on_failure"),
    boolean("notify.on_recovery"),
    integer("notify.after_failures"),
    integer("notify.needs_fix"),
    text("notify.digest"),
    text("notify.repeat_after"),
    integer("notify.timeout_seconds"),
    text("notify.ping_url"),
    text("notify.command"),
    text("notify.webhook_url"),
    text("notify.webhook_secret_file"),
    text("notify.sendmail_to"),
    text("notify.sendmail_from"),
    text("notify.sendmail_program"),
    text("update.from"),
    text("update.key_file"),
    text("ui.theme"),
    text("ui.color"),
    text("ui.ascii"),
    boolean("ui.mouse"),
    boolean("ui.read_only"),
];

/// What every environment variable of this program begins with.
pub const VARIABLE_PREFIX: &str = "COMMERCE_CONNECTOR_";

impl Key {
    /// The environment variable that sets it, such as `COMMERCE_CONNECTOR_GATEWAY_ENVIRONMENT`.
    pub fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.path.replace('.', "_").to_ascii_uppercase())
    }
}
