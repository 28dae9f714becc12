//! Every resource there is: a name for a read of a tool.
//!
//! A resource is no second path to the rows: reading one calls its tool, as the
//! caller, with fixed arguments.

use serde_json::{Map, Value, json};

use crate::store::{Topic, Topics};

/// One resource.
pub struct Resource {
    /// Where clients find it.
    pub uri: &'static str,
    /// A few words for people.
    pub title: &'static str,
    /// What it shows.
    pub description: &'static str,
    /// The tool that is read.
    pub tool: &'static str,
    /// With these arguments.
    pub arguments: fn() -> Value,
    /// Rows whose change changes it.
    pub topics: &'static [Topic],
}

/// Every resource, in the order in which clients see them.
pub static RESOURCES: &[Resource] = &[
    Resource {
        uri: "locks://current",
        title: "Current locks",
        description: "Who holds which file, folder or other resource, until when and why",
        tool: "check_locks",
        arguments: || json!({}),
        topics: &[Topic::Locks],
    },
    Resource {
        uri: "work://pending",
        title: "Pending work",
        description: "What is ready to be claimed, what is not and why",
        tool: "pending_work",
        arguments: || json!({}),
        topics: &[Topic::Work],
    },
    Resource {
        uri: "profiles://current",
        title: "Your profile",
        description: "What you may do here: trust, operations, limits and what is used of them",
        tool: "get_my_profile",
        arguments: || json!({}),
        topics: &[Topic::Profiles],
    },
    Resource {
        uri: "handoffs://recent",
        title: "Recent handoffs",
        description: "What agents left for whoever goes on, newest first",
        tool: "list_handoffs",
        arguments: || json!({ "limit": 10 }),
        topics: &[Topic::Handoffs],
    },
    Resource {
        uri: "memories://recent",
        title: "Recent memories",
        description: "What agents learned here, newest first",
        tool: "list_memories",
        arguments: || json!({ "limit": 20 }),
        topics: &[Topic::Memories],
    },
    Resource {
        uri: "guardrails://patterns",
        title: "Guardrails",
        description: "What is destructive here, who may do it all the same, and the safer way",
        tool: "list_guardrails",
        arguments: || json!({}),
        topics: &[Topic::Guardrails],
    },
    Resource {
        uri: "audit://recent",
        title: "Recent audit entries",
        description: "The latest calls in this repository and what came of them",
        tool: "query_audit",
        arguments: || json!({ "limit": 20 }),
        topics: &[Topic::Audit],
    },
];

impl Resource {
    /// The resource at `uri`, and whether its JSON form is asked for.
    #[must_use]
    pub fn at(uri: &str) -> Option<(&'static Self, bool)> {
        let (plain, json) = match uri.split_once('?') {
            None => (uri, false),
            Some((plain, "format=json")) => (plain, true),
            Some((plain, "format=markdown")) => (plain, false),
            Some(_) => return None,
        };
        RESOURCES.iter().find(|one| one.uri == plain).map(|one| (one, json))
    }

    /// Whether a change of `topics` changes what it shows.
    #[must_use]
    pub fn changes_with(&self, topics: Topics) -> bool {
        self.topics.iter().any(|topic| topics.has(*topic))
    }
}

/// A reply as Markdown: its plain fields as a list, each list of rows as a table.
#[must_use]
pub fn markdown(title: &str, reply: &Value) -> String {
    let mut text = format!("# {title}\n");
    let Value::Object(fields) = reply else { return text };
    for (name, value) in fields.iter().filter(|(name, _)| *name != "success") {
        match value {
            Value::Array(rows) if rows.is_empty() => {
                text.push_str(&format!("\nNo {}.\n", words(name)));
            }
            Value::Array(rows) => text.push_str(&format!("\n{}", table(rows))),
            Value::Object(inner) => {
                text.push_str(&format!("\n## {}\n{}", words(name), list(inner)));
            }
            plain => text.push_str(&format!("\n- {}: {}\n", words(name), cell(plain))),
        }
    }
    text
}

fn list(fields: &Map<String, Value>) -> String {
    fields
        .iter()
        .map(|(name, value)| format!("\n- {}: {}", words(name), cell(value)))
        .collect::<String>()
        + "\n"
}

fn table(rows: &[Value]) -> String {
    let mut columns: Vec<&str> = Vec::new();
    for row in rows.iter().filter_map(Value::as_object) {
        for name in row.keys() {
            if !columns.contains(&name.as_str()) {
                columns.push(name);
            }
        }
    }
    if columns.is_empty() {
        return rows.iter().map(|row| format!("- {}\n", cell(row))).collect();
    }
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(columns.iter().map(|name| words(name)).collect());
    text += &line(columns.iter().map(|_| "---".to_owned()).collect());
    for row in rows {
        text += &line(
            columns.iter().map(|name| row.get(name).map_or_else(String::new, cell)).collect(),
        );
    }
    text
}

/// One line, with what would break a table taken out of its meaning.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) if items.iter().all(Value::is_string) => {
            items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        }
        other => other.to_string(),
    };
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}
