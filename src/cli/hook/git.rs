//! Git's hooks.
use std::ffi::OsString;
use std::path::PathBuf;
use super::super::exit::Exit;
/// Answers one of git's hooks.
pub fn run(_rest: &[OsString], _home: Option<PathBuf>) -> Exit {
    Exit::Done
}
