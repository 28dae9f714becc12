//! The command line: what it prints, and how it ends.

mod audit;
mod commands;
mod guard;
mod help;
mod learned;
mod rules;
mod views;
mod work;
