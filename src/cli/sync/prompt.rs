//! Asking for a secret: at a terminal, what is typed is not shown.

use std::io::{BufRead as _, IsTerminal as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

use crate::cli::Trouble;
use crate::cli::desk::complain;

/// Reads one line from standard input; whoever types it is asked.
///
/// # Errors
/// When it cannot be read, or a terminal would show it.
pub fn secret(question: &str) -> Result<String, Trouble> {
    let input = std::io::stdin();
    let asked = input.is_terminal();
    let silence = if asked { Some(Silence::begin()?) } else { None };
    if asked {
        complain(&format!("{question} (it is not shown as you type): "));
    }
    let mut line = String::new();
    let read = input.lock().read_line(&mut line);
    drop(silence);
    if asked {
        complain("\n");
    }
    read?;
    Ok(line.trim().to_owned())
}

/// A terminal that shows nothing, until this is dropped.
struct Silence(Termios);

impl Silence {
    fn begin() -> Result<Self, Trouble> {
        let before = tcgetattr(std::io::stdin()).map_err(std::io::Error::from)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &silent)
            .map_err(std::io::Error::from)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing either.
        tcsetattr(std::io::stdin(), OptionalActions::Flush, &self.0).unwrap_or(());
    }
}
