//! Decides whether two targets can mean the same path.
//!
//! - If some path is in both, `overlaps` says so; if unsure, it says so too.
//! - If some path of the second is not in the first, `covers` says no; if
//!   unsure, it says no too.
//! - The answer depends on the keys alone, never on what exists.
//!
//! Not here: reading patterns (`glob`), finding candidates in the database
//! (`Target::lookups` and `Target::scan`).

use super::glob::Seg;
use super::target::{Kind, ROOT, Target, names_in};
use super::wild::{Budget, Spent, Wild};

/// Steps one question may take before it is given up: well under a millisecond.
const STEPS: usize = 50_000;

/// A name of either side, borrowed.
#[derive(Clone, Copy)]
enum Part<'a> {
    Lit(&'a str),
    Wild(&'a Wild),
    Deep,
}

/// Whether some path (or resource) belongs to both.
pub fn overlaps(a: &Target, b: &Target) -> bool {
    match (a.kind, b.kind) {
        (Kind::Resource, _) | (_, Kind::Resource) => a == b,
        (Kind::File, Kind::File) => a.key == b.key,
        (Kind::Folder, Kind::File) => holds(&a.key, &b.key),
        (Kind::File, Kind::Folder) => holds(&b.key, &a.key),
        (Kind::Folder, Kind::Folder) => holds(&a.key, &b.key) || holds(&b.key, &a.key),
        (Kind::Glob, _) | (_, Kind::Glob) => patterns_overlap(a, b),
    }
}

/// Whether everything that belongs to `b` certainly belongs to `a`.
pub fn covers(a: &Target, b: &Target) -> bool {
    match (a.kind, b.kind) {
        _ if a == b => true,
        (Kind::Resource | Kind::File, _) | (_, Kind::Resource) => false,
        (Kind::Folder, Kind::File | Kind::Folder) => holds(&a.key, &b.key),
        (Kind::Folder, Kind::Glob) | (Kind::Glob, _) => pattern_covers(a, b),
    }
}

/// Whether a folder holds a file or folder, or is it.
fn holds(folder: &str, inner: &str) -> bool {
    let name = folder.strip_suffix('/').unwrap_or(folder);
    folder == ROOT
        || inner.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn patterns_overlap(a: &Target, b: &Target) -> bool {
    let (Some(a), Some(b)) = (alternatives(a), alternatives(b)) else { return true };
    let mut budget = Budget::new(STEPS);
    for left in &a {
        for right in &b {
            // A spent budget is a yes.
            if meet(left, right, &mut budget).unwrap_or(true) {
                return true;
            }
        }
    }
    false
}

fn pattern_covers(a: &Target, b: &Target) -> bool {
    let (Some(a), Some(b)) = (alternatives(a), alternatives(b)) else { return false };
    let mut budget = Budget::new(STEPS);
    b.iter().all(|inner| a.iter().any(|outer| include(outer, inner, &mut budget).unwrap_or(false)))
}

/// The patterns that a target stands for; none if they are too many.
fn alternatives(target: &Target) -> Option<Vec<Vec<Part<'_>>>> {
    if let Some(glob) = &target.glob {
        let all = glob.alternatives.as_ref()?.iter();
        return Some(all.map(|segs| segs.iter().map(Part::of).collect()).collect());
    }
    let names = names_in(&target.key).split('/').filter(|name| !name.is_empty());
    let mut parts: Vec<Part<'_>> = names.map(Part::Lit).collect();
    if target.kind == Kind::Folder {
        parts.push(Part::Deep);
    }
    Some(vec![parts])
}

impl<'a> Part<'a> {
    fn of(seg: &'a Seg) -> Self {
        match seg {
            Seg::Lit(name) => Self::Lit(name),
            Seg::Wild(wild) => Self::Wild(wild),
            Seg::Deep => Self::Deep,
        }
    }

    /// Whether one name can be both.
    fn meets(self, other: Self, budget: &mut Budget) -> Result<bool, Spent> {
        match (self, other) {
            (Self::Lit(a), Self::Lit(b)) => Ok(a == b),
            (Self::Lit(name), Self::Wild(wild)) | (Self::Wild(wild), Self::Lit(name)) => {
                wild.matches(name, budget)
            }
            (Self::Wild(a), Self::Wild(b)) => a.meets(b, budget),
            (Self::Deep, _) | (_, Self::Deep) => Ok(true),
        }
    }

    /// Whether every name that is `inner` is certainly this.
    fn includes(self, inner: Self, budget: &mut Budget) -> Result<bool, Spent> {
        match (self, inner) {
            (Self::Lit(a), Self::Lit(b)) => Ok(a == b),
            (Self::Wild(wild), Self::Lit(name)) => wild.matches(name, budget),
            (Self::Wild(a), Self::Wild(b)) => Ok(a.is_everything() || a == b),
            (Self::Lit(_) | Self::Wild(_), _) | (Self::Deep, _) => Ok(false),
        }
    }
}

/// Pairs of places in two patterns that are still to be looked at.
struct Pairs {
    open: Vec<(usize, usize)>,
    seen: Vec<bool>,
    width: usize,
}

impl Pairs {
    fn new(a: &[Part<'_>], b: &[Part<'_>]) -> Self {
        let width = b.len() + 1;
        let seen = vec![false; (a.len() + 1) * width];
        let mut pairs = Self { open: Vec::with_capacity(a.len() + b.len()), seen, width };
        pairs.add(0, 0);
        pairs
    }

    fn add(&mut self, a: usize, b: usize) {
        let seen = self.seen.get_mut(a * self.width + b);
        if seen.is_some_and(|seen| !std::mem::replace(seen, true)) {
            self.open.push((a, b));
        }
    }
}

/// Whether a path matches both patterns.
fn meet(a: &[Part<'_>], b: &[Part<'_>], budget: &mut Budget) -> Result<bool, Spent> {
    budget.spend(a.len() + b.len())?;
    let mut pairs = Pairs::new(a, b);
    while let Some((i, j)) = pairs.open.pop() {
        budget.spend(1)?;
        match (a.get(i).copied(), b.get(j).copied()) {
            (None, None) => return Ok(true),
            // Either it ends here, or it takes the other's next name.
            (Some(Part::Deep), other) => {
                pairs.add(i + 1, j);
                if other.is_some() {
                    pairs.add(i, j + 1);
                }
            }
            (other, Some(Part::Deep)) => {
                pairs.add(i, j + 1);
                if other.is_some() {
                    pairs.add(i + 1, j);
                }
            }
            (Some(left), Some(right)) => {
                if left.meets(right, budget)? {
                    pairs.add(i + 1, j + 1);
                }
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
    }
    Ok(false)
}

/// Whether every path that matches `inner` certainly matches `outer`.
fn include(outer: &[Part<'_>], inner: &[Part<'_>], budget: &mut Budget) -> Result<bool, Spent> {
    budget.spend(outer.len() + inner.len())?;
    let mut pairs = Pairs::new(outer, inner);
    while let Some((i, j)) = pairs.open.pop() {
        budget.spend(1)?;
        match (outer.get(i).copied(), inner.get(j).copied()) {
            (None, None) => return Ok(true),
            (Some(Part::Deep), other) => {
                pairs.add(i + 1, j);
                if other.is_some() {
                    pairs.add(i, j + 1);
                }
            }
            (Some(left), Some(right)) => {
                if left.includes(right, budget)? {
                    pairs.add(i + 1, j + 1);
                }
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
    }
    Ok(false)
}
