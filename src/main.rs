//! The program: everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    coord::cli::main(std::env::args_os()).into()
}
