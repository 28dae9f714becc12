//! Hooks: every client's language, and what the tools behind them do.

mod commands;
mod dialects;
mod sessions;
