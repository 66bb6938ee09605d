//! The services that the connector serves: which feeds each needs, whether its module is installed, whether its feeds are well.
//!
//! It must never say that anything is visible in a service: what is known here ends where the gateway accepts an item.

use super::Connector;
use super::finding::Level;
use super::health::Health;
use crate::commerce::edition::ComposerLock;
use crate::domain::{Edition, Feed};
use crate::error::Problem;
use crate::report::{Row, Section, Tone};
use crate::untrusted::SafeText;

/// A service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Service {
    /// As Adobe calls it.
    pub name: &'static str,
    /// The composer package that brings it into a shop.
    pub package: &'static str,
    /// Whether it works with Magento Open Source, too.
    pub in_open_source: bool,
    /// The feeds it needs, in the recommended order.
    pub feeds: &'static [Feed],
}

/// What every service that shows products needs.
const CATALOGUE: &[Feed] = &[
    Feed::ScopesWebsite,
    Feed::ScopesCustomerGroup,
    Feed::ProductAttributes,
    Feed::Categories,
    Feed::Products,
    Feed::Prices,
    Feed::Variants,
];

/// The services.
///
/// Packages: Adobe's installation pages of each service name theirs, except that of the Site-Wide Analysis Tool, which is
/// inferred from its module's name (`Magento_Swat`). Feeds: Adobe's list of feeds for a first sync serves the three catalogue
/// services alike; Data Connection sends orders; which feeds Payment Services takes besides those of its own module is not
/// public, orders are inferred. The Site-Wide Analysis Tool looks at the installation itself.
pub const SERVICES: [Service; 6] = [
    Service {
        name: "Product Recommendations",
        package: "magento/product-recommendations",
        in_open_source: false,
        feeds: CATALOGUE,
    },
    Service { name: "Live Search", package: "magento/live-search", in_open_source: false, feeds: CATALOGUE },
    Service { name: "Catalog Service", package: "magento/catalog-service", in_open_source: false, feeds: CATALOGUE },
    Service {
        name: "Data Connection",
        package: "magento/experience-platform-connector",
        in_open_source: false,
        feeds: &[Feed::Orders],
    },
    Service { name: "Site-Wide Analysis Tool", package: "magento/module-swat", in_open_source: false, feeds: &[] },
    Service {
        name: "Payment Services",
        package: "magento/payment-services",
        in_open_source: true,
        feeds: &[Feed::Orders],
    },
];

/// Whether a service's module is in composer.lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Module {
    /// It is, in this version.
    Installed(SafeText),
    /// It is not.
    NotInstalled,
    /// There is no composer.lock to look into.
    Unknown,
}

/// How a feed is, for a service that needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FeedCondition {
    /// Sent in full from here, and nothing is wrong with it.
    Healthy,
    /// Never sent in full from here.
    NotSent,
    /// Something is wrong with it.
    Failing,
    /// It could not be found out.
    Unknown,
}

impl FeedCondition {
    /// In a few words.
    pub fn words(self) -> &'static str {
        match self {
            FeedCondition::Healthy => "healthy",
            FeedCondition::NotSent => "incomplete",
            FeedCondition::Failing => "failed",
            FeedCondition::Unknown => "unknown",
        }
    }
}

/// A service, seen from this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStatus {
    pub service: Service,
    /// Whether this edition has it; `None` if the edition is not known.
    pub is_available: Option<bool>,
    /// Whether its module is installed.
    pub module: Module,
    /// The feeds it needs.
    pub feeds: Vec<(Feed, FeedCondition)>,
}

impl ServiceStatus {
    fn section(&self) -> Section {
        let edition = if self.service.in_open_source { "both editions" } else { "Adobe Commerce" };
        let version = match &self.module {
            Module::Installed(version) => format!(" {version}"),
            Module::NotInstalled | Module::Unknown => String::new(),
        };
        let tone = match self.feeds.iter().map(|(_, condition)| *condition).max() {
            Some(FeedCondition::Healthy) => Tone::Good,
            Some(FeedCondition::Failing) => Tone::Danger,
            None | Some(FeedCondition::NotSent | FeedCondition::Unknown) => Tone::Open,
        };
        Section {
            title: self.service.name.to_owned(),
            note: format!("{edition}, module {}{version}", self.module_in_words()),
            rows: vec![Row::new(format!("feeds: {}", self.feeds_in_words()), tone)],
        }
    }

    /// How its module is, in a few words.
    pub fn module_in_words(&self) -> &'static str {
        match &self.module {
            Module::Installed(_) => "installed",
            Module::NotInstalled if self.is_available == Some(false) => "not in this edition",
            Module::NotInstalled => "not installed",
            Module::Unknown => "unknown",
        }
    }

    /// How its feeds are, the worst first: `failed: prices; healthy: 6`.
    fn feeds_in_words(&self) -> String {
        if self.feeds.is_empty() {
            return "none needed".to_owned();
        }
        let of = |condition| {
            let feeds: Vec<Feed> =
                self.feeds.iter().filter(|(_, is)| *is == condition).map(|(feed, _)| *feed).collect();
            (!feeds.is_empty()).then_some((condition, feeds))
        };
        let conditions =
            [FeedCondition::Failing, FeedCondition::NotSent, FeedCondition::Unknown, FeedCondition::Healthy];
        let groups: Vec<(FeedCondition, Vec<Feed>)> = conditions.into_iter().filter_map(of).collect();
        if let [(condition, feeds)] = groups.as_slice() {
            return match feeds.as_slice() {
                [feed] => format!("{feed}: {}", condition.words()),
                feeds => format!("all {}: {}", feeds.len(), condition.words()),
            };
        }
        let group = |(condition, feeds): &(FeedCondition, Vec<Feed>)| match condition {
            FeedCondition::Healthy => format!("{}: {}", condition.words(), feeds.len()),
            _ => {
                format!("{}: {}", condition.words(), feeds.iter().map(Feed::to_string).collect::<Vec<_>>().join(", "))
            }
        };
        groups.iter().map(group).collect::<Vec<_>>().join("; ")
    }
}

/// All services, and why nothing is known of their feeds, if that is so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Services {
    /// In the order of [`SERVICES`].
    pub services: Vec<ServiceStatus>,
    /// Why the feeds' health is not known.
    pub health_problem: Option<Problem>,
}

impl Services {
    /// A section for each service, and one without a title for what goes for all.
    pub fn report(&self) -> Vec<Section> {
        let mut sections: Vec<Section> = self.services.iter().map(ServiceStatus::section).collect();
        let mut notes = Section::default();
        if self.services.iter().any(|status| status.module == Module::Unknown) {
            let text = "Modules unknown: instance.root is not set or has no composer.lock.";
            notes.push("", text, Tone::Warning);
        }
        if let Some(problem) = &self.health_problem {
            notes.push("", format!("Feed health unknown: {}", problem.in_full().command_line()), Tone::Danger);
        }
        let text = "Healthy means sent in full from here and accepted by the gateway; services may show it later.";
        notes.push("", text, Tone::Remark);
        sections.push(notes);
        sections
    }
}

impl Connector {
    /// The services, seen from this installation. Only reads.
    pub async fn services(&self) -> Services {
        let (lock, configured) = tokio::task::block_in_place(|| {
            let store = self.store().clone();
            let instance = &store.config().instance;
            let root = instance.root.as_deref().map(|root| store.resolve(root));
            (root.and_then(|root| ComposerLock::read(&root)), instance.edition)
        });
        let edition = configured.or_else(|| lock.as_ref()?.installed().map(|installed| installed.edition));
        let (health, health_problem) = match self.health().await {
            Ok(health) => (Some(health), None),
            Err(problem) => (None, Some(problem)),
        };
        let services = SERVICES
            .iter()
            .map(|&service| ServiceStatus {
                service,
                is_available: edition.map(|edition| service.in_open_source || edition != Edition::Ce),
                module: module(lock.as_ref(), service.package),
                feeds: service.feeds.iter().map(|&feed| (feed, condition(health.as_ref(), feed))).collect(),
            })
            .collect();
        Services { services, health_problem }
    }
}

fn module(lock: Option<&ComposerLock>, package: &str) -> Module {
    match lock.map(|lock| lock.version(package)) {
        Some(Some(version)) => Module::Installed(SafeText::limited(version, 40)),
        Some(None) => Module::NotInstalled,
        None => Module::Unknown,
    }
}

fn condition(health: Option<&Health>, feed: Feed) -> FeedCondition {
    let Some(health) = health else { return FeedCondition::Unknown };
    if health.findings.iter().any(|finding| finding.feed == Some(feed) && finding.level == Level::Wrong) {
        return FeedCondition::Failing;
    }
    let ours = health.feeds.iter().find(|health| health.feed == feed).and_then(|health| health.ours.as_ref());
    match ours {
        Some(ours) if ours.last_sync.is_some() => FeedCondition::Healthy,
        _ => FeedCondition::NotSent,
    }
}
