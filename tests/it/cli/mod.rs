//! The command line: what it prints, and how it ends.

mod audit;
mod commands;
mod help;
mod learned;
mod views;
mod work;
