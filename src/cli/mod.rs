//! The command line: the same tools over the same socket, for people.
//!
//! - A command is one file: its arguments, whose comments are the help, and what
//!   it does. What it prints is made by a pure function of the reply.
//! - `--json` prints the reply as it is. Exit codes are in `exit`.
//! - `coord mcp` starts with every agent and `coord hook` with every tool call: they are
//!   dispatched before anything else is set up.
//!
//! Not here: rules (the domains), how a daemon is found (`client`).

pub mod agents;
pub mod approve;
pub mod audit;
mod backup;
mod call;
pub mod completions;
pub mod config;
pub mod daemon;
mod demo;
mod desk;
pub mod doctor;
mod ending;
pub mod exit;
pub mod handoff;
pub mod guard;
mod help;
pub mod hook;
pub mod locks;
pub mod man;
pub mod memory;
pub mod net;
pub mod policy;
pub mod profile;
pub mod render;
mod restore;
mod setup;
pub mod status;
pub mod sync;
mod trouble;
mod version;
pub mod work;

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use clap::CommandFactory as _;

use crate::config::Flag;
use crate::hooks::Client;
use desk::Desk;
use exit::Exit;
pub use trouble::Trouble;

/// The coordinator for coding agents.
///
/// Several coding agents work on one code base. coord knows who is here, who
/// holds which file and what work is open, and keeps them from hurting each
/// other. It needs no set-up: the daemon starts by itself.
#[derive(Debug, clap::Parser)]
#[command(
    name = "coord",
    version,
    disable_help_subcommand = true,
    subcommand_required = true,
    arg_required_else_help = true,
    max_term_width = 80,
    after_help = "Examples:
  coord status                  who is doing what, on one screen
  coord locks                   who holds which file
  coord call check_locks '{}'   call any tool as agents do
  coord help exit-codes         what a script may rely on"
)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Options of every command")]
pub struct Common {
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true)]
    json: bool,
    /// State directory, instead of `COORD_HOME`
    #[arg(long, global = true, value_name = "DIR")]
    home: Option<PathBuf>,
    /// A setting for this command alone; `coord config` lists them
    #[arg(long = "set", global = true, value_name = "KEY=VALUE", value_parser = flag)]
    settings: Vec<Flag>,
}

fn flag(text: &str) -> Result<Flag, String> {
    use crate::failure::Refusal as _;
    crate::config::parse_flag(text).map_err(|refusal| match refusal.hint() {
        Some(hint) => format!("{refusal}; {hint}"),
        None => refusal.to_string(),
    })
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Init(setup::Init),
    Status(status::Status),
    Agents(agents::Agents),
    Locks(locks::Locks),
    Work(work::Work),
    Handoff(handoff::Handoff),
    Memory(memory::Memory),
    Audit(audit::Audit),
    Guard(guard::Guard),
    Approve(approve::Approve),
    Deny(approve::Deny),
    Profile(profile::Profile),
    Policy(policy::Policy),
    Net(net::Net),
    Call(call::Call),
    Demo(demo::Demo),
    Sync(sync::Sync),
    Config(config::Config),
    Doctor(doctor::Doctor),
    Uninit(setup::Uninit),
    Backup(backup::Backup),
    Restore(restore::Restore),
    Daemon(daemon::Daemon),
    Mcp(Mcp),
    Hook(hook::Hook),
    Completions(completions::Completions),
    Man(man::Man),
    Version(version::Version),
    Help(help::Help),
}

/// Carry an agent's MCP messages between standard input and the daemon.
///
/// This is what an agent's configuration names; it is not for people.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example, in an agent's list of MCP servers:
  { \"coord\": { \"command\": \"coord\", \"args\": [\"mcp\"] } }")]
struct Mcp {}

/// The whole program: reads the arguments, runs, and tells what went wrong.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    if matches!(arguments.as_slice(), [_, only] if only == "mcp") {
        return shim(None);
    }
    if let [_, first, of] = arguments.as_slice()
        && first == "hook"
        && let Some(client) = of.to_str().and_then(Client::named)
    {
        return hook::answer(client, None);
    }
    let colours = desk::colours(std::io::stdout().is_terminal());
    let parsed = Cli::command()
        .color(if colours == anstream::ColorChoice::Never {
            clap::ColorChoice::Never
        } else {
            clap::ColorChoice::Auto
        })
        .try_get_matches_from(arguments)
        .and_then(|matches| <Cli as clap::FromArgMatches>::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => run(cli),
        Err(error) => {
            // A reader that has gone away cannot be told of it.
            drop(error.print());
            if error.use_stderr() { Exit::Usage } else { Exit::Done }
        }
    }
}

fn run(cli: Cli) -> Exit {
    let Cli { common, command } = cli;
    match command {
        Command::Mcp(_) => return shim(common.home),
        Command::Hook(hook) => return hook.run(common.home),
        _ => {}
    }
    let mut desk = Desk::new(common);
    match command.run(&mut desk) {
        Ok(()) => Exit::Done,
        Err(trouble) => {
            desk.tell(&trouble);
            trouble.exit()
        }
    }
}

impl Command {
    fn run(self, desk: &mut Desk) -> Result<(), Trouble> {
        match self {
            Self::Init(command) => command.run(desk),
            Self::Uninit(command) => command.run(desk),
            Self::Status(command) => command.run(desk),
            Self::Agents(command) => command.run(desk),
            Self::Locks(command) => command.run(desk),
            Self::Work(command) => command.run(desk),
            Self::Handoff(command) => command.run(desk),
            Self::Memory(command) => command.run(desk),
            Self::Audit(command) => command.run(desk),
            Self::Guard(command) => command.run(desk),
            Self::Approve(command) => command.run(desk),
            Self::Deny(command) => command.run(desk),
            Self::Profile(command) => command.run(desk),
            Self::Policy(command) => command.run(desk),
            Self::Net(command) => command.run(desk),
            Self::Call(command) => command.run(desk),
            Self::Demo(command) => command.run(desk),
            Self::Sync(command) => command.run(desk),
            Self::Config(command) => command.run(desk),
            Self::Doctor(command) => command.run(desk),
            Self::Backup(command) => command.run(desk),
            Self::Restore(command) => command.run(desk),
            Self::Daemon(command) => command.run(desk),
            Self::Mcp(_) | Self::Hook(_) => Ok(()),
            Self::Completions(command) => command.run(desk),
            Self::Man(command) => command.run(desk),
            Self::Version(command) => command.run(desk),
            Self::Help(command) => command.run(desk),
        }
    }
}

/// Becomes the shim.
fn shim(home: Option<PathBuf>) -> Exit {
    let carried = crate::config::env::home(home)
        .map_err(Trouble::from)
        .and_then(|home| crate::shim::run(home).map_err(Trouble::from));
    match carried {
        Ok(()) => Exit::Done,
        Err(trouble) => {
            desk::complain(&trouble.text());
            trouble.exit()
        }
    }
}

/// The command tree, for help, manual pages and completions.
#[must_use]
pub fn tree() -> clap::Command {
    Cli::command()
}
