//! The house rules that a machine can keep.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use coord::service::TOOLS;
use coord::service::resources::RESOURCES;
use coord::tool::Audience;

/// A file longer than this has more than one purpose.
const LINES_MAX: usize = 400;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("the folder exists") {
            let path = entry.expect("the folder can be read").path();
            // What cargo builds is not ours to tidy.
            if path.is_dir() {
                folders.extend((!path.ends_with("target")).then_some(path));
            } else if path.extension().is_some_and(|ext| ext == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// The modules of `lib.rs`, from floor to roof.
fn modules() -> Vec<String> {
    let lib = read("src/lib.rs");
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(str::to_owned)
        .collect()
}

#[test]
fn modules_use_only_those_listed_above_them() {
    let order = modules();
    let mut upward = Vec::new();
    for path in rust_files("src") {
        let inside = path.strip_prefix(root().join("src")).expect("it lies there");
        let first = inside.components().next().expect("it has a name").as_os_str();
        let name = Path::new(first).with_extension("").display().to_string();
        let Some(place) = order.iter().position(|module| *module == name) else { continue };
        let text = fs::read_to_string(&path).expect("sources are text");
        for used in text.split("crate::").skip(1) {
            let used: String =
                used.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            if order.iter().position(|module| *module == used).is_some_and(|at| at > place) {
                upward.push(format!("{} uses {used}", inside.display()));
            }
        }
    }
    assert!(upward.is_empty(), "modules look up:\n{}", upward.join("\n"));
}

#[test]
fn every_tool_is_listed() {
    let mut listed: Vec<&str> = TOOLS.iter().map(|entry| entry.name).collect();
    listed.sort_unstable();
    let mut defined: Vec<String> = Vec::new();
    for path in rust_files("src") {
        let text = fs::read_to_string(&path).expect("sources are text");
        let body = text.split("#[cfg(test)]").next().unwrap_or_default();
        for after in body.split("impl Tool for ").skip(1) {
            let name = after.split("const NAME: &'static str = \"").nth(1);
            let name = name.and_then(|rest| rest.split('"').next()).expect("a tool has a name");
            defined.push(name.to_owned());
        }
    }
    defined.sort_unstable();
    assert_eq!(listed, defined);
}

#[test]
fn every_resource_reads_a_tool_that_exists_and_only_looks() {
    for resource in RESOURCES {
        let tool = TOOLS.iter().find(|entry| entry.name == resource.tool);
        let tool = tool.unwrap_or_else(|| panic!("{} reads {}", resource.uri, resource.tool));
        assert_eq!(tool.access, coord::tool::Access::Read, "{}", resource.uri);
        tool.parse(&(resource.arguments)()).expect("its arguments are the tool's");
    }
}

#[test]
fn files_have_one_purpose_each() {
    let mut crowded = Vec::new();
    for path in rust_files("src").into_iter().chain(rust_files("sync")).chain(rust_files("tests")) {
        let lines = fs::read_to_string(&path).expect("sources are text").lines().count();
        if lines > LINES_MAX {
            crowded.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(crowded.is_empty(), "split by meaning:\n{}", crowded.join("\n"));
}

#[test]
fn every_module_says_what_it_is_for() {
    for path in rust_files("src") {
        let text = fs::read_to_string(&path).expect("sources are text");
        assert!(text.starts_with("//! "), "{} has no module doc", path.display());
    }
}

#[test]
fn the_project_speaks_of_itself_alone() {
    let banned = ["todo!(", "unimplemented!(", "dbg!(", "FIXME", "#[ignore"];
    for path in rust_files("src").into_iter().chain(rust_files("sync")) {
        let text = fs::read_to_string(&path).expect("sources are text");
        for word in banned {
            assert!(!text.contains(word), "{} says {word:?}", path.display());
        }
    }
}

#[test]
fn only_the_modules_that_may_do_so_speak_to_the_outside() {
    let rules: [(&str, &[&str]); 4] = [
        ("rmcp::", &["mcp/", "daemon/session.rs", "demo/"]),
        ("rusqlite::Connection", &["store/"]),
        ("tokio::net", &["daemon/"]),
        ("audit::append", &["service/"]),
    ];
    for (word, allowed) in rules {
        for path in rust_files("src") {
            let inside = path.strip_prefix(root().join("src")).expect("it lies there");
            let inside = inside.display().to_string();
            let text = fs::read_to_string(&path).expect("sources are text");
            let speaks = text
                .lines()
                .any(|line| !line.trim_start().starts_with("//") && line.contains(word));
            let may = allowed.iter().any(|prefix| inside.starts_with(prefix));
            assert!(!speaks || may, "{inside} uses {word}");
        }
    }
}

/// The README's table of tools, as it must be.
fn tool_table() -> String {
    let mut table = String::from("| tool | what it does |\n| --- | --- |\n");
    for entry in TOOLS.iter().filter(|entry| entry.audience == Audience::Everybody) {
        let description = entry.published().description.replace('|', "\\|");
        writeln!(table, "| `{}` | {description} |", entry.name).expect("a String takes all");
    }
    table.push_str("\n| resource | what it shows |\n| --- | --- |\n");
    for resource in RESOURCES {
        writeln!(table, "| `{}` | {} |", resource.uri, resource.description)
            .expect("a String takes all");
    }
    table.push_str("\n| prompt | what for |\n| --- | --- |\n");
    for (name, arguments, purpose) in coord::mcp::prompts() {
        writeln!(table, "| `{name}({})` | {purpose} |", arguments.join(", "))
            .expect("a String takes all");
    }
    table
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a person asks for the new table by this variable")]
fn the_readme_lists_the_tools_as_they_are() {
    const BEGIN: &str = "<!-- tools: made by `just bless` -->\n";
    const END: &str = "<!-- /tools -->";
    let readme = read("README.md");
    let (before, rest) = readme.split_once(BEGIN).expect("the README has a place for the table");
    let (now, after) = rest.split_once(END).expect("the place has an end");
    let wanted = format!("\n{}\n", tool_table());
    if std::env::var_os("COORD_BLESS").is_some() {
        fs::write(root().join("README.md"), format!("{before}{BEGIN}{wanted}{END}{after}"))
            .expect("the README can be written");
    } else {
        assert_eq!(now, wanted, "run `just bless`");
    }
}

#[test]
fn no_two_tools_or_resources_share_a_name() {
    let names: BTreeSet<&str> = TOOLS.iter().map(|entry| entry.name).collect();
    assert_eq!(names.len(), TOOLS.len());
    let uris: BTreeSet<&str> = RESOURCES.iter().map(|one| one.uri).collect();
    assert_eq!(uris.len(), RESOURCES.len());
}
