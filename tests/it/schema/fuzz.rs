//! Both engines keep the same rows: what one accepts the other accepts, and gives back the same.
//! Only that a row is unique by anything but its key is left to the device.
//!
//! Each case starts from a valid row of a table, bends some columns to values at the edges of their
//! types, and inserts the row and a second bent copy, so that keys and unique indexes are tried
//! too.
//!
//! Not here: the rows (`rows`), the two inserts (`engines`).

use std::cell::{Cell as Counter, RefCell};
use std::hash::{BuildHasher as _, RandomState};

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use rusqlite::Connection;

use super::engines::{into_postgres, into_sqlite};
use super::pg::Postgres;
use super::rows::{self, Cell, Row};
use super::source::{Source, SyncClass, Table};
use super::{postgres as mirror, sources, sqlite, sqlite_with};

/// Cases for each table; `PROPTEST_CASES` takes precedence when it is higher.
const CASES: u32 = 200;

/// Which columns are bent to what, in the first row and in the second.
type Bends = Vec<(usize, Cell)>;

/// Both engines with the same tables.
struct Pair {
    sqlite: Connection,
    postgres: RefCell<postgres::Client>,
}

/// How often both engines took a row, and how often neither did.
#[derive(Default)]
struct Tally {
    taken: Counter<u32>,
    refused: Counter<u32>,
}

#[test]
fn both_engines_take_the_same_rows_and_give_them_back_alike() {
    let server = Postgres::start();
    let specimen = Source::parse("specimen", include_str!("specimen.tables"))
        .expect("the specimen is written in the language of the schema");
    let pair = Pair {
        sqlite: sqlite_with(|_| true),
        postgres: RefCell::new(super::postgres_of_one_device(&server, "fuzz")),
    };
    pair.sqlite.execute_batch(&sqlite::migration(&specimen, None)).expect("it is good SQL");
    pair.postgres
        .borrow_mut()
        .batch_execute(&mirror::migration(&specimen, None))
        .expect("it is good SQL");
    super::lend_owner(&mut pair.postgres.borrow_mut());

    let sources = sources();
    let mirrored = sources.iter().flat_map(Source::tables).filter(|t| t.sync != SyncClass::Local);
    for table in mirrored.chain(specimen.tables()) {
        let tally = pair.fuzz(table);
        let least = CASES / 10;
        let (taken, refused) = (tally.taken.get(), tally.refused.get());
        assert!(taken > least && refused > least, "{}: {taken} taken, {refused} not", table.name);
    }
}

impl Pair {
    fn fuzz(&self, table: &Table) -> Tally {
        let seed = match Config::default().rng_seed {
            RngSeed::Fixed(seed) => seed,
            RngSeed::Random => RandomState::new().hash_one(&table.name),
        };
        let mut runner = TestRunner::new(Config {
            cases: CASES.max(Config::default().cases),
            rng_seed: RngSeed::Fixed(seed),
            failure_persistence: None,
            ..Config::default()
        });
        let tally = Tally::default();
        let start = proptest::sample::select(rows::valid(table));
        let outcome = runner.run(&(start, bends(table), bends(table)), |(row, first, second)| {
            self.agree(table, &[bend(&row, &first), bend(&row, &second)], &tally)
        });
        let why = match outcome {
            Ok(()) => return tally,
            Err(TestError::Fail(why, (row, first, second))) => {
                format!("{why}\nfrom {row:?}\nfirst {first:?}\nsecond {second:?}")
            }
            Err(TestError::Abort(why)) => why.to_string(),
        };
        assert_eq!(why, "", "{}: PROPTEST_RNG_SEED={seed} repeats this", table.name);
        tally
    }

    /// Inserts the rows into both engines, compares, and takes them out again.
    fn agree(&self, table: &Table, rows: &[Row], tally: &Tally) -> Result<(), TestCaseError> {
        let mut client = self.postgres.borrow_mut();
        let mut theirs = client.transaction().expect("the server runs");
        let ours = self.sqlite.unchecked_transaction().expect("no transaction is open");
        for (table, row) in foundation(table) {
            into_sqlite(&ours, &table, &row).map_err(TestCaseError::fail)?;
            into_postgres(&mut theirs, &table, &row).map_err(TestCaseError::fail)?;
        }
        for row in rows {
            let cells = || table.columns.iter().zip(row);
            let entered: Option<Row> =
                cells().map(|(column, cell)| rows::enter(&column.kind, cell.clone())).collect();
            let mut attempt = theirs.transaction().expect("a transaction can be nested");
            let here = into_sqlite(&ours, table, entered.as_ref().unwrap_or(row));
            let there = into_postgres(&mut attempt, table, entered.as_ref().unwrap_or(row));
            let split = format!("{row:?}\nSQLite: {here:?}\nPostgres: {there:?}");
            let Some(row) = entered else {
                let guarded = cells().all(|(column, cell)| rows::is_guarded(&column.kind, cell));
                prop_assert!(
                    !guarded || here.is_err() || there.is_ok(),
                    "past the door: {}",
                    split
                );
                break;
            };
            match (here, there) {
                (Ok(here), Ok(there)) => {
                    prop_assert_eq!(&here, &row, "SQLite gave back something else");
                    prop_assert_eq!(&there, &row, "Postgres gave back something else");
                    attempt.commit().expect("the savepoint is ours");
                    tally.taken.set(tally.taken.get() + 1);
                }
                // What must be unique is decided where the row is made; the mirror takes the last word.
                (Err(why), Ok(_)) if is_twin(&why) => tally.refused.set(tally.refused.get() + 1),
                (Err(_), Err(_)) => tally.refused.set(tally.refused.get() + 1),
                _ => return Err(TestCaseError::fail(split)),
            }
        }
        Ok(())
    }
}

/// Whether SQLite refused a row for one that is there already: the same once more, or what does not follow on it.
fn is_twin(why: &str) -> bool {
    ["UNIQUE constraint failed", "once for each request", "continue the last seal"]
        .iter()
        .any(|reason| why.contains(reason))
}

/// Rows that must be there before one of `table` can be.
fn foundation(table: &Table) -> Vec<(Table, Row)> {
    if table.name != "audit_seals" {
        return vec![];
    }
    let audit = super::source("007_audit_tables");
    let log = audit.tables().find(|table| table.name == "audit_log").expect("it is in this file");
    rows::valid(log).into_iter().map(|row| (log.clone(), row)).collect()
}

/// Some columns, each with a value from the edges of its type. A whole-number key is never NULL: in
/// SQLite that would ask for the next number, and no statement does.
fn bends(table: &Table) -> BoxedStrategy<Bends> {
    let mirrored = table.columns.iter().enumerate().filter(|(_, column)| !column.local);
    let columns = mirrored.map(|(at, column)| {
        let numbered = table.key.len() == 1 && table.key[0] == column.name;
        let cell = rows::any_cell(column);
        let cell = if numbered {
            cell.prop_filter("a key", |cell| *cell != Cell::Null).boxed()
        } else {
            cell
        };
        cell.prop_map(move |cell| (at, cell)).boxed()
    });
    let column = proptest::strategy::Union::new(columns);
    proptest::collection::vec(column, 0..4).boxed()
}

fn bend(row: &Row, bends: &Bends) -> Row {
    let mut bent = row.clone();
    for (at, cell) in bends {
        bent[*at] = cell.clone();
    }
    bent
}
