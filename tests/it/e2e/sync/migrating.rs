//! `coord sync migrate` on databases of any age.

use serde_json::json;

use crate::cloud::migrating::FILL;
use crate::e2e::site::Site;
use crate::schema::migrations;
use crate::schema::pg::Postgres;

#[test]
fn an_empty_database_and_an_older_one_with_its_data_become_today_s() {
    let (server, site) = (Postgres::start(), Site::new());
    let all = migrations();
    for (name, before) in [("empty", 0), ("older", all.len() / 2), ("newest", all.len())] {
        let mut client = server.database(name);
        for (path, sql) in &all[..before] {
            client.batch_execute(sql).expect("good SQL");
            let file = path.file_stem().and_then(|stem| stem.to_str()).expect("a name");
            let (version, title) = file.split_once('_').expect("a number");
            client
                .batch_execute(&format!(
                    "create schema if not exists supabase_migrations;
                     create table if not exists supabase_migrations.schema_migrations (
                        version text primary key, statements text[], name text);
                     insert into supabase_migrations.schema_migrations values ('{version}', null, '{title}')"
                ))
                .expect("ours");
        }
        let rows = |client: &mut postgres::Client| -> i64 {
            let count = "select sum((xpath('/row/n/text()', query_to_xml('select count(*) as n from coord.' || name,
                         false, true, '')))[1]::text::bigint)::bigint from coord.mirrored_tables";
            client.query_one(count, &[]).expect("a number").get(0)
        };
        let kept = (before > 0).then(|| {
            client.batch_execute(FILL).expect("rows of its time");
            rows(&mut client)
        });
        let url = server.socket_url(name);
        let (exit, told) = site.json(&["sync", "migrate", "--db-url", &url]);
        assert_eq!(exit, 0, "{told}");
        assert_eq!(told["applied"].as_array().map(Vec::len), Some(all.len() - before), "{told}");
        assert_eq!(told["present"], json!(before), "{told}");
        let version: i64 = client
            .query_one("select schema_version::bigint from coord.installation", &[])
            .expect("it is there")
            .get(0);
        assert_eq!(version, coord::cloud::migrate::newest());
        if let Some(kept) = kept {
            assert!(kept > 0);
            assert_eq!(rows(&mut client), kept, "{name}");
        }
        let again = site.run(&["sync", "migrate", "--db-url", &url]);
        assert_eq!(String::from_utf8_lossy(&again.stdout).trim(), "Nothing was missing.");
    }
    let (exit, told) = site.json(&["sync", "migrate", "--db-url", "not a url"]);
    assert_eq!((exit, &told["code"]), (1, &json!("database_unreachable")), "{told}");
}
