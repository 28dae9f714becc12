//! The passage for agents in `AGENTS.md` and `CLAUDE.md`.
//!
//! Facts that an agent needs before its first tool call; the rest it is told when it matters.
//!
//! Not here: how a passage is put into a text (`passage`).

use std::path::{Path, PathBuf};

use super::form::Form;
use super::passage::{Passage, Place};
use super::{Wish, disk};

const BODY: &str = "\
## Several agents work here

`coord` keeps them apart. Editing a file locks it for you; an edit of a file that another agent
holds is refused, with who holds it and until when. Then take other work, or wait for the file with
`acquire_lock` and `wait_seconds`. `get_work` hands out open tasks, `complete_work` closes them.
Before you stop, `write_handoff` says what is done and what is not; `recall` knows what others have
learned. `coord status` shows who is doing what.
";

/// The files of a project that agents read first and that should have the passage.
#[must_use]
pub fn wishes(root: &Path) -> Vec<Wish> {
    let all = ["AGENTS.md", "CLAUDE.md"].map(|name| root.join(name));
    let mut files: Vec<PathBuf> = all.iter().filter(|path| path.exists()).cloned().collect();
    if files.is_empty() {
        files.extend(all.first().cloned());
    }
    // One may be a link to the other.
    files.retain(|path| path.ends_with("AGENTS.md") || !reads_agents(path));
    files.dedup_by_key(|path| disk::follow(path).unwrap_or_else(|_| path.clone()));
    files.into_iter().map(wish).collect()
}

/// Whether a file of the project has the passage already.
#[must_use]
pub fn are_there(root: &Path) -> bool {
    wishes(root).iter().any(|wish| {
        let state = disk::follow(&wish.path).and_then(|path| disk::look(&path));
        state.is_ok_and(|state| {
            state.text().is_ok_and(|text| super::form::is_in(text, &wish.form).unwrap_or(false))
        })
    })
}

/// Whether a file takes the whole of `AGENTS.md` in.
fn reads_agents(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().any(|line| line.trim() == "@AGENTS.md")
        && path.with_file_name("AGENTS.md").exists()
}

fn wish(path: PathBuf) -> Wish {
    let passage = Passage {
        begin: "<!-- coord: begin; `coord init` writes this passage -->",
        end: "<!-- coord: end -->",
        body: BODY.into(),
        place: Place::End,
    };
    Wish { path, reader: "notes", what: "passage for agents", form: Form::Passage(passage) }
}
