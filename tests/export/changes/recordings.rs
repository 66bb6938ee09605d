//! What a real Commerce wrote for admin actions (`../shared/fixtures/actions`), played again one after another: after the save
//! and after Commerce's cron, a partial sync must leave nothing that a full compare finds.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use commerce_connector::export::SyncMode;
use jiff::{Timestamp, ToSpan as _, civil::date, tz::TimeZone};

use super::kit::{COMPARABLE, Shop};
use super::support::mariadb::{Server, TestDatabase, other};

/// What no log names and no cheap query sees: it waits for the rolling compare (`docs/running.md`).
const WAIT_FOR_THE_ROUND: [&str; 2] = ["12", "23"];

/// The tables whose rows need their product.
const OF_PRODUCTS: [&str; 8] = [
    "`catalog_product_entity",
    "`catalog_product_website",
    "`catalog_product_link",
    "`catalog_product_relation",
    "`catalog_product_super",
    "`catalog_product_option",
    "`catalog_product_bundle",
    "`cataloginventory_stock_item",
];
/// The last product of the fixture.
const LAST_PRODUCT: u64 = 2_046;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/fixtures")
}

fn unpacked(path: &Path) -> String {
    let file = std::fs::File::open(path).expect("a recording");
    let mut sql = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut sql).expect("a gzip file of UTF-8");
    sql
}

/// A recording's name, the statements of the save, and those of Commerce's cron.
struct Recording {
    name: String,
    phases: [String; 2],
}

impl Recording {
    /// Reads one; days of the recording are moved to today.
    fn read(path: &Path) -> Self {
        let mut sql = unpacked(path);
        let recorded = date(2026, 11, 26);
        let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
        for days in -1..=1 {
            sql = sql.replace(&(recorded + days.days()).to_string(), &format!("@DAY{days}@"));
        }
        for days in -1..=1 {
            sql = sql.replace(&format!("@DAY{days}@"), &(today + days.days()).to_string());
        }
        let (save, cron) = sql.split_once("-- phase 2").expect("two phases");
        let name = path.file_name().expect("a name").to_string_lossy().replace(".sql.gz", "");
        Self { name, phases: [save.to_owned(), format!("-- phase 2{cron}")] }
    }

    /// All of them, in the order in which they build on each other.
    fn all() -> Vec<Self> {
        let directory = std::fs::read_dir(fixtures().join("actions")).expect("the recordings");
        let mut paths: Vec<PathBuf> = directory.map(|entry| entry.expect("an entry").path()).collect();
        paths.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.ends_with(".sql.gz") && name.starts_with(|first: char| first.is_ascii_digit())
        });
        paths.sort_unstable();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    fn number(&self) -> &str {
        self.name.split('-').next().unwrap_or_default()
    }
}

/// Products that the recordings touch, and numbers that may be some: those of every statement on a product's own tables.
fn touched(recordings: &[Recording]) -> BTreeSet<u64> {
    let lines = recordings.iter().flat_map(|recording| &recording.phases).flat_map(|sql| sql.lines());
    let of_products = |line: &&str| OF_PRODUCTS.iter().any(|table| line.contains(table));
    let words = lines.filter(of_products).flat_map(|line| line.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
    words.filter_map(|word| word.parse().ok()).filter(|number| *number <= LAST_PRODUCT).collect()
}

/// The shop that was recorded, before the first action, with a part of its products: those that are touched, their families, and
/// every fortieth. `None`, and a line that says so, where the fixtures are absent.
fn recorded_shop(recordings: &[Recording]) -> Option<TestDatabase> {
    let shop = Server::shared().luma()?;
    let kept: Vec<String> = touched(recordings).iter().map(u64::to_string).collect();
    let kept = kept.join(",");
    shop.execute(&format!(
        "DELETE FROM catalog_product_entity WHERE entity_id NOT IN ({kept}) AND entity_id % 40 <> 0 \
         AND entity_id NOT IN (SELECT child_id FROM catalog_product_relation WHERE parent_id IN ({kept})) \
         AND entity_id NOT IN (SELECT parent_id FROM catalog_product_relation WHERE child_id IN ({kept}))"
    ));
    for name in ["shift_rule_dates.sql", "triggers.sql"] {
        shop.execute(&std::fs::read_to_string(fixtures().join(name)).expect("beside the fixture"));
    }
    shop.execute(&unpacked(&fixtures().join("actions/base.sql.gz")));
    Some(shop)
}

#[tokio::test]
async fn what_a_real_commerce_wrote_is_found_by_partial_syncs() {
    if !fixtures().join("actions").exists() {
        println!("the recordings are absent, this test is skipped: {}", fixtures().display());
        return;
    }
    if other().is_some_and(|server| server == "mysql") {
        println!("the recordings are in MariaDB's SQL, this test is skipped on MySQL");
        return;
    }
    let recordings = Recording::all();
    assert!(recordings.len() >= 50, "{} recordings", recordings.len());
    let Some(database) = recorded_shop(&recordings) else { return };
    let shop = Shop::new(database, COMPARABLE).await;
    shop.run_well(SyncMode::Full).await;
    let mut wrong = BTreeSet::new();
    for recording in &recordings {
        for (phase, sql) in recording.phases.iter().enumerate() {
            // What earlier ones left to be compared again must not help this one.
            if phase == 0 {
                shop.age(120);
                shop.run_well(super::kit::partial()).await;
            }
            shop.database.execute(sql);
            let ended = shop.run_well(super::kit::partial()).await;
            let left = shop.left().await;
            let notes = ended.notes().join("; ");
            println!("{} phase {}: {left:?} ({notes})", recording.name, phase + 1);
            if !left.is_empty() {
                if !WAIT_FOR_THE_ROUND.contains(&recording.number()) {
                    wrong.insert(recording.name.clone());
                }
                // So that it is not counted with the next one.
                shop.run_well(SyncMode::Full).await;
            }
        }
    }
    assert!(wrong.is_empty(), "a full compare finds something after {wrong:?}");
}
