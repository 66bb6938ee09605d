//! The websites: their codes, their store views, their date of today. As many rows as the shop has websites, for each page.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::super::context::Context;
use crate::commerce::database::{DatabaseError, Snapshot};

/// A website.
#[derive(Debug)]
pub(super) struct Website {
    pub id: u32,
    /// Absent if the shop left it NULL; such an item is reported, never sent.
    pub code: Option<String>,
    /// The ids of its store views.
    pub store_views: Vec<u32>,
    /// The date in the time zone of its default store's default view.
    pub today: Date,
}

/// Every website but the admin's.
#[derive(Debug)]
pub(super) struct Websites {
    all: Vec<Website>,
}

impl Websites {
    pub(super) async fn load(snapshot: &mut Snapshot, context: &Context) -> Result<Self, DatabaseError> {
        let sql = format!(
            "SELECT w.website_id, w.code, g.default_store_id FROM {website} w \
             LEFT JOIN {group} g ON g.group_id = w.default_group_id WHERE w.website_id <> 0",
            website = context.table("store_website"),
            group = context.table("store_group"),
        );
        let rows: Vec<(u32, Option<String>, Option<u32>)> = snapshot.rows(&sql).await?;
        let views = &context.scopes.store_views;
        let website = |(id, code, default_view): (u32, Option<String>, Option<u32>)| {
            // Without a default view, the exporter asks the admin's, which has what is set for the whole shop.
            let default_view = default_view.and_then(|id| views.iter().find(|view| view.id == id));
            Website {
                id,
                code,
                store_views: views.iter().filter(|view| view.website_id == id).map(|view| view.id).collect(),
                today: date(context.now, context.settings.time_zone(default_view)),
            }
        };
        Ok(Self { all: rows.into_iter().map(website).collect() })
    }

    /// A website by its id.
    pub(super) fn get(&self, id: u32) -> Option<&Website> {
        self.all.iter().find(|website| website.id == id)
    }

    /// The date of each website: `1 2026-11-26, 2 2026-11-27`.
    pub(super) fn dates_text(&self) -> String {
        let mut dates: Vec<(u32, Date)> = self.all.iter().map(|website| (website.id, website.today)).collect();
        dates.sort_unstable();
        dates.iter().map(|(id, date)| format!("{id} {date}")).collect::<Vec<_>>().join(", ")
    }

    /// The dates that are today's somewhere: one, or two on either side of a midnight.
    pub(super) fn dates(&self) -> Vec<Date> {
        let mut dates: Vec<Date> = self.all.iter().map(|website| website.today).collect();
        dates.sort_unstable();
        dates.dedup();
        dates
    }
}

/// The date on a calendar that hangs in this time zone.
fn date(now: Timestamp, time_zone: TimeZone) -> Date {
    now.to_zoned(time_zone).date()
}
