//! Tables that fit the screen.

use anstyle::Style;

use super::style::{DIM, PLAIN, paint};
use super::{WIDTH, clean, middle, start, width};

/// Columns between two cells.
const GAP: usize = 2;
/// A column that gives way keeps at least this much.
const ROOM_MIN: usize = 8;

/// How a column gives way when the table is too wide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It does not.
    Whole,
    /// By its middle: paths and ids.
    Middle,
    /// By its end: sentences.
    End,
}

/// A cell: one line of text in a style.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a style.
    #[must_use]
    pub fn styled(text: &str, style: Style) -> Self {
        Self { text: clean(text), style }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::styled(&text, PLAIN)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::styled(text, PLAIN)
    }
}

/// A table with a heading for each column.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(&'static str, Fit)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(columns: &[(&'static str, Fit)]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row, a cell for each column.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as text; columns in which no row has anything are left out.
    #[must_use]
    pub fn render(&self) -> String {
        let shown: Vec<usize> = (0..self.columns.len()).filter(|at| self.is_used(*at)).collect();
        let widths = self.widths(&shown);
        let mut text = String::new();
        let heads = shown.iter().map(|at| (self.columns[*at].0, DIM));
        text += &line(heads.zip(&widths).map(|((head, style), room)| (head.into(), style, *room)));
        for row in &self.rows {
            text += &line(shown.iter().zip(&widths).map(|(at, room)| {
                let cell = row.get(*at).cloned().unwrap_or_else(|| "".into());
                let fitting = match self.columns[*at].1 {
                    Fit::Middle => middle(&cell.text, *room),
                    Fit::Whole | Fit::End => start(&cell.text, *room),
                };
                (fitting, cell.style, *room)
            }));
        }
        text
    }

    fn is_used(&self, at: usize) -> bool {
        self.rows.iter().any(|row| row.get(at).is_some_and(|cell| !cell.text.is_empty()))
    }

    /// Natural widths, the widest column giving way until all fit.
    fn widths(&self, shown: &[usize]) -> Vec<usize> {
        let natural = |at: &usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(*at));
            cells.map(|cell| width(&cell.text)).chain([width(self.columns[*at].0)]).max()
        };
        let mut widths: Vec<usize> =
            shown.iter().map(|at| natural(at).unwrap_or_default()).collect();
        let gaps = GAP * shown.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > WIDTH {
            let widest = shown
                .iter()
                .zip(&mut widths)
                .filter(|(at, room)| self.columns[**at].1 != Fit::Whole && **room > ROOM_MIN)
                .map(|(_, room)| room)
                .max();
            match widest {
                Some(room) => *room -= 1,
                None => break,
            }
        }
        widths
    }
}

fn line(cells: impl Iterator<Item = (String, Style, usize)>) -> String {
    let cells: Vec<(String, Style, usize)> = cells.collect();
    let last = cells.len().saturating_sub(1);
    let mut text = String::new();
    for (at, (cell, style, room)) in cells.into_iter().enumerate() {
        let padding = room.saturating_sub(width(&cell)) + GAP;
        text += &if style == PLAIN || cell.is_empty() { cell } else { paint(style, &cell) };
        if at < last {
            text += &" ".repeat(padding);
        }
    }
    text.truncate(text.trim_end_matches(' ').len());
    text + "\n"
}
