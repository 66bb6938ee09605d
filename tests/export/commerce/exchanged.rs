//! A reindex renames a table in: what was read before and what is read after is of two tables, and neither is missing nor empty.

use std::collections::BTreeSet;

use commerce_connector::commerce::database::{Database, DatabaseError};

use super::support::mariadb::Server;

const TABLE: &str = "customer_group";
const EXCHANGE: &str = "CREATE TABLE beside LIKE customer_group; INSERT INTO beside SELECT * FROM customer_group; \
                        RENAME TABLE customer_group TO old_one, beside TO customer_group; DROP TABLE old_one";

#[tokio::test]
async fn a_table_that_is_exchanged_within_a_snapshot_is_read_again_and_one_that_is_emptied_is_not() {
    let shop = Server::shared().small_shop();
    let database = Database::connect(&shop.settings()).await.expect("a connection");
    let database = database.look_again(BTreeSet::from([TABLE.to_owned()]), &[]).await.expect("the schema");
    let mut before = database.snapshot().await.expect("a snapshot");
    shop.execute(EXCHANGE);
    let exchanged = database.check_tables(&mut before).await.expect_err("of two tables");
    assert!(exchanged.is_passing(), "{exchanged:?}");
    before.end().await;
    let mut after = database.snapshot().await.expect("a snapshot");
    database.check_tables(&mut after).await.expect("it is as it should be");
    after.end().await;

    shop.execute("DELETE FROM customer_group");
    let mut emptied = database.snapshot().await.expect("a snapshot");
    let error = database.check_tables(&mut emptied).await.expect_err("emptied");
    assert!(matches!(error, DatabaseError::Emptied { is_missing: false, .. }), "{error:?}");
    emptied.end().await;
}
