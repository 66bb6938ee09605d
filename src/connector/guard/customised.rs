//! Feeds that somebody changed in Adobe's exporter: a program that reads SQL would send them without these changes, so they are not
//! sent until a person says how.

use std::fmt;

use serde::Serialize;

use crate::commerce::deployment::Deployment;
use crate::commerce::extensions::{Extension, Extensions, OPTIMIZER_SETTINGS, UnreadFile};
use crate::config::{Config, WhenCustomised};
use crate::connector::{Connector, explained};
use crate::domain::Feed;
use crate::error::{Exit, Explain, Problem};
use crate::feeds::source::Source;
use crate::format::counted;
use crate::remedy::{Hint, Remedy};
use crate::untrusted::SafeText;

/// One change, and what a person decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customised {
    pub extension: Extension,
    /// The feeds that it concerns and that nobody decided about: they are not sent.
    pub open: Vec<Feed>,
}

/// A change as JSON has it.
#[derive(Debug, Serialize)]
pub struct CustomisedRecord<'a> {
    module: &'a SafeText,
    file: &'a SafeText,
    line: Option<usize>,
    change: String,
    feeds: &'a [Feed],
    not_sent: &'a [Feed],
}

impl Customised {
    fn of(extension: Extension, config: &Config) -> Self {
        let open = extension.feeds.iter().copied().filter(|feed| !is_settled(&extension, *feed, config)).collect();
        Self { extension, open }
    }

    /// As JSON has it.
    pub fn record(&self) -> CustomisedRecord<'_> {
        let Extension { module, file, line, change, feeds } = &self.extension;
        CustomisedRecord { module, file, line: *line, change: change.to_string(), feeds, not_sent: &self.open }
    }

    /// Who changes what, where: `Acme_Feeds: plugin … (app/code/Acme/Feeds/etc/di.xml line 12)`.
    pub fn words(&self) -> String {
        let Extension { module, change, .. } = &self.extension;
        format!("{module}: {change} ({})", self.extension.place())
    }
}

/// Whether a person said how a feed is to be sent that was changed like this.
fn is_settled(extension: &Extension, feed: Feed, config: &Config) -> bool {
    let Some(decision) = config.feeds.get(&feed) else { return false };
    let is_mapped = |code: &&str| decision.attributes.iter().any(|mapped| mapped.code == **code);
    let codes = extension.change.codes();
    decision.customised == WhenCustomised::SendAnyway || (!codes.is_empty() && codes.iter().all(is_mapped))
}

/// Everything that was changed, as far as it can be seen from here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Customisations {
    pub found: Vec<Customised>,
    /// The files that could not be looked into.
    pub unread: Vec<UnreadFile>,
}

impl Customisations {
    /// The feeds that are not sent, in their order.
    pub fn open_feeds(&self) -> Vec<Feed> {
        open_feeds(&self.found)
    }
}

/// The feeds that are not sent because of these changes, in their order.
pub fn open_feeds(found: &[Customised]) -> Vec<Feed> {
    let mut feeds: Vec<Feed> = found.iter().flat_map(|customised| &customised.open).copied().collect();
    feeds.sort_unstable();
    feeds.dedup();
    feeds
}

/// Why nothing is sent: one of the feeds was changed, and nobody said how to send it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct CustomisedFeed {
    pub feed: Feed,
    /// Who changed it first.
    module: SafeText,
    /// What, and where.
    change: String,
    /// How many changes it has besides.
    more: usize,
    /// Whether mapping attributes would settle all of them.
    is_about_attributes: bool,
}

impl CustomisedFeed {
    /// The first of these feeds that is not to be sent.
    pub fn among(found: &[Customised], feeds: &[Feed]) -> Option<Self> {
        let feed = open_feeds(found).into_iter().find(|feed| feeds.contains(feed))?;
        let mut changes = found.iter().filter(|customised| customised.open.contains(&feed));
        let is_about_attributes = changes.clone().all(|customised| !customised.extension.change.codes().is_empty());
        let first = &changes.next()?.extension;
        let change = format!("{} ({})", first.change, first.place());
        Some(Self { feed, module: first.module.clone(), change, more: changes.count(), is_about_attributes })
    }

    /// The same before anything was to be sent.
    pub fn words_beforehand(&self) -> String {
        let Self { feed, module, change, more, .. } = self;
        let more = match more {
            0 => String::new(),
            more => format!(", and {}", counted(*more as u64, "more change")),
        };
        format!("{module} changes the feed {feed} in Adobe's exporter, and this program does not: {change}{more}")
    }
}

impl fmt::Display for CustomisedFeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; nothing was sent", self.words_beforehand())
    }
}

impl Explain for CustomisedFeed {
    fn exit(&self) -> Exit {
        Exit::Guarded
    }

    fn hint(&self) -> Option<Hint> {
        let feed = self.feed.name();
        let mapped =
            if self.is_about_attributes { "map the attributes in [[feeds.products.attributes]], or " } else { "" };
        let hint =
            Hint::from("see every change: ").and(Remedy::Doctor).and(format!("; then {mapped}send it without them: "));
        Some(hint.and(Remedy::SendAnyway { feed: feed.into() }).and("; other feeds can be sent by name"))
    }
}

impl Connector {
    /// What somebody changed in Adobe's exporter. Only items that this program makes from the shop's tables can lack it.
    ///
    /// # Errors
    /// A [`Problem`] if the database cannot be read, or it cannot be known which modules are switched on.
    pub async fn customisations(&self, source: &Source) -> Result<Customisations, Problem> {
        let Source::Commerce(commerce) = source else { return Ok(Customisations::default()) };
        let mut extensions = Extensions::default();
        if let Some(root) = self.root() {
            let variables = self.store().environment().clone();
            let find = || Extensions::find(&Deployment::read_if_there(&root, variables)?);
            extensions = tokio::task::block_in_place(find).map_err(|error| {
                Problem::usage(error.to_string()).hint(format!("fix that line; `php -l {}` checks it", error.path))
            })?;
        }
        if commerce.has_gift_cards().await.map_err(explained)? {
            extensions.found.push(Extension::gift_cards());
        }
        let installation = self.layers().installation.clone();
        let settings = installation.as_ref().and_then(|installation| installation.installation());
        if let Some((path, origin)) = settings.and_then(|settings| settings.any_below(OPTIMIZER_SETTINGS)) {
            extensions.found.push(Extension::optimizer_setting(&path, &origin.to_string()));
        }
        let config = self.config();
        let Extensions { found, unread } = extensions;
        Ok(Customisations { found: found.into_iter().map(|found| Customised::of(found, &config)).collect(), unread })
    }

    /// Refuses feeds that somebody changed, until a person says how they are to be sent. `asked` as in a request.
    ///
    /// # Errors
    /// A [`Problem`] with the exit code of a guard if one of them may not be sent.
    pub(in crate::connector) async fn pass_customised(&self, source: &Source, asked: &[Feed]) -> Result<(), Problem> {
        let feeds = self.planned_feeds(source, asked).await?;
        let customisations = self.customisations(source).await?;
        CustomisedFeed::among(&customisations.found, &feeds).map_or(Ok(()), |refusal| Err(explained(refusal)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commerce::extensions::Change;

    fn extension(change: Change) -> Extension {
        Extension {
            module: "Acme_Feeds".into(),
            file: "app/code/Acme/Feeds/etc/di.xml".into(),
            line: Some(12),
            change,
            feeds: vec![Feed::Products, Feed::Categories],
        }
    }

    fn config(toml: &str) -> Config {
        toml::from_str(toml).expect("a configuration")
    }

    const ATTRIBUTE: &str = "[[feeds.products.attributes]]\ncode = \"cost\"\n";

    #[test]
    fn a_feed_is_open_until_it_is_sent_anyway_or_its_attribute_is_mapped() {
        let adds = || extension(Change::SystemAttribute("cost".into()));
        let plugin = || extension(Change::Plugin { class: "C".into(), plugin: "P".into() });
        let open = |extension: Extension, toml: &str| Customised::of(extension, &config(toml)).open;
        assert_eq!(open(adds(), ""), [Feed::Products, Feed::Categories]);
        assert_eq!(open(adds(), ATTRIBUTE), [Feed::Categories]);
        assert_eq!(open(plugin(), ATTRIBUTE), [Feed::Products, Feed::Categories], "who knows what it does");
        let anyway = "[feeds.products]\ncustomised = \"send-anyway\"\n[feeds.categories]\ncustomised = \"refuse\"\n";
        assert_eq!(open(plugin(), anyway), [Feed::Categories]);
        assert_eq!(open(extension(Change::ExtraAttributes), ATTRIBUTE), [Feed::Products, Feed::Categories]);
    }

    #[test]
    fn the_refusal_names_the_change_and_the_way_on() {
        let changes = [Change::SystemAttribute("cost".into()), Change::GiftCards];
        let found = changes.map(|change| Customised::of(extension(change), &config("")));
        assert_eq!(CustomisedFeed::among(&found, &[Feed::Prices]), None);
        let refusal = CustomisedFeed::among(&found, &[Feed::Prices, Feed::Products]).expect("refused");
        assert_eq!(refusal.exit(), Exit::Guarded);
        assert_eq!(
            refusal.to_string(),
            "Acme_Feeds changes the feed products in Adobe's exporter, and this program does not: adds the attribute cost \
             (app/code/Acme/Feeds/etc/di.xml line 12), and 1 more change; nothing was sent"
        );
        let hint = refusal.hint().expect("a hint").command_line();
        assert!(hint.contains("map the attributes"), "{hint}");
        assert!(hint.contains("`commerce-connector config set feeds.products.customised send-anyway`"), "{hint}");
    }
}
