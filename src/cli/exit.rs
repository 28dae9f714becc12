//! The exit codes: what a script may rely on.

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It was done.
    Done = 0,
    /// The answer is no; standard error has the reason, `--json` its `code`.
    Refused = 1,
    /// The command line could not be understood.
    Usage = 2,
    /// No daemon runs and none could be started.
    NoDaemon = 3,
    /// Our own trouble.
    Internal = 70,
}

/// Every code with its meaning, for `coord help exit-codes`.
const MEANINGS: [(Exit, &str); 5] = [
    (Exit::Done, "done"),
    (Exit::Refused, "refused: the answer is no, or a check found something; `--json` has its code"),
    (Exit::Usage, "usage: the command line could not be understood"),
    (Exit::NoDaemon, "no daemon: none runs and none could be started"),
    (Exit::Internal, "internal: our own trouble; the daemon's log has the rest"),
];

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// The page that `coord help exit-codes` prints.
#[must_use]
pub fn page() -> String {
    let mut text = "Exit codes of coord:\n\n".to_owned();
    for (exit, meaning) in MEANINGS {
        text += &format!("{:>4}  {meaning}\n", exit as u8);
    }
    text + "\nA refusal has a `code` that does not change: `--json` prints it.\n"
}
