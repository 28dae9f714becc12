//! The results, as the Markdown table that goes into `docs/benchmarks.md`.

use std::fmt;
use std::time::Duration;

#[derive(Default)]
pub struct Table {
    rows: Vec<Row>,
}

struct Row {
    what: String,
    measured: String,
    target: String,
    met: Option<bool>,
    note: String,
}

impl Table {
    /// A figure that must not be above `limit`.
    pub fn at_most(&mut self, what: &str, figure: f64, limit: f64, unit: &str, note: String) {
        self.push(what, figure, &format!("≤ {limit}{unit}"), Some(figure <= limit), unit, note);
    }

    /// A figure that must not be below `limit`.
    pub fn at_least(&mut self, what: &str, figure: f64, limit: f64, unit: &str, note: String) {
        self.push(what, figure, &format!("≥ {limit}{unit}"), Some(figure >= limit), unit, note);
    }

    /// A figure to compare others with.
    pub fn told(&mut self, what: &str, figure: f64, unit: &str, note: String) {
        self.push(what, figure, "none", None, unit, note);
    }

    fn push(
        &mut self,
        what: &str,
        figure: f64,
        target: &str,
        met: Option<bool>,
        unit: &str,
        note: String,
    ) {
        let measured = if figure >= 100.0 {
            format!("{figure:.0}{unit}")
        } else {
            format!("{figure:.2}{unit}")
        };
        eprintln!("  {what}: {measured} ({target}) {note}");
        self.rows.push(Row { what: what.into(), measured, target: target.into(), met, note });
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| what | measured | target | met | absolute, as a note |")?;
        writeln!(f, "| --- | --- | --- | --- | --- |")?;
        for row in &self.rows {
            let met = row.met.map_or("", |met| if met { "yes" } else { "**no**" });
            writeln!(
                f,
                "| {} | {} | {} | {met} | {} |",
                row.what, row.measured, row.target, row.note
            )?;
        }
        Ok(())
    }
}

/// Times in order, to be asked for their quantiles.
pub struct Times(Vec<Duration>);

impl Times {
    pub fn new(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        Self(times)
    }

    /// The time that `part` of all are not above, in microseconds.
    pub fn quantile(&self, part: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        let at = (last as f64 * part).round() as usize;
        self.0.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
    }

    pub fn p50(&self) -> f64 {
        self.quantile(0.5)
    }

    pub fn p99(&self) -> f64 {
        self.quantile(0.99)
    }

    pub fn mean(&self) -> f64 {
        self.0.iter().map(Duration::as_secs_f64).sum::<f64>() * 1e6 / self.0.len() as f64
    }

    pub fn worst(&self) -> f64 {
        self.quantile(1.0)
    }
}
