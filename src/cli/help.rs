//! `coord help`: the pages of the commands, and some that belong to none.

use super::desk::Desk;
use super::render::table::{Fit, Table};
use super::{Trouble, exit};
use crate::config::SETTINGS;

/// Print the help of a command or of a topic.
#[derive(Debug, clap::Args)]
#[command(after_help = "Topics: exit-codes, settings

Examples:
  coord help locks release
  coord help exit-codes")]
pub struct Help {
    /// A command, or a topic
    #[arg(value_name = "COMMAND")]
    words: Vec<String>,
}

impl Help {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When there is no such page.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        let words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["exit-codes"] => desk.print(&exit::page()),
            ["settings"] => desk.print(&settings()),
            path => desk.print(&page(path)?),
        }
    }
}

fn page(path: &[&str]) -> Result<String, Trouble> {
    let mut tree = super::tree();
    tree.build();
    let mut command = &mut tree;
    for word in path {
        command = command.find_subcommand_mut(word).ok_or_else(|| Trouble::Usage {
            message: format!("there is no command {word:?}"),
            hint: "`coord help` lists the commands; the topics are exit-codes and settings".into(),
        })?;
    }
    Ok(command.render_long_help().ansi().to_string())
}

/// Every setting with its variable, and what it means.
#[must_use]
pub fn settings() -> String {
    let mut text = "Settings: the command line (--set KEY=VALUE) wins over the environment, that \
                    over\nthe project's .coordinator.toml, that over config.toml in COORD_HOME.\n\n"
        .to_owned();
    let mut table =
        Table::new(&[("key", Fit::Whole), ("default", Fit::Whole), ("values", Fit::End)]);
    for setting in SETTINGS {
        table.row([
            setting.key.into(),
            setting.default.unwrap_or("").into(),
            setting.accepts.to_string().into(),
        ]);
    }
    text += &table.render();
    text += "\nWhat they mean:\n\n";
    for setting in SETTINGS {
        text += &format!("  {} ({})\n      {}\n", setting.key, setting.variable, setting.meaning);
    }
    text
}
