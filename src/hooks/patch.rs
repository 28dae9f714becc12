//! The files that a patch changes, in the two forms in which agents write patches.
//!
//! - Codex's envelope (`*** Begin Patch`, `*** Update File: …`) and unified diffs.
//! - Only the headers are read; what is in a hunk is never taken for one.
//!
//! Not here: patches that a command reads from a file (`guardrails`).

use std::collections::BTreeSet;

/// Words of the envelope that a path follows.
const HEADERS: [&str; 4] =
    ["*** Update File: ", "*** Add File: ", "*** Delete File: ", "*** Move to: "];
/// How an envelope begins.
const BEGIN: &str = "*** Begin Patch";

/// Whether a text has an envelope in it, perhaps behind a shell's `apply_patch <<'EOF'`.
#[must_use]
pub fn has_envelope(text: &str) -> bool {
    text.contains(BEGIN)
}

/// The files that a patch names, each once, in alphabetical order.
#[must_use]
pub fn files(patch: &str) -> Vec<String> {
    let found: BTreeSet<&str> = match patch.find(BEGIN) {
        Some(at) => patch.get(at..).unwrap_or_default().lines().filter_map(of_header).collect(),
        None => patch.lines().filter_map(of_diff).collect(),
    };
    found.into_iter().map(str::to_owned).collect()
}

/// Lines of a hunk begin with a sign or a blank, so a header is known by its start.
fn of_header(line: &str) -> Option<&str> {
    let path = HEADERS.iter().find_map(|header| line.strip_prefix(header))?.trim();
    (!path.is_empty()).then_some(path)
}

fn of_diff(line: &str) -> Option<&str> {
    let path = line.strip_prefix("+++ ").or_else(|| line.strip_prefix("--- "))?;
    let path = path.split('\t').next().unwrap_or(path).trim();
    let path = path.strip_prefix("a/").or_else(|| path.strip_prefix("b/")).unwrap_or(path);
    (!path.is_empty() && path != "/dev/null").then_some(path)
}
