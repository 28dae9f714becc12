//! The command line: what it prints, and how it ends.

mod commands;
mod help;
mod views;
