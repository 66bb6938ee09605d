//! Every column of every table that a feed reads, found from the queries themselves: edited, then a partial sync, then what a full
//! compare still finds. What is left waits for the rolling compare, is listed in `docs/running.md`, and is gone after one round.

use std::collections::BTreeSet;
use std::path::Path;

use commerce_connector::export::SyncMode;

use super::kit::{COMPARABLE, Shop, partial};
use super::luma::small_luma_on;
use super::rolling::whole_round;
use super::support::mariadb::{Server, TestDatabase};

/// Rows of a table whose columns are edited.
const ROWS: u32 = 12;

/// The tables that queries in the server's log name, in backquotes, and that are the shop's own.
fn tables_read(database: &TestDatabase) -> BTreeSet<String> {
    let queries = database.query("SELECT argument FROM mysql.general_log WHERE argument LIKE 'SELECT%'");
    let named: BTreeSet<String> =
        queries.iter().flatten().flat_map(|query| query.split('`').skip(1).step_by(2)).map(str::to_owned).collect();
    let tables = database.query(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE'",
    );
    tables.into_iter().map(|mut row| row.remove(0)).filter(|table| named.contains(table)).collect()
}

/// The statements that edit each column of a table, its key last, in some rows; what the table refuses is left as it is.
fn edits(database: &TestDatabase, table: &str) -> Vec<String> {
    let columns = database.query(&format!(
        "SELECT column_name, data_type, column_key FROM information_schema.columns \
         WHERE table_schema = DATABASE() AND table_name = '{table}' ORDER BY ordinal_position"
    ));
    let keys: Vec<&str> = columns.iter().filter(|column| column[2] == "PRI").map(|column| column[0].as_str()).collect();
    // From the end, so that a key that is moved by one finds its place free.
    let order = if keys.is_empty() { columns[0][0].clone() } else { keys.join(" DESC, ") };
    // A product's own number stands in a hundred tables without a foreign key: no shop moves it.
    let is_entity = table.ends_with("_entity");
    let (moved, others): (Vec<_>, Vec<_>) = columns.iter().partition(|column| column[2] == "PRI");
    let moved = moved.into_iter().filter(|_| !is_entity);
    others
        .into_iter()
        .chain(moved)
        .filter_map(|column| {
            let name = &column[0];
            let value = match column[1].as_str() {
                "varchar" | "text" | "mediumtext" | "char" => format!("CONCAT(COALESCE(`{name}`, ''), '7')"),
                "int" | "smallint" | "tinyint" | "bigint" | "decimal" => format!("COALESCE(`{name}`, 0) + 1"),
                "date" | "datetime" | "timestamp" => format!("COALESCE(`{name}`, '2026-01-01') + INTERVAL 1 DAY"),
                _ => return None,
            };
            Some(format!("UPDATE IGNORE `{table}` SET `{name}` = {value} ORDER BY {order} DESC LIMIT {ROWS}"))
        })
        .collect()
}

#[tokio::test]
async fn what_waits_for_the_rolling_compare_is_documented() {
    let Some(database) = small_luma_on(Server::own()) else { return };
    let shop = Shop::new(database, COMPARABLE).await;
    shop.database.execute("TRUNCATE mysql.general_log; SET GLOBAL general_log = ON");
    shop.run_well(SyncMode::Full).await;
    shop.database.execute("SET GLOBAL general_log = OFF");
    let mut tables = tables_read(&shop.database);
    assert!(tables.len() > 50, "{tables:?}");
    // What Commerce keeps of itself, and what makes a database a Commerce shop at all.
    tables.retain(|table| {
        !table.ends_with("_cl") && !matches!(table.as_str(), "mview_state" | "indexer_state" | "eav_entity_type")
    });
    let documented =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/running.md")).expect("the page");
    let mut undocumented = BTreeSet::new();
    for table in &tables {
        for sql in edits(&shop.database, table) {
            shop.database.execute(&sql);
        }
        shop.run(partial()).await;
        let found = shop.left().await;
        if !found.is_empty() {
            println!("{table} waits: {found:?}");
            let family = table.trim_end_matches(|c: char| c.is_ascii_digit());
            if !documented.contains(&format!("`{family}")) {
                undocumented.insert(table.clone());
            }
            shop.run(whole_round()).await;
            assert_eq!(shop.left().await, [""; 0], "{table}: after a round nothing is left");
        }
    }
    assert!(undocumented.is_empty(), "these wait, and docs/running.md does not say so: {undocumented:?}");
}
