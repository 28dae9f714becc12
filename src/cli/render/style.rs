//! The few styles there are, by what they say.

use anstyle::{AnsiColor, Style};

/// Nothing to say.
pub const PLAIN: Style = Style::new();
/// A heading.
pub const HEAD: Style = Style::new().bold();
/// Of less weight.
pub const DIM: Style = Style::new().dimmed();
/// As it should be.
pub const GOOD: Style = AnsiColor::Green.on_default();
/// Deserves a look.
pub const WARN: Style = AnsiColor::Yellow.on_default();
/// Wrong.
pub const BAD: Style = AnsiColor::Red.on_default().bold();
/// Advice.
pub const NOTE: Style = AnsiColor::Cyan.on_default();

/// The text in a style.
#[must_use]
pub fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// The style of a status by its name.
#[must_use]
pub fn of_status(status: &str) -> Style {
    match status {
        "active" | "ready" | "completed" | "ok" => GOOD,
        "idle" | "pending" | "blocked" | "pausing" | "warn" => WARN,
        "failed" | "fail" | "disconnected" | "parked" => BAD,
        "cancelled" => DIM,
        _ => PLAIN,
    }
}
