//! The command line: what it prints, and how it ends.

mod audit;
mod commands;
mod help;
mod views;
mod work;
