//! The mirror's side on this device: the change log and what is made of it.

mod capture;
mod picture;
