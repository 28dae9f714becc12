//! Both halves side by side.

use anstyle::{AnsiColor, Style};

use super::{Halves, Size};

const BOLD: Style = Style::new().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default().bold();

/// The whole output.
pub fn page(size: Size, halves: &Halves) -> String {
    let Size { seconds, agents, files } = size;
    let (without, with) = (&halves.without, &halves.with);
    let mut page = format!(
        "{BOLD}{agents} agents edit {files} files for {seconds} s by the same random script.{BOLD:#}\n\n\
         {:44}{:>10}{:>12}\n",
        "", "without", "with coord"
    );
    let rows = [
        ("edits made", without.edits, with.edits),
        ("edits lost, overwritten by another agent", without.lost, with.lost),
        ("writes that a watcher of its own saw", without.seen, with.seen),
    ];
    for (what, one, other) in rows {
        page += &format!("  {what:42}{one:>10}{other:>12}\n");
    }
    let only_with = [
        ("… by an agent without the file's lock", with.unlocked),
        ("times two agents held one file", with.held_by_two),
        ("deeds stopped, the file being another's", with.denied),
    ];
    for (what, number) in only_with {
        page += &format!("  {what:42}{:>10}{number:>12}\n", "–");
    }
    page += &match with.broken() {
        none if none.is_empty() => format!(
            "\n{GOOD}With coord nothing was lost, and nothing written without its lock.{GOOD:#}\n"
        ),
        broken => format!("\n{BAD}What must not happen, did:{BAD:#} {}\n", broken.join("; ")),
    };
    page
}
