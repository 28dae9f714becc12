//! The agents that people use, as they are: Claude Code, Codex and Gemini, each with
//! an empty environment. Only their model is ours, and the test is the model.

mod agent;
mod dialect;
mod makers;
mod model;
mod pair;
mod server;
