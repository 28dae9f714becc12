//! The whole surface at once: what holds for every tool, whichever domain it is of.

mod hostile;
mod isolation;
