//! `coord completions`: what a shell needs to complete our commands.

use clap_complete::Shell;

use super::Trouble;
use super::desk::Desk;

/// Print the completions of a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  coord completions bash > ~/.local/share/bash-completion/completions/coord
  coord completions zsh > ~/.zfunc/_coord
  coord completions fish > ~/.config/fish/completions/coord.fish")]
pub struct Completions {
    /// Which shell
    shell: Shell,
}

impl Completions {
    /// Does what the arguments say.
    ///
    /// # Errors
    /// When nothing can be written.
    pub fn run(self, desk: &Desk) -> Result<(), Trouble> {
        desk.print(&script(self.shell))
    }
}

/// The completions of one shell.
#[must_use]
pub fn script(shell: Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut super::tree(), "coord", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}
