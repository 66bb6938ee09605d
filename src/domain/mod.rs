//! The nouns that every room shares: feeds, ids, environments, data spaces, limits, rules of lint, mapped attributes.

mod data_space;
mod environment;
mod feed;
mod ids;
mod installation;
mod keys_remedy;
mod limit;
mod lint_rule;
mod mapped_attribute;
mod nearest;
mod thread_count;

pub use data_space::{DataSpace, DataSpaceKind, Project};
pub use environment::Environment;
pub use feed::{Feed, Stamp, UnknownFeed};
pub use ids::{BadId, DataSpaceId, ProjectId};
pub use installation::{Edition, InstallationKind, TlsVerify};
pub use keys_remedy::KeysRemedy;
pub use limit::{MAX_DELETE, Most, NoMost};
pub use lint_rule::{LintRule, Severity, UnknownLintRule};
pub use mapped_attribute::{BadMapping, KeyedBy, MappedAttribute, Supply};
pub use nearest::nearest;
pub use thread_count::{NoThreadCount, ThreadCount};
