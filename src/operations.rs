//! Every operation that policies speak of, and its groups: read from `cedar/`, where
//! each tool is one action.
//!
//! - Both engines and the profiles know the operations from this one list.
//! - A test holds it to the tools: same names, same access, same audience.
//!
//! Not here: what the groups are granted (`policy`).

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::tool::Access;

/// The Cedar schema in the binary.
pub const SCHEMA: &str = include_str!("../cedar/coordinator.cedarschema");
/// The policies in the binary.
pub const POLICIES: &str = include_str!("../cedar/default.cedar");

/// Asking whether a host may be reached.
pub const NETWORK_ACCESS: &str = "network_access";
/// Changing a file without a tool of ours; hooks ask by the tool of this name.
pub const EDIT_FILE: &str = "edit_file";
/// Running a command; hooks ask by the tool of this name.
pub const RUN_COMMAND: &str = "run_command";
/// Operations that are no tools: what `check_policy` asks about.
pub const BEYOND_TOOLS: [&str; 1] = [NETWORK_ACCESS];

/// What the policies know of one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its name.
    pub name: &'static str,
    /// What it does to the world.
    pub access: Access,
    /// For people alone.
    pub people: bool,
}

static OPERATIONS: LazyLock<BTreeMap<&'static str, Operation>> =
    LazyLock::new(|| read(SCHEMA).map(|operation| (operation.name, operation)).collect());

/// The operation of that name.
#[must_use]
pub fn find(name: &str) -> Option<Operation> {
    OPERATIONS.get(name).copied()
}

/// Every operation, by name.
pub fn all() -> impl Iterator<Item = Operation> {
    OPERATIONS.values().copied()
}

/// The known operation that is most like `wrong`, if one is like it at all.
#[must_use]
pub fn nearest(wrong: &str) -> Option<&'static str> {
    OPERATIONS
        .keys()
        .map(|name| (strsim::jaro_winkler(wrong, name), *name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

/// The actions of a schema that are in a group of access: `action a, b in [read] …;`.
fn read(schema: &'static str) -> impl Iterator<Item = Operation> {
    let statements = schema.split(';').filter_map(|statement| {
        let statement = statement.split_once("\naction ")?.1;
        let (names, rest) = statement.split_once(" in [")?;
        Some((names, rest.split_once(']')?.0))
    });
    statements.flat_map(|(names, groups)| {
        let in_group = move |group: &str| groups.split(',').any(|one| one.trim() == group);
        let access = [
            ("read", Access::Read),
            ("presence", Access::Presence),
            ("write", Access::Write),
            ("admin", Access::Admin),
            ("policy", Access::Policy),
        ];
        let access =
            access.into_iter().find(|(group, _)| in_group(group)).map(|(_, access)| access);
        let people = in_group("people");
        names
            .split(',')
            .filter_map(move |name| Some(Operation { name: name.trim(), access: access?, people }))
    })
}
