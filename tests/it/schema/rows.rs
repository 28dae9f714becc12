//! Rows of any table: valid ones to start from, and values that try every rule of a type.
//!
//! Not here: which of them the engines accept (`engines`, `fuzz`).

use coord::ingress;
use proptest::prelude::*;
use serde_json::Value;

use super::kind::Kind;
use super::source::{Column, Table};

/// A value as an application holds it.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Bool(bool),
    Text(String),
}

/// One value for each column of a table, in their order.
pub type Row = Vec<Cell>;

/// Brings a value through the front door, as the application does; None if it is refused there.
pub fn enter(kind: &Kind, cell: Cell) -> Option<Cell> {
    let entered = match (kind, cell) {
        (Kind::Id, Cell::Text(text)) => ingress::id(&text).map(Cell::Text),
        (Kind::Key(most), Cell::Text(text)) => {
            ingress::key(&text, *most).map(|key| Cell::Text(key.to_owned()))
        }
        (Kind::Json | Kind::JsonArray, Cell::Text(text)) => {
            ingress::json(&serde_json::from_str(&text).ok()?).map(Cell::Text)
        }
        (Kind::Real, Cell::Real(real)) => ingress::real(real).map(Cell::Real),
        (Kind::Ms, Cell::Int(time)) => ingress::ms(time).map(Cell::Int),
        (_, Cell::Text(text)) => ingress::text(&text).map(|text| Cell::Text(text.to_owned())),
        (_, cell) => return Some(cell),
    };
    entered.ok()
}

/// Whether SQLite itself must refuse what Postgres refuses, though it did not come through the front
/// door. It cannot look into escapes of JSON, and it takes NaN for NULL.
pub fn is_guarded(kind: &Kind, cell: &Cell) -> bool {
    match (kind, cell) {
        (Kind::Json | Kind::JsonArray, cell) => enter(kind, cell.clone()).is_some(),
        (_, Cell::Real(real)) => !real.is_nan(),
        _ => true,
    }
}

/// Rows that satisfy every rule of the table; for work, one in each of its states.
pub fn valid(table: &Table) -> Vec<Row> {
    let states: &[&[(&str, Cell)]] = match table.name.as_str() {
        "work_queue" => &[&[], &claimed(), &completed(), &failed(), &cancelled()],
        "work_dependencies" => &[&[("depends_on", text("00000000-0000-7000-8000-000000000002"))]],
        "file_locks" => &[&[("expires_at", Cell::Int(2))]],
        _ => &[&[]],
    };
    let numbered = states.iter().enumerate().map(|(at, state)| {
        let mut row = row(table, state);
        if table.name == "work_queue" {
            row[0] = text(&format!("00000000-0000-7000-8000-{at:012}"));
            row[2] = Cell::Int(i64::try_from(at).expect("a few") + 1);
        }
        row
    });
    numbered.collect()
}

fn row(table: &Table, state: &[(&str, Cell)]) -> Row {
    let cell = |column: &Column| {
        let set = state.iter().find(|(name, _)| *name == column.name);
        set.map_or_else(|| plain(column), |(_, cell)| cell.clone())
    };
    table.columns.iter().map(cell).collect()
}

fn claimed() -> [(&'static str, Cell); 9] {
    [
        ("status", text("claimed")),
        ("claimed_by", text("ann")),
        ("claimed_by_session", text("s1")),
        ("claimed_at", Cell::Int(1)),
        ("lease_ms", Cell::Int(1)),
        ("lease_expires_at", Cell::Int(2)),
        ("fence", Cell::Int(1)),
        ("attempt", Cell::Int(1)),
        ("run_after", Cell::Int(0)),
    ]
}

fn completed() -> [(&'static str, Cell); 9] {
    let mut state = claimed();
    state[0].1 = text("completed");
    state[4] = ("finished_at", Cell::Int(3));
    state[5] = ("result", text("{}"));
    state
}

fn failed() -> [(&'static str, Cell); 9] {
    let mut state = completed();
    state[0].1 = text("failed");
    state[5] = ("error_message", text("it does not compile"));
    state
}

fn cancelled() -> [(&'static str, Cell); 3] {
    [("status", text("cancelled")), ("finished_at", Cell::Int(3)), ("run_after", Cell::Int(0))]
}

fn text(value: &str) -> Cell {
    Cell::Text(value.into())
}

/// The plainest value a column takes.
fn plain(column: &Column) -> Cell {
    if column.nullable {
        return Cell::Null;
    }
    match &column.kind {
        Kind::Id => text("00000000-0000-7000-8000-000000000001"),
        Kind::Sha256 => text(&"0123456789abcdef".repeat(4)),
        Kind::Key(_) if column.name == "capability_key" => text("[]"),
        Kind::Key(_) | Kind::Text | Kind::Raw => text(&column.name),
        Kind::Json => text("{}"),
        Kind::JsonArray => text("[]"),
        Kind::Bool => Cell::Bool(true),
        Kind::Int { least, .. } => Cell::Int(least.unwrap_or(1)),
        Kind::Ms => Cell::Int(1),
        Kind::Real => Cell::Real(0.5),
        Kind::Enum(words) => text(&words[0]),
    }
}

/// Values at and beyond the edges of what a column takes.
pub fn any_cell(column: &Column) -> BoxedStrategy<Cell> {
    let some = match &column.kind {
        Kind::Id => prop_oneof![
            "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
            "[0-9A-F]{8}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{4}-[0-9A-F]{12}",
            "[0-9a-f]{32}",
            "[0-9a-g]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
            "[0-9a-f-]{36}",
            "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\0.?",
        ]
        .prop_map(Cell::Text)
        .boxed(),
        Kind::Key(most) => prop_oneof![3 => odd_text(), 1 => long_text(*most)].boxed(),
        Kind::Sha256 => prop_oneof![
            "[0-9a-f]{64}",
            "[0-9A-Fa-f]{64}",
            "[0-9a-f]{63,65}",
            "[0-9a-f]{63}[\0\n ä]",
            "[0-9a-f]{64}\0.?"
        ]
        .prop_map(Cell::Text)
        .boxed(),
        Kind::Text | Kind::Raw => odd_text(),
        Kind::Json | Kind::JsonArray => json_text().prop_map(Cell::Text).boxed(),
        Kind::Bool => any::<bool>().prop_map(Cell::Bool).boxed(),
        Kind::Int { least, most } => edges(&[least.unwrap_or(0), most.unwrap_or(0)]),
        Kind::Ms => edges(&[0, ingress::LAST_MS]),
        Kind::Real => prop_oneof![
            any::<f64>(),
            proptest::num::f64::ANY,
            Just(f64::INFINITY),
            Just(f64::NEG_INFINITY),
            Just(f64::NAN),
            Just(f64::MAX),
            Just(f64::MIN_POSITIVE),
            Just(-0.0),
            Just(9_007_199_254_740_993.0),
        ]
        .prop_map(Cell::Real)
        .boxed(),
        Kind::Enum(words) => {
            let word = proptest::sample::select(words.clone());
            prop_oneof![4 => word.clone().prop_map(Cell::Text),
                1 => word.prop_map(|w| Cell::Text(w.to_uppercase())), 1 => odd_text()]
            .boxed()
        }
    };
    prop_oneof![6 => some, 1 => Just(Cell::Null)].boxed()
}

/// Text of every plane, with what has broken other stores.
pub fn odd_text() -> BoxedStrategy<Cell> {
    let odd = proptest::sample::select(vec![
        "",
        " ",
        "[]",
        "[\"a\"]",
        "a\0b",
        "\0",
        "ä",
        "a\u{308}",
        "İ",
        "ß",
        "\u{fffe}",
        "\u{feff}",
        "\u{10ffff}",
        "\u{1f600}",
        "'",
        "\"",
        "\\",
        "%",
        "\u{7f}\u{1b}",
        "\r\n",
        "NULL",
        "{}",
    ]);
    prop_oneof![odd.prop_map(str::to_owned), any::<String>(), "[a-zA-Z]{1,3}"]
        .prop_map(Cell::Text)
        .boxed()
}

/// Lengths around the bound, in characters of one to four bytes that do not compress to nothing.
fn long_text(most: usize) -> BoxedStrategy<Cell> {
    (most - 4..most + 4, "[a-z0-9äß漢𝄞]{1100}")
        .prop_map(|(bytes, text)| {
            let end = (0..=bytes).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
            Cell::Text(text[..end].to_owned())
        })
        .boxed()
}

fn edges(around: &[i64]) -> BoxedStrategy<Cell> {
    let mut near: Vec<_> =
        around.iter().flat_map(|&edge| [edge - 1, edge, edge + 1]).chain([2, 3]).collect();
    near.extend([i64::MIN, i64::MAX]);
    prop_oneof![4 => proptest::sample::select(near), 1 => any::<i64>()].prop_map(Cell::Int).boxed()
}

/// JSON as clients may send it: blanks, twins among the keys, numbers in every spelling, escapes.
pub fn json_text() -> BoxedStrategy<String> {
    let number = prop_oneof![
        any::<f64>().prop_filter_map("finite", |f| f.is_finite().then(|| f.to_string())),
        any::<f64>().prop_filter_map("finite", |f| f.is_finite().then(|| format!("{f:e}"))),
        any::<i64>().prop_map(|i| i.to_string()),
        any::<u64>().prop_map(|i| i.to_string()),
        proptest::sample::select(vec![
            "0",
            "-0",
            "-0.0",
            "1.0",
            "1.50",
            "1e0",
            "1E+2",
            "1e-7",
            "1e19",
            "1e21",
            "1e400",
            "9007199254740993",
            "18446744073709551616",
            "-9223372036854775809",
            "5e-324",
            "1.7976931348623157e308",
            "0.1",
            "123456789012345678901234567890.5",
        ])
        .prop_map(str::to_owned),
    ];
    let escaped = proptest::sample::select(vec![
        r#""\u0000""#,
        r#""\ud800""#,
        r#""\ud83d\ude00""#,
        r#""\/\b\f\n""#,
        r#""\u001f\u007f""#,
    ]);
    let string = prop_oneof![
        4 => any::<String>().prop_map(|text| Value::from(text).to_string()),
        1 => escaped.prop_map(str::to_owned),
    ];
    let leaf = prop_oneof![
        number.boxed(),
        string.clone().boxed(),
        proptest::sample::select(vec!["null", "true", "false", "", "nul", "{", "NaN"])
            .prop_map(str::to_owned)
            .boxed(),
    ];
    let name = prop_oneof![Just("\"a\"".to_owned()), Just("\"b\"".to_owned()), string];
    let tree = leaf.prop_recursive(5, 24, 4, move |inner| {
        let field =
            (name.clone(), inner.clone()).prop_map(|(name, value)| format!("{name} : {value}"));
        prop_oneof![
            proptest::collection::vec(inner, 0..4)
                .prop_map(|items| format!("[{}]", items.join(" ,"))),
            proptest::collection::vec(field, 0..4).prop_map(|f| format!("{{ {} }}", f.join(","))),
        ]
    });
    prop_oneof![
        9 => tree,
        1 => (60_usize..70).prop_map(|deep| format!("{}{}", "[".repeat(deep), "]".repeat(deep))),
    ]
    .boxed()
}
