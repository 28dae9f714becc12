//! `coord man`: the manual pages.

use std::path::PathBuf;

use anyhow::Context as _;
use serde_json::json;

use super::Trouble;
use super::desk::Desk;

/// Write the manual pages into a folder, or print the first one.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord man | man -l -                 read the first page
  coord man ~/.local/share/man/man1    install them all")]
pub struct Man {
    /// Folder to write one page for each command into
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
}

impl Man {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When a page cannot be written.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let pages = pages()?;
        let Some(folder) = self.folder else {
            return desk.print(pages.first().map_or("", |(_, page)| page));
        };
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("failed to make {}", folder.display()))?;
        for (name, page) in &pages {
            let file = folder.join(name);
            std::fs::write(&file, page)
                .with_context(|| format!("failed to write {}", file.display()))?;
        }
        let names: Vec<&String> = pages.iter().map(|(name, _)| name).collect();
        desk.done(
            &json!({ "folder": folder, "pages": names }),
            &format!("Wrote {} pages to {}.", pages.len(), folder.display()),
        )
    }
}

/// Every page: its file's name and its text; the program's own comes first.
///
/// # Errors
/// Never in practice: they are written to memory.
pub fn pages() -> anyhow::Result<Vec<(String, String)>> {
    let mut tree = super::tree();
    tree.build();
    let mut pages = Vec::new();
    collect(&tree, "coord", &mut pages)?;
    Ok(pages)
}

fn collect(
    command: &clap::Command,
    name: &str,
    pages: &mut Vec<(String, String)>,
) -> anyhow::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name).render(&mut page)?;
    pages.push((format!("{name}.1"), String::from_utf8_lossy(&page).into_owned()));
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        collect(below, &format!("{name}-{}", below.get_name()), pages)?;
    }
    Ok(())
}
